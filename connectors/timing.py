"""Time as connectors get it: passed in, so that a test of an hour of waiting takes no time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime


async def _sleep(seconds: float) -> None:
    import asyncio  # here: a file that is checked by hand needs no event loop, and it takes long to import

    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Timing:
    """`now` is aware UTC and may jump; `monotonic` (seconds) only grows; `sleep` waits that many seconds.

    Only waits between attempts and between two looks at a folder go through `sleep`. Connect, read and total
    deadlines of a running answer use the event loop's own clock.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = _sleep
