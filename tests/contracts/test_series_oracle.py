"""The series check names exactly the rows that the slow, obvious SQL of the bench names: for every rule, seed, size of
batch and place where the stream is cut, and for random small inputs."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contracts.contract import TagDef
from contracts.series import SeriesCheck, SeriesState
from tests.contracts.series_support import (
    BENCH,
    DELIVERY,
    T0,
    Rows,
    contract,
    lists,
    module,
    table,
    tag,
    tags_of,
)

PHASES = (Phase.explicit, Phase.generate, Phase.shrink)

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


@pytest.mark.timeout(3600)  # 20 seeds in full scale
def test_every_seed_size_and_batch_size_agrees_with_the_oracle_and_the_manifest(
    tmp_path: Path, scale: str, seed: int
) -> None:
    """Full: 20 seeds, three sizes, three sizes of batches and a stream that is cut somewhere."""
    seeds, sizes = (range(20), (20_000, 200_000, 1_000_000)) if scale == "full" else (range(2), (20_000,))
    dice = random.Random(seed)
    for number in seeds:
        for rows in sizes:
            folder = tmp_path / f"{number}-{rows}"
            module("gen_pat").generate(folder, rows, dice.choice([40, 200]), 5, max(3, rows // 100_000), number, False)
            parameters = json.loads((folder / "manifest.json").read_text())["parameters"]
            oracle_of = module("pat_oracle").oracle
            expected = oracle_of(folder / "pat.parquet", folder / "tags.parquet", parameters, 2, "2GB")
            expected = {rule: found for rule, found in expected.items() if found}
            assert expected == truth(folder), (number, rows)
            for batch_rows in (1_000, dice.randint(2_000, 100_000), 1 << 20):
                assert run(folder, batch_rows) == expected, (number, rows, batch_rows)
            shutil.rmtree(folder)


@pytest.mark.parametrize("batch_rows", [997, 10_000, 131_072, 1_000_000])
def test_the_size_of_batches_changes_nothing(bench: Any, batch_rows: int) -> None:
    folder = bench(300_000, 200, 7)
    assert run(folder, batch_rows) == truth(folder)


def test_a_clean_file_has_no_failing_row(bench: Any) -> None:
    assert run(bench(300_000, 200, 5, clean=True)) == {}


# Small worlds for the property test: three tags, values and times that meet every rule and its edge.
TAGS = (
    tag("T1", sentinels=(Decimal(-9999), Decimal(7)), noise_floor=Decimal("0.5"), max_rate=Decimal("0.5")),
    tag("T2", sentinels=(Decimal(-9999),), noise_floor=Decimal("0"), max_rate=Decimal("1")),
    tag("T3", kind="setpoint", sentinels=(), noise_floor=Decimal("0.5"), max_rate=Decimal("0.5")),
)
TAGS = tuple(replace(t, max_gap=timedelta(seconds=10), stuck_after=timedelta(seconds=15)) for t in TAGS)
RECEIVED = T0 + timedelta(hours=1)
STEPS = st.integers(0, 24).map(lambda n: n * 5)  # of 5 s, so that limits are met exactly
STAMPS = st.one_of(
    STEPS, STEPS, STEPS, st.none(), st.just(datetime(1970, 1, 1, tzinfo=UTC)), st.just(RECEIVED + timedelta(hours=1))
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, 5.0, 5.25, 5.5, 6.0, 10.0]),
    st.sampled_from([None, math.nan, math.inf, -math.inf, -9999.0, 7.0, 10.000001, -1.0]),
)
NAMES = st.sampled_from(["T1", "T1", "T1", "T2", "T2", "T3", "X9", None])
QUALITIES = st.sampled_from(["GOOD", "GOOD", "GOOD", "UNCERTAIN", "BAD", "STALE", "B@D", None])
SERIES = st.lists(st.tuples(STAMPS, NAMES, VALUES, QUALITIES), min_size=1, max_size=60)


def oracle(rows: pa.Table, folder: Path, tags: Sequence[TagDef] = TAGS) -> dict[str, list[int]]:
    limits = {
        "tag": [t.tag for t in tags],
        "kind": [t.kind for t in tags],
        "lo": [float(t.low or 0) for t in tags],
        "hi": [float(t.high or 0) for t in tags],
        "max_gap_s": pa.array([10] * len(tags), pa.int32()),
        "sentinels": pa.array([[float(s) for s in t.sentinels] for t in tags], pa.list_(pa.float64())),
        "noise_floor": [float(t.noise_floor or 0) for t in tags],
        "stuck_s": pa.array([15] * len(tags), pa.int32()),
        "max_rate": [float(t.max_rate or 0) for t in tags],
    }
    pq.write_table(pa.table(limits), folder / "tags.parquet")
    pq.write_table(rows, folder / "pat.parquet")
    parameters = {
        "min_ts": datetime(2020, 1, 1, tzinfo=UTC).isoformat(),
        "received_at": RECEIVED.isoformat(),
        "future_tolerance_s": 5,
    }
    found = module("pat_oracle").oracle(folder / "pat.parquet", folder / "tags.parquet", parameters, 1, "1GB")
    return {rule: numbers for rule, numbers in found.items() if numbers}


def checked(source: Rows, state: SeriesState | None = None) -> tuple[dict[str, list[int]], SeriesState]:
    check = SeriesCheck(contract(TAGS), received_at=RECEIVED, state=state, keep_rows=True)
    for batch in source.batches():
        check.feed(batch)
    after, _ = check.finish(source, DELIVERY)
    return lists(check.failing), after


@pytest.mark.timeout(3600)  # 1,000 runs of the oracle in full scale
@pytest.mark.parametrize("ordered", [True, False], ids=["in order", "shuffled"])
def test_random_small_inputs_agree_with_the_oracle(
    tmp_path: Path, scale: str, seed: int, ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    @hypothesis.seed(seed)
    @settings(max_examples=1_000 if scale == "full" else 12, deadline=None, database=None, phases=PHASES)
    @given(SERIES, st.integers(1, 20), st.integers(0, 60))
    def agrees(rows: list[Any], batch_rows: int, cut: int) -> None:
        # Nearly nothing is kept at hand, so that copies have to be looked up by reading again.
        monkeypatch.setattr("contracts.series.recent._ROWS", 4)
        monkeypatch.setattr("contracts.series.recent._BLOCKS", 1)
        if ordered:
            rows = sorted(rows, key=lambda row: str(row[0]) if not isinstance(row[0], int) else f"{row[0]:09}")
        whole = table(rows)
        expected = oracle(whole, tmp_path)
        assert checked(Rows(whole, batch_rows))[0] == expected
        if 0 < cut < len(rows):
            assert_cut_agrees(whole, cut, expected, tmp_path)

    agrees()


def test_many_small_worlds_agree_with_the_oracle(
    tmp_path: Path, scale: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each world has its own three tags, so that one run of the oracle tells the rows of all."""
    monkeypatch.setattr("contracts.series.recent._ROWS", 4)
    monkeypatch.setattr("contracts.series.recent._BLOCKS", 1)
    dice = random.Random(seed)
    worlds = [world(dice) for _ in range(1_000 if scale == "full" else 250)]
    named = [
        [(ts, name and f"{name}@{n}", value, quality) for ts, name, value, quality in rows]
        for n, rows in enumerate(worlds)
    ]
    tags = [replace(t, tag=f"{t.tag}@{n}") for n in range(len(worlds)) for t in TAGS]
    whole = table([row for rows in named for row in rows])
    expected = oracle(whole, tmp_path, tags)
    found: dict[str, list[int]] = {}
    first = 0
    for rows in worlds:
        for rule, numbers in checked(Rows(table(rows), dice.randint(1, 20)))[0].items():
            found.setdefault(rule, []).extend(first + number for number in numbers)
        first += len(rows)
    assert found == expected
    # All of them in one delivery: many tags, most of them rare.
    check = SeriesCheck(contract(tags), received_at=RECEIVED, keep_rows=True)
    source = Rows(whole, 4_096)
    for batch in source.batches():
        check.feed(batch)
    check.finish(source, DELIVERY)
    assert lists(check.failing) == expected


