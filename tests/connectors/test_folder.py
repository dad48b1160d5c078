"""Promise kept here: a file is delivered when it is whole, never from outside of its folder, and none is ever lost."""

from __future__ import annotations

import asyncio
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.delivery import Cursor
from connectors.errors import AnswerTooLarge, CursorNotUnderstood, SourceMissing
from connectors.timing import Timing
from connectors.transports.files import EPOCH, file_time

NOW = datetime(2026, 11, 20, 10, 17, tzinfo=UTC)  # where the clock of the fixture `ticks` stands
QUICK = {"stable_for": "0s"}


def options(**more: Any) -> dict[str, Any]:
    return {"root": "inbox", "paths": ["coa/*.json"], "ready": QUICK, "overlap": "10m", **more}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / "coa").mkdir(parents=True)
    return tmp_path / "inbox"


def put(path: Path, text: str = "{}", *, minutes_ago: float = 5) -> None:
    path.write_text(text)
    stamp = (NOW - timedelta(minutes=minutes_ago)).timestamp()
    os.utime(path, (stamp, stamp))


async def test_files_come_oldest_first_with_a_cursor_each(inbox: Path, open_feed, pull) -> None:
    put(inbox / "coa" / "b.json", "old", minutes_ago=30)
    put(inbox / "coa" / "a.json", "new", minutes_ago=3)
    put(inbox / "coa" / "c.csv", minutes_ago=3)
    put(inbox / "x.json", minutes_ago=3)
    pulled = await pull(open_feed("folder", options()))
    assert (pulled.keys, pulled.data, pulled.error) == (["coa/b.json", "coa/a.json"], [b"old", b"new"], None)
    first, second = pulled.deliveries
    assert (first.file, first.source_time) == ("b.json", NOW - timedelta(minutes=30))
    assert (first.cursor.value["path"], second.cursor.value["mtime"]) == ("coa/b.json", "2026-11-20T10:14:00+00:00")
    assert first.origin.uri == (inbox / "coa" / "b.json").as_uri()


async def test_the_next_pull_offers_the_overlap_and_what_is_new(inbox: Path, open_feed, pull) -> None:
    put(inbox / "coa" / "a.json", minutes_ago=40)
    put(inbox / "coa" / "b.json", minutes_ago=8)
    feed = open_feed("folder", options())
    first = await pull(feed)
    put(inbox / "coa" / "c.json", minutes_ago=8)  # the same instant as b
    put(inbox / "coa" / "d.json", minutes_ago=1)
    assert (await pull(feed, first.cursor)).keys == ["coa/b.json", "coa/c.json", "coa/d.json"]


async def test_a_rewritten_file_comes_again(inbox: Path, open_feed, pull) -> None:
    put(inbox / "coa" / "a.json", "{1}", minutes_ago=40)
    put(inbox / "coa" / "b.json", "{2}", minutes_ago=30)
    feed = open_feed("folder", options())
    first = await pull(feed)
    put(inbox / "coa" / "a.json", "{3}", minutes_ago=0)
    second = await pull(feed, first.cursor)
    assert dict(zip(second.keys, second.data, strict=True))["coa/a.json"] == b"{3}"


async def test_a_file_with_a_kept_old_time_is_found_all_the_same(inbox: Path, open_feed, pull) -> None:
    put(inbox / "coa" / "a.json", minutes_ago=5)
    feed = open_feed("folder", options())
    first = await pull(feed)
    put(inbox / "coa" / "unpacked.json", minutes_ago=100_000)
    second = await pull(feed, first.cursor)
    assert "coa/unpacked.json" in second.keys
    assert (await pull(feed, second.cursor)).keys == ["coa/a.json"]


async def test_a_growing_file_waits_until_two_looks_agree(inbox: Path, open_feed, pull, ticks) -> None:
    put(inbox / "coa" / "whole.json", minutes_ago=5)
    growing = inbox / "coa" / "growing.json"
    put(growing, '{"half', minutes_ago=0)

    async def partner_writes(seconds: float) -> None:
        ticks.advance(seconds)
        growing.write_text(growing.read_text() + "!")

    feed = open_feed("folder", options(ready={"stable_for": "2s"}), timing=Timing(ticks.now, sleep=partner_writes))
    first = await pull(feed)
    assert (first.keys, first.error) == (["coa/whole.json"], None)
    quiet = open_feed("folder", options(ready={"stable_for": "2s"}))
    second = await pull(quiet, first.cursor)
    assert "coa/growing.json" in second.keys
    assert ticks.waits == [2.0]


