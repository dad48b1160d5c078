"""Channel: the one seam between the hub and whatever carries a message to a person."""

from __future__ import annotations

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
