"""Promise: the hub compares a delivery with the newest earlier one about the same thing, also when that was rejected or
others came between; the file's own part of the report stays what a partner sees by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.testing import ListConnector, sent
from contracts.finding import Report
from contracts.render.json import dumps
from tests.contracts.document_support import clean, report_schema
from tests.hub.meaning_support import Ledger, open_ledger
from tests.hub.test_pull import pull


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


def certificate(number: int, **values: str) -> bytes:
    """One with these texts as results: `PH="7,2"`."""
    body: dict[str, Any] = clean() | {"certificate_no": f"COA-{number:07}", "lot_number": f"LV-26{number:05}"}
    for result in body["results"]:
        result["value"] = values.get(result["characteristic"], result["value"])
    return json.dumps(body).encode()


def reports(ledger: Ledger, *bodies: bytes) -> list[Report]:
    pull(ledger, ListConnector([sent(f"file-{n}", body) for n, body in enumerate(bodies)]))
    with ledger.store.reading() as tx:
        found = [tx.report(row.id) for row in tx.deliveries()]
    kept = [report for report in found if report is not None]
    for report in kept:
        report_schema().validate(json.loads(dumps(report)))
    assert len(kept) == len(bodies)
    return kept


def test_the_newest_earlier_delivery_of_the_same_certificate_is_compared(shared: Path, ledger: Ledger) -> None:
    first, other, broken, second = reports(
        ledger, certificate(1, PH="7,2", OSMO="30l"), certificate(2, PH="7,2"), b"{", certificate(1, PH="7,2")
    )
    assert (first.baseline, other.baseline, broken.baseline) == (None, None, None)
    base = second.baseline
    assert base is not None
    assert base.previous == "D-1"
    gone = [dict(f.key).get("characteristic") for f in base.fixed]
    assert "OSMO" in gone
    ph = next(f for f in second.findings if f.code == "COA-E104")
    assert (ph.baseline, ph.stays) == ("unchanged", 2)
    part = second.file_part()
    assert (part.baseline, {f.baseline for f in part.findings}) == (None, {None})
    assert b"js1:" not in dumps(part)
