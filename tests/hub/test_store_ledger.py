"""Promise: the ledger runs on settings that survive a power cut, and what was stored is never changed or deleted."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select, text

from hub.clock import FakeClock
from hub.settings import StoreSettings
from hub.store import (
    LedgerBusy,
    LedgerRefused,
    LedgerUnsafe,
    LedgerVersion,
    Receipt,
    Store,
    StoreFault,
    StoreFull,
    StoreUnreachable,
)
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
    with pytest.raises(LedgerVersion, match="table version 9999, this hub knows 0002"):
        Store.open(StoreSettings().under(tmp_path))


def test_a_ledger_of_an_older_hub_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "data").mkdir()
    old = create_engine(f"sqlite:///{database(tmp_path)}")
    with old.begin() as connection:
        command.upgrade(configuration(connection), "0001")
        connection.execute(text("INSERT INTO partner (id, name, sites) VALUES ('northvale', 'Northvale', '[]')"))
    old.dispose()
    store = Store.open(StoreSettings().under(tmp_path), clock)
    with store.reading() as tx:
        assert [one.id for one in tx.partners()] == ["northvale"]
        assert tx.connection.execute(select(metadata.tables["series_trace"])).all() == []
        assert tx.connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == engine.HEAD
    store.close()


def filled(desk: Any, finding: Any) -> None:
    """At least one row in each protected table."""
    from contracts.finding import Verdict
    from hub.store import ClearanceRow, DueRow, LotRow, OutboxRow, QuarantineRow, RecordRow, TraceRow

    desk.send("COA-1", b"one")
    held = (QuarantineRow("D-1", "delivery", "COA-E104"),)
    record = RecordRow("certificate", "northvale/COA-1", {"revision": 1})
    desk.judge("D-1", Verdict.REJECTED, records=(record,), quarantine=held, findings=(finding,))
    desk.send("window-1", b"pat", feed="northvale/pat")
    desk.judge("D-2", rows=10, traces=(TraceRow("B-1", "trace/1", [], []),))
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


def test_insert_only_tables_refuse_changes_and_deletions(desk: Any, finding: Any) -> None:
    filled(desk, finding)
    for table in INSERT_ONLY:
        with desk.store.reading() as tx:
            before = tx.connection.execute(select(table)).all()
        assert before != [], f"{table.name} holds nothing that could be protected"
        column = table.columns[0].name
        for statement in (f"UPDATE {table.name} SET {column} = {column}", f"DELETE FROM {table.name}"):
            with pytest.raises(LedgerRefused) as refused, desk.store.transaction() as tx:
                tx.connection.execute(text(statement))
            assert table.name in refused.value.detail
        with desk.store.reading() as tx:
            assert tx.connection.execute(select(table)).all() == before


def test_of_a_frozen_table_only_the_state_may_change(desk: Any, finding: Any) -> None:
    filled(desk, finding)
    for table, free in FROZEN.items():
        for column in [c.name for c in table.columns]:
            statement = text(f"UPDATE {table.name} SET {column} = {column}")
            if column in free:
                with desk.store.transaction() as tx:
                    assert tx.connection.execute(statement).rowcount >= 1
            else:
                with pytest.raises(LedgerRefused, match="refused a change"), desk.store.transaction() as tx:
                    tx.connection.execute(statement)
        with pytest.raises(LedgerRefused), desk.store.transaction() as tx:
            tx.connection.execute(text(f"DELETE FROM {table.name}"))


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


@pytest.mark.parametrize("small", ["archive", "ledger"])
def test_a_full_disk_stops_before_the_acknowledgement_and_goes_on_when_there_is_space(
    tmp_path: Path, clock: FakeClock, small_disk: Callable[[str], Path], small: str
) -> None:
    disk = small_disk("1m")
    folders = {"archive": tmp_path / "archive", "ledger": tmp_path} | {small: disk}
    settings = StoreSettings(
        ledger=f"sqlite:///{folders['ledger']}/ledger.db", archive=folders["archive"], lake=tmp_path / "lake"
    )
    store = Store.open(settings, clock)
    lease = store.lease("northvale/coa", "test")
    assert lease is not None
    acknowledged: list[str] = []

    def send(key: str) -> None:
        blob = store.archive.put_sync([os.urandom(50_000)])
        receipt = Receipt("northvale/coa", key, blob, f"{key}.json", None, "file:///drop")
        acknowledged.extend(one.id for one in store.receive(lease, [receipt], None))

    def until_it_is_full() -> None:
        for n in range(1000):
            send(f"COA-{n}")

    with pytest.raises(StoreFull, match=f"no space left for the {small}") as full:
        until_it_is_full()
    assert full.value.audience == "platform"
    assert list((folders["archive"] / "tmp").iterdir()) == []
    rows = store.views.deliveries()
    assert [row.id for row in rows] == acknowledged
    assert acknowledged != []
    assert all(store.archive.holds(row.sha256) for row in rows)

    small_disk("4m")
    send("COA-after")
    assert [row.id for row in store.views.deliveries()] == acknowledged
    store.close()


def test_a_ledger_that_can_not_be_opened_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StoreUnreachable, match=r"check its path in hub.toml"):
        Store.open(StoreSettings().under(tmp_path))
    with pytest.raises(StoreUnreachable, match="the ledger can't be opened"):
        engine.Ledger.open(f"sqlite:///{tmp_path}/data/ledger.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreUnreachable, match="the ledger can't be opened"):
        engine.Ledger.open(f"sqlite:///{tmp_path}/folder.db")


def test_a_file_that_is_no_database_is_a_fault_and_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"certificate of analysis" * 100)
    with pytest.raises(StoreFault) as fault:
        engine.Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    assert "not a database" in fault.value.detail
    assert (tmp_path / "ledger.db").read_bytes() == b"certificate of analysis" * 100
