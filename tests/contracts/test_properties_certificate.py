"""Promises about any certificate: what may change and must change nothing, and what must never pass.

Bars B10 and B13 of contracts.md 9. The verdict table itself is in test_verdict.py.
"""

from __future__ import annotations

import csv
import random
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.contract import Criterion, Locale, TestDef, Units
from contracts.finding import Finding
from contracts.records import ResultVerdict
from contracts.rules.criterion import compare
from contracts.rules.reading import Reading
from contracts.rules.verdict import Judge
from contracts.values.number import Number, read_number
from contracts.values.units import read_unit
from contracts.values.words import Vocabulary
from tests.contracts.certificate_support import Body, Edit, contract, field, judged, record, value

D = Decimal
PASS, FAIL = ResultVerdict.PASS, ResultVerdict.FAIL

numbers = st.decimals(min_value=-50, max_value=50, places=1, allow_nan=False)
steps = st.decimals(min_value=0, max_value=30, places=1, allow_nan=False)
operators = st.sampled_from(["=", "<", "<=", ">", ">="])


@st.composite
def ranges(draw: st.DrawFn) -> Criterion:
    low, high = sorted((draw(numbers), draw(numbers)))
    lower, upper = draw(st.booleans()), draw(st.booleans())
    return Criterion("range", low=low, high=high, include_lower=lower, include_upper=upper)


@st.composite
def limits(draw: st.DrawFn) -> Criterion:
    if draw(st.booleans()):
        return draw(ranges())
    return Criterion(draw(st.sampled_from(["le", "lt", "ge", "gt"])), limit=draw(numbers))


@st.composite
def compounds(draw: st.DrawFn) -> Criterion:
    parts = tuple(draw(st.lists(limits(), min_size=2, max_size=3)))
    return Criterion(draw(st.sampled_from(["anyOf", "allOf"])), parts=parts)


criteria = st.one_of(limits(), compounds())


def widened(criterion: Criterion, by: Decimal) -> Criterion:
    """The same criterion with every limit further out."""
    if criterion.parts:
        return Criterion(criterion.op, parts=tuple(widened(part, by) for part in criterion.parts))
    if criterion.op == "range":
        assert criterion.low is not None
        assert criterion.high is not None
        ends = {"include_lower": criterion.include_lower, "include_upper": criterion.include_upper}
        return Criterion("range", low=criterion.low - by, high=criterion.high + by, **ends)
    assert criterion.limit is not None
    return Criterion(criterion.op, limit=criterion.limit + (by if criterion.op in ("le", "lt") else -by))


def nothing(_: str) -> tuple[Reading, ...]:
    return ()


def said(criterion: Criterion, operator: str, x: Decimal) -> ResultVerdict:
    return compare(criterion, Reading(operator, x, x), nothing)


@settings(max_examples=120, deadline=None)
@given(criterion=criteria, operator=operators, x=numbers, by=steps)
def test_a_wider_limit_never_turns_a_pass_into_anything_else(
    criterion: Criterion, operator: str, x: Decimal, by: Decimal
) -> None:
    if said(criterion, operator, x) is PASS:
        assert said(widened(criterion, by), operator, x) is PASS


@settings(max_examples=120, deadline=None)
@given(limit=numbers, op=st.sampled_from(["le", "lt"]), operator=st.sampled_from(["<", "<="]), x=numbers, by=steps,
       loq_max=st.none() | numbers)  # fmt: skip
def test_a_lower_limit_of_quantification_never_loses_a_pass(
    limit: Decimal, op: str, operator: str, x: Decimal, by: Decimal, loq_max: Decimal | None
) -> None:
    """Through the whole judgement, with a highest agreed limit of quantification as well."""
    test = TestDef("T", "L1", True, "numeric", Criterion(op, limit=limit), loq_max=loq_max)  # type: ignore[arg-type]
    judge = Judge(Locale(), Units(), {"absent": Vocabulary("absent", {"absent": ("not detected",)})})

    def verdict(number: Decimal) -> ResultVerdict:
        return judge.judge(test, str(number), operator, None, None, "final", nothing).verdict

    if verdict(x) is PASS:
        assert verdict(x - by) is PASS


@settings(max_examples=120, deadline=None)
@given(criterion=criteria, operator=operators, x=numbers, far=steps)
def test_a_verdict_on_a_censored_result_is_true_of_every_number_behind_it(
    criterion: Criterion, operator: str, x: Decimal, far: Decimal
) -> None:
    """The definition of a verdict, for ranges and compound criteria too."""
    least = D("0.1")
    y = {"=": x, "<": x - far - least, "<=": x - far, ">": x + far + least, ">=": x + far}[operator]
    verdict = said(criterion, operator, x)
    if verdict in (PASS, FAIL):
        assert said(criterion, "=", y) is verdict


@settings(deadline=None)
@given(text=st.text(max_size=40), wrap=st.sampled_from(["{}", "<{}", ">= {}", " {} "]))
def test_what_is_no_finite_number_never_passes(text: str, wrap: str) -> None:
    read = read_number(wrap.format(text), Locale())
    assert not isinstance(read, Number) or read.value.is_finite()


@settings(deadline=None)
@given(word=st.sampled_from(["nan", "NaN", "-nan", "inf", "Infinity", "-INF", "∞", "1E999", "-1E+31", "ｉｎｆ"]),
       criterion=criteria)  # fmt: skip
