"""Which files of a folder are new and whole: the rules that `sftp` and `folder` share. Pure, no input or output.

Cursor, version 1: `{"mtime": ISO 8601 UTC, "path": text, "settled": text}`. The pair (mtime, path) is a watermark: a
pull offers every file that is not older than the watermark minus `overlap`, oldest first, and the hub drops repeats
by identity. `settled` is a digest of the names, times and sizes of everything below that floor. When it no longer
fits, a file was put there with an old time on it (`put -p`, rsync, an unpacked archive): everything is then offered
once more, so that a kept time stamp can't hide a file. No list of seen files is kept; `left`, where there is one, lists
the files that could not be had so far (too long, not readable), which are offered again however old they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field, field_validator, model_validator

from connectors.delivery import Cursor
from connectors.duration import Duration
from connectors.errors import CursorNotUnderstood
from connectors.transport import Options

CURSOR_VERSION = 1

# What partners' tools call a file that they are still writing.
UNFINISHED = (".part", ".tmp", ".partial", ".filepart", ".crdownload")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


class Ready(Options):
    """When a file is whole. Exactly one rule: `stable_for: 2s` or `done_suffix: .done`."""

    stable_for: Duration | None = Field(default=None, description="two looks this far apart see the same size and time")
    done_suffix: str | None = Field(default=None, description="the partner puts <file><suffix> beside a whole file")

    @model_validator(mode="after")
    def _one_rule(self) -> Ready:
        if (self.stable_for is None) == (self.done_suffix is None):
            raise ValueError("name exactly one rule: {stable_for: 2s} or {done_suffix: .done}")
        return self

    @field_validator("done_suffix")
    @classmethod
    def _a_suffix(cls, suffix: str | None) -> str | None:
        if suffix is not None and (not suffix.startswith(".") or "/" in suffix or len(suffix) < 2):
            raise ValueError("a suffix starts with a dot, like .done")
        return suffix


class FileOptions(Options):
    """What both file transports understand."""

    paths: tuple[str, ...] = Field(min_length=1, description='what to fetch, for example ["/coa/*.xlsx"]')
    ready: Ready = Ready(stable_for=timedelta(seconds=2))
    overlap: Duration | None = Field(
        default=None, description="look-back before the cursor; twice the period by default"
    )
    max_bytes: int = Field(default=512 * 1024 * 1024, gt=0, description="longest file that is read")

    @field_validator("paths")
    @classmethod
    def _plain_patterns(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            steps = path.strip("/").split("/")
            if "**" in path or any(step in {"", ".", ".."} for step in steps):
                raise ValueError(
                    f"{path!r} is not a path we read; * and ? stand for names in one folder, no **, . or .."
                )
        return paths


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A file as it was seen. Ordered by (mtime, path), the order in which files are offered."""

    mtime: datetime
    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Offer:
    """`new` is to be fetched, oldest first; `cursor_after(entry)` is what stands for it and everything before it."""

    new: tuple[Entry, ...]
    whole: tuple[Entry, ...]
    overlap: timedelta
    now: datetime
    left: tuple[str, ...] = ()

    def cursor_after(self, entry: Entry) -> Cursor:
        mark = clamp(entry.mtime, self.now)
        settled = _digest(self.whole, mark - self.overlap)
        left = {"left": list(self.left)} if self.left else {}
        return Cursor(CURSOR_VERSION, {"mtime": mark.isoformat(), "path": entry.path, "settled": settled, **left})

    def without(self, entry: Entry) -> Offer:
        """The same, when `entry` could not be had: the cursor says so, and it is offered again."""
        return replace(self, left=tuple(sorted({*self.left, entry.path})))


def clamp(moment: datetime, now: datetime) -> datetime:
    """`moment`, but never ahead of `now`: one wrong clock must not hide a year of files (store.md 6, future clamp).
    Nor five minutes of them: what comes next from a right clock may be older, and the overlap may be shorter."""
    return min(moment, now)


