"""Fingerprint: the one identity of an alert. `hub|kind|partner|feed|subject`, every part required.

No severity, time, value, run id or row number is in it: severity may rise and time pass on the same alert. A subject is
an id (lot, slot, certificate, batch/tag, the feed itself), never text that a partner typed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from hub.alerts.kinds import AlertKind

HUB = "hub"
"""Partner and feed of alerts about the hub itself."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,79}\Z")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Raises ValueError when a part is empty or could not be an id: half a key merges or resolves the wrong alert."""

    hub: str
    kind: AlertKind
    partner: str
    feed: str
    subject: str

    def __post_init__(self) -> None:
        for name in ("hub", "partner", "feed", "subject"):
            part = getattr(self, name)
            if not _ID.match(part):
                raise ValueError(f"the {name} of an alert's fingerprint must be an id, not {part!r}")

    def __str__(self) -> str:
        return "|".join((self.hub, self.kind.value, self.partner, self.feed, self.subject))

    @property
    def dedup_key(self) -> str:
        """What outside systems group by: the sha256 of the text, in hex."""
        return hashlib.sha256(str(self).encode()).hexdigest()

    def of_kind(self, kind: AlertKind, subject: str | None = None, feed: str | None = None) -> Fingerprint:
        """The fingerprint of another kind about the same thing."""
        return Fingerprint(self.hub, kind, self.partner, feed or self.feed, subject or self.subject)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id. It says nothing about whether the id exists."""
    return _ID.match(text) is not None


def key_of(text: str) -> str:
    """A stable id for a text that must not be shown (a file name, a source key): `key-` and 12 hex digits."""
    return f"key-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
