"""Flip: one delivery judged under the old and under the new contract, and what became of its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.finding import Finding, Report, Verdict


@dataclass(frozen=True, slots=True)
class Moved:
    """Findings of one clause and code that one contract has and the other has not; `message` is the first one's."""

    clause: str
    code: str
    severity: str
    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Flip:
    """What the new contract says of a delivery, beside what the old one said."""

    before: Verdict
    after: Verdict
    new: tuple[Moved, ...]
    vanished: tuple[Moved, ...]

    @property
    def passes(self) -> bool:
        """Whether the delivery would be taken under the new contract."""
        return self.after is not Verdict.REJECTED

    @property
    def flipped(self) -> bool:
        """Accepted to rejected, or back."""
        return (self.before is Verdict.REJECTED) != (self.after is Verdict.REJECTED)

    @property
    def changed(self) -> bool:
        return self.before is not self.after or bool(self.new or self.vanished)


def flip_of(old: Report, new: Report) -> Flip:
    """Two reports on the same bytes against each other."""
    return Flip(old.verdict, new.verdict, _beyond(new.findings, old.findings), _beyond(old.findings, new.findings))


def _beyond(these: Iterable[Finding], those: Iterable[Finding]) -> tuple[Moved, ...]:
    """The findings of `these` that `those` don't hold, or not as often or as gravely."""
    known = Counter[tuple[str, ...]]()
    for finding in those:
        known[_same(finding)] += finding.count
    moved: dict[tuple[str, str, str], tuple[int, str]] = {}
    for finding in these:
        taken = min(known[_same(finding)], finding.count)
        known[_same(finding)] -= taken
        if finding.count > taken:
            key = (finding.clause.id, finding.code, finding.severity.value)
            count, message = moved.get(key, (0, finding.message))
            moved[key] = (count + finding.count - taken, message)
    return tuple(Moved(*key, count, message) for key, (count, message) in sorted(moved.items()))


def _same(finding: Finding) -> tuple[str, ...]:
    """What makes a finding the same under both contracts. Not the fingerprint: it holds the contract's id."""
    first = finding.where[0] if finding.where else None
    place = "" if first is None or finding.count > 1 else f"{first.pointer or ''}|{first.label()}|{first.tag or ''}"
    key = "|".join(value for _name, value in finding.key)
    return finding.clause.id, finding.code, finding.severity.value, key, place


def would_pass(flips: Iterable[Flip]) -> str:
    """`17 of your last 20 files would pass`."""
    flips = list(flips)
    passing = sum(flip.passes for flip in flips)
    if len(flips) == 1:
        return "your last file would pass" if passing else "your last file would not pass"
    return f"{passing} of your last {len(flips)} files would pass"


@dataclass(frozen=True, slots=True)
class ClauseFlips:
    """What one clause does to past deliveries (by id): which it turns, and how many findings come and go."""

    clause: str
    rejects: tuple[str, ...]
    """Deliveries that flip from accepted to rejected, with new errors of this clause."""
    accepts: tuple[str, ...]
    """Deliveries that flip back, with errors of this clause that vanish."""
    new: int
    vanished: int


def by_clause(flips: Mapping[str, Flip]) -> tuple[ClauseFlips, ...]:
    """The flips of deliveries, by id, told clause by clause: those that turn a verdict first."""
    found: dict[str, ClauseFlips] = {}
    for delivery, flip in flips.items():
        for moved, is_new in (*((m, True) for m in flip.new), *((m, False) for m in flip.vanished)):
            was = found.get(moved.clause, ClauseFlips(moved.clause, (), (), 0, 0))
            turns = flip.flipped and moved.severity == "error" and is_new == (flip.after is Verdict.REJECTED)
            ids = (delivery,) if turns else ()
            found[moved.clause] = ClauseFlips(
                moved.clause,
                _joined(was.rejects, ids if is_new else ()),
                _joined(was.accepts, () if is_new else ids),
                was.new + (moved.count if is_new else 0),
                was.vanished + (0 if is_new else moved.count),
            )
    return tuple(sorted(found.values(), key=lambda c: (-len(c.rejects), -len(c.accepts), c.clause)))


def _joined(known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
