"""The series check names exactly the rows that the slow, obvious SQL of the bench names: for every rule, seed, size of
batch and place where the stream is cut, and for random small inputs."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.series import SeriesCheck
from contracts.series.state import SeriesState
from tests.contracts.series_support import BENCH, DELIVERY, Rows, contract, lists, module, tags_of

pytestmark = pytest.mark.skipif(not BENCH.is_dir(), reason="generators not present: shared/bench")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made: dict[Any, Path] = {}

    def get(rows: int, tags: int, seed: int, *, clean: bool = False) -> Path:
        key = (rows, tags, seed, clean)
        if key not in made:
            out = tmp_path_factory.mktemp("bench")
            per_kind = max(3, rows // 100_000)
            module("gen_pat").generate(out, rows, tags, 5, per_kind, seed, clean)
            made[key] = out
        return made[key]

    return get


def run(folder: Path, batch_rows: int = 1 << 16) -> dict[str, list[int]]:
    manifest = json.loads((folder / "manifest.json").read_text())
    received = datetime.fromisoformat(manifest["parameters"]["received_at"])
    check = SeriesCheck(contract(tags_of(folder / "tags.parquet")), received_at=received, keep_rows=True)
    source = Rows(pq.read_table(folder / "pat.parquet", read_dictionary=["tag", "quality"]), batch_rows)
    for batch in source.batches():
        check.feed(batch)
    check.finish(source, DELIVERY)
    return lists(check.failing)


def truth(folder: Path) -> dict[str, list[int]]:
    manifest = json.loads((folder / "manifest.json").read_text())
    return {rule: body["rows"] for rule, body in manifest["rules"].items() if body["rows"]}


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_rule_names_the_rows_of_the_manifest(bench: Any, seed: int) -> None:
    folder = bench(200_000, 40, seed)
    assert run(folder) == truth(folder)


@pytest.mark.parametrize("batch_rows", [997, 10_000, 131_072, 1_000_000])
def test_the_size_of_batches_changes_nothing(bench: Any, batch_rows: int) -> None:
    folder = bench(300_000, 200, 7)
    assert run(folder, batch_rows) == truth(folder)


def test_a_clean_file_has_no_failing_row(bench: Any) -> None:
    assert run(bench(300_000, 200, 5, clean=True)) == {}
