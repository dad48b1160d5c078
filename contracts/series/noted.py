"""Noted: findings of a series that are no bit of a row's mask: counted exactly, the first places kept.

Most come from rules that know more than the file (registries, decisions, earlier series). They never hold a row back by
itself: what may be stored is decided by the file alone, the same by hand and in the hub, and again on a second reading.
Where such a finding is an error it concerns the whole delivery.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from contracts.contract import Clause
from contracts.finding import Expected, Fix, Found
from contracts.series.evidence import SHOWN
from contracts.series.rules import Index, Ints


@dataclass(frozen=True, slots=True)
class Spot:
    """A row that is shown, with its tag and time where they are known (microseconds)."""

    row: int
    tag: str | None = None
    ts: int | None = None


@dataclass
class Note:
    """One finding in the making. `count` is how many rows; 1 where it is about the delivery as a whole."""

    clause: Clause
    code: str
    message: str
    column: str | None = None
    key: tuple[tuple[str, str], ...] = ()
    found: Found | None = None
    expected: Expected | None = None
    fix: Fix | None = None
    note: str | None = None
    count: int = 0
    spots: list[Spot] = field(default_factory=list)


@dataclass
class Noted:
    """`answered` holds the clauses that got an answer, `nothing` those among them that found nothing to judge."""

    notes: dict[tuple[str, str, str], Note] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    nothing: set[str] = field(default_factory=set)

    def add(self, note: Note, rows: Index | Ints, tags: list[str | None], ts: Ints) -> None:
        """Count some rows in. Notes of one clause, code and key are one; `tags` and `ts` go with the first rows."""
        kept = self.notes.setdefault((note.clause.id, note.code, repr(note.key)), note)
        kept.count += len(rows)
        room = SHOWN - len(kept.spots)
        for row, tag, at in zip(rows[:room].tolist(), tags[:room], ts[:room].tolist(), strict=False):
            kept.spots.append(Spot(int(row), tag, None if at == np.iinfo(np.int64).min else int(at)))

    def say(self, note: Note, *spots: Spot) -> None:
        """A finding about the delivery as a whole."""
        note.count, note.spots = 1, list(spots)
        self.notes.setdefault((note.clause.id, note.code, repr(note.key)), note)
