"""Outcome: what a running check notes down besides failing rows: counts, unreadable cells, broken fields."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from contracts.contract import Clause
from contracts.document import FormProblem
from contracts.series.evidence import SHOWN
from contracts.series.noted import Noted
from contracts.series.rules import Ints
from contracts.series.sampling import Sampled


@dataclass(slots=True)
class Group:
    """Failures of one code in one column: counted exactly, the first rows kept."""

    code: str
    column: str | None
    clause: Clause | None  # None: found while the file was read
    first: FormProblem | None = None
    count: int = 0
    rows: list[int] = field(default_factory=list)
    on_rows: bool = True
    word: str | None = None  # what the first failing row holds

    def add(self, rows: Ints) -> None:
        self.count += len(rows)
        if len(self.rows) < SHOWN:
            self.rows += rows[: SHOWN - len(self.rows)].tolist()


@dataclass
class Outcome:
    """`tag_rows` and `not_judged` have one element a tag number: rows of the tag, and those left out of every limit."""

    codes: int
    rows: int = 0
    bad_rows: int = 0
    columns: set[str] = field(default_factory=set)
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    sampled: list[Sampled] = field(default_factory=list)
    noted: Noted = field(default_factory=Noted)
    unsettled: dict[str, str] = field(default_factory=dict)  # clause id -> why it has no answer
    tag_rows: Ints = field(init=False)
    not_judged: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.tag_rows = np.zeros(self.codes, np.int64)
        self.not_judged = np.zeros(self.codes, np.int64)

    def note(self, problem: FormProblem) -> None:
        """A problem with the form of the file. Those of one code and column are one finding."""
        key = ("", f"{problem.code} {problem.field or ''}")
        group = self.groups.setdefault(key, Group(problem.code, problem.field, None, problem))
        if problem.rows:
            group.add(np.asarray(problem.rows, np.int64))
        else:
            group.count += 1
            group.on_rows = False

    def breach(self, clause: Clause, code: str, column: str, rows: Ints, word: str | None) -> None:
        """Rows that break what the definition of a column demands. `word` is what the first of them holds."""
        key = (clause.id, f"{code} {column}")
        self.groups.setdefault(key, Group(code, column, clause, word=word)).add(rows)
