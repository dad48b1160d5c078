"""A real store in a temporary folder, with a clock that the test turns, and short words for what fills it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.delivery import Cursor
from contracts.codes import Action, Impact, Severity
from contracts.finding import (
    ClauseRef,
    ContractRef,
    Coverage,
    DeliveryRef,
    Finding,
    Report,
    Verdict,
)
from contracts.place import Place
from hub import faults
from hub.clock import FakeClock
from hub.settings import StoreSettings
from hub.store import Judgement, Lease, QuarantineRow, Receipt, Received, RecordRow, Store, TraceRow

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass
class Desk:
    """A store with somebody at it who holds every lease that is needed."""

    store: Store
    clock: FakeClock
    leases: dict[str, Lease] = field(default_factory=dict)

    def lease(self, feed: str) -> Lease:
        if feed not in self.leases:
            held = self.store.lease(feed, "desk", timedelta(hours=1))
            assert held is not None
            self.leases[feed] = held
        return self.leases[feed]

    def receipt(self, key: str, body: bytes, *, feed: str = "northvale/coa", **more: Any) -> Receipt:
        blob = self.store.archive.put_sync([body])
        return Receipt(feed, key, blob, f"{key}.json", "json", f"file:///drop/{key}.json", **more)

    def send(
        self, key: str, body: bytes, *, feed: str = "northvale/coa", cursor: Cursor | None = None, **more: Any
    ) -> Received:
        """Archive and receipt one delivery."""
        receipt = self.receipt(key, body, feed=feed, **more)
        (received,) = self.store.receive(self.lease(feed), [receipt], cursor)
        return received

    def report(
        self,
        id: str,
        verdict: Verdict = Verdict.ACCEPTED,
        *,
        version: str = "2.3.0",
        findings: tuple[Finding, ...] = (),
        rows: int | None = None,
    ) -> Report:
        with self.store.reading() as tx:
            row = tx.delivery(id)
        assert row is not None
        ref = DeliveryRef(row.file, row.sha256, row.size, row.id, row.partner, row.feed, row.received_at.isoformat())
        contract = ContractRef(f"{row.partner}-{row.kind}", version, "c" * 64)
        return Report(ref, contract, "1", verdict, findings, Coverage(clauses=3, passed=3), rows=rows)

    def judge(
        self,
        id: str,
        verdict: Verdict = Verdict.ACCEPTED,
        *,
        records: tuple[RecordRow, ...] = (),
        quarantine: tuple[QuarantineRow, ...] = (),
        replayed: bool = False,
        traces: tuple[TraceRow, ...] = (),
        **about: Any,
    ) -> bool:
        """Store a verdict. `about` goes to the report."""
        report = self.report(id, verdict, **about)
        feed = report.delivery.feed
        assert feed is not None
        return self.store.judge(self.lease(feed), Judgement(id, report, records, quarantine, replayed, traces))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that the migrations made, once a session: each test gets a copy."""
    home = tmp_path_factory.mktemp("ledger")
    Store.open(StoreSettings().under(home)).close()
    return home / "data/ledger.db"


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock, empty_ledger: Path) -> Iterator[Store]:
    """An empty store that keeps its three things below `tmp_path`."""
    (tmp_path / "data").mkdir()
    shutil.copy(empty_ledger, tmp_path / "data/ledger.db")
    opened = Store.open(StoreSettings().under(tmp_path), clock)
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store, clock: FakeClock) -> Desk:
    return Desk(store, clock)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Gives a file system of the asked size (`"2m"`), and on the next call makes it that large. Skips where this user
    may not mount one."""
    folder = tmp_path / "small"
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")

    def mount(size: str) -> Path:
        how = "size=" + size if not folder.is_mount() else "remount,size=" + size
        folder.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a small file system can't be mounted here: {done.stderr.strip()}")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def no_faults() -> Iterator[None]:
    """Whatever the test arms is disarmed after it."""
    yield
    faults.disarm()


def a_finding(code: str = "COA-E104", severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        code=code,
        title="number is not in the agreed form",
        message='"7,2" has a comma',
        severity=severity,
        impact=Impact.HIGH,
        action=Action.PARTNER,
        clause=ClauseRef("auto.results.value.number", "certificate.results.value", 41, 9),
        where=(Place(file="k.json", line=12, column=8, pointer="/results/0/value"),),
        fingerprint="f" * 64,
    )


@pytest.fixture
def finding() -> Finding:
    return a_finding()


def pat_rows(start: datetime, seconds: int, *, tag: str = "BR01.PH", value: float = 7.1, id: str = "D-1") -> pa.Table:
    """One tag at 1 Hz, as a judged delivery gives it to the lake."""
    times = [start + timedelta(seconds=n) for n in range(seconds)]
    return pa.table(
        {
            "tag": pa.array([tag] * seconds).dictionary_encode(),
            "ts": pa.array(times, pa.timestamp("us", "UTC")),
            "value": pa.array([value + n / 1000 for n in range(seconds)], pa.float64()),
            "quality": pa.array(["GOOD"] * seconds).dictionary_encode(),
            "delivery_id": pa.array([id] * seconds),
        }
    )


@pytest.fixture
def pat() -> Any:
    return pat_rows
