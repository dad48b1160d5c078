"""Promise: a record that went through the ledger is the one that was checked, to the digit and the microsecond."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.records import Certificate, Record, Result, Signature, Slot
from hub.store.bodies import from_body, read_record, record_row, to_body

instants = st.integers(631_152_000, 4_102_444_800).map(lambda s: datetime.fromtimestamp(s, UTC))
decimals = st.decimals(allow_nan=False, allow_infinity=False)


def _of(kind: type) -> st.SearchStrategy[Record]:
    st.register_type_strategy(datetime, instants)
    st.register_type_strategy(Decimal, decimals)
    return st.from_type(kind)


@settings(max_examples=40, deadline=None)
@given(_of(Certificate) | _of(Slot))
def test_any_record_comes_back_as_it_was(record: Record) -> None:
    text = json.dumps(to_body(record))
    assert from_body(type(record), json.loads(text)) == record


def test_a_decimal_keeps_its_digits_and_its_exponent() -> None:
    for text in ("7.20", "1.84E+9", "0E-7", "-0", "100"):
        body = to_body(_slot_free_certificate(Decimal(text)))
        assert body["results"][0]["value"] == text
        back = from_body(Certificate, body)
        assert isinstance(back, Certificate)
        assert str(back.results[0].value) == text


def test_an_instant_in_another_zone_is_stored_in_utc_and_stays_the_same_instant() -> None:
    seoul = timezone(timedelta(hours=9))
    record = _slot(planned_start=datetime(2026, 11, 24, 3, 0, tzinfo=seoul))
    body = to_body(record)
    assert body["planned_start"] == "2026-11-23T18:00:00Z"  # 03:00 in Seoul is 18:00 UTC the day before
    assert from_body(Slot, body) == record


def test_a_body_names_its_source_and_is_keyed_so_that_two_partners_may_use_one_number() -> None:
    a = record_row(_slot_free_certificate(Decimal(1)), partner="northvale", feed="northvale/coa", contract="c@2.3.0")
    b = record_row(_slot_free_certificate(Decimal(1)), partner="halden", feed="halden/coa", contract="c@2.3.0")
    assert (a.natural_key, b.natural_key) == ("northvale/COA-1", "halden/COA-1")
    assert a.body["source"] == {"partner": "northvale", "feed": "northvale/coa", "contract": "c@2.3.0"}
    assert read_record(a) == _slot_free_certificate(Decimal(1))


def test_a_body_from_before_a_field_was_added_still_reads() -> None:
    body = to_body(_slot())
    del body["apheresis_expires_at"]
    assert from_body(Slot, body) == _slot()


def test_a_value_without_a_json_form_is_refused_by_type() -> None:
    class Odd(StrEnum):
        ONE = "one"

    with pytest.raises(TypeError, match="complex"):
        to_body(_slot(vector_doses=1j))
    assert to_body(_slot(status=Odd.ONE))["status"] == "one"


def _slot(**changes: object) -> Slot:
    start = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    values: dict[str, object] = {
        "slot_uid": "PT-7F3K",
        "revision": 1,
        "published_at": start - timedelta(days=3),
        "status": "confirmed",
        "site": "NV-BOS",
        "suite": "S1",
        "product": "CD19",
        "coi": "coi-1",
        "vector_lot": "LV-2611-01",
        "vector_doses": 1,
        "planned_start": start,
        "planned_end": start + timedelta(hours=4),
        "actual_start": None,
        "actual_end": None,
        "planned_final_release": None,
    }
    return Slot(**{**values, **changes})  # type: ignore[arg-type]


def _slot_free_certificate(value: Decimal) -> Certificate:
    result = Result(
        characteristic="PH", level="L1", required=True, replicate=1, method="M", lab="QC", stage="final", raw="7,2",
        operator="=", value=value, word=None, unit="[pH]", loq=None, criterion_text=None, reported_verdict=None,
        verdict="PASS", reason="", tested_from=None, tested_to=None,  # type: ignore[arg-type]
    )  # fmt: skip
    return Certificate(
        certificate_no="COA-1", revision=2, replaces=("COA-1", 1), material_id="LV", lot_number="LV-2611-01",
        spec_id="SPC-014", spec_version="3", purpose="L1", issued_at=None, mfg_date=date(2026, 11, 2),
        expires_at=None, results=(result,), disposition="none",
        signatures=(Signature("qa", "QA approver", "approval", None),), attachments=(("a.pdf", "ab"),),
    )  # fmt: skip
