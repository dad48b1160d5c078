"""Feeds: who sends what how often, where to read on (cursor), how far data has landed (watermark), and the breaker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from connectors.delivery import Cursor
from hub.store.ledger.audit import Audit
from hub.store.ledger.tables import breaker, cursor, feed, heartbeat, partner, watermark
from hub.store.rows import BreakerRow, FeedRow, PartnerRow, Watermark


class Feeds(Audit):
    def partners(self) -> list[PartnerRow]:
        rows = self.connection.execute(select(partner).order_by(partner.c.id))
        return [PartnerRow(r.id, r.name, tuple(r.sites)) for r in rows]

    def feeds(self) -> list[FeedRow]:
        """Every feed that was ever synced, in the order of their ids."""
        return [_feed(row) for row in self.connection.execute(select(feed).order_by(feed.c.id))]

    def feed(self, id: str) -> FeedRow | None:
        row = self.connection.execute(select(feed).where(feed.c.id == id)).one_or_none()
        return _feed(row) if row else None

    def cursor(self, feed: str) -> Cursor | None:
        row = self.connection.execute(select(cursor).where(cursor.c.feed == feed)).one_or_none()
        return Cursor(row.version, row.value) if row else None

    def watermark(self, feed: str) -> Watermark | None:
        row = self.connection.execute(select(watermark).where(watermark.c.feed == feed)).one_or_none()
        return Watermark(**row._mapping) if row else None

    def watermarks(self) -> list[Watermark]:
        rows = self.connection.execute(select(watermark).order_by(watermark.c.feed))
        return [Watermark(**row._mapping) for row in rows]

    def breaker(self, partner: str) -> BreakerRow | None:
        row = self.connection.execute(select(breaker).where(breaker.c.partner == partner)).one_or_none()
        return BreakerRow(**row._mapping) if row else None

    def put_breaker(self, row: BreakerRow) -> None:
        values = {"failures": row.failures, "opened_at": row.opened_at, "cooldown_until": row.cooldown_until}
        insert: Any = self._insert(breaker).values(partner=row.partner, **values)
        self.connection.execute(insert.on_conflict_do_update(index_elements=[breaker.c.partner], set_=values))

    def beat(self, name: str) -> None:
        """Note that `name` (the watch, the dispatcher) did its round now."""
        insert: Any = self._insert(heartbeat).values(name=name, at=self.now)
        self.connection.execute(insert.on_conflict_do_update(index_elements=[heartbeat.c.name], set_={"at": self.now}))

    def last_beat(self, name: str) -> datetime | None:
        return self.connection.execute(select(heartbeat.c.at).where(heartbeat.c.name == name)).scalar()


def sync(tx: Feeds, partners: Sequence[PartnerRow], feeds: Sequence[FeedRow]) -> None:
    """Write what the partner files say, where it differs, and audit each difference. Nothing is removed: what was
    delivered stays explained."""
    known = {row.id: row for row in tx.partners()}
    for row in partners:
        if known.get(row.id) != row:
            values = {"name": row.name, "sites": list(row.sites)}
            insert: Any = tx._insert(partner).values(id=row.id, **values)
            tx.connection.execute(insert.on_conflict_do_update(index_elements=[partner.c.id], set_=values))
            tx.audit("hub", "partner.synced", row.id, values)
    for one in feeds:
        old = tx.feed(one.id)
        told: dict[str, Any] = {
            "connector": one.connector,
            "contract": one.contract,
            "every_s": int(one.every.total_seconds()),
        }
        if old is not None and (old.connector, old.contract, old.every) == (one.connector, one.contract, one.every):
            continue
        insert = tx._insert(feed).values(id=one.id, partner=one.partner, kind=one.kind, since=tx.now, **told)
        tx.connection.execute(insert.on_conflict_do_update(index_elements=[feed.c.id], set_=told))
        tx.audit("hub", "feed.synced", one.id, told)


def move_cursor(tx: Feeds, feed: str, to: Cursor, lease_token: int) -> None:
    values = {"version": to.version, "value": to.value, "lease_token": lease_token, "moved_at": tx.now}
    insert: Any = tx._insert(cursor).values(feed=feed, **values)
    tx.connection.execute(insert.on_conflict_do_update(index_elements=[cursor.c.feed], set_=values))


def raise_watermark(tx: Feeds, feed: str, **instants: datetime | None) -> None:
    """Move the named instants of a feed's watermark forward; back only from a time that our own clock has not reached:
    it was wrong then, and until it comes there everything would count as looked at."""
    old = tx.watermark(feed)
    values = {}
    for name, at in instants.items():
        before = getattr(old, name) if old else None
        ahead = name != "event_time_max" and before is not None and before > tx.now
        if at is not None and (before is None or at > before or ahead):
            values[name] = at
    if values:
        insert: Any = tx._insert(watermark).values(feed=feed, **values)
        tx.connection.execute(insert.on_conflict_do_update(index_elements=[watermark.c.feed], set_=values))


def _feed(row: Row[Any]) -> FeedRow:
    return FeedRow(
        row.id, row.partner, row.kind, row.connector, row.contract, timedelta(seconds=row.every_s), row.since
    )
