"""Acceptance criteria of two versions: does the new one accept less, more, or something else?"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from contracts.change.change import Effect, together
from contracts.contract import Criterion


class _End(NamedTuple):
    """One end of an interval; None: it has none there."""

    limit: Decimal | None
    included: bool


def compare_criteria(old: Criterion, new: Criterion) -> tuple[Effect, str]:
    """The effect of a changed criterion, and what changed in words."""
    effect = _effect(old, new)
    before, after = _ends(old), _ends(new)
    if before is None or after is None or old.of != new.of:
        return effect, f"criterion {in_words(old)} -> {in_words(new)}"
    names = ("lower limit", "upper limit")
    changed = [
        f"{name} {_end(a)} -> {_end(b)}"
        for name, a, b in zip(names, before, after, strict=True)
        if _direction(a, b, lower=name == names[0]) is not None
    ]
    return effect, ", ".join(changed)


def _effect(old: Criterion, new: Criterion) -> Effect:
    if old == new:
        return Effect.DOC_ONLY
    if old.op == "reportOnly" or new.op == "reportOnly":
        # A result that is only reported passes whatever it is.
        return Effect.TIGHTENS if old.op == "reportOnly" else Effect.LOOSENS
    if old.of != new.of:
        return Effect.UNDETERMINED
    before, after = _ends(old), _ends(new)
    if before is not None and after is not None:
        found = [_direction(a, b, lower=i == 0) for i, (a, b) in enumerate(zip(before, after, strict=True))]
        return together(f for f in found if f is not None) or Effect.DOC_ONLY
    if old.op == new.op == "oneOf":
        return _members(set(old.words), set(new.words))
    if old.op == new.op and old.op in ("anyOf", "allOf"):
        return _parts(old, new)
    return Effect.UNDETERMINED


def _parts(old: Criterion, new: Criterion) -> Effect:
    """Both forms only grow with their parts, so parts that keep their places decide each for itself."""
    if len(old.parts) == len(new.parts):
        found = [_effect(a, b) for a, b in zip(old.parts, new.parts, strict=True)]
        return together(found) or Effect.DOC_ONLY
    longer, shorter = (new, old) if len(new.parts) > len(old.parts) else (old, new)
    if any(part not in longer.parts for part in shorter.parts):
        return Effect.UNDETERMINED
    grew = longer is new
    return Effect.LOOSENS if grew == (new.op == "anyOf") else Effect.TIGHTENS


def _members(old: set[str], new: set[str]) -> Effect:
    found = [Effect.TIGHTENS] * bool(old - new) + [Effect.LOOSENS] * bool(new - old)
    return together(found) or Effect.DOC_ONLY


def _ends(criterion: Criterion) -> tuple[_End, _End] | None:
    """The interval of a criterion on numbers: its lower and its upper end."""
    none, limit = _End(None, True), criterion.limit
    match criterion.op:
        case "le" | "lt":
            return none, _End(limit, criterion.op == "le")
        case "ge" | "gt":
            return _End(limit, criterion.op == "ge"), none
        case "equals":
            return _End(limit, True), _End(limit, True)
        case "range":
            return _End(criterion.low, criterion.include_lower), _End(criterion.high, criterion.include_upper)
        case _:
            return None


def _direction(old: _End, new: _End, *, lower: bool) -> Effect | None:
    """Whether an end moved inwards or outwards."""
    if old == new:
        return None
    if old.limit is None or new.limit is None:
        return Effect.TIGHTENS if old.limit is None else Effect.LOOSENS
    if old.limit == new.limit:
        return Effect.TIGHTENS if old.included else Effect.LOOSENS
    inwards = new.limit > old.limit if lower else new.limit < old.limit
    return Effect.TIGHTENS if inwards else Effect.LOOSENS


def _end(end: _End) -> str:
    if end.limit is None:
        return "none"
    return str(end.limit) if end.included else f"{end.limit} (not included)"


def in_words(criterion: Criterion) -> str:
    """A criterion in a sentence: `>= 60 or POTENCY_B >= 50`."""
    of = f"{criterion.of} " if criterion.of else ""
    signs = {"le": "<=", "lt": "<", "ge": ">=", "gt": ">", "equals": "="}
    match criterion.op:
        case "le" | "lt" | "ge" | "gt" | "equals":
            return f"{of}{signs[criterion.op]} {criterion.limit}"
        case "range":
            open_ends = not (criterion.include_lower and criterion.include_upper)
            return f"{of}{criterion.low} to {criterion.high}" + (" (an end not included)" if open_ends else "")
        case "oneOf":
            return of + " or ".join(criterion.words)
        case "anyOf":
            return " or ".join(in_words(part) for part in criterion.parts)
        case "allOf":
            return " and ".join(in_words(part) for part in criterion.parts)
        case "absent":
            return f"{of}absent"
        case _:
            return "report only"
