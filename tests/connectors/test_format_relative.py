"""Promise: a length of time becomes the moment it means, with the start that stands in its row, and never without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.formats import open_series
from connectors.inspection import inspect
from contracts.contract import Contract, SourceForm
from contracts.document import SeriesSource
from contracts.errors import ContractInvalid
from contracts.odcs import load, load_file
from contracts.tables import refs_of
from tests.connectors.format_support import accepting, with_field

REFERENCE = Path(__file__).resolve().parents[2] / "contracts" / "pages" / "reference" / "series-relative.odcs.yaml"
START = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
HEADER = "ts,tag,value,quality,batch_start\n"


@pytest.fixture(scope="module")
def relative() -> Contract:
    made = load_file(REFERENCE)
    return accepting(made, SourceForm("csv"), SourceForm("ndjson"), SourceForm("parquet"))


def opened(folder: Path, data: bytes, contract: Contract, name: str = "p.csv") -> SeriesSource:
    path = folder / name
    path.write_bytes(data)
    return open_series(path, file=name, contract=contract, batch_rows=2)


def read(source: SeriesSource) -> tuple[list[Any], list[tuple[str, tuple[int, ...], str | None]]]:
    times, problems = [], []
    for batch in source.batches():
        times += batch.rows["ts"].to_pylist() if batch.rows.num_columns else []
        problems += [(p.code, p.rows, p.found) for p in batch.problems]
    return times, problems


@pytest.mark.parametrize(
    ("unit", "length", "second"), [("s", "90", 90), ("min", "1.5", 90), ("h", "0.2", 720), ("ms", "5", 0.005)]
)
def test_the_unit_of_the_field_says_what_a_length_means(
    tmp_path: Path, relative: Contract, unit: str, length: str, second: float
) -> None:
    body = f"{HEADER}{length},T,1,GOOD,2026-02-02T10:00:00+01:00\n".encode()
    times, problems = read(opened(tmp_path, body, with_field(relative, "ts", custom={"unit": unit})))
    assert problems == []
    assert [(t - START).total_seconds() for t in times] == [second]


def test_lint_knows_the_units_of_a_length() -> None:
    text = REFERENCE.read_text(encoding="utf-8").replace("{property: unit, value: s}", "{property: unit, value: g}")
    with pytest.raises(ContractInvalid, match='"g" is no unit of a length of time'):
        load(text.encode(), file="x.odcs.yaml", refs=refs_of(REFERENCE))


def test_a_row_without_a_start_has_no_time_and_says_so_once(tmp_path: Path, relative: Contract) -> None:
    rows = ["0,T,1,GOOD,2026-02-02T09:00:00Z", "5,T,1,GOOD,", ",T,1,GOOD,", "inf,T,1,GOOD,2026-02-02T09:00:00Z",
            "x,T,1,GOOD,2026-02-02T09:00:00Z"]  # fmt: skip
    times, problems = read(opened(tmp_path, (HEADER + "\n".join(rows) + "\n").encode(), relative))
    assert times == [START, None, None, None, None]
    assert problems == [("PAT-E110", (1,), "5"), ("FILE-E208", (3,), "inf"), ("FILE-E208", (4,), "x")]


def test_a_column_of_starts_may_be_missing_altogether(tmp_path: Path, relative: Contract) -> None:
    times, problems = read(opened(tmp_path, b"ts,tag,value,quality\n0,T,1,GOOD\n", relative))
    assert (times, problems) == ([None], [("PAT-E110", (0,), "0")])


def test_lines_of_json_and_parquet_carry_lengths_as_numbers(tmp_path: Path, relative: Contract) -> None:
    line = b'{"ts": 7.5, "tag": "T", "value": 1, "quality": "GOOD", "batch_start": "2026-02-02T09:00:00Z"}\n'
    assert read(opened(tmp_path, line, relative, "p.ndjson"))[0] == [START.replace(second=7, microsecond=500_000)]
    text = b'{"ts": "7.5", "tag": "T", "value": 1, "quality": "GOOD", "batch_start": "2026-02-02T09:00:00Z"}\n'
    assert read(opened(tmp_path, text, relative, "p.ndjson"))[1] == [("FILE-E208", (0,), "7.5")]
    table = pa.table({"ts": [3], "tag": ["T"], "value": [1.0], "quality": ["GOOD"],
                      "batch_start": pa.array([START], pa.timestamp("us", "UTC"))})  # fmt: skip
    path = tmp_path / "p.parquet"
    pq.write_table(table, path)
    assert read(open_series(path, file=path.name, contract=relative))[0] == [START.replace(second=3)]


def test_rules_see_moments_and_places_show_the_file(tmp_path: Path, relative: Contract) -> None:
    rows = [f"{n * 5},R1.TEMP.PV,{36 + n % 2 / 10},GOOD,2026-02-02T09:00:00Z" for n in range(4)]
    rows.append("-400000000,R1.TEMP.PV,36,GOOD,2026-02-02T09:00:00Z")  # twelve years before the start
    path = tmp_path / "p.csv"
    path.write_bytes((HEADER + "\n".join(rows) + "\n").encode())
    found = [f for f in inspect(path, file="p.csv", contract=relative).report.findings if f.code == "PAT-E112"]
    assert [(f.where[0].line, f.where[0].ts) for f in found] == [
        (6, f"{START - timedelta(seconds=400_000_000):%Y-%m-%dT%H:%M:%SZ}")
    ]
