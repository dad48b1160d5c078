"""Promise: the hub holds a series against the series that it accepted before: values of another batch sent again, a
value that leaves what its phase began with. Judged again, a delivery meets the same past."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from contracts.contract import Contract
from contracts.explain import page
from contracts.finding import Report, Verdict
from contracts.kit.bad import Bad, bad
from contracts.kit.good import AT
from contracts.odcs import load_file
from contracts.series.trace import FORMAT, HOUR, Beginning, SeriesTrace
from hub import faults
from hub.clock import FakeClock
from hub.hub import Hub
from hub.intake import traces as intake
from hub.intake.traces import LedgerTraces, rows_of
from hub.settings import Settings
from hub.store import Store
from hub.store.ledger import traces as ledger
from hub.store.ledger.tables import series_trace

REFERENCE = Path(__file__).parents[2] / "contracts/pages/reference"
HUB = '[partners]\nfolder = "partners"\n[contracts]\nfolder = "contracts"\n'
PARTNER = """\
partner: northvale
name: Northvale
sites: [{site: NV-BOS, timezone: America/New_York, roles: [cell_mfg]}]
contacts: [{audience: partner, email: desk@northvale.example}]
feeds:
  - kind: pat
    contract: reference-pat@1
    every: 15m
    connector: folder
    options: {root: drop, paths: ["*.csv"], ready: {done_suffix: .done}}
    format: csv
