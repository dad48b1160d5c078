"""Channels: how a message leaves the hub. One method each, one call a recipient, never a batch.

A channel may import `hub.alerts.messages` for the message and nothing of the store: it does not know that there is an
outbox. It never renders: subject and text are ready when it gets them. It raises ChannelError only.

    class Pager:
        def send(self, message: Message) -> str | None:
            ...hand it over, once, within `TIMEOUT_S`; return the other side's reference, or None
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.errors import SecretMissing
from connectors.secrets import resolve_secret
from hub.alerts.channels.channel import TIMEOUT_S, Channel
from hub.alerts.channels.maildir import Maildir
from hub.alerts.channels.post import post
from hub.alerts.channels.smtp import Smtp
from hub.alerts.channels.terminal import Terminal
from hub.alerts.channels.webhook import Webhook, sign
from hub.alerts.errors import ChannelError
from hub.alerts.messages import Message
from hub.clock import Clock, SystemClock
from hub.settings import ChannelSettings, MaildirChannel, Settings, SmtpChannel, WebhookChannel

__all__ = ["TIMEOUT_S", "Channel", "ChannelError", "Maildir", "Smtp", "Terminal", "Webhook", "open_channels", "sign"]


def open_channels(settings: Settings, clock: Clock | None = None) -> Mapping[str, Channel]:
    """The channels of `hub.toml` by name. One whose secret is not there refuses each message: the others go on, and the
    messages that wait for it say why."""
    channels: dict[str, Channel] = {}
    for of in settings.channels:
        try:
            channels[of.name] = _open(of, settings, clock or SystemClock())
        except SecretMissing as missing:
            channels[of.name] = Unusable(of.name, str(missing))
    return channels


@dataclass(frozen=True, slots=True)
class Unusable:
    """A channel that cannot be opened as `hub.toml` describes it."""

    name: str
    why: str

    def send(self, message: Message) -> str | None:
        raise ChannelError(self.name, f"{self.why} (message {message.id})")


def _open(of: ChannelSettings, settings: Settings, clock: Clock) -> Channel:
    def secret(reference: str | None) -> str | None:
        return None if reference is None else resolve_secret(reference, settings.environ, settings.home)

    match of:
        case MaildirChannel():
            return Maildir(of.name, settings.home / of.folder, of.sender)
        case SmtpChannel():
            return Smtp(of.name, of.host, of.port, of.sender, of.tls, secret(of.user), secret(of.password))
        case WebhookChannel():
            url = of.url if of.url.startswith("http") else secret(of.url) or ""
            keys = tuple(key for ref in (of.secret, of.old_secret) if (key := secret(ref)))
            return Webhook(of.name, url, keys, f"/hub/{settings.hub.name}", post, clock)
    return Terminal(of.name)
