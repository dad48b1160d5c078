"""A series draft as a Parquet or Arrow file with the types that its contract asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.contract import SourceForm
from contracts.kit.columns import columns
from contracts.kit.draft import Draft

_TYPES = {
    "timestamp": pa.timestamp("us", "UTC"),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}


def arrow_file(draft: Draft, form: SourceForm) -> bytes:
    """One table, one column a field. What is empty is null."""
    mark = draft.contract.schema.locale.decimal
    wanted = columns(draft, form)
    arrays, names = [], []
    for column in wanted:
        kind = column.field.type
        values = [_typed(column.of(draft.record, row), kind, mark) for row in draft.rows]
        arrays.append(pa.array(values, _TYPES.get(kind, pa.string())))
        names.append(column.header)
    table = pa.table(arrays, names=names)
    sink = pa.BufferOutputStream()
    if form.format == "parquet":
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _typed(value: Any, kind: str, mark: str) -> Any:
    if value is None:
        return None
    match kind:
        case "timestamp":
            return datetime.fromisoformat(value).astimezone(UTC)
        case "number":
            return float(str(value).replace(mark, "."))
        case _:
            return value
