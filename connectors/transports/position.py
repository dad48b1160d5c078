"""How far a pull of `rest` has come: the pair (time, id) of the newest item (store.md 6); times as they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import CursorNotUnderstood
from connectors.transport import Setup
from connectors.transports.files import EPOCH, clamp
from connectors.transports.http import Answer
from connectors.transports.restoptions import SinceOptions
from connectors.transports.spans import Item
from connectors.transports.templates import pick


class Reached:
    """How far a pull of one path has come: the pair (time, id) of the newest item, never beyond our clock."""

    def __init__(
        self, since: SinceOptions | None, position: Mapping[str, Any] | None, setup: Setup, overlap: timedelta
    ) -> None:
        self._since, self._setup, self._overlap = since, setup, overlap
        self._newest: tuple[datetime, str] | None = None
        self._sorted = since is not None and since.order == "ascending" and since.field is not None
        if position is not None and "time" in position:
            stored, now = stored_time(position["time"], setup.feed), setup.timing.now()
            # Our clock was wrong when such a cursor was stored; a start by hand is never later than this.
            self._newest = (now if stored > now + overlap else stored, str(position.get("id", "")))
        self._start = self._newest
        self._server_time: datetime | None = None

    def asked(self) -> datetime | None:
        return self._start[0] - self._overlap if self._start else None

    def page(self, answer: Answer) -> None:
        if self._server_time is None:
            self._server_time = answer.date or self._setup.timing.now()

    def item(self, moment: datetime | None, item: Item) -> bool:
        """Takes note of an item. True when the cursor may already stand on it."""
        if self._since is None or moment is None:
            return False
        now = self._setup.timing.now()
        here = (clamp(moment, now), (pick(item.value, self._since.id) or "") if self._since.id else "")
        if self._newest is None or here[0] >= self._newest[0]:
            self._newest = max(self._newest or here, here)
            return self._sorted
        # Items before the stored cursor are the overlap; one that steps back after it breaks the promised order.
        if self._newest != self._start:
            self._sorted = False
        return False

    def position(self) -> dict[str, str] | None:
        if self._since is not None and self._since.field is None and self._server_time is not None:
            return {"time": iso(clamp(self._server_time, self._setup.timing.now())), "id": ""}
        return {"time": iso(self._newest[0]), "id": self._newest[1]} if self._newest else None


def since_params(since: SinceOptions | None, start: datetime | None, until: datetime | None) -> dict[str, str]:
    params = {}
    if since is not None and start is not None:
        params[since.param] = iso(start)
    if since is not None and since.until_param is not None and until is not None:
        params[since.until_param] = iso(until)
    return params


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with Z, microseconds only where there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def stored_time(text: Any, feed: str) -> datetime:
    moment = instant(text)
    if moment is None:
        raise CursorNotUnderstood(feed, "it holds no time")
    return moment


def instant(text: Any) -> datetime | None:
    """An instant, or None: a time without an offset names no instant, and 0001-01-01 is how some say "never"."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo is not None else EPOCH
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment > EPOCH else None
