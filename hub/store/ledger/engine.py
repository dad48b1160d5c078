"""The ledger's engine: settings that durability depends on, one writer at a time, and errors of our own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.store.errors import (
    LedgerBusy,
    LedgerRefused,
    LedgerUnsafe,
    LedgerVersion,
    StoreError,
    StoreFault,
    StoreFull,
    StoreUnreachable,
)

HEAD = "0002"
"""The newest table version; a test holds it against the migrations. Known here so that alembic (200 ms to import) is
only loaded when tables must change."""

BUSY_MS = 30_000
PRAGMAS = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": str(BUSY_MS)}
"""As SQLite reads them back; synchronous 2 is FULL: in WAL, NORMAL (1) loses the last commits in a power cut."""


class Ledger:
    """An open ledger. `writing` and `reading` are its transactions; both map every database error to a StoreError."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = threading.Lock()
        self._writing_thread: int | None = None

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Connect, assert the settings, bring the tables up to date. Raises LedgerUnsafe, LedgerVersion, StoreFault."""
        where = make_url(url)
        if where.get_backend_name() == "sqlite" and where.database not in (None, "", ":memory:"):
            try:
                Path(str(where.database)).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnreachable("ledger", str(error)) from error
        # Without values in the texts of its errors: they end in logs, and a report holds what a partner wrote.
        engine = create_engine(where, hide_parameters=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_pragmas)
            event.listen(engine, "begin", _begin)
        ledger = cls(engine)
        ledger._upgrade()
        return ledger

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that may write. Commits at the end, rolls back on any exception.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE): a lock taken later, after a read, could be refused
        in the middle of the work. Transactions of one process queue here, those of others at the busy timeout.
        """
        me = threading.get_ident()
        if self._writing_thread == me:
            raise RuntimeError("a transaction of this thread is open; use its Tx instead of opening another")
        with self._writer:
            self._writing_thread = me
            try:
                with (
                    self._mapped(),
                    self.engine.connect().execution_options(jid_write=True) as connection,
                    connection.begin(),
                ):
                    yield connection
            finally:
                self._writing_thread = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; what is written in it would be rolled back. Never waits for a writer on SQLite."""
        with self._mapped(), self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout as error:
            raise LedgerBusy(str(error)) from error
        except DBAPIError as error:
            mapped = _own_error(error)
            if isinstance(mapped, StoreFault):
                # After a failed write or fsync the pages in memory are not to be trusted: connect anew next time.
                self.engine.dispose()
            raise mapped from error

    def _upgrade(self) -> None:
        with self._mapped(), self.engine.connect() as connection:
            found = None
            if inspect(connection).has_table("alembic_version"):
                found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            raise LedgerVersion(found, HEAD)
        from hub.store.ledger.migrations import upgrade

        with self.writing() as connection:
            upgrade(connection)


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE
    for name, wanted in PRAGMAS.items():
        connection.execute(f"PRAGMA {name}={wanted}")
    for name, wanted in PRAGMAS.items():
        got = str(connection.execute(f"PRAGMA {name}").fetchone()[0]).lower()
        if got != wanted:
            raise LedgerUnsafe(name, wanted, got)


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("jid_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _own_error(error: DBAPIError) -> StoreError:
    detail = str(error.orig)
    if isinstance(error, IntegrityError):
        return LedgerRefused(detail)
    if isinstance(error, OperationalError):
        if "disk is full" in detail:
            return StoreFull("ledger", detail)
        if "locked" in detail or "busy" in detail:
            return LedgerBusy(detail)
        if "unable to open" in detail or "readonly" in detail:
            return StoreUnreachable("ledger", detail)
        return StoreFault("ledger", detail)
    if "malformed" in detail or "not a database" in detail:
        return StoreFault("ledger", detail)
    return LedgerRefused(detail)
