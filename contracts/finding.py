"""Finding and Report: one contract failure, and all of a delivery's. Format `justindata-report/1` (contracts.md 5.1).

The one object behind command line, page, mail, JSON and the annotated workbook. Everything a renderer needs is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from contracts.codes import Action, Impact, Severity
from contracts.place import Place


class Kind(StrEnum):
    CONTRACT = "contract"  # a data problem
    QUALITY = "quality"  # a result is out of its criterion: a quality event, never called a contract failure
    UNEVALUATED = "unevaluated"
    SERVICE = "service"  # late, missing


class Reach(StrEnum):
    """How far an error goes: the whole delivery, or only the rows (points, slots) it names."""

    DELIVERY = "delivery"
    ROW = "row"


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class ClauseRef:
    """Which clause of the contract was broken, and where it stands in the contract file."""

    id: str
    path: str
    line: int
    column: int
    needs: tuple[str, ...] = ("file",)

    @property
    def by_file(self) -> bool:
        """True when the delivery's own bytes were enough to judge this clause."""
        return all(need == "file" for need in self.needs)


@dataclass(frozen=True, slots=True)
class Found:
    text: str | None
    type: str = "text"
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    text: str
    lower: str | None = None
    upper: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write instead. `certain` only if applying `replacement` removes the finding and nothing else could."""

    text: str
    replacement: str | None = None
    certain: bool = False


@dataclass(frozen=True, slots=True)
class ExcerptLine:
    """One line of the partner's file. For a table `cells` holds the cells in column order, else one cell: the text."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The window of the partner's file that a report shows: at most a header line and the failing line.

    `mark` is the index of the failing cell in the last line's `cells`; for plain text `mark_from` and `mark_to` are
    character offsets in that one cell. `columns` are the sheet's columns (A is 1) of the cells; empty: no sheet.
    """

    lines: tuple[ExcerptLine, ...]
    mark: int = 0
    mark_from: int | None = None
    mark_to: int | None = None
    columns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One contract failure. Texts are plain: one sentence, lower case, no final stop."""

    code: str
    title: str
    message: str
    severity: Severity
    impact: Impact
    action: Action
    clause: ClauseRef
    where: tuple[Place, ...]
    kind: Kind = Kind.CONTRACT
    reach: Reach = Reach.DELIVERY
    key: tuple[tuple[str, str], ...] = ()
    """Business view of the place: `(("certificate_no", "COA-0000012"), ("characteristic", "PH"))`."""
    found: Found | None = None
    expected: Expected | None = None
    fix: Fix | None = None
    note: str | None = None
    fingerprint: str = ""
    baseline: Literal["new", "unchanged", "fixed"] | None = None
    stays: int = 0
    """How many deliveries in a row have had this finding, this one included; 0: nobody compared."""
    count: int = 1
    shown: int = 1
    excerpt: Excerpt | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRef:
    """What was judged. By hand only `file`, `sha256` and `size` are known."""

    file: str
    sha256: str
    size: int
    id: str | None = None
    partner: str | None = None
    feed: str | None = None
    received_at: str | None = None
    subject: str | None = None
    """What it is about, as an id that tells nothing (contracts.baseline): by it the next delivery finds this one."""


@dataclass(frozen=True, slots=True)
class ContractRef:
    id: str
    version: str
    sha256: str
    refs: tuple[tuple[str, str, str], ...] = ()  # (name, version, sha256)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many clauses ended how. `clauses` is the sum of the others."""

    clauses: int = 0
    passed: int = 0
    failed: int = 0
    could_not_evaluate: int = 0
    needs_hub: int = 0
    switched_off: int = 0

    @classmethod
    def of(cls, ends: Ends) -> Coverage:
        counts = (
            len(ends.passed),
            len(ends.failed),
            len(ends.could_not_evaluate),
            len(ends.needs_hub),
            len(ends.switched_off),
        )
        return cls(sum(counts), *counts)


@dataclass(frozen=True, slots=True)
class Ends:
    """Which clauses ended how, by id and in the order of their ids. `Coverage` counts them."""

    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    could_not_evaluate: tuple[str, ...] = ()
    needs_hub: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()

    @classmethod
    def of(cls, ended: Iterable[tuple[str, str]]) -> Ends:
        """From pairs of a clause's id and the name of its end."""
        names: dict[str, list[str]] = {}
        for clause, end in ended:
            names.setdefault(end, []).append(clause)
        return cls(**{end: tuple(sorted(ids)) for end, ids in names.items()})

    def all(self) -> tuple[str, ...]:
        """Every clause, in the order of the ids."""
        return tuple(
            sorted((*self.passed, *self.failed, *self.could_not_evaluate, *self.needs_hub, *self.switched_off))
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """A report against the one before it about the same business subject (contracts.md 5.5).

    `previous` names that delivery (its id in the hub, its file by hand). The counts are of findings; `fixed` are those
    of the previous report that are gone, kept without their places, values and pieces of the file.
    """

    previous: str
    new: int = 0
    unchanged: int = 0
    fixed: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one delivery under one contract. Equal inputs give equal reports, byte for byte."""

    delivery: DeliveryRef
    contract: ContractRef | None
    engine: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    coverage: Coverage
    """Of the clauses that the file alone decides: the same by hand and in the hub."""
    hub_coverage: Coverage = field(default_factory=Coverage)
    """Of the clauses that need history, registries, schedule or clock."""
    rows: int | None = None
    bad_rows: int = 0
    ends: Ends = field(default_factory=Ends)
    """By name what `coverage` counts."""
    hub_ends: Ends = field(default_factory=Ends)
    """By name what `hub_coverage` counts."""
    baseline: Baseline | None = None

    def count(self, severity: Severity) -> int:
        """Findings of this severity, each place counted."""
        return sum(f.count for f in self.findings if f.severity is severity)

    def file_part(self) -> Report:
        """What a partner sees with the file alone: hub findings removed, verdict computed again.

        `jid check` on the same bytes makes exactly this report.
        """
        kept = tuple(replace(f, baseline=None, stays=0) for f in self.findings if f.clause.by_file)
        ref = DeliveryRef(self.delivery.file, self.delivery.sha256, self.delivery.size)
        hub = Coverage(clauses=self.hub_coverage.clauses, needs_hub=self.hub_coverage.clauses)
        return replace(
            self,
            delivery=ref,
            findings=kept,
            verdict=verdict_of(kept),
            hub_coverage=hub,
            hub_ends=Ends(needs_hub=self.hub_ends.all()),
            baseline=None,
        )


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """The one function that decides a delivery's verdict (contracts.md 5.2)."""
    if any(f.code == "COA-E405" for f in findings):
        return Verdict.DUPLICATE
    if any(f.severity is Severity.ERROR and f.reach is Reach.DELIVERY for f in findings):
        return Verdict.REJECTED
    if any(f.severity in (Severity.ERROR, Severity.WARNING) for f in findings):
        return Verdict.ACCEPTED_WITH_WARNINGS
    return Verdict.ACCEPTED
