"""The verdict of one result: does what was found meet its criterion? (contracts.md 4.5, domain.md 6.1)

Pure functions of the test, the texts as sent, and what the contract declares. A result that can't be judged is
NOT_EVALUATED, and one that proves nothing is INCONCLUSIVE: neither is ever a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal

from contracts.contract import Criterion, Locale, TestDef, Units
from contracts.records import ResultVerdict
from contracts.values.number import EXACT, Number, read_number
from contracts.values.problem import Problem
from contracts.values.units import read_unit
from contracts.values.words import Vocabulary, is_judgement, is_pending

PASS, FAIL = ResultVerdict.PASS, ResultVerdict.FAIL
INCONCLUSIVE, NOT_EVALUATED = ResultVerdict.INCONCLUSIVE, ResultVerdict.NOT_EVALUATED

_OPERATORS = frozenset({"=", "<", "<=", ">", ">="})
_ROUNDING = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}

Part = Literal["value", "operator", "unit", "stage"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one result says. `value` is as sent, `compared` after an agreed conversion and rounding.

    A word has no value; `not_detected` is a word that stands for "below the limit of detection", which is `lod`.
    """

    operator: str = "="
    value: Decimal | None = None
    compared: Decimal | None = None
    word: str | None = None
    not_detected: bool = False
    lod: Decimal | None = None

    @property
    def censored(self) -> bool:
        return self.not_detected or self.operator != "="


@dataclass(frozen=True, slots=True)
class Judged:
    """One result with our verdict. `problems` name the part of the result that each is about."""

    test: TestDef
    reading: Reading | None
    verdict: ResultVerdict
    reason: str
    problems: tuple[tuple[Part, Problem], ...] = ()


Of = Callable[[str], "Sequence[Reading]"]
"""Every reading of another test of the same certificate; none when it is absent or one could not be read."""


