"""The table of the contract reference (contracts.md 6.1): how grave each kind of change is, and for whom."""

from __future__ import annotations

from dataclasses import dataclass, replace

from contracts.change.change import Effect, Grade, Part

_SAFE, _WARNING, _BREAKING = Grade.SAFE, Grade.WARNING, Grade.BREAKING


@dataclass(frozen=True, slots=True)
class Row:
    """One row: effect, producer, consumer, part of the version, and whether quality must approve."""

    effect: Effect
    producer: Grade
    consumer: Grade
    part: Part
    approval: bool = False

    def with_effect(self, effect: Effect) -> Row:
        return replace(self, effect=effect)


TIGHTER = Row(Effect.TIGHTENS, _BREAKING, _SAFE, Part.MAJOR)
"""New required field; optional to required; smaller range, list or pattern; earlier due time; open to closed; alias,
method or laboratory removed; test added as required; severity up."""

WEAKER = Row(Effect.LOOSENS, _SAFE, _BREAKING, Part.MAJOR)
"""Field removed; required to optional; new code in a list; severity down: the reader meets what it has not met."""

WIDER = Row(Effect.LOOSENS, _SAFE, _WARNING, Part.MINOR)
"""Wider range; later due time; larger gap."""

WIDER_LIMIT = replace(WIDER, approval=True)
"""The same where the limit is one that quality has approved: of a test or of a tag."""

MORE_NAMES = Row(Effect.LOOSENS, _SAFE, _SAFE, Part.MINOR)
"""New optional field in a closed model; alias of a column or word added."""

NAME_TAKEN = Row(Effect.TIGHTENS, _WARNING, _SAFE, Part.MINOR)
"""New optional field in an open model: the name may be in use with another type."""

MEANING = Row(Effect.BOTH, _BREAKING, _BREAKING, Part.MAJOR)
"""Rename, type, unit, key, time zone, decimal mark, meaning of empty."""

MEANING_LIMIT = replace(MEANING, approval=True)

CRITERION = Row(Effect.UNDETERMINED, _BREAKING, _BREAKING, Part.MAJOR, approval=True)
"""Acceptance criterion changed, in whatever direction; its effect is worked out."""

UNKNOWN = Row(Effect.UNDETERMINED, _BREAKING, _BREAKING, Part.MAJOR)
"""Another pattern, or anything that nobody can tell the effect of: breaking until somebody shows that it is not."""

LOUDER = Row(Effect.TIGHTENS, _WARNING, _SAFE, Part.MINOR)
QUIETER = Row(Effect.LOOSENS, _SAFE, _WARNING, Part.MINOR)
"""Impact up or down: no verdict changes, but who is woken and how a check by hand ends."""

HANDLING = Row(Effect.DOC_ONLY, _WARNING, _WARNING, Part.MINOR)
"""The same files pass; who acts on a finding, or what a report or receipt shows, is another."""

DOCUMENTATION = Row(Effect.DOC_ONLY, _SAFE, _SAFE, Part.PATCH)

LIFE_CYCLE = Row(Effect.DOC_ONLY, _SAFE, _SAFE, Part.NONE)
"""Status and overlap: the same contract at another time of its life."""