async def test_a_growing_file_with_a_kept_time_is_not_lost(inbox: Path, open_feed, pull, ticks) -> None:
    """The upload sets an old time at its end; the cursor has moved on by then, and its digest must notice."""
    put(inbox / "coa" / "whole.json", minutes_ago=1)
    growing = inbox / "coa" / "growing.json"
    put(growing, "{", minutes_ago=500)

    async def partner_writes(seconds: float) -> None:
        put(growing, "{}", minutes_ago=500)

    feed = open_feed("folder", options(ready={"stable_for": "2s"}), timing=Timing(ticks.now, sleep=partner_writes))
    first = await pull(feed)
    assert first.keys == ["coa/whole.json"]
    assert "coa/growing.json" in (await pull(open_feed("folder", options()), first.cursor)).keys


async def test_a_done_file_makes_its_file_ready_when_it_comes(inbox: Path, open_feed, pull) -> None:
    put(inbox / "coa" / "a.json", minutes_ago=300)
    put(inbox / "coa" / "b.json", minutes_ago=4)
    put(inbox / "coa" / "b.json.done", minutes_ago=4)
    feed = open_feed("folder", options(ready={"done_suffix": ".done"}))
    first = await pull(feed)
    assert first.keys == ["coa/b.json"]
    put(inbox / "coa" / "a.json.done", minutes_ago=0)
    assert (await pull(feed, first.cursor)).keys == ["coa/b.json", "coa/a.json"]


async def test_unfinished_names_are_left_alone(inbox: Path, open_feed, pull) -> None:
    for name in ["a.json.part", "b.tmp", ".hidden.json", "c.json"]:
        put(inbox / "coa" / name)
    assert (await pull(open_feed("folder", options(paths=["coa/*"])))).keys == ["coa/c.json"]


async def test_nothing_outside_of_the_root_is_opened(inbox: Path, tmp_path: Path, open_feed, pull) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    put(outside / "secret.json", "secret")
    (inbox / "coa" / "link.json").symlink_to(outside / "secret.json")
    (inbox / "linked").symlink_to(outside)
    (inbox / "coa" / "\udcff.json").write_text("no UTF-8")
    (inbox / "coa" / "a\nb.json").write_text("control")
    os.mkfifo(inbox / "coa" / "pipe.json")
    (inbox / "coa" / "dir.json").mkdir()
    put(inbox / "coa" / "good.json", "good")
    pulled = await pull(open_feed("folder", options(paths=["coa/*.json", "*/*.json"])))
    assert set(pulled.data) == {b"good"}
    pulled = await pull(open_feed("folder", options(paths=["linked/*.json"])))
    assert isinstance(pulled.error, SourceMissing)


async def test_one_bad_file_holds_up_no_other(inbox: Path, open_feed, pull) -> None:
    put(inbox / "coa" / "a.json", "x" * 101, minutes_ago=9)
    put(inbox / "coa" / "b.json", "x" * 100, minutes_ago=5)
    feed = open_feed("folder", options(max_bytes=100))
    first = await pull(feed)
    assert first.keys == ["coa/b.json"]
    assert isinstance(first.error, AnswerTooLarge)
    assert "coa/a.json" in first.error.message
    assert isinstance((await pull(feed, first.cursor)).error, AnswerTooLarge)


async def test_a_folder_that_is_not_there_is_an_error_not_silence(inbox: Path, open_feed, pull) -> None:
    for given in [options(root="nowhere"), options(paths=["missing/*.json"])]:
        feed = open_feed("folder", given)
        assert isinstance((await pull(feed)).error, SourceMissing)
        assert [line.state for line in await feed.check()] == ["failed"]
    feed = open_feed("folder", options())
    assert [line.state for line in await feed.check()] == ["ok", "warning"]


async def test_a_file_time_in_the_future_does_not_carry_the_cursor_along(inbox: Path, open_feed, pull) -> None:
    put(inbox / "coa" / "a.json", minutes_ago=-100_000)
    feed = open_feed("folder", options())
    first = await pull(feed)
    assert first.cursor.value["mtime"] == NOW.isoformat()
    put(inbox / "coa" / "b.json", minutes_ago=0)
    assert "coa/b.json" in (await pull(feed, first.cursor)).keys


