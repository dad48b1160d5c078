"""Publishes: the bridge between ledger and lake. A publish is promised with its members before the lake is touched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, update

from hub.store.errors import LedgerRefused, NotFound
from hub.store.ledger.feeds import raise_watermark
from hub.store.ledger.judgements import LANDED, Judgements
from hub.store.ledger.tables import delivery, publish, publish_member, report
from hub.store.rows import PublishRow


class Publishes(Judgements):
    def publish_intents(self, feed: str | None = None) -> list[PublishRow]:
        """Promised publishes that are not marked published; at most one a feed."""
        query = select(publish).where(publish.c.state == "intent").order_by(publish.c.feed, publish.c.seq)
        if feed is not None:
            query = query.where(publish.c.feed == feed)
        return [self._publish(row) for row in self.connection.execute(query).all()]

    def publishes(self, feed: str) -> list[PublishRow]:
        """Every publish of a feed in seq order."""
        rows = self.connection.execute(select(publish).where(publish.c.feed == feed).order_by(publish.c.seq)).all()
        return [self._publish(row) for row in rows]

    def published_rows(self, feed: str) -> int:
        """Rows that this feed has in the lake, as its publishes counted them."""
        rows = select(func.coalesce(func.sum(publish.c.rows), 0)).where(
            publish.c.feed == feed, publish.c.state == "published"
        )
        return int(self.connection.execute(rows).scalar_one())

    def unpublished_feeds(self) -> list[str]:
        """PAT feeds with an accepted delivery whose newest report no publish has as member."""
        waiting = _waiting().with_only_columns(delivery.c.feed).distinct().order_by(delivery.c.feed)
        return list(self.connection.execute(waiting).scalars())

    def _publish(self, row: Row[Any]) -> PublishRow:
        members = self.connection.execute(
            select(report.c.delivery)
            .join(publish_member, publish_member.c.report == report.c.id)
            .where(publish_member.c.feed == row.feed, publish_member.c.seq == row.seq)
            .order_by(publish_member.c.n)
        ).scalars()
        files = tuple((path, size, sha256) for path, size, sha256 in row.files)
        return PublishRow(row.feed, row.seq, row.state, tuple(f"D-{n}" for n in members), row.version, row.rows, files)


def intend(tx: Publishes, feed: str, limit_rows: int) -> PublishRow | None:
    """The feed's unfinished publish, else a new one over what waits, in receive order, up to about `limit_rows` rows.

    At least one delivery goes in, however long. None: nothing waits.
    """
    unfinished = tx.publish_intents(feed)
    if unfinished:
        return unfinished[0]
    members: list[tuple[int, int]] = []
    total = 0
    for row in tx.connection.execute(_waiting().where(delivery.c.feed == feed).order_by(delivery.c.id)):
        rows = row.rows or 0
        if members and total + rows > limit_rows:
            break
        members.append((row.delivery, row.report))
        total += rows
    if not members:
        return None
    last = tx.connection.execute(select(func.max(publish.c.seq)).where(publish.c.feed == feed)).scalar()
    seq = (last or 0) + 1
    tx.connection.execute(publish.insert().values(feed=feed, seq=seq, state="intent", at=tx.now, files=[], engines={}))
    tx.connection.execute(
        publish_member.insert(),
        [{"feed": feed, "seq": seq, "n": n, "report": report_id} for n, (_, report_id) in enumerate(members, start=1)],
    )
    deliveries = tuple(f"D-{n}" for n, _ in members)
    tx.audit("hub", "publish.intended", f"{feed}#{seq}", {"members": deliveries})
    return PublishRow(feed, seq, "intent", deliveries)


def put_published(
    tx: Publishes,
    done: PublishRow,
    version: int,
    rows: int,
    files: tuple[tuple[str, int, str], ...],
    event_time_max: datetime | None,
    engines: Mapping[str, str],
) -> bool:
    """Mark a promised publish as durable in the lake. False: it was marked before. Raises NotFound, LedgerRefused."""
    this = (publish.c.feed == done.feed) & (publish.c.seq == done.seq)
    before = tx.connection.execute(select(publish.c.state, publish.c.version).where(this)).one_or_none()
    if before is None:
        raise NotFound("publish", f"{done.feed}#{done.seq}")
    if before.state == "published":
        if before.version != version:
            raise LedgerRefused(f"publish {done.feed}#{done.seq} is in the lake at {before.version}, not at {version}")
        return False
    tx.connection.execute(
        update(publish)
        .where(this)
        .values(
            state="published",
            published_at=tx.now,
            version=version,
            rows=rows,
            files=[list(file) for file in files],
            engines=dict(engines),
        )
    )
    raise_watermark(tx, done.feed, event_time_max=event_time_max)
    tx.audit(
        "hub",
        "publish.published",
        f"{done.feed}#{done.seq}",
        {"version": version, "rows": rows, "files": [list(file) for file in files], "engines": dict(engines)},
    )
    return True


def _waiting() -> Select[Any]:
    """(delivery, report, rows) of accepted PAT deliveries whose newest report is no member of a publish.

    A replayed delivery has a new report and waits again: its rows that are in the lake already are dropped on the way.
    """
    newest = select(func.max(report.c.id)).where(report.c.delivery == delivery.c.id).correlate(delivery)
    return (
        select(delivery.c.id.label("delivery"), report.c.id.label("report"), report.c.rows)
        .join(report, report.c.id == newest.scalar_subquery())
        .outerjoin(publish_member, publish_member.c.report == report.c.id)
        .where(
            delivery.c.feed.endswith("/pat"),
            delivery.c.state == "judged",
            report.c.verdict.in_(LANDED),
            publish_member.c.report.is_(None),
        )
    )