"""


class Desk:
    """A hub with one PAT feed under the reference contract, and the folder that its files come from."""

    def __init__(self, home: Path) -> None:
        self.home, self.clock = home, FakeClock(AT + timedelta(days=3))
        for name in ("partners", "drop", "contracts"):
            (home / name).mkdir(parents=True)
        shutil.copytree(REFERENCE / "refs", home / "contracts/refs")
        (home / "hub.toml").write_text(HUB, encoding="utf-8")
        (home / "partners/northvale.yaml").write_text(PARTNER, encoding="utf-8")
        self.contract("1.0.0")
        self.hub = self.open()

    def open(self) -> Hub:
        return Hub.open(Settings.load(self.home, environ={}), clock=self.clock)

    def contract(self, version: str, *without: str) -> None:
        """The reference contract as this version, the only one, without these clauses."""
        lines = (REFERENCE / "series.odcs.yaml").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not any(f"{{id: {one}," in line for one in without)]
        text = "\n".join(kept).replace("\nversion: 1.0.0", f"\nversion: {version}")
        (self.home / "contracts/series.odcs.yaml").write_text(text + "\n", encoding="utf-8")

    def reopen(self) -> None:
        self.hub.close()
        self.hub = self.open()

    def send(self, data: bytes, name: str) -> None:
        path = self.home / "drop" / f"{name}.csv"
        path.write_bytes(data)
        os.utime(path, (self.clock.now().timestamp() - 60,) * 2)
        path.with_name(f"{path.name}.done").touch()
        self.clock.advance(timedelta(minutes=15))

    def pull(self, data: bytes, name: str) -> Report:
        self.send(data, name)
        result = asyncio.run(self.hub.pull_once("northvale", "pat"))
        assert result.status == "pulled", result.message
        return self.report(result.deliveries[-1].id)

    def report(self, id: str) -> Report:
        with self.hub.store.reading() as tx:
            found = tx.report(id)
        assert found is not None
        return found

    def replay(self, *ids: str) -> list[str | None]:
        return [done.after for done in asyncio.run(self.hub.replay(ids))]

    def kept(self) -> list[tuple[int, str | None]]:
        return kept(self.hub.store)


def kept(store: Store) -> list[tuple[int, str | None]]:
    """(delivery, batch) of every row."""
    with store.reading() as tx:
        rows = tx.connection.execute(select(series_trace.c.delivery, series_trace.c.batch).order_by(series_trace.c.id))
        return [(row.delivery, row.batch) for row in rows]


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.hub.close()
    faults.disarm()


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_file(REFERENCE / "series.odcs.yaml")


@pytest.fixture(scope="module")
def copied(contract: Contract) -> Bad:
    """Yesterday's values under today's batch."""
    made = bad(contract, "PAT-E209")
    assert made is not None
    return made


def found(report: Report) -> list[tuple[str, str]]:
    return [(f.code, f.message) for f in report.findings]


def test_the_values_of_another_batch_sent_again_are_refused_in_the_hub(at: Desk, copied: Bad) -> None:
    first = at.pull(copied.earlier[0], "first")
    assert (first.verdict.value, found(first)) == ("accepted", [])
    assert "not_replayed" in first.hub_ends.passed  # there was nothing before, so it repeats nothing
    second = at.pull(copied.data, "second")
    said = [("PAT-E209", page("PAT-E209").example.message)]
    assert (second.verdict.value, found(second)) == ("rejected", said)
    assert at.kept() == [(1, "B-2602-0001")]  # what was refused leaves nothing
    mended = at.pull(copied.fixed, "third")
    assert (mended.verdict.value, found(mended)) == ("accepted", [])
    assert at.kept() == [(1, "B-2602-0001"), (3, "B-2602-0002")]


def test_a_replay_says_the_same_and_an_older_delivery_does_not_meet_what_came_later(at: Desk, copied: Bad) -> None:
    at.pull(copied.earlier[0], "first")
    at.pull(copied.data, "second")
    assert at.replay("D-1", "D-2") == ["accepted", "rejected"]
    assert at.kept() == [(1, "B-2602-0001")]  # under the same contract nothing is written again
    said = found(at.report("D-2"))
    at.contract("1.0.1")
    at.reopen()
    assert at.replay("D-2", "D-1") == ["rejected", "accepted"]
    report = at.report("D-2")
    assert report.contract is not None
    assert (report.contract.version, found(report)) == ("1.0.1", said)


def test_a_copy_that_was_accepted_makes_no_copy_of_the_one_before_it(at: Desk, copied: Bad) -> None:
    """Both came before the contract asked. Judged again in any order, the second is the copy and never the first."""
    at.contract("1.0.0", "not_replayed", "drift")
    at.reopen()
    assert at.pull(copied.earlier[0], "first").verdict.value == "accepted"
    assert at.pull(copied.data, "second").verdict.value == "accepted"
    assert at.kept() == []
    at.contract("1.0.1")
    at.reopen()
    assert at.replay("D-2", "D-1") == ["accepted", "accepted"]  # nothing was kept of the first yet
    at.contract("1.0.2")
    at.reopen()
    assert at.replay("D-1", "D-2") == ["accepted", "rejected"]


def test_a_value_that_leaves_the_first_hour_of_its_phase_is_seen(at: Desk, contract: Contract) -> None:
    made = bad(contract, "PAT-E307")
    assert made is not None
    first = at.pull(made.earlier[0], "first")
    assert "drift" in first.hub_ends.needs_hub  # no hour was accepted yet
    second = at.pull(made.data, "second")
    assert found(second) == [("PAT-E307", page("PAT-E307").example.message)]
    assert at.replay("D-1") == ["accepted"]


def test_a_contract_without_these_rules_leaves_nothing_and_asks_nothing(at: Desk, copied: Bad) -> None:
    at.contract("1.0.0", "not_replayed", "drift")
    at.reopen()
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(at.hub.store.ledger.engine, "before_cursor_execute", note)
    at.pull(copied.earlier[0], "first")
    assert asked != []
    assert [statement for statement in asked if "series_trace" in statement] == []
    assert at.kept() == []


def test_a_crash_within_the_judgement_leaves_no_trace_and_recovery_leaves_one(at: Desk, copied: Bad) -> None:
    class Died(Exception):
        pass

    def die() -> None:
        raise Died

    at.send(copied.earlier[0], "first")
    faults.arm("store.in_tx_b", action=die)
    asyncio.run(at.hub.pull_once("northvale", "pat"))
    faults.disarm()
    assert at.kept() == []
    at.reopen()
    asyncio.run(at.hub.recover())
    assert at.kept() == [(1, "B-2602-0001")]
    assert found(at.pull(copied.data, "second"))[0][0] == "PAT-E209"


# What is kept, and what is looked through


def trace(batch: str, *prints: int, mean: float = 5.0, since: int = 0) -> SeriesTrace:
    return SeriesTrace({(batch, "T1"): prints}, {(batch, None, "T1"): Beginning(since, 100, mean, 99.0)})


def leave(desk: Any, key: str, *traces: SeriesTrace, feed: str = "northvale/pat") -> str:
    """One accepted delivery that left this; of several, under one version of its contract after the other."""
    sent: str = desk.send(key, key.encode(), feed=feed).id
    for number, one in enumerate(traces):
        desk.judge(sent, traces=rows_of(one), rows=1, version=f"1.0.{number}")
    return sent


def past(desk: Any, id: str) -> LedgerTraces:
    with desk.store.reading() as tx:
        return LedgerTraces(desk.store, tx.delivery(id))


def test_only_what_the_same_feed_left_before_counts(desk: Any) -> None:
    first = leave(desk, "a", trace("B-1", 1, 2, 3))
    leave(desk, "b", trace("B-9", 1, 2, 3), feed="halden/pat")
    second = leave(desk, "c", trace("B-2", 2, 3, 4))
    third = leave(desk, "d", trace("B-3", 7))
    assert past(desk, third).seen("T1", [2, 4, 7], "B-0") == {"B-1": 1, "B-2": 2}
    assert past(desk, second).seen("T1", [2, 4, 7], "B-0") == {"B-1": 1}
    assert past(desk, first).seen("T1", [2, 4, 7], "B-0") == {}
    assert past(desk, third).seen("T2", [2], "B-0") == {}


def test_the_newest_report_of_a_delivery_says_what_it_left(desk: Any) -> None:
    leave(desk, "a", trace("B-1", 1, 2), trace("B-1", 8, mean=9.0))
    later = leave(desk, "b")
    assert past(desk, later).seen("T1", [1, 2, 8], "B-0") == {"B-1": 1}
    reference = past(desk, later).reference("B-1", None, "T1")
    assert reference is not None
    assert reference.mean == 9.0


def test_the_first_hour_stands_however_many_deliveries_follow(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "DELIVERIES", 3)
    for hour in range(6):
        leave(desk, f"{hour}", trace("B-1", hour, mean=float(hour), since=hour * HOUR))
    reference = past(desk, leave(desk, "last")).reference("B-1", None, "T1")
    assert reference is not None
    assert (reference.points, reference.mean, reference.sigma) == (100, 0.0, 1.0)  # the root of 99 / 99
    assert past(desk, "D-1").reference("B-1", None, "T1") is None


def test_a_long_batch_leaves_room_for_those_before_it(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a batch left itself is no copy, and does not count among what is looked through."""
    monkeypatch.setattr(ledger, "PRINTS", 4)
    leave(desk, "first", trace("B-1", 1, 2))
    for number in range(5):
        leave(desk, f"{number}", trace("B-2", 1, 2, 3))
    late = leave(desk, "last")
    assert past(desk, late).seen("T1", [1, 2], "B-2") == {"B-1": 2}
    several = past(desk, late)
    assert several.seen("T1", [1, 2], "B-3") == {"B-2": 2}
    assert several.seen("T1", [1, 2], "B-2") == {}  # the second one asked about shares its past with the others
    assert several.seen("T1", [1, 2], "B-3") == {"B-2": 2}


