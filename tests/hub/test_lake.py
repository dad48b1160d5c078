"""Promise: PAT points land in the lake exactly once, durably, in a table that every Delta engine can read."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from hub.store import Lake, LakeMismatch, StoreFull
from hub.store.lake import SCHEMA, conform

FEED = "northvale/pat"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def log(lake: Lake, version: int) -> list[dict[str, Any]]:
    text = (lake.table("northvale") / "_delta_log" / f"{version:020d}.json").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_the_table_can_be_read_by_engines_that_know_only_the_first_protocol(lake: Lake, pat: Any) -> None:
    lake.publish("northvale", FEED, 1, pat(NOON, 10))
    table = DeltaTable(str(lake.table("northvale")))
    protocol, metadata = table.protocol(), table.metadata()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert not protocol.reader_features
    assert not protocol.writer_features
    assert metadata.partition_columns == ["month"]
    assert metadata.configuration == {"delta.appendOnly": "true"}
    with pytest.raises(DeltaError, match="append-only"):
        table.delete("tag = 'BR01.PH'")


def test_rows_land_in_the_schema_of_the_lake(lake: Lake, pat: Any) -> None:
    version = lake.publish("northvale", FEED, 1, pat(NOON, 3))
    assert version == 1
    rows = lake.current("northvale")
    assert rows.schema == SCHEMA
    assert rows.to_pylist()[2] == {
        "partner": "northvale",
        "feed": FEED,
        "lot": None,
        "batch": None,
        "phase": None,
        "tag": "BR01.PH",
        "ts": NOON + timedelta(seconds=2),
        "value": 7.1 + 2 / 1000,
        "text": None,
        "quality": 0,
        "delivery_id": "D-1",
        "rev": 1,
        "month": "2026-11",
    }


def test_files_are_zstd_compressed(lake: Lake, pat: Any) -> None:
    lake.publish("northvale", FEED, 1, pat(NOON, 10))
    (file,) = lake.table("northvale").glob("month=2026-11/*.parquet")
    assert pq.read_metadata(file).row_group(0).column(0).compression == "ZSTD"


def test_publishing_twice_is_once_and_says_where_it_is(lake: Lake, pat: Any) -> None:
    rows = pat(NOON, 10)
    assert lake.publish("northvale", FEED, 1, rows) == 1
    assert lake.publish("northvale", "northvale/pat-2", 1, rows) == 2
    assert lake.publish("northvale", FEED, 2, pat(NOON + timedelta(minutes=1), 10)) == 3
    again = Lake(lake.root)  # as after a crash
    assert again.publish("northvale", FEED, 1, rows) == 1
    assert again.publish("northvale", FEED, 2, rows) == 3
    assert again.rows("northvale", FEED) == 20
    assert DeltaTable(str(lake.table("northvale"))).version() == 3


def test_delta_refuses_a_commit_from_a_handle_that_another_commit_made_stale(lake: Lake, pat: Any) -> None:
    """The fact that `publish` rests on. If a new deltalake accepts this, rows are doubled: stop and read store.md 5."""
    from deltalake import CommitProperties

    lake.create("northvale")
    path = str(lake.table("northvale"))
    rows = conform(pat(NOON, 10), "northvale", FEED, 1)
    mine, other = DeltaTable(path), DeltaTable(path)
    marker = CommitProperties(app_transactions=[Transaction(f"jid:{FEED}", 1)])
    write_deltalake(other, rows, mode="append", commit_properties=marker)
    with pytest.raises(CommitFailedError):
        write_deltalake(mine, rows, mode="append", commit_properties=marker)
    assert lake.rows("northvale") == 10
    assert lake.publish("northvale", FEED, 1, pat(NOON, 10)) == 1


def _race(root: Path, start: Any, publishes: int) -> None:
    lake = Lake(root)
    rows = pa.table(
        {
            "tag": pa.array(["T"] * 10),
            "ts": pa.array([NOON + timedelta(seconds=n) for n in range(10)], pa.timestamp("us", "UTC")),
            "value": pa.array([1.0] * 10),
            "delivery_id": pa.array(["D-1"] * 10),
        }
    )
    start.wait()
    for seq in range(1, publishes + 1):
        lake.publish("northvale", FEED, seq, rows, tries=50)


def test_three_processes_that_race_with_the_same_publishes_land_each_once(lake: Lake) -> None:
    lake.create("northvale")
    context = multiprocessing.get_context("spawn")  # deltalake's own threads do not survive a fork
    start = context.Barrier(3)
    racers = [context.Process(target=_race, args=(lake.root, start, 6)) for _ in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0, 0, 0]
    rows = DeltaTable(str(lake.table("northvale"))).to_pyarrow_dataset().to_table()
    counts = {row["values"]: row["counts"] for row in pc.value_counts(rows["rev"]).to_pylist()}
    assert counts == dict.fromkeys(range(1, 7), 10)


def test_a_publish_without_rows_is_a_publish_all_the_same(lake: Lake, pat: Any) -> None:
    version = lake.publish("northvale", FEED, 1, pat(NOON, 0))
    durable = lake.make_durable("northvale", version)
    assert (durable.rows, durable.files, durable.event_time_max) == (0, (), None)
    assert lake.publish("northvale", FEED, 1, pat(NOON, 5)) == version
    assert lake.rows("northvale") == 0


def test_a_commit_is_durable_with_its_files_its_log_entry_and_their_folders(
    lake: Lake, pat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = lake.publish("northvale", FEED, 1, pat(NOON, 10))
    synced: set[str] = set()
    real = os.fsync

    def recorded(handle: int) -> None:
        synced.add(Path(f"/proc/self/fd/{handle}").readlink().relative_to(lake.table("northvale")).as_posix())
        real(handle)

    monkeypatch.setattr(os, "fsync", recorded)
    durable = lake.make_durable("northvale", version)
    ((file, size, sha256),) = durable.files
    assert synced == {file, "month=2026-11", f"_delta_log/{version:020d}.json", "_delta_log", "."}
    assert (durable.rows, durable.event_time_max) == (10, NOON + timedelta(seconds=9))
    data = (lake.table("northvale") / file).read_bytes()
    import hashlib

    assert (size, sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_torn_file_is_found_before_the_publish_is_called_done(lake: Lake, pat: Any) -> None:
    version = lake.publish("northvale", FEED, 1, pat(NOON, 1000))
    (file,) = lake.table("northvale").glob("month=*/*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LakeMismatch, match="can't be read"):
        lake.make_durable("northvale", version)
    file.unlink()
    with pytest.raises(LakeMismatch, match="rebuild this partner's lake table"):
        lake.make_durable("northvale", version)


def test_points_that_are_there_with_the_same_value_are_left_out(lake: Lake, pat: Any) -> None:
    lake.publish("northvale", FEED, 1, pat(NOON, 60))
    overlap = pat(NOON + timedelta(seconds=30), 60)  # 30 s seen before, with other values; 30 s new
    same = pat(NOON, 60, id="D-2")
    assert lake.novel("northvale", FEED, 2, same).num_rows == 0
    mixed = pa.concat_tables([same.combine_chunks(), overlap.combine_chunks()]).unify_dictionaries()
    novel = lake.novel("northvale", FEED, 2, mixed)
    assert novel.num_rows == 60
    assert novel["ts"][0].as_py() == NOON + timedelta(seconds=30)


def test_a_publish_that_is_built_again_gets_the_same_rows(lake: Lake, pat: Any) -> None:
    rows = pat(NOON, 60)
    first = lake.novel("northvale", FEED, 1, rows)
    lake.publish("northvale", FEED, 1, first)
    assert lake.novel("northvale", FEED, 1, rows) == first
    assert lake.novel("northvale", FEED, 2, rows).num_rows == 0


def test_a_correction_is_appended_and_counts_and_the_old_value_stays(lake: Lake, pat: Any) -> None:
    lake.publish("northvale", FEED, 1, pat(NOON, 10, value=7.0))
    corrected = lake.novel("northvale", FEED, 2, pat(NOON, 5, value=6.5, id="D-2"))
    lake.publish("northvale", FEED, 2, corrected)
    current = lake.current("northvale", FEED).sort_by("ts")
    assert current["value"].to_pylist()[4:6] == [6.5 + 4 / 1000, 7.0 + 5 / 1000]
    assert lake.rows("northvale") == 15
    replayed = lake.novel("northvale", FEED, 3, pat(NOON, 5, value=6.9, id="D-1"))
    assert replayed.num_rows == 0  # an older delivery judged again never stands over a later one's correction
    back = lake.novel("northvale", FEED, 3, pat(NOON, 5, value=7.0, id="D-3"))
    assert back.num_rows == 5  # the old value again is a correction of the correction


def test_a_point_without_a_value_is_the_same_point_again(lake: Lake, pat: Any) -> None:
    rows = pat(NOON, 3)
    empty = rows.set_column(2, "value", pa.nulls(3, pa.float64()))
    lake.publish("northvale", FEED, 1, empty)
    assert lake.novel("northvale", FEED, 2, empty).num_rows == 0


def test_two_feeds_of_a_partner_do_not_hide_each_other(lake: Lake, pat: Any) -> None:
    lake.publish("northvale", FEED, 1, pat(NOON, 10))
    assert lake.novel("northvale", "northvale/pat-2", 1, pat(NOON, 10)).num_rows == 10


def test_months_are_counted_in_utc(lake: Lake, pat: Any) -> None:
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    lake.publish("northvale", FEED, 1, pat(midnight - timedelta(seconds=2), 4))
    assert sorted(lake.current("northvale")["month"].to_pylist()) == ["2026-11"] * 2 + ["2026-12"] * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.append_column("colour", pa.array(["red"] * 3)), "no column colour"),
        (lambda t: t.drop_columns("tag"), "tag is missing in 3 of 3 rows"),
        (lambda t: t.set_column(2, "value", pa.array([1.0, float("nan"), 2.0])), "NaN or an infinity"),
        (lambda t: t.set_column(2, "value", pa.array([1.0, None, float("inf")])), "NaN or an infinity"),
        (lambda t: t.set_column(3, "quality", pa.array(["GOOD", "FINE", "BAD"])), "unknown quality FINE; valid: GOOD"),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_never_bent(lake: Lake, pat: Any, change: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        lake.publish("northvale", FEED, 1, change(pat(NOON, 3)))
    assert lake.rows("northvale") == 0


def test_quality_words_become_opc_ua_status_codes(lake: Lake, pat: Any) -> None:
    words = pa.array(["GOOD", "UNCERTAIN", "BAD", None])
    lake.publish("northvale", FEED, 1, pat(NOON, 4).set_column(3, "quality", words))
    # OPC UA Part 4, table of severities: the two highest bits are 00 good, 01 uncertain, 10 bad
    assert lake.current("northvale").sort_by("ts")["quality"].to_pylist() == [0, 1 << 30, 1 << 31, None]


@pytest.mark.parametrize("partner", ["../halden", "", "North", "a/b"])
def test_a_partner_id_never_leads_out_of_the_lake(lake: Lake, partner: str) -> None:
    with pytest.raises(ValueError, match="partner's id"):
        lake.table(partner)


def test_closed_months_are_compacted_and_open_ones_are_not(lake: Lake, pat: Any) -> None:
    october = datetime(2026, 10, 3, tzinfo=UTC)
    for seq, start in enumerate([october, october + timedelta(hours=1), NOON, NOON + timedelta(hours=1)], start=1):
        lake.publish("northvale", FEED, seq, pat(start, 10))
    before = lake.current("northvale").sort_by("ts")
    assert lake.compact("northvale", NOON) == 2
    assert lake.compact("northvale", NOON) == 0
    assert lake.current("northvale").sort_by("ts") == before
    months = [part["month"] for part in DeltaTable(str(lake.table("northvale"))).partitions()]
    files = DeltaTable(str(lake.table("northvale"))).file_uris()
    assert sorted(months) == ["2026-10", "2026-11"]
    assert len(files) == 3
    assert lake.publish("northvale", FEED, 4, pat(NOON, 10)) == 4  # the marks are still known
    assert lake.publish("halden", "halden/pat", 1, pat(NOON, 10)) == 1
    assert lake.compact("brightwater", NOON) == 0


def test_log_entries_carry_feed_and_seq_for_other_readers(lake: Lake, pat: Any) -> None:
    lake.publish("northvale", FEED, 7, pat(NOON, 3))
    info = next(action["commitInfo"] for action in log(lake, 1) if "commitInfo" in action)
    assert (info["jid.feed"], info["jid.seq"]) == (FEED, "7")


def test_a_full_disk_lands_nothing_of_the_publish_and_the_next_try_lands_it_once(
    small_disk: Callable[[str], Path], pat: Any
) -> None:
    disk = small_disk("300k")
    lake = Lake(disk / "lake")
    lake.publish("northvale", FEED, 1, pat(NOON, 10))
    noise = random.Random(7)
    rows = pat(NOON, 40_000)
    rows = rows.set_column(2, "value", pa.array([noise.random() for _ in range(40_000)]))
    with pytest.raises(StoreFull, match="no space left for the lake"):
        lake.publish("northvale", FEED, 2, rows)
    assert lake.rows("northvale") == 10
    small_disk("8m")
    version = lake.publish("northvale", FEED, 2, rows)
    assert lake.make_durable("northvale", version).rows == 40_000
    assert lake.rows("northvale") == 40_010
