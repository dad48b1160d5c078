"""Time, passed in. `datetime.now()` stands in this file only."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """`now` is aware UTC and may jump; `monotonic` (seconds) only grows and is what time-outs use."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class FakeClock:
    """A clock that tests turn by hand. `advance` moves both times; `set` moves the wall clock alone (a clock jump)."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("FakeClock needs an aware start time")
        self._now = start.astimezone(UTC)
        self._ticks = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._ticks

    def advance(self, step: timedelta) -> None:
        self._now += step
        self._ticks += step.total_seconds()

    def set(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
