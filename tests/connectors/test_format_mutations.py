"""Promise: whatever bytes arrive, a reader ends with a tree or with findings about the file; never with an exception,
and never with a finding that blames our own reader."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.formats import open_series, read_document
from contracts.contract import SourceForm
from contracts.document import FormProblem
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
SLOTS = accepting(contract("schedule", "brightwater"), SourceForm("json"), CSV)
PAT = accepting(contract("pat", "brightwater"), CSV, SourceForm("piwebapi"), SourceForm("parquet"))

DOCUMENTS = {"c.json": as_json(certificate()), "c.csv": as_csv(csv_rows(certificate()))}
CSV_SERIES = (
    "ts,tag,value,quality,batch_id,phase\n" + "2026-11-20T15:04:00Z,T1,7.2,GOOD,B-2611-0002,growth\n" * 40
).encode()
POINT = {
    "Timestamp": "2026-11-20T15:04:00Z",
    "Value": 7.2,
    "UnitsAbbreviation": "",
    "Good": True,
    "Questionable": False,
}
STATE = {**POINT, "Value": {"Name": "Bad", "Value": 1, "IsSystem": True}}
PI = json.dumps({"Items": [{"Name": "T1", "Items": [POINT, STATE] * 20, "UnitsAbbreviation": "x"}] * 2}).encode()
TOKENS = [
    b'"',
    b",",
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"\x00",
    b"\xff",
    b"NaN",
    b"1e999",
    b"\r",
    b";",
    b"<!DOCTYPE",
    b"=",
]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """One to four changes: bytes flipped, cut out, doubled, replaced by a token that means something, the end lost."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(5):
            case 0 if out:
                out[at % len(out)] = rng.randrange(256)
            case 1:
                del out[at : at + rng.randint(1, 30)]
            case 2:
                out[at:at] = out[at : at + rng.randint(1, 60)]
            case 3:
                out[at : at + rng.randint(0, 3)] = rng.choice(TOKENS)
            case _:
                del out[at if rng.random() < 0.3 else len(out) :]
    return bytes(out)


def with_mutated_entry(data: bytes, rng: random.Random) -> bytes:
    """The workbook with one of its XML files mutated: the container is sound, what is in it is not."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        chosen = rng.choice([n for n in old.namelist() if "sheet" in n or "styles" in n or "workbook" in n])
        for name in old.namelist():
            new.writestr(name, mutated(old.read(name), rng) if name == chosen else old.read(name))
    return out.getvalue()


def plausible(problems: Any) -> None:
    for problem in problems:
        assert isinstance(problem, FormProblem)
        assert problem.code != "CON-E201", problem


@pytest.mark.parametrize("file", ["c.json", "c.csv"])
def test_mutated_documents(file: str, seed: int, scale: str) -> None:
    rng = random.Random(seed)
    for base in (COA, SLOTS):
        for _ in range(5_000 if scale == "full" else 250):
            data = mutated(DOCUMENTS[file], rng)
            document = read_document(data, file=file, contract=base)
            plausible(document.problems)
            assert document.root is not None or document.problems
            for pointer in ("", "/results", "/results/1/value", "/slots/0", "/nothing/0/x"):
                document.locate(pointer)
                document.excerpt(pointer)


def test_mutated_workbooks(seed: int, scale: str) -> None:
    rng = random.Random(seed)
    data = as_xlsx(workbook(certificate()))
    for _ in range(2_000 if scale == "full" else 60):
        for changed in (mutated(data, rng), with_mutated_entry(data, rng)):
            document = read_document(changed, file="c.xlsx", contract=COA)
            plausible(document.problems)
            assert document.root is not None or document.problems


@pytest.mark.parametrize(("file", "data"), [("p.csv", CSV_SERIES), ("p.json", PI)])
def test_mutated_series(file: str, data: bytes, seed: int, scale: str, tmp_path: Path) -> None:
    rng = random.Random(seed)
    path = tmp_path / file
    for _ in range(5_000 if scale == "full" else 250):
        changed = mutated(data, rng)
        path.write_bytes(changed)
        source = open_series(path, file=file, contract=PAT)
        read(source, changed)


def test_mutated_typed_files(seed: int, scale: str, tmp_path: Path) -> None:
    rng = random.Random(seed)
    path = tmp_path / "p.parquet"
    ts = pa.array([1_763_650_000_000_000] * 50, pa.int64()).cast(pa.timestamp("us", "UTC"))
    columns = {"tag": ["T1"] * 50, "value": [1.5] * 50, "quality": ["GOOD"] * 50, "batch_id": ["B-2611-0002"] * 50}
    pq.write_table(pa.table({"ts": ts, **columns}), path)
    data = path.read_bytes()
    for _ in range(2_000 if scale == "full" else 120):
        changed = mutated(data, rng)
        path.write_bytes(changed)
        read(open_series(path, file="p.parquet", contract=PAT), changed)


def read(source: Any, data: bytes) -> None:
    """Every row counted once, every problem's rows inside its batch, every row with a place."""
    rows = 0
    for batch in source.batches():
        assert batch.first_row == rows or not batch.rows.num_rows
        rows += batch.rows.num_rows
        plausible(batch.problems)
        for problem in batch.problems:
            assert all(batch.first_row <= r < batch.first_row + batch.rows.num_rows for r in problem.rows), data
    for row in {0, rows // 2, rows - 1} if rows else ():
        assert source.locate(row).row == row
        source.locate(row, "value")
        source.excerpt(row, "value")