class Judge:
    """Judges results by one contract's locale, units and vocabularies."""

    def __init__(self, locale: Locale, units: Units, vocabularies: Mapping[str, Vocabulary]) -> None:
        self._locale, self._units, self._vocabularies = locale, units, vocabularies

    def judge(
        self,
        test: TestDef,
        value: str,
        operator: str | None,
        unit: str | None,
        loq: str | None,
        stage: str | None,
        of: Of,
        *,
        with_value: bool = True,
        with_unit: bool = True,
        with_stage: bool = True,
    ) -> Judged:
        """Steps 1 to 6 of contracts.md 4.5, in their order; the first that applies ends the judgement.

        A part that is switched off already has a finding or no place in the contract: nothing is said about it.
        """
        problems: list[tuple[Part, Problem]] = []
        reading = self._read(test, value, operator, loq, problems) if with_value else None
        factor: Decimal | None = Decimal(1)
        if with_unit and test.unit is not None:
            said = read_unit(unit, test.unit, self._units)
            factor = said.factor
            if said.problem is not None:
                problems.append(("unit", said.problem))
        if reading is not None and reading.lod is not None:  # it is stated in the unit of the result
            reading = replace(reading, lod=EXACT.multiply(reading.lod, factor) if factor is not None else None)
        if reading is not None and reading.value is not None and factor is not None:
            reading = self._comparable(test, reading, factor, problems)
        staged = not with_stage or (stage or "").strip(" \t") in test.stage_allowed
        if not staged:
            problems.append(("stage", _stage(test)))
        found = tuple(problems)
        if reading is None:
            return Judged(test, None, NOT_EVALUATED, "the result could not be read", found)
        if factor is None:
            return Judged(test, reading, NOT_EVALUATED, "the unit is not the agreed one", found)
        if reading.value is not None and reading.compared is None:
            return Judged(test, None, NOT_EVALUATED, "the value is physically impossible", found)
        if not staged:
            return Judged(test, reading, NOT_EVALUATED, f"a result in stage {stage} proves nothing yet", found)
        verdict = compare(test.criterion, reading, of)
        if test.loq_max is not None and verdict is PASS and _too_coarse(test.loq_max, reading):
            verdict, found = INCONCLUSIVE, (*found, ("value", _coarse(test)))
        elif verdict is INCONCLUSIVE:
            found = (*found, ("value", _inconclusive(test, reading)))
        return Judged(test, reading, verdict, _reason(test, verdict), found)

    def _read(
        self, test: TestDef, value: str, operator: str | None, loq: str | None, problems: list[tuple[Part, Problem]]
    ) -> Reading | None:
        stated = operator.strip(" \t") if operator else None
        if stated and stated not in _OPERATORS:
            says, expected = "is not an operator", "one of = < <= > >="
            problems.append(("operator", Problem("COA-E101", says, expected, "write = when the value is exact")))
            return None
        if test.value_kind == "text" and not is_pending(value):
            return Reading(word=value.strip(" \t"))
        if test.value_kind != "numeric":
            return self._read_word(test, value, problems)
        number = self._read_numeric(test, value, loq)
        if isinstance(number, Reading):
            if stated in (">", ">="):
                problems.append(("operator", _more_than_nothing(stated)))
                return None
            return number
        if isinstance(number, Problem):
            problems.append(("value", number))
            return None
        if number.operator is not None and stated is not None and number.operator != stated:
            problems.append(("value", _operators_differ(number.operator, stated)))
            return None
        return Reading(number.operator or stated or "=", number.value)

    def _read_word(self, test: TestDef, value: str, problems: list[tuple[Part, Problem]]) -> Reading | None:
        vocabulary = self.vocabulary_of(test)
        word = vocabulary.read(value) if vocabulary is not None else None
        if word is None:
            if is_pending(value):
                problems.append(("value", _pending(test)))
                return None
            known = vocabulary or Vocabulary("of this test", dict.fromkeys(test.criterion.words, ()))
            problems.append(("value", known.unknown(value, "COA-E108")))
            return None
        return Reading(word=word)

    def _read_numeric(self, test: TestDef, value: str, loq: str | None) -> Number | Reading | Problem:
        number = read_number(value, self._locale)
        if isinstance(number, Number) or number.code not in ("COA-E101", "COA-E106"):
            return number
        absent = self._vocabularies.get("absent")
        if absent is not None and absent.read(value) == "absent" and _has_limit(test.criterion):
            return Reading(word="absent", not_detected=True, lod=self._limit(loq))
        if number.code == "COA-E106":
            return number
        if is_pending(value):
            return _pending(test)
        if is_judgement(value) or any(v.read(value) is not None for v in self._vocabularies.values()):
            return Problem(
                "COA-E102",
                "is a word where a number is due",
                expected="a number" + (f" in {test.unit}" if test.unit else ""),
                fix="write the number that was measured, or < and the limit of quantification",
            )
        return number

    def _limit(self, loq: str | None) -> Decimal | None:
        """A limit of detection. `>0.05` and what is not above zero bound nothing from above."""
        number = read_number(loq, self._locale) if loq else None
        if not isinstance(number, Number) or number.operator in (">", ">=") or number.value <= 0:
            return None
        return number.value

    def vocabulary_of(self, test: TestDef) -> Vocabulary | None:
        """The words a qualitative test is answered in: its own, else `absent`, else the one that lists its words."""
        if test.vocabulary is not None:
            return self._vocabularies.get(test.vocabulary)
        if _mentions_absent(test.criterion):
            return self._vocabularies.get("absent")
        wanted = set(_words(test.criterion))
        return next((v for v in self._vocabularies.values() if wanted & set(v.canonical)), None)

    def _comparable(
        self, test: TestDef, reading: Reading, factor: Decimal, problems: list[tuple[Part, Problem]]
    ) -> Reading:
        assert reading.value is not None
        value = reading.value if factor == 1 else EXACT.multiply(reading.value, factor).normalize(EXACT)
        if test.physical is not None and not test.physical[0] <= value <= test.physical[1]:
            low, high = test.physical
            problems.append(("value", _impossible(low, high, test.unit)))
            return Reading(reading.operator, reading.value)
        if test.decimals is not None and test.rounding != "none" and reading.operator == "=":
            exponent = value.as_tuple().exponent
            if isinstance(exponent, int) and -exponent > test.decimals:
                value = value.quantize(Decimal(1).scaleb(-test.decimals), _ROUNDING[test.rounding], EXACT)
                problems.append(("value", _rounded(test.decimals, value)))
        return Reading(reading.operator, reading.value, value)


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


