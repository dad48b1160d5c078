"""Promise: the ledger runs on settings that survive a power cut, and what was stored is never changed or deleted."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from hub.settings import StoreSettings
from hub.store import LedgerBusy, LedgerRefused, LedgerUnsafe, LedgerVersion, Store, StoreFull
from hub.store.ledger import engine
from hub.store.ledger.migrations import configuration
from hub.store.ledger.tables import FROZEN, INSERT_ONLY, metadata


def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.db"


def test_every_connection_has_the_settings_that_durability_depends_on(store: Store) -> None:
    for transaction in (store.ledger.writing, store.ledger.reading):
        with transaction() as connection:
            got = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in engine.PRAGMAS}
        assert got == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_ledger_that_can_not_use_a_write_ahead_log_is_refused() -> None:
    with pytest.raises(LedgerUnsafe, match="journal_mode = memory, it must be wal"):
        engine.Ledger.open("sqlite:///:memory:")


def test_tables_come_from_the_migrations_and_are_strict(store: Store) -> None:
    with store.reading() as tx:
        made = tx.connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    ours = {name: sql for name, sql in made if name != "alembic_version"}
    assert set(ours) == set(metadata.tables)
    assert [name for name, sql in ours.items() if not sql.rstrip().endswith("STRICT")] == []


def test_migrations_and_tables_say_the_same(store: Store) -> None:
    with store.ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"render_as_batch": True, "compare_type": False})
        assert compare_metadata(context, metadata) == []
    assert ScriptDirectory.from_config(configuration()).get_heads() == [engine.HEAD]


def test_opening_twice_changes_nothing_and_loads_no_migrations(store: Store, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hub.settings import StoreSettings; from hub.store import Store;"
        f"Store.open(StoreSettings().under(Path({str(tmp_path)!r}))).close(); print('alembic' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_a_ledger_of_a_newer_hub_is_refused(store: Store, tmp_path: Path) -> None:
    with store.ledger.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerVersion, match="table version 9999, this hub knows 0001"):
        Store.open(StoreSettings().under(tmp_path))


def filled(desk: Any, finding: Any, pat: Any) -> None:
    """At least one row in each protected table."""
    from contracts.finding import Verdict
    from hub.store import ClearanceRow, DueRow, LotRow, OutboxRow, QuarantineRow, RecordRow

    desk.send("COA-1", b"one")
    held = (QuarantineRow("D-1", "delivery", "COA-E104"),)
    record = RecordRow("certificate", "northvale/COA-1", {"revision": 1})
    desk.judge("D-1", Verdict.REJECTED, records=(record,), quarantine=held, findings=(finding,))
    desk.send("window-1", b"pat", feed="northvale/pat")
    desk.judge("D-2", rows=10)
    desk.store.intend(desk.lease("northvale/pat"), "northvale/pat")
    with desk.store.transaction() as tx:
        alert = tx.open_alert(
            fingerprint="hub|coa.late|northvale|northvale/coa|LV-1",
            kind="coa.late",
            severity="normal",
            audience="quality",
            partner="northvale",
            subject="LV-1",
            view={},
        )
        tx.outbox(OutboxRow("k", alert.id, "terminal", "quality", {}))
        tx.put_lot(LotRow("LV-1", "northvale", None, "RECEIVED", 0, 9, 0, 4))
        tx.put_clearance(ClearanceRow("NV-BOS/S-1", "PENDING", (), 1, "LV-1"))
        tx.put_due(DueRow("northvale-coa/l1", "LV-1", "northvale/coa", None, "pending"))


@pytest.mark.parametrize("table", [table.name for table in INSERT_ONLY])
def test_an_insert_only_table_refuses_changes_and_deletions(desk: Any, finding: Any, pat: Any, table: str) -> None:
    filled(desk, finding, pat)
    with desk.store.reading() as tx:
        before = tx.connection.execute(text(f"SELECT * FROM {table}")).all()
        column = tx.connection.execute(text(f"SELECT name FROM pragma_table_info('{table}')")).scalar()
    assert before != []
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(LedgerRefused) as refused, desk.store.transaction() as tx:
            tx.connection.execute(text(statement))
        assert table in refused.value.detail
    with desk.store.reading() as tx:
        assert tx.connection.execute(text(f"SELECT * FROM {table}")).all() == before


@pytest.mark.parametrize("table", [table.name for table in FROZEN])
def test_of_a_frozen_table_only_the_state_may_change(desk: Any, finding: Any, pat: Any, table: str) -> None:
    filled(desk, finding, pat)
    frozen = [c.name for c in metadata.tables[table].columns if c.name not in FROZEN[metadata.tables[table]]]
    for column in frozen:
        with pytest.raises(LedgerRefused, match="refused a change"), desk.store.transaction() as tx:
            tx.connection.execute(text(f"UPDATE {table} SET {column} = {column}"))
    with pytest.raises(LedgerRefused), desk.store.transaction() as tx:
        tx.connection.execute(text(f"DELETE FROM {table}"))
    with desk.store.transaction() as tx:
        free = FROZEN[metadata.tables[table]][0]
        assert tx.connection.execute(text(f"UPDATE {table} SET {free} = {free}")).rowcount >= 1


def test_a_second_transaction_of_the_same_thread_is_a_fault_and_not_a_deadlock(store: Store) -> None:
    with store.transaction(), pytest.raises(RuntimeError, match="use its Tx"), store.transaction():
        pass


def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_committed(store: Store) -> None:
    with store.transaction() as writer:
        writer.beat("watch")
        with store.reading() as reader:
            assert reader.last_beat("watch") is None
    with store.reading() as reader:
        assert reader.last_beat("watch") is not None


def test_a_lock_held_by_another_process_is_reported_and_nothing_is_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine.PRAGMAS, "busy_timeout", "50")
    other = Store.open(StoreSettings().under(tmp_path), store.clock)
    foreign = sqlite3.connect(database(tmp_path), isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(LedgerBusy) as busy, other.transaction() as tx:
            tx.beat("watch")
        assert busy.value.action == "retry"
    finally:
        foreign.execute("ROLLBACK")
        foreign.close()
    with other.transaction() as tx:
        tx.beat("watch")
    other.close()


@contextmanager
def small_disk(tmp_path: Path, size: str) -> Iterator[Path]:
    """A file system of `size` of its own; skips where this user may not mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"a small file system can't be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_stops_before_the_acknowledgement_and_goes_on_when_there_is_space(
    tmp_path: Path, clock: Any
) -> None:
    from hub.store import Receipt

    with small_disk(tmp_path, "2m") as home:
        store = Store.open(StoreSettings().under(home), clock)
        lease = store.lease("northvale/coa", "test")
        assert lease is not None
        acknowledged: list[str] = []

        def until_it_is_full() -> None:
            for n in range(1000):
                blob = store.archive.put_sync([os.urandom(60_000)])
                receipt = Receipt("northvale/coa", f"COA-{n}", blob, f"{n}.json", None, "file:///drop")
                acknowledged.extend(one.id for one in store.receive(lease, [receipt], None))

        with pytest.raises(StoreFull) as full:
            until_it_is_full()
        assert full.value.audience == "platform"
        assert list((home / "data/archive/tmp").iterdir()) == []
        assert len(acknowledged) > 5
        rows = store.views.deliveries()
        assert [row.id for row in rows] == acknowledged
        assert all(store.archive.holds(row.sha256) for row in rows)
        subprocess.run(["mount", "-o", "remount,size=8m", str(home)], check=True)
        blob = store.archive.put_sync([b"after"])
        receipt = Receipt("northvale/coa", "COA-after", blob, "after.json", None, "file:///drop")
        assert not store.receive(lease, [receipt], None)[0].duplicate
        store.close()
