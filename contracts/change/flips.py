"""Flip: one delivery judged under the old and under the new contract, and what became of its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