async def test_by_hand_from_a_moment_on_and_up_to_one(inbox: Path, open_feed, pull) -> None:
    for name, minutes in [("a", 60), ("b", 40), ("c", 20)]:
        put(inbox / "coa" / f"{name}.json", minutes_ago=minutes)
    feed = open_feed("folder", options())
    since, until = NOW - timedelta(minutes=45), NOW - timedelta(minutes=30)
    assert (await pull(feed, feed.cursor_at(since))).keys == ["coa/b.json", "coa/c.json"]
    assert (await pull(feed, feed.cursor_at(since), until=until)).keys == ["coa/b.json"]


@pytest.mark.parametrize("cursor", [Cursor(2, {}), Cursor(1, {"paths": {}}), Cursor(1, {"mtime": "x", "settled": "y"})])
async def test_a_cursor_of_another_kind_is_refused(inbox: Path, open_feed, pull, cursor: Cursor) -> None:
    put(inbox / "coa" / "a.json")
    assert isinstance((await pull(open_feed("folder", options()), cursor)).error, CursorNotUnderstood)


async def test_no_file_is_lost_over_random_histories(tmp_path: Path, open_feed, pull, ticks, seed: int) -> None:
    """Files appear with fresh or kept times, pulls stop anywhere; in the end each last content was delivered."""
    chance = random.Random(seed)
    for history in range(15):
        root = tmp_path / f"h{history}"
        root.mkdir()
        feed = open_feed("folder", options(root=root.name, paths=["*.json"]))
        cursor, written, seen = None, {}, set()
        for _ in range(12):
            for _ in range(chance.randrange(3)):
                path = root / f"{chance.randrange(8)}.json"
                text = str(chance.random())
                path.write_text(text)
                age = chance.choice([0, 0, 5, 1000, 100_000])
                # A fraction that no other write has: same time and same size would be the same file to anybody.
                stamp = (ticks.moment - timedelta(minutes=age, seconds=30 * chance.random())).timestamp()
                os.utime(path, (stamp, stamp))
                written[path.name] = text
            stop = chance.choice([None, None, 1, 2])
            pulled = await pull(feed, cursor, at_most=stop)
            cursor = pulled.cursor
            seen |= {(key, data.decode()) for key, data in zip(pulled.keys, pulled.data, strict=True)}
            ticks.advance(chance.choice([60, 3600]))
        pulled = await pull(feed, cursor)
        seen |= {(key, data.decode()) for key, data in zip(pulled.keys, pulled.data, strict=True)}
        assert set(written.items()) <= seen, f"history {history}"


async def test_a_file_that_changes_while_it_is_read_is_left_for_later(inbox: Path, open_feed, pull) -> None:
    big = inbox / "coa" / "big.json"
    big.write_bytes(b"x" * 20_000_000)
    feed = open_feed("folder", options())

    async def append() -> None:
        for _ in range(200):
            with big.open("ab") as file:
                file.write(b"y")
            await asyncio.sleep(0.001)

    writing = asyncio.create_task(append())
    first = await pull(feed)
    await writing
    assert first.keys == []
    assert first.error is None
    assert (await pull(feed, first.cursor)).keys == ["coa/big.json"]


async def test_a_file_that_was_too_long_comes_when_longer_ones_are_allowed(inbox: Path, open_feed, pull) -> None:
    put(inbox / "coa" / "long.json", "x" * 100, minutes_ago=90)
    put(inbox / "coa" / "short.json", minutes_ago=1)
    first = await pull(open_feed("folder", options(max_bytes=10)))
    assert (first.keys, type(first.error)) == (["coa/short.json"], AnswerTooLarge)
    again = await pull(open_feed("folder", options(max_bytes=10)), first.cursor)
    assert type(again.error) is AnswerTooLarge
    assert (await pull(open_feed("folder", options()), again.cursor)).keys == ["coa/long.json", "coa/short.json"]


async def test_one_file_that_cannot_be_had_does_not_bring_all_others_again(inbox: Path, open_feed, pull) -> None:
    for minutes in (90, 80, 70, 1):
        put(inbox / "coa" / f"{minutes}.json", "x" * (100 if minutes == 90 else 1), minutes_ago=minutes)
    feed = open_feed("folder", options(max_bytes=10))
    first = await pull(feed)
    assert (await pull(feed, first.cursor)).keys == ["coa/1.json"]


@pytest.mark.parametrize("seconds", [-(10**17), 0, 10**17])
def test_a_file_time_that_no_calendar_holds_is_no_reason_to_stop(seconds: int) -> None:
    assert EPOCH <= file_time(seconds * 1_000_000) <= datetime(9000, 1, 1, tzinfo=UTC)