def world(dice: random.Random) -> list[tuple[Any, ...]]:
    rows = []
    for _ in range(dice.randint(1, 60)):
        ts = dice.choice([None, datetime(1970, 1, 1, tzinfo=UTC), RECEIVED + timedelta(hours=1)])
        rows.append(
            (
                ts if dice.random() < 0.1 else dice.randint(0, 24) * 5,
                dice.choice(["T1", "T1", "T1", "T2", "T2", "T3", "X9", None]),
                dice.choice([0.0, -0.0, 5.0, 5.25, 5.5, 6.0, 10.0, None, math.nan, math.inf, -9999.0, 7.0, 10.1, -1.0]),
                dice.choice(["GOOD", "GOOD", "GOOD", "GOOD", "UNCERTAIN", "BAD", "STALE", "B@D", None]),
            )
        )
    return sorted(rows, key=lambda row: row[0] if isinstance(row[0], int) else 60) if dice.random() < 0.5 else rows


def assert_cut_agrees(whole: pa.Table, cut: int, expected: dict[str, list[int]], folder: Path) -> None:
    """Two deliveries of one stream name the rows of the whole, but for gaps: their window starts at the cut.

    For the gaps of the second delivery the oracle reads a point at each tag's watermark, then the second delivery.
    """
    head, state = checked(Rows(whole.slice(0, cut)))
    state = SeriesState.from_dict(json.loads(json.dumps(state.to_dict())))
    tail, _ = checked(Rows(whole.slice(cut), first=cut), state)
    marks = [(datetime.fromtimestamp(t.watermark / 1e6, UTC), name, 5.0, "GOOD") for name, t in state.tags.items()]
    second = pa.concat_tables([table(marks), whole.slice(cut)], promote_options="default").unify_dictionaries()
    gaps = {row - len(marks) + cut for row in oracle(second, folder).get("gap", [])}
    gaps |= set(oracle(whole.slice(0, cut), folder).get("gap", []))
    found = {rule: sorted([*head.get(rule, []), *tail.get(rule, [])]) for rule in head.keys() | tail.keys()}
    assert set(found.pop("gap", [])) == gaps
    expected.pop("gap", None)
    assert found == expected


