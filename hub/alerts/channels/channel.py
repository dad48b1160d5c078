"""Channel: the one seam between the hub and whatever carries a message to a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from hub.alerts.messages import Message

TIMEOUT_S = 20.0
"""A channel gives up after this. Shorter than the 60 s for which the sender owns a claimed message."""


class Channel(Protocol):
    """Carries one message to one recipient.

    Returns when the other side has taken it over (a 2xx, a 250, a synced file), with its reference if it gave one.
    Raises ChannelError when it did not, or when nobody can tell: the same message then comes again under the same id.
    """

    def send(self, message: Message) -> str | None: ...


class ChannelError(Exception):
    """The message was not taken over. `message` is safe to store and show: no URL, password or header is in it.

    `retry_after`: the other side asked to wait that long.
    """

    audience = "platform"

    def __init__(self, channel: str, message: str, *, retry_after: timedelta | None = None) -> None:
        self.channel, self.message, self.retry_after = channel, message, retry_after
        super().__init__(f"{channel}: {message}")
