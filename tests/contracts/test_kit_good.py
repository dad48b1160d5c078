"""Promise kept here: the delivery that the kit makes from a contract is accepted, in every form, without a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.inspection import inspect
from contracts.context import Context
from contracts.contract import Contract, Criterion, SourceForm, TestDef
from contracts.errors import CannotMake
from contracts.finding import Verdict
from contracts.history import RecordHistory
from contracts.kit.amounts import amounts
from contracts.kit.good import AT, good
from contracts.kit.matching import matching
from contracts.kit.write import suffix, write
from contracts.odcs import load_catalog, load_file
from contracts.pattern import compile_pattern

REFERENCE = Path("contracts/pages/reference")
SHIPPED = load_catalog().all()
FORMS = [(c, form) for c in SHIPPED for form in c.schema.sources]


def named(value: object) -> str:
    return value.id if isinstance(value, Contract) else value.format if isinstance(value, SourceForm) else str(value)


def judged(data: bytes, contract: Contract, form: SourceForm, folder: Path, context: Context | None = None):
    path = folder / f"good.{suffix(form)}"
    path.write_bytes(data)
    return inspect(path, file=path.name, contract=contract, context=context)


@pytest.mark.parametrize(("contract", "form"), FORMS, ids=named)
def test_a_good_delivery_is_accepted_without_a_finding(contract: Contract, form: SourceForm, tmp_path: Path) -> None:
    found = judged(write(good(contract), form), contract, form, tmp_path)
    assert [(f.code, f.message) for f in found.report.findings] == []
    assert found.report.verdict is Verdict.ACCEPTED
    assert found.report.coverage.could_not_evaluate == 0


@pytest.mark.parametrize("contract", [c for c in SHIPPED if c.kind != "pat"], ids=named)
def test_a_first_delivery_has_no_finding_against_an_empty_history_either(contract: Contract, tmp_path: Path) -> None:
    form = contract.schema.sources[0]
    context = Context(received_at=AT, now=AT, history=RecordHistory())
    found = judged(write(good(contract), form), contract, form, tmp_path, context)
    assert found.report.findings == ()
    assert found.records


@pytest.mark.parametrize(("contract", "form"), FORMS, ids=named)
def test_the_same_contract_gives_the_same_bytes(contract: Contract, form: SourceForm) -> None:
    assert write(good(contract), form) == write(good(contract), form)


def test_another_time_moves_every_time_of_the_delivery() -> None:
    contract = load_catalog().get("northvale-schedule")
    later = good(contract, at=AT + timedelta(days=30)).rows[0]
    assert later["published_at"] == "2026-03-04T09:00:00Z"
    assert later["planned_start"] == "2026-03-14T09:00:00Z"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^LV-[0-9]{4}-[0-9]{2,6}$", "LV-2602-01"),
        ("^(LV-[0-9]{4}-[0-9]{2,6}|TBD)$", "LV-2602-01"),
        ("^COA-[0-9]{7}$", "COA-0260201"),
        (r"^\d{3}[A-F]?x+$", "201x"),
        (r"^(?:AB|CD)\.[^0-9]\w{2}$", None),
        (r"^[\u0041-\u0043]{2}\x2D(?<no>\d+)$", None),
        ("[0-9]", "1"),
    ],
)
def test_a_text_is_made_from_a_pattern(pattern: str, text: str | None) -> None:
    made = matching(pattern, 260201)
    assert compile_pattern(pattern).matches(made)
    assert text is None or made == text


def test_texts_of_a_pattern_differ_by_number_and_reach_a_length() -> None:
    assert matching("^S[0-9]{3}$", 7) == "S007"
    assert matching("^S[0-9]{3}$", 8) == "S008"
    assert len(matching("^[A-Z]+$", 1, at_least=12)) == 12


def test_a_pattern_that_cannot_be_met_is_told() -> None:
    with pytest.raises(CannotMake, match="a text for the pattern"):
        matching("^a$b", 1)


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (Criterion("range", low=Decimal("6.9"), high=Decimal("7.8")), Decimal("7.4")),
        (Criterion("lt", limit=Decimal(1)), Decimal("0.5")),
        (Criterion("gt", limit=Decimal("0.1")), Decimal("0.2")),
        (Criterion("equals", limit=Decimal("3.0")), Decimal("3.0")),
        (
            Criterion("allOf", parts=(Criterion("ge", limit=Decimal(2)), Criterion("lt", limit=Decimal(3)))),
            Decimal("2.5"),
        ),
    ],
)
def test_a_value_meets_its_criterion(criterion: Criterion, expected: Decimal) -> None:
    test = TestDef("X", "L1", required=True, value_kind="numeric", criterion=criterion, decimals=1)
    assert amounts([test]) == {"X": expected}


def test_a_criterion_that_no_value_meets_is_told() -> None:
    parts = (Criterion("ge", limit=Decimal(3)), Criterion("le", limit=Decimal(2)))
    test = TestDef("X", "L1", required=True, value_kind="numeric", criterion=Criterion("allOf", parts=parts))
    with pytest.raises(CannotMake, match="a value of X that meets its criterion"):
        amounts([test])


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.odcs.yaml")), ids=lambda p: p.name)
def test_the_reference_contracts_have_good_deliveries_too(path: Path, tmp_path: Path) -> None:
    contract = load_file(path)
    for form in contract.schema.sources:
        found = judged(write(good(contract), form), contract, form, tmp_path)
        assert [(f.code, f.message) for f in found.report.findings] == [], form.format


OTHERS = [
    *((name, kind) for name in ("brightwater-coa", "halden-schedule") for kind in ("csv", "xlsx", "json")),
    *(("halden-pat", kind) for kind in ("parquet", "arrow", "csv", "ndjson")),
]


@pytest.mark.parametrize(("name", "format"), OTHERS)
def test_the_other_forms_can_be_written_and_are_read(name: str, format: str, tmp_path: Path) -> None:
    """Forms that no shipped contract of the kind declares, so that a sponsor may add one."""
    contract = load_catalog().get(name)
    form = SourceForm(format)
    changed = replace(contract, schema=replace(contract.schema, sources=(form,)))
    found = judged(write(good(changed), form), changed, form, tmp_path)
    assert [(f.code, f.message) for f in found.report.findings] == []