def test_infinity_and_what_is_no_number_meet_no_criterion(word: str, criterion: Criterion) -> None:
    judge = Judge(Locale(), Units(), {})
    test = TestDef("T", "L1", True, "numeric", criterion)
    judged_one = judge.judge(test, word, "=", None, None, "final", nothing)
    assert judged_one.verdict is ResultVerdict.NOT_EVALUATED
    assert [problem.code for _, problem in judged_one.problems] == ["COA-E111"]


@cache
def unit_table() -> list[str]:
    text = files("contracts").joinpath("units.csv").read_text(encoding="utf-8")
    return [row["unit"] for row in csv.DictReader(text.splitlines())]


@settings(deadline=None)
@given(given_unit=st.sampled_from(unit_table()), agreed=st.sampled_from(unit_table()))
def test_no_unit_is_another_one_unless_the_contract_says_so(given_unit: str, agreed: str) -> None:
    """Annotation, case and prefix included: without a listed pair nothing converts."""
    reading = read_unit(given_unit, agreed, Units())
    assert (reading.factor is not None) is (given_unit == agreed)


@settings(deadline=None)
@given(agreed=st.sampled_from([u for u in unit_table() if "{" in u]), given_unit=st.sampled_from(unit_table()))
def test_an_annotated_unit_converts_to_none_of_the_contracts(agreed: str, given_unit: str) -> None:
    """The reference contract lists a conversion and an alias: neither touches a unit that counts something."""
    units = contract("reference-coa").schema.units
    if given_unit != agreed and units.flagged.get(given_unit) != agreed:
        assert read_unit(given_unit, agreed, units).factor is None
    if given_unit != agreed:
        assert read_unit(agreed, given_unit, units).factor is None


def test_the_unit_table_holds_the_units_that_are_mixed_up() -> None:
    assert {"{TU}/mL", "{IU}/mL", "{vg}/mL", "{EU}/mL", "ng/mL"} <= set(unit_table())


# Defects that any form of a certificate can show, each independent of the others.
DEFECTS: tuple[Edit, ...] = (
    value("PH", value="7,2"),
    value("OSMO", unit=None),
    value("ENDOTOXIN", value="<LOQ"),
    value("ENDOTOXIN", criterion_text="<= 20"),
    value("P24", value="( 50 )*"),
    value("P24", unit="ng/ml"),
    value("POTENCY_B", characteristic="COLOUR"),
    value("RES_HCP", value="250"),
    value("RES_HCP", method_id="M-X"),
    value("RCL_CELL", value="o.B."),
    value("STERILITY_71", stage="interim"),
    value("VCN_TEST", value="2.75"),
    value("VCN_TEST", tested_to="2026-01-02T00:00:00Z"),
    field(mfg_date="04/11/2025"),
    field(issued_at="2026-02-02T09:00:00"),
    field(lot_number="LV-26O2-01"),
    field(material_id="LV-BCMA"),
    field(spec={"id": "SPC-014", "version": "4"}),
    lambda body: body["results"].append(dict(body["results"][0])),
    lambda body: body["results"].remove(next(r for r in body["results"] if r["characteristic"] == "APPEARANCE")),
    lambda body: body["signatories"][0].update(user_id="guest"),
)

chosen = st.sets(st.integers(0, len(DEFECTS) - 1), min_size=1, max_size=6)


def spoiled(picked: set[int]) -> Body:
    body = record()
    for number in sorted(picked):
        DEFECTS[number](body)
    return body


def found(body: Body, form: int = 0, file: str | None = None) -> tuple[Finding, ...]:
    with TemporaryDirectory() as folder:
        sources = contract("reference-coa").schema.sources
        return judged(Path(folder), body, form=sources[form], file=file).report.findings


def identities(findings: tuple[Finding, ...]) -> list[tuple[Any, ...]]:
    """What a finding is, wherever its rows stand."""
    return sorted((f.fingerprint, f.code, f.severity, f.count, f.key) for f in findings)


@settings(max_examples=40, deadline=None)
@given(picked=chosen, seed=st.integers(0, 10_000))
def test_the_order_of_results_changes_no_finding(picked: set[int], seed: int) -> None:
    body = spoiled(picked)
    before = identities(found(body))
    assert before
    random.Random(seed).shuffle(body["results"])
    assert identities(found(body)) == before


@settings(max_examples=25, deadline=None)
@given(first=st.sampled_from(["40", "55", "59"]), others=st.permutations(["49", "50", "70"]), count=st.integers(1, 3))
def test_several_results_of_a_test_mean_the_same_in_any_order(first: str, others: list[str], count: int) -> None:
    """POTENCY stands by POTENCY_B >= 50 when each of its results says so, and by none when one does not."""
    picked = others[:count]
    body = record()
    value("POTENCY", value=first)(body)
    body["disposition"] = "on_hold"
    rows = [row for row in body["results"] if row["characteristic"] == "POTENCY_B"]
    body["results"] = [row for row in body["results"] if row not in rows]
    body["results"] += [{**rows[0], "replicate": n + 1, "value": text} for n, text in enumerate(picked)]
    outside = [f.code for f in found(body) if f.code == "COA-E302"]
    assert outside == (["COA-E302"] if "49" in picked else [])


@settings(max_examples=8, deadline=None)
@given(picked=chosen, seed=st.integers(0, 10_000))
def test_a_finding_is_the_same_in_every_form_order_and_name_of_its_file(picked: set[int], seed: int) -> None:
    """B10: JSON, CSV and XLSX of one certificate, its rows reordered, its file renamed."""
    body = spoiled(picked)
    expected = identities(found(body))
    for form, name in ((1, "export 2026.csv"), (2, "CoA final (2).xlsx"), (0, "renamed.json")):
        random.Random(seed + form).shuffle(body["results"])
        assert identities(found(body, form, name)) == expected, name
