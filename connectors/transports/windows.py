"""Time windows on the clock: multiples of their size since 1970-01-01T00:00Z, so that their names never change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from connectors.transports.position import iso
from connectors.transports.restoptions import WindowOptions

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def windows(options: WindowOptions, closed: datetime, after: datetime | None) -> Iterator[tuple[datetime, datetime]]:
    """The windows that end by `closed`, oldest first, from `after` (the end of the last one taken) on.

    They end on the grid. When `after` isn't on it (`size` was changed), the first window is a short one: what was
    taken isn't asked for again, and nothing is left out.
    """
    if after is None:
        after = on_grid(closed - options.start if isinstance(options.start, timedelta) else options.start, options.size)
    while (end := on_grid(after, options.size) + options.size) <= closed:
        yield after, end
        after = end


def last_window(options: WindowOptions, now: datetime) -> tuple[datetime, datetime]:
    """The newest window that is over and settled."""
    end = on_grid(now - options.settle, options.size)
    return end - options.size, end


def window_params(options: WindowOptions, start: datetime, end: datetime) -> dict[str, str]:
    last = end - _TICK if options.inclusive_end else end
    return {options.from_param: iso(start), options.to_param: iso(last)}


def on_grid(moment: datetime, size: timedelta) -> datetime:
    return _EPOCH + (moment - _EPOCH) // size * size