def file_time(microseconds: int) -> datetime:
    """A file's time since 1970. A time that no calendar holds is as good as the nearest that one does."""
    try:
        return min(max(EPOCH + timedelta(microseconds=microseconds), EPOCH), _LATEST)
    except OverflowError:
        return _LATEST if microseconds > 0 else EPOCH


def candidates(seen: Iterable[Entry], ready: Ready) -> tuple[Entry, ...]:
    """The files that may be offered at all, without those that are being written. With a done-file rule an entry
    carries the later of the two times: a file becomes new when its done file comes, not when it was written."""
    entries = {entry.path: entry for entry in seen}
    if ready.done_suffix is None:
        return tuple(e for e in entries.values() if not e.path.lower().endswith(UNFINISHED))
    found = []
    for entry in entries.values():
        done = entries.get(entry.path + ready.done_suffix)
        if done is not None and not entry.path.endswith(ready.done_suffix):
            found.append(Entry(max(entry.mtime, done.mtime), entry.path, entry.size_bytes))
    return tuple(found)


def stable(before: Iterable[Entry], after: Iterable[Entry]) -> tuple[Entry, ...]:
    """The files that two looks saw with the same size and time."""
    return tuple(sorted(set(before) & set(after)))


def offer(
    whole: Sequence[Entry],
    cursor: Cursor | None,
    *,
    overlap: timedelta,
    now: datetime,
    until: datetime | None,
    feed: str,
) -> Offer:
    """What to fetch of the files that are whole. `until` leaves out what is newer (a backfill has an end)."""
    floor, settled, left = _floor(cursor, overlap, feed)
    shown = sorted(e for e in whole if until is None or e.mtime <= until)
    if floor is not None and (settled is None or settled == _digest(shown, floor)):
        new = tuple(e for e in shown if e.mtime >= floor or e.path in left)
    else:
        new = tuple(shown)
    return Offer(new, tuple(shown), overlap, now)


def cursor_at(moment: datetime, overlap: timedelta) -> Cursor:
    """The cursor of somebody who has everything before `moment` and nothing after."""
    mark = (moment + overlap).astimezone(UTC)
    return Cursor(CURSOR_VERSION, {"mtime": mark.isoformat(), "path": "", "settled": None})


def is_literal(step: str) -> bool:
    """True when this component of a path names one thing."""
    return not any(sign in step for sign in "*?[")


def matches(name: str, pattern: str) -> bool:
    """One component against `*`, `?` and `[...]`; a name with a leading dot only where the pattern has one too."""
    return (not name.startswith(".") or pattern.startswith(".")) and fnmatchcase(name, pattern)


def wanted(name: str, pattern: str, ready: Ready) -> bool:
    """Does the last component of a path belong to the feed? Done files are looked at, to be paired."""
    if matches(name, pattern):
        return True
    suffix = ready.done_suffix
    return suffix is not None and name.endswith(suffix) and matches(name.removesuffix(suffix), pattern)


def _floor(cursor: Cursor | None, overlap: timedelta, feed: str) -> tuple[datetime | None, str | None, frozenset[str]]:
    if cursor is None:
        return None, None, frozenset()
    value: Any = cursor.value
    if cursor.version != CURSOR_VERSION:
        raise CursorNotUnderstood(feed, f"version {cursor.version}")
    try:
        mark = datetime.fromisoformat(value["mtime"])
        settled = value["settled"]
        left = frozenset(value.get("left", ()))
    except (KeyError, TypeError, ValueError):
        raise CursorNotUnderstood(feed, "not a cursor of files") from None
    if mark.tzinfo is None or not (settled is None or isinstance(settled, str)):
        raise CursorNotUnderstood(feed, "not a cursor of files")
    return mark - overlap, settled, left


def _digest(entries: Iterable[Entry], floor: datetime) -> str:
    digest = hashlib.sha256()
    for entry in sorted(entries):
        if entry.mtime < floor:
            digest.update(f"{entry.mtime.isoformat()}\0{entry.path}\0{entry.size_bytes}\n".encode())
    return digest.hexdigest()[:16]
