"""A message as an e-mail: the same for a mail server and for a mail folder."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from hub.alerts.messages import Message

_PRIORITY = {"critical": "1 (Highest)", "high": "2 (High)"}


def email_of(message: Message, sender: str) -> EmailMessage:
    """`Message-ID` is the message's id, so that a receiver drops what comes twice; `References` make one alert one
    thread; `Auto-Submitted` (RFC 3834) keeps holiday notices from answering."""
    mail = EmailMessage()
    mail["From"] = Address(display_name="Just-in-Data Hub", addr_spec=sender)
    mail["To"] = message.recipient
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.at)
    domain = sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    if message.thread != message.id:
        mail["In-Reply-To"] = mail["References"] = f"<{message.thread}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-JID-Alert"] = message.alert
    if message.severity in _PRIORITY and message.event != "resolved":
        mail["X-Priority"] = _PRIORITY[message.severity]
    mail.set_content(message.text)
    return mail
