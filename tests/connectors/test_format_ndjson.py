"""Promise: a file of JSON lines is read block by block, each value with its line, and nothing is guessed."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.formats import ndjson_series, open_series
from connectors.inspection import inspect
from contracts.contract import Contract, Safety, SourceForm
from contracts.document import SeriesSource
from tests.connectors.format_support import accepting, contract, with_field

BASE = with_field(contract("pat", "brightwater"), "batch_id", required=False)
NDJSON = accepting(BASE, SourceForm("ndjson"), SourceForm("piwebapi"))
GOOD = {"ts": "2026-11-20T15:04:00Z", "tag": "a", "value": 1.5, "quality": "GOOD"}


def opened(tmp_path: Path, data: bytes, name: str = "p.ndjson", base: Contract = NDJSON) -> SeriesSource:
    path = tmp_path / name
    path.write_bytes(data)
    return open_series(path, file=name, contract=base, batch_rows=2)


def lines(*rows: Any) -> bytes:
    return "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()


def read(source: SeriesSource) -> tuple[list[dict[str, Any]], list[tuple[str, int | None, tuple[int, ...]]]]:
    rows: list[dict[str, Any]] = []
    problems = []
    for batch in source.batches():
        assert batch.first_row == len(rows)
        rows += batch.rows.to_pylist() if batch.rows.num_columns else []
        problems += [(p.code, p.where.line, p.rows) for p in batch.problems]
    return rows, problems


def test_lines_become_rows_of_the_contracts_types(tmp_path: Path) -> None:
    rows = [GOOD, {**GOOD, "value": None, "quality": "BAD"}, {**GOOD, "tag": "b", "value": 2, "phase": "growth"}]
    source = opened(tmp_path, lines(*rows))
    for _ in range(2):
        batches = list(source.batches())
        assert [b.first_row for b in batches] == [0, 2]
        table = pa.Table.from_batches([b.rows for b in batches])
        assert table.schema.field("ts").type == pa.timestamp("us", "UTC")
        assert table.schema.field("tag").type == pa.dictionary(pa.int32(), pa.string())
        assert table["ts"].to_pylist() == [datetime(2026, 11, 20, 15, 4, tzinfo=UTC)] * 3
        assert table["value"].to_pylist() == [1.5, None, 2.0]
        assert table["quality"].to_pylist() == ["GOOD", "BAD", "GOOD"]
        assert table["phase"].to_pylist() == [None, None, "growth"]
    place = source.locate(1, "quality")
    assert (place.line, place.tag, place.ts) == (2, "a", GOOD["ts"])
    excerpt = source.excerpt(1, "quality")
    assert excerpt is not None
    assert excerpt.lines[0].cells[0][excerpt.mark_from : excerpt.mark_to] == '"BAD"'


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"ts":"2026-11-20T15:04:00Z","ts":"2026-11-20T15:05:00Z"}', "FILE-E404"),
        ('{"value": NaN}', "FILE-E405"),
        ('{"value": 01}', "FILE-E405"),
        ("[1, 2]", "FILE-E405"),
        ('{"tag": "a"} {"tag": "b"}', "FILE-E405"),
        ('{"tag": "a", "value": ', "FILE-E402"),
    ],
)
def test_a_line_that_is_no_object_refuses_the_file_and_is_named(tmp_path: Path, line: str, code: str) -> None:
    rows, problems = read(opened(tmp_path, lines(GOOD, line, {**GOOD, "tag": "b"})))
    assert [(c, at) for c, at, _ in problems] == [(code, 2)]
    assert [row["tag"] for row in rows] == ["a", "b"]


def test_lines_that_are_left_out_move_no_later_place(tmp_path: Path) -> None:
    source = opened(tmp_path, lines(GOOD, "", "", {**GOOD, "tag": "b"}))
    rows, problems = read(source)
    assert ([row["tag"] for row in rows], problems) == (["a", "b"], [])
    assert source.locate(1).line == 4


def test_a_value_of_another_type_is_empty_and_named(tmp_path: Path) -> None:
    rows = [GOOD, {**GOOD, "value": "1.5"}, {**GOOD, "value": "2"}, {**GOOD, "tag": 7}, {**GOOD, "value": True}]
    read_rows, problems = read(opened(tmp_path, lines(*rows)))
    assert [row["value"] for row in read_rows] == [1.5, None, None, 1.5, None]
    assert read_rows[3]["tag"] is None
    # Two texts in place of a number are one problem, cut where a batch ends.
    assert sorted(problems) == [
        ("FILE-E208", 2, (1,)), ("FILE-E208", 2, (2,)), ("FILE-E208", 4, (3,)), ("FILE-E208", 5, (4,)),
    ]  # fmt: skip


def test_an_unknown_key_is_told_once(tmp_path: Path) -> None:
    _, problems = read(opened(tmp_path, lines(GOOD, {**GOOD, "colour": "red"}, {**GOOD, "colour": "blue"})))
    assert problems == [("FILE-E206", 2, ())]


def test_a_time_without_offset_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    _, problems = read(opened(tmp_path, lines(GOOD, {**GOOD, "ts": "2026-11-20T15:04:00"})))
    assert problems == [("PAT-E108", 2, (1,))]
    _, problems = read(opened(tmp_path, lines(GOOD) + b'{"tag": "\xff"}\n'))
    assert [(c, at) for c, at, _ in problems] == [("FILE-E102", 2)]


def test_a_name_decides_between_two_forms_of_json(tmp_path: Path) -> None:
    assert opened(tmp_path, lines(GOOD)).format == "ndjson"
    assert opened(tmp_path, lines(GOOD), "p.jsonl").format == "ndjson"
    assert opened(tmp_path, b'{"Items": []}', "p.json").format == "piwebapi"


def test_fast_and_slow_reading_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**GOOD, "tag": f"t{n % 3}", "value": n / 7 if n % 5 else None} for n in range(500)]
    fast = read(opened(tmp_path, lines(*rows)))
    monkeypatch.setattr(ndjson_series, "_NO_JSON", (b"{",))  # every block is read line by line
    assert read(opened(tmp_path, lines(*rows))) == fast
    monkeypatch.setattr(ndjson_series, "BLOCK", 1000)
    assert read(opened(tmp_path, lines(*rows))) == fast


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson_series, "BLOCK", 1 << 13)
    peaks = []
    for rows in (500, 3_000):
        source = opened(tmp_path, lines(GOOD) * rows)
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        assert sum(b.rows.num_rows for b in source.batches()) == rows
        peaks.append(tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before)
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson_series, "BLOCK", 1 << 12)
    _, problems = read(opened(tmp_path, b'{"tag": "' + b"x" * 100_000))
    assert [c for c, _, _ in problems] == ["FILE-E603"]


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    short = replace(NDJSON, safety=Safety(max_rows=3))
    _, problems = read(opened(tmp_path, lines(*[GOOD] * 5), base=short))
    assert [c for c, _, _ in problems] == ["FILE-E603"]


def test_a_finding_points_at_the_line(tmp_path: Path) -> None:
    points: list[dict[str, Any]] = [
        {**GOOD, "tag": t.tag, "value": float(t.low or 0), "batch_id": "B-2611-0001"} for t in NDJSON.schema.tags
    ]
    points[3]["value"] = 1e9
    path = tmp_path / "p.ndjson"
    path.write_bytes(lines(*points))
    report = inspect(path, file="p.ndjson", contract=NDJSON).report
    found = [(f.code, f.where[0].line) for f in report.findings]
    assert found == [("PAT-E303", 4)]