@pytest.mark.parametrize("share", [0.1, 0.37, 0.5, 0.93])
def test_a_stream_that_is_cut_goes_on_where_it_stopped(bench: Any, share: float) -> None:
    folder = bench(200_000, 40, 1)
    manifest = json.loads((folder / "manifest.json").read_text())
    received = datetime.fromisoformat(manifest["parameters"]["received_at"])
    whole = pq.read_table(folder / "pat.parquet", read_dictionary=["tag", "quality"])
    cut = int(whole.num_rows * share)
    found: dict[str, list[int]] = {}
    state = None
    for start, stop in ((0, cut), (cut, whole.num_rows)):
        check = SeriesCheck(
            contract(tags_of(folder / "tags.parquet")), received_at=received, state=state, keep_rows=True
        )
        source = Rows(whole.slice(start, stop - start), first=start)
        for batch in source.batches():
            check.feed(batch)
        state, _ = check.finish(source, DELIVERY)
        for rule, rows in lists(check.failing).items():
            found.setdefault(rule, []).extend(rows)
    expected = truth(folder)
    # A hole that is filled only after the cut was a gap when the first delivery ended.
    assert set(found.pop("gap")) >= set(expected.pop("gap"))
    assert {rule: sorted(rows) for rule, rows in found.items()} == expected


def test_one_tag_with_a_wrong_clock_is_late_and_costs_little(bench: Any) -> None:
    """Half of one tag's rows are an hour behind: all of them are late, none is a copy, and no other row is touched."""
    folder = bench(200_000, 40, 5, clean=True)
    whole = pq.read_table(folder / "pat.parquet", read_dictionary=["tag", "quality"])
    name = tags_of(folder / "tags.parquet")[0].tag
    ts = whole["ts"].cast(pa.int64()).to_numpy().copy()
    half = np.flatnonzero(np.asarray(pc.equal(whole["tag"].cast(pa.string()), name)))
    half = half[len(half) // 2 :]
    ts[half] -= 3_600_000_000 + 2_500_000  # between two points, so that none is a copy of an earlier one
    shifted = whole.set_column(0, "ts", pa.array(ts, pa.timestamp("us", "UTC")))
    check = SeriesCheck(contract(tags_of(folder / "tags.parquet")), received_at=None, keep_rows=True)
    source = Rows(shifted)
    for batch in source.batches():
        check.feed(batch)
    check.finish(source, DELIVERY)
    front = ts[half[0] - 40]  # the tag's newest time before the clock changed
    assert lists(check.failing)["late"] == half[ts[half] < front].tolist()
