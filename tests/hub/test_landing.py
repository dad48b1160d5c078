"""Promise: each good PAT row lands exactly once, also when built again from the archive, and no row costs Python.

The rows are the sandbox's, from a folder, through the real hub; what must be in the lake follows from the files' text
and from the sandbox's own count of rows.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.odcs import load_catalog
from hub import faults
from hub.clock import FakeClock
from hub.hub import Hub
from hub.settings import Settings
from sandbox import pat
from sandbox.story import HOUR, Story, new_story

T0 = datetime(2026, 11, 22, 8, 12, tzinfo=UTC)
FEED = "halden/pat"
HUB = '[partners]\nfolder = "partners"\n'
PARTNER = """\
partner: halden
name: Halden Bio
sites: [{site: HD-ICN, timezone: Asia/Seoul, roles: [vector_mfg]}]
contacts: [{audience: partner, email: data-desk@halden.example}]
feeds:
  - kind: pat
    contract: halden-pat@1.4
    every: 15m
    connector: folder
    options: {root: drop, paths: ["*.csv"], ready: {done_suffix: .done}}
    format: csv
"""


class Desk:
    """A hub with halden's PAT feed, and the folder that its files come from."""

    def __init__(self, home: Path) -> None:
        self.home, self.clock = home, FakeClock(T0 + timedelta(days=1))
        (home / "partners").mkdir(parents=True)
        (home / "drop").mkdir()
        (home / "hub.toml").write_text(HUB, encoding="utf-8")
        (home / "partners" / "halden.yaml").write_text(PARTNER, encoding="utf-8")
        self.hub = self.open()

    def open(self) -> Hub:
        return Hub.open(Settings.load(self.home, environ={}), clock=self.clock)

    def again(self) -> None:
        """As after a crash: a new hub on the same store."""
        self.hub.close()
        self.hub = self.open()

    def drop(self, name: str, body: bytes) -> None:
        path = self.home / "drop" / name
        path.write_bytes(body)
        stamp = self.clock.now().timestamp() - 60
        os.utime(path, (stamp, stamp))
        path.with_name(f"{name}.done").touch()

    def pull(self) -> int:
        self.clock.advance(timedelta(minutes=15))
        result = asyncio.run(self.hub.pull_once("halden", "pat"))
        assert result.status == "pulled", result.message
        return result.landed_rows

    def landed(self) -> list[tuple[str, datetime, float | None, int]]:
        """(tag, ts, value, rev) of every row in the lake."""
        rows = self.hub.store.lake.current("halden")
        columns = (rows[name].to_pylist() for name in ("tag", "ts", "value", "rev"))
        return sorted(zip(*columns, strict=True))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.hub.close()
    faults.disarm()


@pytest.fixture(scope="module")
def story() -> Story:
    return new_story(T0)


@pytest.fixture(scope="module")
def hour(story: Story) -> list[bytes]:
    """The lines of a clean hour, header first."""
    return pat.as_csv(story, "halden", load_catalog().get("halden-pat@1.4"), story.pat_start).splitlines(keepends=True)


def body(lines: list[bytes], start: int, stop: int) -> bytes:
    """A file with the rows [start, stop) of an hour. Twenty rows make a second."""
    return lines[0] + b"".join(lines[1 + start : 1 + stop])


def points(data: bytes) -> list[tuple[str, datetime, float | None]]:
    """What a file says, read in the plainest way there is: (tag, ts, value)."""
    said = []
    for line in data.decode().splitlines()[1:]:
        ts, tag, value, *_ = line.split(",")
        said.append((tag, datetime.fromisoformat(ts).astimezone(UTC), float(value) if value else None))
    return sorted(said)


def without_rev(rows: list[tuple[str, datetime, float | None, int]]) -> list[tuple[str, datetime, float | None]]:
    return [(tag, ts, value) for tag, ts, value, _ in rows]


def test_every_row_of_the_sandbox_lands_once(desk: Desk, story: Story, hour: list[bytes]) -> None:
    whole = b"".join(hour)
    desk.drop("BR03_1.csv", whole)
    contract = desk.hub.contract_of(FEED)
    assert desk.pull() == pat.count(story, "halden", contract, story.pat_start, story.pat_start + HOUR)
    assert without_rev(desk.landed()) == points(whole)
    assert desk.pull() == 0


