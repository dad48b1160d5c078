"""Promise: Arrow files and streams are read batch by batch from the map, whatever size the partner's batches have."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from connectors.formats import open_series
from connectors.inspection import inspect
from contracts.contract import Contract, SourceForm
from contracts.kit.good import good
from contracts.kit.write import write
from contracts.odcs import load_file
from tests.connectors.format_support import accepting, contract, with_field

REFERENCE = Path(__file__).resolve().parents[2] / "contracts" / "pages" / "reference" / "series.odcs.yaml"
ARROW = accepting(with_field(contract("pat", "brightwater"), "batch_id", required=False), SourceForm("arrow"))
T0 = datetime(2026, 11, 20, 15, 4, tzinfo=UTC)


def table(rows: int) -> pa.Table:
    return pa.table(
        {
            "ts": pa.array(np.arange(rows) * 1_000_000, pa.timestamp("us", "UTC")),
            "tag": pa.array(["a", "b"] * (rows // 2)).dictionary_encode(),
            "value": pa.array(np.arange(rows, dtype=np.float64)),
            "quality": pa.array(["GOOD"] * rows).dictionary_encode(),
        }
    )


def written(path: Path, data: pa.Table, *, stream: bool, compression: str | None = None, chunk: int = 1 << 30) -> Path:
    kind = pa.ipc.new_stream if stream else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.OSFile(str(path), "wb") as sink, kind(sink, data.schema, options=options) as writer:
        writer.write_table(data, max_chunksize=chunk)
    return path


@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_rows_come_in_batches_of_our_size_and_again_when_asked(
    tmp_path: Path, stream: bool, compression: str | None
) -> None:
    data = table(1000)
    path = written(tmp_path / "p.arrow", data, stream=stream, compression=compression, chunk=300)
    source = open_series(path, file="p.arrow", contract=ARROW, batch_rows=128)
    for _ in range(2):
        batches = list(source.batches())
        assert [b.first_row for b in batches] == [0, 128, 256, 300, 428, 556, 600, 728, 856, 900]
        assert pa.Table.from_batches([b.rows for b in batches])["value"].to_pylist() == data["value"].to_pylist()


@pytest.mark.parametrize("name", ["p.arrow", "p.arrows", "p.feather", "p.bin"])
def test_the_content_says_what_it_is_whatever_the_ending(tmp_path: Path, name: str) -> None:
    source = open_series(written(tmp_path / name, table(4), stream=name == "p.arrows"), file=name, contract=ARROW)
    assert (source.format, [p for b in source.batches() for p in b.problems]) == ("arrow", [])


def test_the_same_series_has_the_same_findings_as_csv_and_as_arrow(tmp_path: Path) -> None:
    made = load_file(REFERENCE)
    draft = good(made)
    draft.rows[20]["quality"] = None
    draft.rows[40]["tag"] = "X"
    found = []
    for form in made.schema.sources:
        if form.format in ("csv", "arrow", "parquet", "ndjson"):
            path = tmp_path / f"p.{form.format}"
            path.write_bytes(write(draft, form))
            report = inspect(path, file=path.name, contract=made).report
            found.append([(f.code, f.message, f.count, [w.row for w in f.where]) for f in report.findings])
    assert found[0] == found[1] == found[2] == found[3]
    assert [code for code, *_ in found[0]] == ["PAT-E402", "PAT-E203"]


PEAK = """
import sys
from pathlib import Path
from connectors.formats import open_series
from tests.connectors.test_format_arrow import ARROW
rows = sum(b.rows.num_rows for b in open_series(Path(sys.argv[1]), file="p.arrow", contract=ARROW).batches())
anon = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
print(rows, int(anon.split()[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel's account of memory is Linux's")
def test_one_huge_batch_is_mapped_and_not_loaded(tmp_path: Path) -> None:
    """Pages of the map belong to the file and can be dropped; what the process owns itself stays small."""
    owned = []
    for rows in (10_000, 1_500_000):  # 36 MB as one batch
        path = written(tmp_path / "p.arrow", table(rows), stream=False)
        run = subprocess.run([sys.executable, "-c", PEAK, str(path)], check=True, capture_output=True, text=True)
        seen, anonymous = run.stdout.split()
        assert int(seen) == rows
        owned.append(int(anonymous))
    assert owned[1] < owned[0] + 30


def test_a_buffer_that_lies_about_its_size_is_the_files_fault(tmp_path: Path) -> None:
    path = written(tmp_path / "p.arrow", table(1000), stream=True, compression="zstd")
    data = path.read_bytes()
    at = data.index(b"\x28\xb5\x2f\xfd") - 8  # the length that a compressed buffer claims stands before its frame
    path.write_bytes(data[:at] + (1 << 55).to_bytes(8, "little") + data[at + 8 :])
    problems = [p.code for b in open_series(path, file="p.arrow", contract=ARROW).batches() for p in b.problems]
    assert problems[0] in ("FILE-E405", "FILE-E603")


def known(made: Contract) -> list[str]:
    return [form.format for form in made.schema.sources]


def test_a_contract_may_name_arrow_and_lines_of_json() -> None:
    assert {"arrow", "ndjson"} <= set(known(load_file(REFERENCE)))
