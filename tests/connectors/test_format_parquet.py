"""Promise: typed files are taken with their types, and a type that could change a value is a finding."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.formats import open_series
from contracts.contract import Contract, SourceForm
from contracts.document import SeriesSource
from tests.connectors.format_support import accepting, contract, with_field

BASE = with_field(contract("pat", "brightwater"), "batch_id", required=False)
PARQUET = accepting(BASE, SourceForm("parquet"), SourceForm("arrow"))
T0 = datetime(2026, 11, 20, 15, 4, tzinfo=UTC)


def table(**columns: Any) -> pa.Table:
    plain = {
        "ts": pa.array([T0] * 3, pa.timestamp("ns", "UTC")),
        "tag": pa.array(["a", "b", None]),
        "value": pa.array([1.5, None, float("nan")], pa.float32()),
        "quality": pa.array(["GOOD", "BAD", "GOOD"]).dictionary_encode(),
    }
    return pa.table({k: v for k, v in {**plain, **columns}.items() if v is not None})


def opened(tmp_path: Path, data: pa.Table, name: str = "p.parquet", base: Contract = PARQUET) -> SeriesSource:
    path = tmp_path / name
    if name.endswith(".parquet"):
        pq.write_table(data, path)
    else:
        kind = pa.ipc.new_file if name.endswith(".arrow") else pa.ipc.new_stream
        with pa.OSFile(str(path), "wb") as sink, kind(sink, data.schema) as writer:
            writer.write_table(data)
    return open_series(path, file=name, contract=base, batch_rows=2)


@pytest.mark.parametrize("name", ["p.parquet", "p.arrow", "p.stream"])
def test_columns_are_widened_to_the_contracts_types(tmp_path: Path, name: str) -> None:
    source = opened(tmp_path, table(), name)
    for _ in range(2):
        batches = list(source.batches())
        assert [b.first_row for b in batches] == [0, 2]
        assert [b.problems for b in batches] == [(), ()]
        rows = pa.Table.from_batches([b.rows for b in batches])
        assert rows.schema.field("ts").type == pa.timestamp("us", "UTC")
        assert rows.schema.field("value").type == pa.float64()
        assert rows.schema.field("tag").type == pa.dictionary(pa.int32(), pa.string())
        assert rows["tag"].to_pylist() == ["a", "b", None]
        assert rows["quality"].to_pylist() == ["GOOD", "BAD", "GOOD"]
    assert source.locate(2).label() == "row 2"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"ts": pa.array([T0.replace(tzinfo=None)] * 3, pa.timestamp("us"))}, "PAT-E108"),
        ({"ts": pa.array(["x"] * 3)}, "FILE-E208"),
        ({"value": pa.array(["1", "2", "3"])}, "FILE-E208"),
        ({"tag": None}, "FILE-E201"),
        ({"colour": pa.array(["x"] * 3)}, "FILE-E202"),
    ],
)
def test_another_type_or_column_is_a_finding(tmp_path: Path, columns: dict[str, Any], code: str) -> None:
    batches = list(opened(tmp_path, table(**columns)).batches())
    assert [p.code for b in batches for p in b.problems] == [code]
    assert sum(b.rows.num_rows for b in batches) == (3 if code == "FILE-E202" else 0)


@pytest.mark.parametrize("name", ["p.parquet", "p.arrow", "p.stream"])
def test_a_damaged_file_is_not_well_formed(tmp_path: Path, name: str) -> None:
    opened(tmp_path, table(), name)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-40])
    batches = list(open_series(path, file=name, contract=PARQUET).batches())
    found = [p.code for b in batches for p in b.problems]
    assert found == ["FILE-E405"] or name == "p.stream"  # a stream cut after its last batch is whole
