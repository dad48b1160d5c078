"""Channels: how a message leaves the hub. One method each, one call a recipient, never a batch.

A channel may import `hub.alerts.messages` for the message and nothing of the store: it does not know that there is an
outbox. It never renders: subject and text are ready when it gets them. It raises ChannelError only.

    class Pager:
        def send(self, message: Message) -> str | None:
            ...hand it over, once, within `TIMEOUT_S`; return the other side's reference, or None
"""

from __future__ import annotations

from hub.alerts.channels.channel import TIMEOUT_S, Channel, ChannelError
from hub.alerts.channels.maildir import Maildir
from hub.alerts.channels.smtp import Smtp
from hub.alerts.channels.terminal import Terminal
from hub.alerts.channels.webhook import Webhook, sign

__all__ = ["TIMEOUT_S", "Channel", "ChannelError", "Maildir", "Smtp", "Terminal", "Webhook", "sign"]
