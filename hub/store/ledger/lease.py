"""Lease: the right to write for one name, with a token that only grows. A worker that wakes up late loses.

Every transaction under a lease renews it by name and token; no row means somebody took it over, and the transaction
is rolled back (store.md section 6). The lease is never deleted, so a token never comes twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from hub.store.errors import LeaseLost
from hub.store.ledger.part import Part
from hub.store.ledger.tables import lease as table
from hub.store.rows import Lease

FREE = datetime(1970, 1, 1, tzinfo=UTC)
"""When a lease ends that was given back: before any time that a clock, set back since, may show."""

LONGEST = timedelta(hours=1)
"""No lease is given for longer ahead than this or its own length: one that ends later is of a clock that was wrong."""


class Leases(Part):
    def lease_of(self, name: str) -> Lease | None:
        """Who holds or last held the name."""
        row = self.connection.execute(select(table).where(table.c.name == name)).one_or_none()
        return Lease(row.name, row.holder, row.token, row.expires_at) if row else None


def take(part: Part, name: str, holder: str, ttl: timedelta, instead_of: str | None) -> Lease | None:
    """The lease when it is free or expired, or held by `instead_of`; else None."""
    until = part.now + ttl
    insert: Any = part._insert(table).values(name=name, holder=holder, token=1, expires_at=until)
    free = or_(table.c.expires_at <= part.now, table.c.expires_at > part.now + max(ttl, LONGEST))
    taken = insert.on_conflict_do_update(
        index_elements=[table.c.name],
        set_={"holder": holder, "token": table.c.token + 1, "expires_at": until},
        where=free if instead_of is None else or_(free, table.c.holder == instead_of),
    ).returning(table.c.token)
    token = part.connection.execute(taken).scalar()
    return None if token is None else Lease(name, holder, token, until, ttl)


def renew(part: Part, lease: Lease) -> None:
    """Check and prolong the lease. Raises LeaseLost."""
    mine = (table.c.name == lease.name) & (table.c.token == lease.token)
    done = part.connection.execute(update(table).where(mine).values(expires_at=part.now + lease.ttl))
    if done.rowcount != 1:
        current = part.connection.execute(select(table.c.token).where(table.c.name == lease.name)).scalar()
        raise LeaseLost(lease.name, lease.token, current)


def give_back(part: Part, lease: Lease) -> None:
    """End the lease now, if it is still ours. Its token passes no more: a thread of a pull that was cut off may still
    work, and would take the lease back by prolonging it."""
    mine = (table.c.name == lease.name) & (table.c.token == lease.token)
    part.connection.execute(update(table).where(mine).values(expires_at=FREE, token=table.c.token + 1))
