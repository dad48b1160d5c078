"""The verdict of one result is the one of the agreed table, and it is monotone (bar B13).

The table is contracts.md 4.5 with domain.md 6.1, written out by hand here.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.contract import Criterion, Locale, TestDef, Units
from contracts.records import ResultVerdict
from contracts.rules.criterion import compare, wording
from contracts.rules.reading import Reading
from contracts.rules.verdict import Judge, Judged
from contracts.values.words import Vocabulary

D = Decimal
LE, LT, GE, GT = (Criterion(op, limit=D(10)) for op in ("le", "lt", "ge", "gt"))
RANGE = Criterion("range", low=D(2), high=D(10))
OPEN = Criterion("range", low=D(2), high=D(10), include_lower=False, include_upper=False)
EQUALS = Criterion("equals", limit=D(10))


def nothing(_: str) -> tuple[Reading, ...]:
    return ()


def verdict(criterion: Criterion, operator: str, value: str) -> str:
    reading = Reading(operator, D(value), D(value))
    return compare(criterion, reading, nothing).value


@pytest.mark.parametrize(
    ("criterion", "operator", "value", "expected"),
    [
        (LE, "=", "10", "PASS"), (LE, "=", "10.1", "FAIL"), (LT, "=", "10", "FAIL"), (LT, "=", "9.9", "PASS"),
        (GE, "=", "10", "PASS"), (GE, "=", "9.9", "FAIL"), (GT, "=", "10", "FAIL"), (GT, "=", "10.1", "PASS"),
        (RANGE, "=", "2", "PASS"), (RANGE, "=", "10", "PASS"), (RANGE, "=", "1.9", "FAIL"), (RANGE, "=", "11", "FAIL"),
        (OPEN, "=", "2", "FAIL"), (OPEN, "=", "10", "FAIL"), (OPEN, "=", "2.1", "PASS"),
        (EQUALS, "=", "10.0", "PASS"), (EQUALS, "=", "9", "FAIL"),
        # below x against an upper limit: passes when x is at or below the limit, else proves nothing
        (LE, "<", "10", "PASS"), (LE, "<", "10.1", "INCONCLUSIVE"),
        (LE, "<=", "10", "PASS"), (LE, "<=", "11", "INCONCLUSIVE"),
        (LT, "<", "10", "PASS"), (LT, "<=", "10", "INCONCLUSIVE"), (LT, "<=", "9.9", "PASS"),
        # below x against a lower limit: fails when x is at or below the limit, else proves nothing
        (GE, "<", "10", "FAIL"), (GE, "<", "10.1", "INCONCLUSIVE"),
        (GE, "<=", "9.9", "FAIL"), (GE, "<=", "10", "INCONCLUSIVE"),
        (GT, "<=", "10", "FAIL"), (GT, "<", "10", "FAIL"), (GT, "<", "11", "INCONCLUSIVE"),
        # the mirror image
        (GE, ">", "10", "PASS"), (GE, ">=", "10", "PASS"), (GE, ">", "9.9", "INCONCLUSIVE"),
        (GT, ">", "10", "PASS"), (GT, ">=", "10", "INCONCLUSIVE"),
        (LE, ">", "10", "FAIL"), (LE, ">", "9", "INCONCLUSIVE"),
        (LE, ">=", "10", "INCONCLUSIVE"), (LE, ">=", "10.1", "FAIL"),
        (LT, ">=", "10", "FAIL"), (LT, ">", "10", "FAIL"),
        # a range needs both sides
        (RANGE, "<", "2", "FAIL"), (RANGE, "<", "5", "INCONCLUSIVE"),
        (RANGE, ">", "10", "FAIL"), (RANGE, ">", "5", "INCONCLUSIVE"),
        (EQUALS, "<", "10", "FAIL"), (EQUALS, "<", "11", "INCONCLUSIVE"), (EQUALS, "<=", "10", "INCONCLUSIVE"),
        (EQUALS, ">", "10", "FAIL"), (EQUALS, ">=", "10", "INCONCLUSIVE"), (EQUALS, ">=", "10.1", "FAIL"),
    ],
)  # fmt: skip
def test_the_table_of_verdicts(criterion: Criterion, operator: str, value: str, expected: str) -> None:
    assert verdict(criterion, operator, value) == expected


def test_words_and_composites() -> None:
    absent, found = Reading(word="absent"), Reading(word="present")
    assert compare(Criterion("absent"), absent, nothing).value == "PASS"
    assert compare(Criterion("absent"), found, nothing).value == "FAIL"
    assert compare(Criterion("oneOf", words=("conforms",)), Reading(word="conforms"), nothing).value == "PASS"
    assert compare(Criterion("reportOnly"), absent, nothing).value == "NOT_EVALUATED"
    either = Criterion("anyOf", parts=(GE, Criterion("ge", limit=D(50), of="B")))
    both = Criterion("allOf", parts=(GE, Criterion("ge", limit=D(50), of="B")))
    assert wording(either) == ">= 10 or B >= 50"
    high, low = Reading("=", D(60), D(60)), Reading("=", D(40), D(40))
    table = {("12", None): ("PASS", "INCONCLUSIVE"), ("9", None): ("INCONCLUSIVE", "FAIL"),
             ("9", high): ("PASS", "FAIL"), ("9", low): ("FAIL", "FAIL"), ("12", high): ("PASS", "PASS")}  # fmt: skip
    for (own, other), expected in table.items():
        reading = Reading("=", D(own), D(own))
        got = tuple(compare(c, reading, lambda _, other=other: [other] if other else []).value for c in (either, both))
        assert got == expected, (own, other)


WORDS = {
    "absent": Vocabulary("absent", {"absent": ("not detected", "no growth"), "present": ("detected",)}),
    "conform": Vocabulary("conform", {"conforms": ("complies",)}),
}
JUDGE = Judge(Locale(), Units(convert={("ug/mL", "ng/mL"): D(1000)}), WORDS)


def judged(test: TestDef, value: str, operator: str | None = "=", unit: str | None = None, loq: str | None = None,
           stage: str | None = "final") -> Judged:  # fmt: skip
    return JUDGE.judge(test, value, operator, unit, loq, stage, nothing)


def numeric(criterion: Criterion, **more: object) -> TestDef:
    return TestDef("T", "L1", True, "numeric", criterion, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("test", "args", "expected", "codes"),
    [
        (numeric(LE), {"value": "<10"}, "NOT_EVALUATED", ["COA-E101"]),  # says < while the operator says =
        (numeric(LE), {"value": "<10", "operator": "<"}, "PASS", []),
        (numeric(LE), {"value": "<10", "operator": None}, "PASS", []),
        (numeric(LE), {"value": "10", "operator": "~"}, "NOT_EVALUATED", ["COA-E101"]),
        (numeric(LE), {"value": "complies"}, "NOT_EVALUATED", ["COA-E102"]),
        (numeric(LE), {"value": "not detected", "loq": "5"}, "PASS", []),
        (numeric(LE), {"value": "not detected", "loq": "50"}, "INCONCLUSIVE", ["COA-E107"]),
        (numeric(LE), {"value": "not detected"}, "INCONCLUSIVE", ["COA-E107"]),
        (numeric(GE), {"value": "not detected"}, "NOT_EVALUATED", ["COA-E102"]),  # no upper limit to be below
        (numeric(LE), {"value": "20", "operator": "<"}, "INCONCLUSIVE", ["COA-E107"]),
        (numeric(LE, unit="ng/mL"), {"value": "0.009", "unit": "ug/mL"}, "PASS", ["COA-E205"]),
        (numeric(LE, unit="ng/mL"), {"value": "0.011", "unit": "ug/mL"}, "FAIL", ["COA-E205"]),
        (numeric(LE, unit="ng/mL"), {"value": "9", "unit": "/mL"}, "NOT_EVALUATED", ["COA-E201"]),
        (numeric(LE, unit="ng/mL"), {"value": "9"}, "NOT_EVALUATED", ["COA-E203"]),
        (numeric(LE, physical=(D(0), D(14))), {"value": "-1"}, "NOT_EVALUATED", ["COA-E112"]),
        (numeric(LE, decimals=0), {"value": "10.4"}, "PASS", ["COA-E114"]),
        (numeric(LE, decimals=0), {"value": "10.5"}, "FAIL", ["COA-E114"]),  # half up
        (numeric(LE, decimals=0, rounding="half_even"), {"value": "10.5"}, "PASS", ["COA-E114"]),
        (numeric(LE, decimals=0, rounding="none"), {"value": "10.4"}, "FAIL", []),
        (numeric(LE, decimals=0), {"value": "10.4", "operator": "<"}, "INCONCLUSIVE", ["COA-E107"]),  # a limit stays
        (numeric(LE), {"value": "9", "stage": "interim"}, "NOT_EVALUATED", ["COA-E109"]),
        (numeric(LE, stage_allowed=("final", "interim")), {"value": "9", "stage": "interim"}, "PASS", []),
        (numeric(LE, unit="ng/mL"), {"value": "x", "unit": "/mL"}, "NOT_EVALUATED", ["COA-E101", "COA-E201"]),
        (TestDef("S", "L1", True, "qualitative", Criterion("absent")), {"value": "No growth"}, "PASS", []),
        (TestDef("S", "L1", True, "qualitative", Criterion("absent")), {"value": "detected"}, "FAIL", []),
        (
            TestDef("S", "L1", True, "qualitative", Criterion("absent")),
            {"value": "o.B."},
            "NOT_EVALUATED",
            ["COA-E108"],
        ),
    ],
)
def test_the_first_step_that_applies_ends_the_judgement(
    test: TestDef, args: dict[str, str], expected: str, codes: list[str]
) -> None:
    result = judged(test, **args)
    assert result.verdict.value == expected
    assert [problem.code for _, problem in result.problems] == codes


numbers = st.decimals(min_value=-100, max_value=100, places=1, allow_nan=False)
operators = st.sampled_from(["=", "<", "<=", ">", ">="])


@given(value=numbers, operator=operators, limit=numbers, wider=st.decimals(min_value=0, max_value=50, places=1))
def test_a_wider_limit_never_turns_a_pass_into_anything_worse(
    value: Decimal, operator: str, limit: Decimal, wider: Decimal
) -> None:
    reading = Reading(operator, value, value)
    for op, other in (("le", limit + wider), ("lt", limit + wider), ("ge", limit - wider), ("gt", limit - wider)):
        before = compare(Criterion(op, limit=limit), reading, nothing)  # type: ignore[arg-type]
        after = compare(Criterion(op, limit=other), reading, nothing)  # type: ignore[arg-type]
        assert not (before is ResultVerdict.PASS and after is not ResultVerdict.PASS)
        assert not (before is ResultVerdict.INCONCLUSIVE and after is ResultVerdict.FAIL)


@given(value=numbers, lower=st.decimals(min_value=0, max_value=50, places=1), limit=numbers)
def test_a_lower_limit_of_quantification_never_loses_a_pass(value: Decimal, lower: Decimal, limit: Decimal) -> None:
    for operator in ("<", "<="):
        for op in ("le", "lt"):
            criterion = Criterion(op, limit=limit)  # type: ignore[arg-type]
            if compare(criterion, Reading(operator, value, value), nothing) is ResultVerdict.PASS:
                less = value - lower
                assert compare(criterion, Reading(operator, less, less), nothing) is ResultVerdict.PASS


@given(x=numbers, y=numbers, operator=operators, limit=numbers, op=st.sampled_from(["le", "lt", "ge", "gt", "equals"]))
def test_a_verdict_on_a_censored_result_holds_for_every_value_it_may_stand_for(
    x: Decimal, y: Decimal, operator: str, limit: Decimal, op: str
) -> None:
    """The definition itself: PASS and FAIL must be true of each number that the censored result allows."""
    allowed = {"=": y == x, "<": y < x, "<=": y <= x, ">": y > x, ">=": y >= x}[operator]
    criterion = Criterion(op, limit=limit)  # type: ignore[arg-type]
    verdict = compare(criterion, Reading(operator, x, x), nothing)
    if allowed and verdict in (ResultVerdict.PASS, ResultVerdict.FAIL):
        assert compare(criterion, Reading("=", y, y), nothing) is verdict
