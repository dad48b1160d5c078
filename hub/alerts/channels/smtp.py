"""SMTP: one connection and one recipient a message, with the stdlib's client."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from typing import Literal

from hub.alerts.channels.channel import TIMEOUT_S
from hub.alerts.channels.mail import email_of
from hub.alerts.errors import ChannelError
from hub.alerts.messages import Message


@dataclass(frozen=True, slots=True)
class Smtp:
    """`security`: tls from the first byte, starttls (default), or none for a relay on the same host."""

    name: str
    host: str
    port: int
    sender: str
    security: Literal["tls", "starttls", "none"] = "starttls"
    user: str | None = None
    password: str | None = None
    timeout_s: float = TIMEOUT_S

    def __repr__(self) -> str:
        return f"Smtp({self.name!r}, {self.host!r}, {self.port})"  # never the password

    def send(self, message: Message) -> str | None:
        mail = email_of(message, self.sender)
        try:
            with self._connect() as client:
                if self.security == "starttls":
                    client.starttls(context=ssl.create_default_context())
                if self.user is not None:
                    client.login(self.user, self.password or "")
                client.send_message(mail, from_addr=self.sender, to_addrs=[message.recipient])
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            raise ChannelError(self.name, f"the mail server refused the recipient ({code})") from error
        except smtplib.SMTPResponseException as error:
            raise ChannelError(self.name, f"the mail server answered {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelError(self.name, f"the mail server could not be used: {type(error).__name__}") from error
        return str(mail["Message-ID"])

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=ssl.create_default_context())
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
