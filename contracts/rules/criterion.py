"""An acceptance criterion: does a reading meet it, and how does a person write it? (contracts.md 4.5)

A censored reading proves only what its limit allows: the rest is INCONCLUSIVE, which is never a pass.
"""

from __future__ import annotations

from decimal import Decimal

from contracts.contract import Criterion
from contracts.records import ResultVerdict
from contracts.rules.reading import Of, Reading

PASS, FAIL = ResultVerdict.PASS, ResultVerdict.FAIL
INCONCLUSIVE, NOT_EVALUATED = ResultVerdict.INCONCLUSIVE, ResultVerdict.NOT_EVALUATED


def compare(criterion: Criterion, reading: Reading, of: Of) -> ResultVerdict:
    """Whether `reading` meets `criterion`. A part that looks at another test asks `of` for its
    readings: several of them say together what the worst says, whatever their order."""
    if criterion.op == "anyOf" or criterion.op == "allOf":
        verdicts = [compare(part, reading, of) for part in criterion.parts]
        decisive = PASS if criterion.op == "anyOf" else FAIL
        if decisive in verdicts:
            return decisive
        other = FAIL if decisive is PASS else PASS
        return other if all(v is other for v in verdicts) else INCONCLUSIVE
    if criterion.of is not None:
        verdicts = [_meets(criterion, one) for one in of(criterion.of)] or [INCONCLUSIVE]
        return next((v for v in _WORST_FIRST if v in verdicts), PASS)
    return _meets(criterion, reading)


_WORST_FIRST = (FAIL, INCONCLUSIVE, NOT_EVALUATED)


def _meets(criterion: Criterion, reading: Reading) -> ResultVerdict:
    match criterion.op:
        case "reportOnly":
            return NOT_EVALUATED
        case "absent":
            return NOT_EVALUATED if reading.word is None else PASS if reading.word == "absent" else FAIL
        case "oneOf":
            return NOT_EVALUATED if reading.word is None else PASS if reading.word in criterion.words else FAIL
    operator, value = reading.operator, reading.compared
    if reading.not_detected:
        operator, value = "<=", reading.lod
    if value is None:
        return INCONCLUSIVE
    match criterion.op:
        case "range":
            assert criterion.low is not None
            assert criterion.high is not None
            lower = _lower(criterion.low, operator, value, closed=criterion.include_lower)
            upper = _upper(criterion.high, operator, value, closed=criterion.include_upper)
            return FAIL if FAIL in (lower, upper) else PASS if lower is upper is PASS else INCONCLUSIVE
        case "equals":
            assert criterion.limit is not None
            return _equals(criterion.limit, operator, value)
        case "le" | "lt":
            assert criterion.limit is not None
            return _upper(criterion.limit, operator, value, closed=criterion.op == "le")
        case _:
            assert criterion.limit is not None
            return _lower(criterion.limit, operator, value, closed=criterion.op == "ge")


def _upper(limit: Decimal, operator: str, x: Decimal, *, closed: bool) -> ResultVerdict:
    """The true value is `operator x`; must it lie at or below `limit` (below, when not closed)?"""
    inside = x <= limit if closed else x < limit
    match operator:
        case "=":
            return PASS if inside else FAIL
        case "<":
            return PASS if x <= limit else INCONCLUSIVE
        case "<=":
            return PASS if inside else INCONCLUSIVE
        case ">":
            return FAIL if x >= limit else INCONCLUSIVE
        case _:
            return INCONCLUSIVE if inside else FAIL


def _lower(limit: Decimal, operator: str, x: Decimal, *, closed: bool) -> ResultVerdict:
    """The mirror image: must it lie at or above `limit`?"""
    inside = x >= limit if closed else x > limit
    match operator:
        case "=":
            return PASS if inside else FAIL
        case ">":
            return PASS if x >= limit else INCONCLUSIVE
        case ">=":
            return PASS if inside else INCONCLUSIVE
        case "<":
            return FAIL if x <= limit else INCONCLUSIVE
        case _:
            return INCONCLUSIVE if inside else FAIL


def _equals(limit: Decimal, operator: str, x: Decimal) -> ResultVerdict:
    match operator:
        case "=":
            return PASS if x == limit else FAIL
        case "<":
            return FAIL if x <= limit else INCONCLUSIVE
        case "<=":
            return FAIL if x < limit else INCONCLUSIVE
        case ">":
            return FAIL if x >= limit else INCONCLUSIVE
        case _:
            return FAIL if x > limit else INCONCLUSIVE


def wording(criterion: Criterion) -> str:
    """The criterion as a person writes it: `6.9 to 7.8`, `<= 10`, `>= 60 or POTENCY_B >= 50`."""
    signs = {"le": "<=", "lt": "<", "ge": ">=", "gt": ">", "equals": "="}
    other = f"{criterion.of} " if criterion.of else ""
    match criterion.op:
        case "range" if criterion.include_lower and criterion.include_upper:
            return f"{other}{criterion.low} to {criterion.high}"
        case "range":
            lower, upper = (">=" if criterion.include_lower else ">"), ("<=" if criterion.include_upper else "<")
            return f"{other}{lower} {criterion.low} and {upper} {criterion.high}"
        case "oneOf":
            return other + " or ".join(criterion.words)
        case "absent":
            return f"{other}absent"
        case "reportOnly":
            return "report"
        case "anyOf" | "allOf":
            return (" or " if criterion.op == "anyOf" else " and ").join(wording(p) for p in criterion.parts)
        case _:
            return f"{other}{signs[criterion.op]} {criterion.limit}"


def bounds(criterion: Criterion) -> tuple[str | None, str | None]:
    """The lowest and highest accepted value as text, where the criterion has one of its own."""
    if criterion.of is not None:
        return None, None
    match criterion.op:
        case "range":
            return str(criterion.low), str(criterion.high)
        case "le" | "lt":
            return None, str(criterion.limit)
        case "ge" | "gt":
            return str(criterion.limit), None
        case _:
            return None, None


def words_of(criterion: Criterion) -> tuple[str, ...]:
    return criterion.words + tuple(w for part in criterion.parts for w in words_of(part))


def mentions_absent(criterion: Criterion) -> bool:
    return criterion.op == "absent" or any(mentions_absent(p) for p in criterion.parts if p.of is None)


def has_upper_limit(criterion: Criterion) -> bool:
    own = criterion.of is None and criterion.op in ("le", "lt", "range")
    return own or any(has_upper_limit(p) for p in criterion.parts)
