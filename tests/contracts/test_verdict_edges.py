"""What makes a verdict wrong at the edges: limits of detection in another unit, numbers with many digits, criteria that
look at each other. Expected verdicts are reckoned by hand from contracts.md 4.5."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from contracts.contract import Contract, Criterion, Field, Locale, TestDef, Units
from contracts.records import Certificate
from contracts.rules.reading import Reading
from contracts.rules.scalar import Scalar
from contracts.rules.verdict import Judge, Judged
from contracts.values.number import Number, read_number
from contracts.values.words import Vocabulary
from tests.contracts.document_support import check, clean, coa, seen

D = Decimal
WORDS = {"absent": Vocabulary("absent", {"absent": ("not detected",), "present": ("detected",)})}
JUDGE = Judge(Locale(), Units(convert={("ug/mL", "ng/mL"): D(1000)}), WORDS)


def nothing(_: str) -> tuple[Reading, ...]:
    return ()


def judged(value: str, *, operator: str | None = None, unit: str = "ng/mL", loq: str | None = None,
           **of_test: Any) -> Judged:  # fmt: skip
    parts = {"criterion": Criterion("le", limit=D(100)), "unit": "ng/mL"} | of_test
    test = TestDef("HCP", "L1", True, "numeric", **parts)
    return JUDGE.judge(test, value, operator, unit, loq, "final", nothing)


def said(one: Judged) -> tuple[str, list[str]]:
    return one.verdict.value, [problem.code for _, problem in one.problems]


# A limit of detection is a number in the unit of its result


def test_a_limit_of_detection_is_converted_like_a_value() -> None:
    assert said(judged("not detected", unit="ug/mL", loq="0.1")) == ("PASS", ["COA-E205"])  # 100 ng/mL
    assert said(judged("not detected", unit="ug/mL", loq="0.5")) == ("INCONCLUSIVE", ["COA-E205", "COA-E107"])
    assert said(judged("not detected", unit="ug/mL", loq="0.1", loq_max=D(50)))[0] == "INCONCLUSIVE"


def test_censored_values_are_converted_before_they_meet_the_limit() -> None:
    assert said(judged("<0.1", unit="ug/mL"))[0] == "PASS"
    assert said(judged("<0.11", unit="ug/mL"))[0] == "INCONCLUSIVE"
    assert said(judged(">0.1", unit="ug/mL"))[0] == "FAIL"


@pytest.mark.parametrize("loq", [">0.05", ">= 0.05", "-5", "0", "none"])
def test_what_bounds_nothing_is_no_limit_of_detection(loq: str) -> None:
    assert said(judged("not detected", loq=loq)) == ("INCONCLUSIVE", ["COA-E107"])


@pytest.mark.parametrize("operator", [">", ">="])
def test_more_than_not_detected_is_no_result(operator: str) -> None:
    one = judged("not detected", operator=operator, loq="0.05")
    assert said(one) == ("NOT_EVALUATED", ["COA-E101"])
    assert one.problems[0][0] == "operator"
    assert said(judged("not detected", operator="<", loq="0.05")) == ("PASS", [])


# Many digits, and rounding


def test_a_number_of_many_digits_is_compared_and_not_rounded_away() -> None:
    assert said(judged("100.00000000000000000000000000000000001")) == ("FAIL", [])
    assert said(judged("0.10000000000000000000000000000000000001", unit="ug/mL")) == ("FAIL", ["COA-E205"])
    assert said(judged("123456789012345678901234567890.123", decimals=2)) == ("FAIL", ["COA-E114"])
    assert said(judged("0.000000000000000000000000000000000000000000000001", decimals=2))[0] == "NOT_EVALUATED"


def test_half_goes_up_away_from_zero() -> None:
    low = Criterion("ge", limit=D(-2))
    assert said(judged("100.5", decimals=0)) == ("FAIL", ["COA-E114"])
    assert said(judged("100.4999", decimals=0)) == ("PASS", ["COA-E114"])
    assert said(judged("-2.5", decimals=0, criterion=low)) == ("FAIL", ["COA-E114"])
    assert said(judged("-2.4", decimals=0, criterion=low)) == ("PASS", ["COA-E114"])
    assert said(judged("-2.50", decimals=0, criterion=low, rounding="half_even"))[0] == "PASS"


def test_a_huge_number_is_held_against_its_step_and_not_given_up() -> None:
    field = Field("n", "n", "number", coa().schema.mark, options={"multipleOf": D("0.01")})
    scalar = Scalar(field, coa().schema, {}, typed=False, vocabularies={}, personal=None)
    assert scalar.read("1E+30") == D("1E+30")
    wrong = scalar.read("100000000000000000000000000000.001")
    assert isinstance(wrong, tuple)
    assert wrong[1].code == "FILE-E212"


# Numbers as they are written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2E+08", "1.2E+8"), ("1.2e8 ", "1.2E+8"), ("1.2x10^8", "1.2E+8"), ("1.2 × 10⁸", "1.2E+8"),
        ("1.2·10⁻³", "0.0012"), ("-1.2*10^-3", "-0.0012"), ("+7.20", "7.20"), (".5", "0.5"), ("１２．５", "12.5"),
        ("−3", "-3"),
    ],
)  # fmt: skip
def test_scientific_and_typeset_spellings_are_one_number(text: str, value: str) -> None:
    read = read_number(text, Locale(scientific=True))
    assert isinstance(read, Number)
    assert read.value == D(value)


@pytest.mark.parametrize(
    "text", ["1.2E+8.5", "1.2x8^10", "1.2x10", "10^8", "1.2E", "E8", "0x1F", "1_000", "1e5e5", "٣"]
)
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert not isinstance(read_number(text, Locale(scientific=True)), Number)


# Criteria that look at other tests


def mutual() -> Contract:
    """PH must be at least 6 and OSMO at least 50; OSMO at least 1 and PH at least 6."""
    ph, osmo = Criterion("ge", limit=D(6)), Criterion("ge", limit=D(1))
    tests = {
        "PH": Criterion("allOf", parts=(ph, Criterion("ge", limit=D(50), of="OSMO"))),
        "OSMO": Criterion("allOf", parts=(osmo, Criterion("ge", limit=D(6), of="PH"))),
    }
    schema = coa().schema
    changed = tuple(replace(t, criterion=tests[t.code]) if t.code in tests else t for t in schema.tests)
    return replace(coa(), schema=replace(schema, tests=changed))


def test_two_tests_that_look_at_each_other_say_the_same_in_every_order(shared: object) -> None:
    body, contract = clean(), mutual()
    rows = {r["characteristic"]: r for r in body["results"]}
    low = rows["OSMO"] | {"value": "40", "replicate": 2}
    others = [r for r in body["results"] if r["characteristic"] not in ("PH", "OSMO")]
    for three in permutations([rows["PH"], rows["OSMO"], low]):
        body["results"] = [*three, *others]
        _, report = check(body, contract)
        at = f"/results/{three.index(rows['PH'])}/value"
        assert ("COA-E302", at) in seen(report), [r["characteristic"] for r in three]


def test_two_tests_that_look_at_each_other_can_both_pass(shared: object) -> None:
    records, _ = check(clean(), mutual())
    certificate = records[0]
    assert isinstance(certificate, Certificate)
    assert {r.verdict.value for r in certificate.results if r.characteristic in ("PH", "OSMO")} == {"PASS"}
