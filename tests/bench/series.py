"""The series check against the bare reading of the same file: all 17 rules of ../shared/bench over PAT rows.

The floor touches every value once (DuckDB sums over all columns). The pass is the product's own way: Parquet format,
SeriesCheck, report.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.formats import open_series
from contracts.contract import Safety, SourceForm
from contracts.series import SeriesCheck
from tests.bench.measure import Absent, Figure, in_turns, own_peak_mb
from tests.contracts.series_support import BENCH, DELIVERY, contract, lists, module, tags_of

ROWS = int(os.environ.get("BENCH_ROWS", 2_000_000))
TAGS = 200
ROUNDS = 5
FLOOR = "select max(epoch_us(ts)), sum(length(tag)), sum(value), sum(length(quality)), sum(length(batch_id)) from '{}'"


def figures(work: Path) -> Iterator[Figure]:
    if not BENCH.is_dir():
        raise Absent("generators not present: shared/bench")
    clean, faulty = work / "clean", work / "faulty"
    generate = module("gen_pat").generate
    generate(clean, ROWS, TAGS, 5, 0, 7, True)
    generate(faulty, ROWS, TAGS, 5, max(3, ROWS // 100_000), 7, False)
    for folder, bar in ((clean, 3.0), (faulty, 5.0)):
        floor, taken = in_turns(ROUNDS, _floor(folder), lambda folder=folder: checked(folder))
        yield Figure(f"series.{folder.name}", taken, "s CPU", bar, floor)
    clock = _wrong_clock(clean, work / "clock")
    calm, taken = in_turns(ROUNDS, lambda: checked(clean), lambda: checked(clock))
    yield Figure("series.wrong_clock", taken, "s CPU", 3.0, calm)
    yield Figure("series.wrong_rows", float(_differing(faulty)), "rows", 0.0)
    for folder in (clean, faulty):
        yield Figure(f"series.memory.{folder.name}", _peak_mb(folder), "MB", 400.0)


def checked(folder: Path, *, keep_rows: bool = True) -> SeriesCheck:
    """One pass over the file as a delivery is judged, with the number of every failing row kept."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    received = datetime.fromisoformat(manifest["parameters"]["received_at"])
    made = contract(tags_of(folder / "tags.parquet"), sources=(SourceForm("parquet"),))
    made = replace(made, safety=Safety(max_bytes=1 << 40, max_rows=1 << 40))
    source = open_series(folder / "pat.parquet", file="pat.parquet", contract=made, format="parquet")
    check = SeriesCheck(made, received_at=received, keep_rows=keep_rows)
    for batch in source.batches():
        check.feed(batch)
    _, report = check.finish(source, DELIVERY)
    assert report.rows == manifest["rows"], "the whole file was read"
    return check


def _floor(folder: Path) -> Callable[[], object]:
    import duckdb  # here, so that it does not count as memory of the check

    con = duckdb.connect()
    con.execute("set threads = 2")
    query = FLOOR.format(folder / "pat.parquet")
    return lambda: con.execute(query).fetchall()


def _wrong_clock(clean: Path, folder: Path) -> Path:
    """The clean file with one tag's clock an hour behind for the second half of the file."""
    folder.mkdir()
    rows = pq.read_table(clean / "pat.parquet", read_dictionary=["tag", "quality", "batch_id"])
    first = tags_of(clean / "tags.parquet")[0].tag
    late = pa.array(np.arange(rows.num_rows) >= rows.num_rows // 2)
    wrong = pc.and_(pc.equal(rows["tag"].cast(pa.string()), first), late)
    moved = pc.subtract(rows["ts"], pa.scalar(3_600_000_000, pa.duration("us")))
    ts = pc.if_else(wrong, moved, rows["ts"])
    pq.write_table(rows.set_column(0, "ts", ts), folder / "pat.parquet", compression="zstd", store_schema=False)
    for name in ("tags.parquet", "manifest.json"):
        (folder / name).write_bytes((clean / name).read_bytes())
    return folder


def _differing(folder: Path) -> int:
    """How many row numbers differ from the manifest: missing ones and those too many."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = lists(checked(folder).failing)
    return sum(len(set(body["rows"]) ^ set(found.get(rule, []))) for rule, body in manifest["rules"].items())


def _peak_mb(folder: Path) -> float:
    """Highest resident memory of a process that does nothing but one pass."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.series", str(folder)], check=True, capture_output=True, text=True
    )
    return float(run.stdout)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if "--told" in sys.argv:  # as the other tools tell of themselves
        from tests.bench.incumbents.told import tell

        tell(lambda: sum(len(rows) for rows in lists(checked(folder).failing).values()), 17)
    else:
        checked(folder, keep_rows=False)
        print(own_peak_mb())