def test_an_overlap_lands_only_what_is_new(desk: Desk, hour: list[bytes]) -> None:
    desk.drop("a.csv", body(hour, 0, 2_000))
    assert desk.pull() == 2_000
    desk.drop("b.csv", body(hour, 1_000, 3_000))
    assert desk.pull() == 1_000
    rows = desk.landed()
    assert without_rev(rows) == points(body(hour, 0, 3_000))
    assert {rev for *_, rev in rows} == {1, 2}


def test_an_overlap_within_one_pull_lands_once(desk: Desk, hour: list[bytes]) -> None:
    desk.drop("a.csv", body(hour, 0, 2_000))
    desk.drop("b.csv", body(hour, 1_000, 3_000))
    assert desk.pull() == 3_000
    assert without_rev(desk.landed()) == points(body(hour, 0, 3_000))


def test_of_two_values_for_one_point_the_first_stands(desk: Desk, hour: list[bytes]) -> None:
    sent = body(hour, 0, 2_000)
    ts, tag, value, rest = hour[1].split(b",", 3)
    other = b",".join((ts, tag, b"%.1f" % (float(value) + 0.1), rest))
    desk.drop("a.csv", sent + other + hour[2])
    assert desk.pull() == 2_000
    assert without_rev(desk.landed()) == points(sent)


def test_a_corrected_value_lands_with_a_higher_rev_and_counts(desk: Desk, hour: list[bytes]) -> None:
    sent = body(hour, 0, 2_000)
    desk.drop("a.csv", sent)
    desk.pull()
    ts, tag, value, rest = hour[41].split(b",", 3)
    corrected = b"%.1f" % (float(value) + 0.1)
    desk.drop("b.csv", sent.replace(hour[41], b",".join((ts, tag, corrected, rest))))
    assert desk.pull() == 1
    rows = desk.landed()
    assert [(t, v) for t, _, v, rev in rows if rev == 2] == [(tag.decode(), float(corrected))]
    assert len(rows) == 2_000
    assert desk.hub.store.lake.rows("halden") == 2_001


@pytest.mark.parametrize(
    ("point", "nth"),
    # A pull begins with recovery, which asks for an intent too: the second one is of these rows.
    [("store.after_tx_c", 2), ("store.before_lake_commit", 1), ("store.after_lake_commit", 1)],
)
def test_rows_built_again_from_the_archive_are_the_same(
    desk: Desk, hour: list[bytes], point: str, nth: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = {"a.csv": body(hour, 0, 2_000), "b.csv": body(hour, 1_000, 3_000) + hour[5]}
    undisturbed = Desk(tmp_path_factory.mktemp("undisturbed"))
    for name, data in files.items():
        undisturbed.drop(name, data)
        desk.drop(name, data)
    undisturbed.pull()
    with stopped_at(point, nth):
        desk.pull()
    desk.again()  # nothing of what was parsed is left
    asyncio.run(desk.hub.recover())
    assert without_rev(desk.landed()) == points(body(hour, 0, 3_000))
    wanted, found = (d.hub.store.lake.current("halden") for d in (undisturbed, desk))
    by = [("tag", "ascending"), ("ts", "ascending")]
    assert found.sort_by(by).equals(wanted.sort_by(by))
    undisturbed.hub.close()


def test_no_python_runs_for_a_row(desk: Desk, hour: list[bytes]) -> None:
    """Ten times the rows in one delivery may take a few calls more (a batch more, a log entry), never ten times."""
    desk.drop("warm.csv", body(hour, 0, 1_000))
    desk.pull()
    desk.drop("few.csv", body(hour, 1_000, 7_000))
    few = calls(desk.pull)
    desk.drop("many.csv", body(hour, 7_000, 67_000))
    many = calls(desk.pull)
    assert many < 1.5 * few, f"{few} calls for 6,000 rows, {many} for 60,000"


@contextmanager
def stopped_at(point: str, nth: int) -> Iterator[None]:
    """The hub stops at a fault point, as if its process died there."""

    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    faults.arm(point, nth=nth, action=die)
    try:
        with pytest.raises(Died):
            yield
    finally:
        faults.disarm()


def calls(work: Callable[[], object]) -> int:
    """How many functions Python calls in all threads while `work` runs, those written in C too."""
    seen = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    # asyncio runs the hub's steps in threads of its own, begun anew in each `asyncio.run`.
    threading.setprofile(count)
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return seen
