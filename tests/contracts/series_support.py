"""What the tests of the series check share: a contract made in code, a source over rows, the bench's oracle."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.contract import Clause, Contract, Field, Schema, TagDef, TimeRules
from contracts.document import FormProblem, SeriesBatch
from contracts.finding import DeliveryRef, Excerpt
from contracts.place import Mark, Place

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"
DELIVERY = DeliveryRef("points.parquet", "0" * 64, 1)
T0 = datetime(2026, 3, 1, tzinfo=UTC)

CLAUSES: dict[str, tuple[dict[str, Any], str]] = {
    "timestamps": ({"ts": "ts"}, "PAT-E106 PAT-E107 PAT-E108 PAT-E109 PAT-E110 PAT-E111 PAT-E112"),
    "knownTags": ({"key": "tag"}, "PAT-E203 PAT-E204 PAT-E205"),
    "qualityCodes": ({"field": "quality", "value": "value"}, "PAT-E301 PAT-E401 PAT-E402 PAT-E403 PAT-E404"),
    "finite": ({"value": "value"}, "PAT-E302"),
    "sentinels": ({"key": "tag", "value": "value"}, "PAT-E304"),
    "rangeByKey": ({"key": "tag", "value": "value", "limits": "tags"}, "PAT-E303 PAT-E309"),
    "monotonic": ({"key": "tag", "ts": "ts"}, "PAT-E103 PAT-E104"),
    "uniqueKey": ({"key": ("tag", "ts"), "compare": ("value", "quality")}, "PAT-E201 PAT-E202"),
    "maxGap": ({"key": "tag", "ts": "ts"}, "PAT-E102"),
    "stuck": ({"key": "tag", "ts": "ts", "value": "value"}, "PAT-E305"),
    "rate": ({"key": "tag", "ts": "ts", "value": "value"}, "PAT-E306"),
}
"""The clauses behind the 17 rules of the bench, with their parameters and codes."""

MORE: dict[str, tuple[dict[str, Any], str]] = {
    "unitIs": ({"key": "tag", "unit": "unit"}, "PAT-E308 PAT-E309"),
    "samplingInterval": ({"key": "tag", "ts": "ts", "tolerancePercent": Decimal(20)}, "PAT-E501"),
    "drift": ({"key": "tag", "ts": "ts", "value": "value"}, "PAT-E307"),
    "notReplay": ({"key": "tag", "value": "value", "batch": "batch_id"}, "PAT-E209"),
    "crossField": ({"left": "ts", "op": "<", "right": "ts", "code": "PAT-E107"}, "PAT-E107"),
    "rowsPerBatch": ({"key": "batch_id", "min": 1}, "FILE-E403 FILE-E213"),
}


def clause(kind: str, needs: str = "file", **changes: Any) -> Clause:
    params, codes = (CLAUSES | MORE)[kind]
    body = {"severity": None, "impact": None, "action": None, **changes}
    params = params | body.pop("params", {})
    names = tuple(codes.split())
    return Clause(
        kind, kind, f"points.quality.{kind}", params, names, needs=frozenset({needs}), mark=Mark(7, 9), **body
    )


def contract(tags: Sequence[TagDef], clauses: Sequence[Clause] | None = None, **schema: Any) -> Contract:
    fields = tuple(
        Field(name, name, type_, Mark(1, 1))
        for name, type_ in (
            ("ts", "timestamp"),
            ("tag", "string"),
            ("value", "number"),
            ("quality", "string"),
            ("batch_id", "string"),
            ("unit", "string"),
            ("phase", "string"),
        )
    )
    body = {
        "time": TimeRules(minimum=datetime(2020, 1, 1, tzinfo=UTC), future_tolerance=timedelta(seconds=5)),
        "reject_bad_rows_percent": Decimal(1),
        **schema,
    }
    return Contract(
        id="bench-pat",
        version="1.0.0",
        name="bench",
        status="active",
        api_version="v3.2.0",
        file="bench.odcs.yaml",
        sha256="0" * 64,
        partner="bench",
        kind="pat",
        site=None,
        schema=Schema("points", "series", Mark(1, 1), fields, tags=tuple(tags), **body),
        clauses=tuple(clause(kind) for kind in CLAUSES) if clauses is None else tuple(clauses),
    )


def tag(name: str = "T1", **limits: Any) -> TagDef:
    """A measured tag, 0 to 10, one point every 5 s, at most 60 s apart; other limits as named."""
    body: dict[str, Any] = {
        "low": Decimal(0),
        "high": Decimal(10),
        "interval": timedelta(seconds=5),
        "max_gap": timedelta(seconds=60),
        **limits,
    }
    return TagDef(name, name.lower(), "", **body)


def tags_of(path: Path) -> tuple[TagDef, ...]:
    """The tag table of a bench folder. Its floats become decimals of the same value."""
    return tuple(
        TagDef(
            r["tag"],
            r["tag"].lower(),
            "",
            Decimal(r["lo"]),
            Decimal(r["hi"]),
            kind=r["kind"],
            max_gap=timedelta(seconds=r["max_gap_s"]),
            sentinels=tuple(Decimal(s) for s in r["sentinels"]),
            noise_floor=Decimal(r["noise_floor"]),
            stuck_after=timedelta(seconds=r["stuck_s"]),
            max_rate=Decimal(r["max_rate"]),
        )
        for r in pq.read_table(path).to_pylist()
    )


@dataclass
class Rows:
    """A series in memory: a real source, read from its first row each time it is asked."""

    table: pa.Table
    batch_rows: int = 1 << 16
    problems: Mapping[int, tuple[FormProblem, ...]] = field(default_factory=dict)  # first row of a batch -> problems
    file: str = "points.parquet"
    format: str = "parquet"
    first: int = 0

    def batches(self) -> Iterator[SeriesBatch]:
        at = self.first
        for batch in self.table.to_batches(self.batch_rows):
            yield SeriesBatch(batch, at, tuple(self.problems.get(at, ())))
            at += batch.num_rows

    def locate(self, row: int, field: str | None = None) -> Place:
        return Place(file=self.file, row=row)

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None:
        return None


def table(rows: Sequence[tuple[Any, ...]], names: Sequence[str] = ("ts", "tag", "value", "quality")) -> pa.Table:
    """Rows of (ts, tag, value, quality, ...). A ts may be seconds after T0."""
    types = {"ts": pa.timestamp("us", "UTC"), "value": pa.float64()}
    columns = {}
    for place, name in enumerate(names):
        cells = [row[place] for row in rows]
        if name == "ts":
            cells = [T0 + timedelta(seconds=c) if isinstance(c, int | float) else c for c in cells]
        array = pa.array(cells, types.get(name, pa.string()))
        columns[name] = array if name in types else array.dictionary_encode()
    return pa.table(columns)


@cache
def module(name: str) -> ModuleType:
    """A script of ../shared/bench, imported from its file."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


def lists(failing: Mapping[str, Any]) -> dict[str, list[int]]:
    return {rule: np.asarray(rows).tolist() for rule, rows in failing.items() if len(rows)}
