"""Promise: a delivery is judged in one way. The same bytes give the same words by hand and in the hub; a file that
cannot be read is rejected with a reason; a fault of ours is never told as the sender's, and a fault of the machine is
no verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.inspection import Inspection, inspect
from contracts.codes import Action
from contracts.context import Context
from contracts.contract import Contract, Safety, SourceForm
from contracts.finding import DeliveryRef, Kind, Verdict
from tests.connectors.format_support import (
    CSV,
    XLSX,
    accepting,
    as_csv,
    as_json,
    as_xlsx,
    certificate,
    contract,
    csv_rows,
    workbook,
)

COA = accepting(contract(), SourceForm("json"), CSV, XLSX)
PAT = contract("pat", "brightwater")
RECEIVED = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
HUB = Context(received_at=RECEIVED, now=RECEIVED)
TAGS = [t.tag for t in PAT.schema.tags]


def judged(tmp_path: Path, file: str, data: bytes, base: Contract = COA, **more: Any) -> Inspection:
    path = tmp_path / "bytes"
    path.write_bytes(data)
    return inspect(path, file=file, contract=base, **more)


def series(*values: str, quality: str = "GOOD", ts: str | None = None) -> bytes:
    """One row a value for each agreed tag, a second apart."""
    header = "ts,tag,value,quality,batch_id,phase"
    rows = [
        f"{ts or f'2026-11-20T15:04:{second:02d}Z'},{tag},{value},{quality},B-2611-0002,growth"
        for second, value in enumerate(values)
        for tag in TAGS
    ]
    return ("\n".join([header, *rows]) + "\n").encode()


def places(inspection: Inspection) -> dict[str, list[str]]:
    return {f.code: [w.label() for w in f.where] for f in inspection.report.findings}


@pytest.mark.parametrize("file", ["c.json", "c.csv", "c.xlsx"])
def test_a_wrong_value_is_pointed_at_in_the_senders_own_file(tmp_path: Path, file: str) -> None:
    body = certificate()
    body["results"][0]["value"] = "7,2"
    data = {"c.json": as_json(body), "c.csv": as_csv(csv_rows(body)), "c.xlsx": as_xlsx(workbook(body))}[file]
    (finding,) = [f for f in judged(tmp_path, file, data).report.findings if f.code == "COA-E104"]
    lines = data.decode(errors="replace").splitlines()
    match file:
        case "c.xlsx":
            assert finding.where[0].label() == "Results!G7"
        case "c.csv":
            where = finding.where[0]
            assert lines[(where.line or 0) - 1][(where.column or 0) - 1 :].startswith('"7,2"')
        case _:
            where = finding.where[0]
            assert lines[(where.line or 0) - 1][(where.column or 0) - 1 :].startswith('"7,2"')
    assert finding.where[0].pointer == "/results/0/value"


@pytest.mark.parametrize(
    ("file", "data", "base"),
    [
        ("c.json", as_json(certificate(lot_number="LV 2611")), COA),
        ("c.csv", as_csv(csv_rows(certificate(disposition="maybe"))), COA),
        ("c.xlsx", as_xlsx(workbook(certificate(purpose="L3"))), COA),
        ("c.json", b"{", COA),
        ("p.csv", series("7.2", "900", "x"), PAT),
        ("p.csv", series("7.2", ts="2026-11-20T15:04:00"), PAT),
    ],
)
def test_the_report_by_hand_is_the_file_part_of_the_hubs(
    tmp_path: Path, file: str, data: bytes, base: Contract
) -> None:
    by_hand = judged(tmp_path, file, data, base).report
    sha = by_hand.delivery.sha256
    in_hub = DeliveryRef(file, sha, len(data), "D-7", base.partner, f"{base.partner}/{base.kind}", RECEIVED.isoformat())
    hub = judged(tmp_path, file, data, base, context=HUB, delivery=in_hub).report
    assert by_hand.findings
    assert hub.file_part().findings == by_hand.file_part().findings
    assert hub.file_part().verdict == by_hand.file_part().verdict
    if base.schema.document_kind != "series":  # whether a time lies in the future is known from the arrival only
        assert hub.file_part() == by_hand.file_part()


@pytest.mark.parametrize(
    ("file", "data", "base", "code"),
    [
        ("c.json", b"", COA, "FILE-E401"),
        ("c.json", as_json(certificate())[:-9], COA, "FILE-E402"),
        ("c.pdf", b"%PDF-1.7", COA, "FILE-E104"),
        ("c.xlsx", b"PK\x03\x04" + bytes(40), COA, "FILE-E402"),
        ("c.json", as_json(certificate()), replace(COA, safety=Safety(max_bytes=99)), "FILE-E603"),
        ("p.csv", b"", PAT, "FILE-E401"),
        ("p.csv", b"time,tag,value,quality,batch_id\n", PAT, "FILE-E201"),
        ("p.json", b'{"Items": [', accepting(PAT, SourceForm("piwebapi")), "FILE-E402"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_a_reason(
    tmp_path: Path, file: str, data: bytes, base: Contract, code: str
) -> None:
    inspection = judged(tmp_path, file, data, base)
    assert code in [f.code for f in inspection.report.findings]
    assert inspection.report.verdict is Verdict.REJECTED
    assert inspection.records == ()


def test_rows_are_split_into_those_that_may_be_stored_and_those_that_may_not(tmp_path: Path) -> None:
    good: list[pa.RecordBatch] = []
    bad: list[pa.RecordBatch] = []
    data = series("7.2", "7.3").replace(b",7.3,GOOD", b",inf,GOOD", 1)
    inspection = judged(tmp_path, "p.csv", data, PAT, on_good=good.append, on_bad=bad.append)
    assert sum(b.num_rows for b in good) == inspection.report.rows - 1 == 2 * len(TAGS) - 1
    assert [b.to_pydict()["value"] for b in bad] == [[float("inf")]]
    assert good[0].schema.names == ["ts", "tag", "value", "quality", "batch_id", "phase"]
    assert places(inspection)["PAT-E302"] == [f"{len(TAGS) + 2}:{len('2026-11-20T15:04:01Z,' + TAGS[0]) + 2}"]
    assert inspection.state is not None


def test_a_cell_that_cannot_be_read_is_a_bad_row_with_its_place(tmp_path: Path) -> None:
    bad: list[pa.RecordBatch] = []
    data = series(*["7.2"] * 20).replace(b",7.2,", b",7;2,", 1)
    inspection = judged(tmp_path, "p.csv", data, PAT, on_bad=bad.append)
    assert sum(b.num_rows for b in bad) == inspection.report.bad_rows == 1
    assert places(inspection)["FILE-E208"] == [f"2:{len('2026-11-20T15:04:00Z,' + TAGS[0]) + 2}"]
    assert "PAT-E301" not in places(inspection)  # one cause, one finding


def test_a_historians_answer_is_judged_with_pointers(tmp_path: Path) -> None:
    base = contract("pat")
    good = {"Timestamp": "2026-11-20T15:04:00Z", "Good": True, "Questionable": False}
    streams = [
        {"Name": t.tag, "UnitsAbbreviation": t.unit, "Items": [{**good, "Value": 1e9}]} for t in base.schema.tags
    ]
    inspection = judged(tmp_path, "pi.json", json.dumps({"Items": streams}).encode(), base)
    outside = [f for f in inspection.report.findings if f.code == "PAT-E303"]
    assert [f.where[0].pointer for f in outside] == [f"/Items/{i}/Items/0/Value" for i in range(len(streams))]
    assert {f.where[0].line for f in outside} == {1}


def test_a_fault_of_our_engine_is_the_platforms_and_quotes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contracts import check
    from contracts.series import SeriesCheck

    def broken(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError("lot LV-2611-04")

    monkeypatch.setattr(check, "check_document", broken)
    monkeypatch.setattr(SeriesCheck, "feed", broken)
    for file, data, base in (("c.json", as_json(certificate()), COA), ("p.csv", series("7.2"), PAT)):
        report = judged(tmp_path, file, data, base).report
        (finding,) = report.findings
        assert (finding.code, finding.action, finding.kind) == ("CON-E201", Action.PLATFORM, Kind.UNEVALUATED)
        assert report.verdict is Verdict.REJECTED
        assert report.coverage.could_not_evaluate == report.coverage.clauses > 0
        assert "LV-2611-04" not in str(report)


def test_a_fault_of_the_machine_or_of_the_caller_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "none", file="c.json", contract=COA)

    def full(_rows: pa.RecordBatch) -> None:
        raise RuntimeError("no room for these rows")

    with pytest.raises(RuntimeError, match="no room"):
        judged(tmp_path, "p.csv", series("7.2"), PAT, on_good=full)
