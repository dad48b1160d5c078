"""Change: one difference between two contracts, and Comparison: all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Effect(StrEnum):
    """What a change does to the set of files that pass."""

    TIGHTENS = "tightens"
    LOOSENS = "loosens"
    BOTH = "both"
    UNDETERMINED = "undetermined"
    DOC_ONLY = "documentation"


class Grade(StrEnum):
    """What a change does to one side: the partner who sends (producer) or the sponsor who reads (consumer)."""

    SAFE = "safe"
    WARNING = "warning"
    BREAKING = "breaking"


class Part(IntEnum):
    """The part of the version that a change needs."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True, slots=True)
class At:
    """A place in a contract or in one of its reference tables, 1-based."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `what` is its kind for machines (`test.criterion`), `text` one sentence for people."""

    what: str
    path: str
    text: str
    effect: Effect
    producer: Grade
    consumer: Grade
    part: Part
    needs_quality_approval: bool
    clauses: tuple[str, ...]
    """Ids of the clauses, of either version, that judge by what changed."""
    old: At | None
    new: At | None

    @property
    def breaking(self) -> bool:
        return Grade.BREAKING in (self.producer, self.consumer)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every change from one version to another, the gravest first."""

    id: str
    old_version: str
    new_version: str
    changes: tuple[Change, ...]

    @property
    def effect(self) -> Effect | None:
        """All changes together; None when nothing changed."""
        return together(change.effect for change in self.changes)

    @property
    def part(self) -> Part:
        return max((change.part for change in self.changes), default=Part.NONE)

    @property
    def producer(self) -> Grade:
        return _worst(change.producer for change in self.changes)

    @property
    def consumer(self) -> Grade:
        return _worst(change.consumer for change in self.changes)

    @property
    def breaking(self) -> bool:
        return any(change.breaking for change in self.changes)

    @property
    def needs_quality_approval(self) -> bool:
        return any(change.needs_quality_approval for change in self.changes)


def together(effects: Iterable[Effect]) -> Effect | None:
    """Several effects as one: what nobody can tell stays so, and less here with more there is both."""
    found = set(effects)
    if not found:
        return None
    if Effect.UNDETERMINED in found:
        return Effect.UNDETERMINED
    if Effect.BOTH in found or {Effect.TIGHTENS, Effect.LOOSENS} <= found:
        return Effect.BOTH
    found.discard(Effect.DOC_ONLY)
    return found.pop() if found else Effect.DOC_ONLY


def _worst(grades: Iterable[Grade]) -> Grade:
    order = list(Grade)
    return max(grades, key=order.index, default=Grade.SAFE)
