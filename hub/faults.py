"""Fault points: named places where a crash test may stop the process. Free in production: one dictionary look-up.

    faults.point("store.after_tx_a")

The harness arms a point by name (`arm`) or the n-th one passed (`arm_nth`); the default action kills the process with
SIGKILL, as a power-less kernel would. `JID_FAULT=name[:n]` in the environment arms one at start (settings.py reads it).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

POINTS = (
    "store.before_archive_rename",
    "store.after_archive",
    "store.in_tx_a",
    "store.after_tx_a",
    "intake.after_parse",
    "store.in_tx_b",
    "store.after_tx_b",
    "store.in_tx_c",
    "store.after_tx_c",
    "store.before_lake_commit",
    "store.after_lake_commit",
    "store.after_lake_fsync",
    "store.in_tx_d",
    "store.after_tx_d",
    "outbox.before_send",
    "outbox.after_send",
)
"""Every fault point there is, in the order of the walk. `point` refuses a name that is not here."""


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_armed: dict[str, tuple[int, Callable[[], None]]] = {}
_passed: dict[str, int] = {}
_nth: tuple[int, Callable[[], None]] | None = None
_total = 0


def point(name: str) -> None:
    """Mark a numbered step. Does nothing unless a test armed it."""
    global _total
    if not _armed and _nth is None:
        return
    if name not in POINTS:
        raise ValueError(f"unknown fault point {name!r}; valid: {', '.join(POINTS)}")
    _total += 1
    _passed[name] = _passed.get(name, 0) + 1
    if name in _armed and _armed[name][0] == _passed[name]:
        _armed[name][1]()
    if _nth is not None and _total == _nth[0]:
        _nth[1]()


def arm(name: str, *, nth: int = 1, action: Callable[[], None] = _kill) -> None:
    """Run `action` when `name` is passed the nth time."""
    if name not in POINTS:
        raise ValueError(f"unknown fault point {name!r}; valid: {', '.join(POINTS)}")
    _armed[name] = (nth, action)


def arm_nth(nth: int, action: Callable[[], None] = _kill) -> None:
    """Run `action` at the nth point passed, whichever it is."""
    global _nth
    _nth = (nth, action)


def disarm() -> None:
    """Forget everything armed and counted."""
    global _nth, _total
    _armed.clear()
    _passed.clear()
    _nth, _total = None, 0
