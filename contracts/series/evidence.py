"""Evidence: which rows failed which rule, counted exactly, the first of them kept to be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from contracts.series.rules import Floats, Ints

SHOWN: Final = 20
"""Places that a finding shows. Counts are always exact."""

_PENDING: Final = 1 << 16
_PARTS: Final = 128
"""Rows, and batches with rows, that may wait before they are cut back to those that are shown."""


@dataclass(slots=True)
class Failures:
    """Failing rows of one rule. `detail` is what it measured (a gap's length, a rate), or the number of a word."""

    row: Ints
    code: Ints
    ts: Ints
    value: Floats
    detail: Floats

    @classmethod
    def of(
        cls,
        row: np.typing.ArrayLike,
        code: np.typing.ArrayLike,
        ts: np.typing.ArrayLike,
        value: np.typing.ArrayLike | None = None,
        detail: np.typing.ArrayLike | None = None,
    ) -> Failures:
        rows = np.asarray(row, np.int64)
        blank = np.full(len(rows), np.nan)
        return cls(
            rows,
            np.asarray(code, np.int64),
            np.asarray(ts, np.int64),
            blank if value is None else np.asarray(value, np.float64),
            blank if detail is None else np.asarray(detail, np.float64),
        )

    def __len__(self) -> int:
        return len(self.row)

    def pick(self, which: np.typing.NDArray[np.bool_] | Ints) -> Failures:
        return Failures(self.row[which], self.code[which], self.ts[which], self.value[which], self.detail[which])

    @classmethod
    def joined(cls, parts: list[Failures]) -> Failures:
        return cls(
            np.concatenate([p.row for p in parts]),
            np.concatenate([p.code for p in parts]),
            np.concatenate([p.ts for p in parts]),
            np.concatenate([p.value for p in parts]),
            np.concatenate([p.detail for p in parts]),
        )

    def shown(self) -> Failures:
        """The SHOWN lowest rows of each tag, by tag and row."""
        order = np.lexsort((self.row, self.code))
        sorted_codes = self.code[order]
        heads = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
        rank = np.arange(len(order)) - np.repeat(heads, np.diff(np.append(heads, len(order))))
        return self.pick(order[rank < SHOWN])


@dataclass
class Evidence:
    """All failures of a delivery. With `full` every failing row's number is kept too; that grows with the faults."""

    codes: int  # tag numbers that may occur
    full: bool = False
    counts: dict[str, Ints] = field(default_factory=dict)
    _kept: dict[str, list[Failures]] = field(default_factory=dict)
    _waiting: dict[str, int] = field(default_factory=dict)
    _rows: dict[str, list[Ints]] = field(default_factory=dict)

    def add(self, rule: str, failures: Failures) -> None:
        if not len(failures):
            return
        if rule not in self.counts:
            self.counts[rule] = np.zeros(self.codes, np.int64)
        self.counts[rule] += np.bincount(failures.code, minlength=self.codes)
        if self.full:
            self._rows.setdefault(rule, []).append(failures.row)
        self._kept.setdefault(rule, []).append(failures)
        self._waiting[rule] = self._waiting.get(rule, 0) + len(failures)
        if self._waiting[rule] > _PENDING or len(self._kept[rule]) > _PARTS:
            self.shown(rule)
            self._waiting[rule] = 0

    def shown(self, rule: str) -> Failures:
        """The failures of a rule that are shown, by tag and row."""
        kept = Failures.joined(self._kept[rule]).shown()
        self._kept[rule] = [kept]
        return kept

    def rows(self) -> dict[str, Ints]:
        """Rule -> every failing row, ascending. Only with `full`."""
        return {rule: np.sort(np.concatenate(parts)) for rule, parts in self._rows.items()}

    def total(self, rule: str) -> int:
        return int(self.counts[rule].sum()) if rule in self.counts else 0
