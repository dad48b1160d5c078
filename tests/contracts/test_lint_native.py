"""Promise kept here: what lint lets through of the standard's own checks is judged: codes of numbers, bounds of dates,
library metrics with their arguments. Expected findings by hand.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.inspection import inspect
from contracts.context import Context
from contracts.odcs import load
from tests.contracts.test_lint import SOUND, MemoryRefs

FIELDS = "    properties:\n      - {name: lot_number"
JSON = SOUND.replace("format: xlsx, sheet: Results, headerCells: {lot_number: B1}, rows: results", "format: json")


def findings(tmp_path: Path, field: str, value: Any, *, rule: str = "", rows: Any = ()) -> list[tuple[str, str]]:
    """(code, pointer of the first place) of what a certificate with one more field raises."""
    text = JSON.replace(FIELDS, f"    properties:\n      - {field}\n      - {{name: lot_number")
    text = text.replace("    quality:\n", f"    quality:\n      - {rule}\n" if rule else "    quality:\n")
    contract = load(text.encode(), file="x.yaml", refs=MemoryRefs())
    path = tmp_path / "a.json"
    body = {"lot_number": "LV-2611", "issued_at": "2026-03-01", "more": value, "results": list(rows)}
    path.write_text(json.dumps(body))
    report = inspect(path, file="a.json", contract=contract, context=Context(received_at=datetime.now(UTC))).report
    return [(f.code, f.where[0].pointer or "") for f in report.findings]


@pytest.mark.parametrize(
    ("field", "fine", "wrong"),
    [
        ("{name: more, logicalType: integer, enum: [{value: 1}, {value: 2}]}", 2, 3),
        ("{name: more, logicalType: number, enum: [{value: 1.5}]}", 1.50, 1.6),
        ("{name: more, logicalType: boolean, enum: [{value: true}]}", True, False),
        ("{name: more, logicalType: date, enum: [{value: '2026-01-01'}]}", "2026-01-01", "2026-01-02"),
    ],
)
def test_a_code_may_be_a_number_a_truth_or_a_day(tmp_path: Path, field: str, fine: Any, wrong: Any) -> None:
    assert findings(tmp_path, field, fine) == []
    assert findings(tmp_path, field, wrong) == [("FILE-E211", "/more")]


@pytest.mark.parametrize(
    ("limits", "fine", "wrong"),
    [
        ("minimum: '2026-01-01'", "2026-01-01", "2025-12-31"),
        ("maximum: '2026-01-01'", "2026-01-01", "2026-01-02"),
        ("exclusiveMinimum: '2026-01-01'", "2026-01-02", "2026-01-01"),
        ("exclusiveMaximum: '2026-01-01'", "2025-12-31", "2026-01-01"),
    ],
)
def test_a_day_is_held_against_its_bounds(tmp_path: Path, limits: str, fine: str, wrong: str) -> None:
    field = f"{{name: more, logicalType: date, logicalTypeOptions: {{{limits}}}}}"
    assert findings(tmp_path, field, fine) == []
    assert findings(tmp_path, field, wrong) == [("FILE-E212", "/more")]


def test_library_metrics_read_their_arguments(tmp_path: Path) -> None:
    pattern = "quality: [{metric: invalidValues, mustBe: 0, arguments: {pattern: '^A'}}]"
    field = f"{{name: more, logicalType: string, {pattern}}}"
    assert findings(tmp_path, field, "A1") == []
    assert [code for code, _ in findings(tmp_path, field, "B1")] == ["FILE-E211"]
    listed = field.replace("pattern: '^A'", "validValues: [A1]")
    assert findings(tmp_path, listed, "A1") == []
    assert [code for code, _ in findings(tmp_path, listed, "A2")] == ["FILE-E211"]
    absent = field.replace("invalidValues", "missingValues").replace("pattern: '^A'", "missingValues: [n/a]")
    assert findings(tmp_path, absent, "A1") == []
    assert [code for code, _ in findings(tmp_path, absent, "n/a")] == ["FILE-E209"]