@pytest.mark.parametrize(("bound", "value"), [("BATCHES", 2), ("PRINTS", 5)])
def test_the_newest_batches_are_looked_through(
    desk: Any, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    """Two prints of each batch: the newest two batches are within both bounds, the third is not."""
    monkeypatch.setattr(ledger, bound, value)
    for number in range(1, 5):
        leave(desk, f"{number}", trace(f"B-{number}", 1, 2))
    assert past(desk, leave(desk, "last")).seen("T1", [1, 2], "B-0") == {"B-3": 2, "B-4": 2}


def test_the_past_of_years_is_not_sorted_to_find_the_newest(desk: Any) -> None:
    late = leave(desk, "a")
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(desk.store.ledger.engine, "before_cursor_execute", note)
    past(desk, late).seen("T1", [1], "B-1")
    past(desk, late).reference("B-1", None, "T1")
    reads = [(statement, parameters) for statement, parameters in asked if "FROM series_trace" in statement]
    assert len(reads) == 2
    with desk.store.reading() as tx:
        for statement, parameters in reads:
            plan = str(tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
            assert "SEARCH series_trace USING INDEX" in plan
            assert "TEMP B-TREE" not in plan


def test_a_delivery_leaves_no_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PRINTS", 3)
    monkeypatch.setattr(intake, "BEGINNINGS", 1)
    begun = Beginning(0, 100, 5.0, 99.0)
    huge = Beginning(0, 100, 1e300, float("inf"))
    left = SeriesTrace(
        {("B-1", "T1"): (1, 2), ("B-1", "T2"): (3, 4), ("B-2", "T1"): (5,)},
        {("B-1", None, "T1"): huge, ("B-1", None, "T2"): begun, (None, None, "T1"): begun},
    )
    assert [(row.batch, row.format, row.prints, row.beginnings) for row in rows_of(left)] == [
        ("B-1", FORMAT, [["B-1", "T1", [1, 2]]], [["B-1", None, "T2", 0, 100, 5.0, 99.0]]),
        ("B-2", FORMAT, [["B-2", "T1", [5]]], []),
    ]
    assert rows_of(SeriesTrace()) == ()


def test_prints_of_another_format_are_not_compared(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints made in another way would agree with nothing, and say that nothing was sent again."""
    monkeypatch.setattr(intake, "FORMAT", "justindata-series-trace/0")
    leave(desk, "a", trace("B-1", 1, 2))
    monkeypatch.undo()
    assert past(desk, leave(desk, "b")).seen("T1", [1, 2], "B-0") == {}


def test_a_delivery_that_is_not_accepted_leaves_nothing(desk: Any) -> None:
    desk.send("a", b"a", feed="northvale/pat")
    desk.judge("D-1", Verdict.REJECTED, traces=rows_of(trace("B-1", 1)))
    with desk.store.reading() as tx:
        assert tx.connection.execute(select(func.count()).select_from(series_trace)).scalar() == 0
