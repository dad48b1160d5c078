"""The verdict of one result: does what was found meet its criterion? (contracts.md 4.5, domain.md 6.1)

Pure functions of the test, the texts as sent, and what the contract declares. A result that can't be judged is
NOT_EVALUATED, and one that proves nothing is INCONCLUSIVE: neither is ever a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal

from contracts.contract import Locale, TestDef, Units
from contracts.records import ResultVerdict
from contracts.rules.criterion import (
    INCONCLUSIVE,
    NOT_EVALUATED,
    PASS,
    compare,
    has_upper_limit,
    mentions_absent,
    wording,
    words_of,
)
from contracts.rules.reading import Of, Reading
from contracts.rules.shortcomings import (
    impossible,
    more_than_nothing,
    not_final,
    operators_differ,
    pending,
    proves_nothing,
    rounded,
    too_coarse,
)
from contracts.values.number import EXACT, Number, read_number
from contracts.values.problem import Problem
from contracts.values.units import read_unit
from contracts.values.words import Vocabulary, is_judgement, is_pending

_OPERATORS = frozenset({"=", "<", "<=", ">", ">="})
_ROUNDING = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}

Part = Literal["value", "operator", "unit", "stage"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One result with our verdict. `problems` name the part of the result that each is about."""

    test: TestDef
    reading: Reading | None
    verdict: ResultVerdict
    reason: str
    problems: tuple[tuple[Part, Problem], ...] = ()


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
            problems.append(("stage", not_final(test)))
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
        if test.loq_max is not None and verdict is PASS and _above_the_limit(test.loq_max, reading):
            verdict, found = INCONCLUSIVE, (*found, ("value", too_coarse(test)))
        elif verdict is INCONCLUSIVE:
            found = (*found, ("value", proves_nothing(test, reading)))
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
                problems.append(("operator", more_than_nothing(stated)))
                return None
            return number
        if isinstance(number, Problem):
            problems.append(("value", number))
            return None
        if number.operator is not None and stated is not None and number.operator != stated:
            problems.append(("value", operators_differ(number.operator, stated)))
            return None
        return Reading(number.operator or stated or "=", number.value)

    def _read_word(self, test: TestDef, value: str, problems: list[tuple[Part, Problem]]) -> Reading | None:
        vocabulary = self.vocabulary_of(test)
        word = vocabulary.read(value) if vocabulary is not None else None
        if word is None:
            if is_pending(value):
                problems.append(("value", pending(test)))
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
        if absent is not None and absent.read(value) == "absent" and has_upper_limit(test.criterion):
            return Reading(word="absent", not_detected=True, lod=self._limit(loq))
        if number.code == "COA-E106":
            return number
        if is_pending(value):
            return pending(test)
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
        if mentions_absent(test.criterion):
            return self._vocabularies.get("absent")
        wanted = set(words_of(test.criterion))
        return next((v for v in self._vocabularies.values() if wanted & set(v.canonical)), None)

    def _comparable(
        self, test: TestDef, reading: Reading, factor: Decimal, problems: list[tuple[Part, Problem]]
    ) -> Reading:
        assert reading.value is not None
        value = reading.value if factor == 1 else EXACT.multiply(reading.value, factor).normalize(EXACT)
        if test.physical is not None and not test.physical[0] <= value <= test.physical[1]:
            low, high = test.physical
            problems.append(("value", impossible(low, high, test.unit)))
            return Reading(reading.operator, reading.value)
        if test.decimals is not None and test.rounding != "none" and reading.operator == "=":
            exponent = value.as_tuple().exponent
            if isinstance(exponent, int) and -exponent > test.decimals:
                value = value.quantize(Decimal(1).scaleb(-test.decimals), _ROUNDING[test.rounding], EXACT)
                problems.append(("value", rounded(test.decimals, value)))
        return Reading(reading.operator, reading.value, value)


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


def _above_the_limit(highest: Decimal, reading: Reading) -> bool:
    """Whether a result is known to be low only by a limit of quantification above the agreed one."""
    if reading.not_detected:
        return reading.lod is not None and reading.lod > highest
    return reading.operator in ("<", "<=") and reading.compared is not None and reading.compared > highest