def _reason(test: TestDef, verdict: ResultVerdict) -> str:
    said = wording(test.criterion)
    match verdict:
        case ResultVerdict.PASS:
            return f"meets {said}"
        case ResultVerdict.FAIL:
            return f"is outside {said}"
        case ResultVerdict.INCONCLUSIVE:
            return f"cannot prove {said}"
        case _:
            return "reported for information only"


def _words(criterion: Criterion) -> tuple[str, ...]:
    return criterion.words + tuple(w for part in criterion.parts for w in _words(part))


def _mentions_absent(criterion: Criterion) -> bool:
    return criterion.op == "absent" or any(_mentions_absent(p) for p in criterion.parts if p.of is None)


def _has_limit(criterion: Criterion) -> bool:
    own = criterion.of is None and criterion.op in ("le", "lt", "range")
    return own or any(_has_limit(p) for p in criterion.parts)


def _stage(test: TestDef) -> Problem:
    allowed = " or ".join(test.stage_allowed)
    return Problem(
        "COA-E109",
        f"is not {allowed}",
        expected=f"a result in stage {allowed}",
        fix="send the final result in the next revision when it is there",
    )


def _pending(test: TestDef) -> Problem:
    return Problem(
        "COA-E109",
        "is not there yet",
        expected=f"a result in stage {' or '.join(test.stage_allowed)}",
        fix="send the final result in the next revision when it is there",
    )


def _too_coarse(highest: Decimal, reading: Reading) -> bool:
    """Whether a result is known to be low only by a limit of quantification above the agreed one."""
    if reading.not_detected:
        return reading.lod is not None and reading.lod > highest
    return reading.operator in ("<", "<=") and reading.compared is not None and reading.compared > highest


def _coarse(test: TestDef) -> Problem:
    most = f"{test.loq_max}" + (f" {test.unit}" if test.unit else "")
    return Problem(
        "COA-E107",
        f"is censored above the highest agreed limit of quantification, {test.loq_max}",
        expected=f"a limit of quantification of at most {most}",
        fix="repeat the test with a lower limit of quantification, or justify the result",
    )


def _operators_differ(written: str, stated: str) -> Problem:
    return Problem(
        "COA-E101",
        f"says {written} while the operator says {stated}",
        expected="one operator",
        fix=f"write the number alone and the operator as {written}",
        note="the hub does not choose between two operators",
    )


def _more_than_nothing(stated: str) -> Problem:
    return Problem(
        "COA-E101",
        f"says {stated} while the value is a word for not detected",
        expected="no operator beside a word, or < and the limit as the value",
        fix="leave the operator out, or write < and the limit of detection",
    )


def _impossible(low: Decimal, high: Decimal, unit: str | None) -> Problem:
    where = f"{low} to {high}" + (f" {unit}" if unit else "")
    return Problem(
        "COA-E112",
        "is physically impossible",
        expected=f"a value of {where}",
        fix="check the decimal mark and the unit",
    )


def _rounded(decimals: int, value: Decimal) -> Problem:
    return Problem(
        "COA-E114",
        "has more digits than its specification",
        expected=_decimals(decimals),
        fix=f"round to {_decimals(decimals)}",
        note=f"compared as {value}; the text as sent is kept",
    )


def _decimals(count: int) -> str:
    return "1 decimal" if count == 1 else f"{count} decimals" if count else "a whole number"


def _inconclusive(test: TestDef, reading: Reading) -> Problem:
    said = wording(test.criterion)
    if reading.not_detected and reading.lod is None:
        fix = "state the limit of detection"
    elif reading.censored:
        fix = "repeat the test with a lower limit of quantification, or justify the result"
    else:
        fix = "send the results of all tests that this criterion looks at"
    return Problem("COA-E107", "cannot prove its acceptance criterion", expected=said, fix=fix)
