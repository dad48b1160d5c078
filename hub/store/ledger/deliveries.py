"""Deliveries: what came, exactly once. A delivery is (feed, source key, sha256); see store.md section 3."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from hub.store.errors import NotFound
from hub.store.ledger.feeds import Feeds
from hub.store.ledger.part import number
from hub.store.ledger.tables import blob, delivery, report
from hub.store.rows import DeliveryRow, Receipt, Received


class Deliveries(Feeds):
    def delivery(self, id: str) -> DeliveryRow | None:
        try:
            n = number(id, "D", "delivery")
        except NotFound:
            return None
        row = self.connection.execute(_deliveries().where(delivery.c.id == n)).one_or_none()
        return _row(row) if row else None

    def deliveries(
        self,
        *,
        feed: str | None = None,
        partner: str | None = None,
        kind: str | None = None,
        source_key: str | None = None,
        state: str | None = None,
        verdicts: Sequence[str] | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[DeliveryRow]:
        """Deliveries in the order they were received; with `limit`, the newest that many. `since`: received then."""
        query = _narrowed(_deliveries(), feed, partner).order_by(delivery.c.id.desc())
        if kind is not None:
            query = query.where(delivery.c.feed.endswith(f"/{kind}", autoescape=True))
        if source_key is not None:
            query = query.where(delivery.c.source_key == source_key)
        if state is not None:
            query = query.where(delivery.c.state == state)
        if verdicts is not None:
            query = query.where(report.c.verdict.in_(verdicts))
        if since is not None:
            query = query.where(delivery.c.received_at >= since)
        if limit is not None:
            query = query.limit(limit)
        return [_row(row) for row in reversed(self.connection.execute(query).all())]

    def count_deliveries(self, *, feed: str | None = None, partner: str | None = None) -> dict[str | None, int]:
        """How many deliveries have which verdict by their newest report; None: not judged yet."""
        narrowed = _narrowed(_deliveries(), feed, partner).with_only_columns(report.c.verdict, func.count())
        rows = self.connection.execute(narrowed.group_by(report.c.verdict)).all()
        return {row[0]: row[1] for row in rows}


def place(tx: Deliveries, receipt: Receipt) -> Received:
    """Find a receipt's place among what is stored, and store it when it is new.

    Same key and bytes: duplicate. Same key, bytes of an earlier revision: reverted; a revert and an old message sent
    again look alike, so nothing lands and a person is asked. Same key, new bytes: the next revision. Other key, same
    bytes: kept and marked.
    """
    sha256 = receipt.blob.sha256
    same_key = (delivery.c.feed == receipt.feed) & (delivery.c.source_key == receipt.source_key)
    revisions = tx.connection.execute(
        select(delivery.c.id, delivery.c.revision, delivery.c.sha256).where(same_key).order_by(delivery.c.revision)
    ).all()
    for known in revisions:
        if known.sha256 == sha256:
            reverted = known.revision != revisions[-1].revision
            return Received(f"D-{known.id}", True, known.revision, reverted=reverted)

    revision = revisions[-1].revision + 1 if revisions else 1
    twin = tx.connection.execute(
        select(func.min(delivery.c.id)).where(delivery.c.feed == receipt.feed, delivery.c.sha256 == sha256)
    ).scalar()
    stored: Any = tx._insert(blob).values(sha256=sha256, size=receipt.blob.size, stored_at=tx.now)
    tx.connection.execute(stored.on_conflict_do_nothing(index_elements=[blob.c.sha256]))
    n = tx.connection.execute(
        delivery.insert()
        .values(
            feed=receipt.feed,
            source_key=receipt.source_key,
            sha256=sha256,
            revision=revision,
            file=receipt.file,
            format=receipt.format,
            origin={"uri": receipt.origin_uri, "peer": receipt.origin_peer, "headers": dict(receipt.origin_headers)},
            window_from=receipt.window_from,
            window_to=receipt.window_to,
            received_at=tx.now,
            source_time=receipt.source_time,
            source_offset=receipt.source_time.strftime("%z") if receipt.source_time else None,
            clock_offset_ms=receipt.clock_offset_ms,
            same_bytes_as=twin,
            trace_id=receipt.trace_id,
            state="received",
        )
        .returning(delivery.c.id)
    ).scalar_one()
    tx.audit(
        "hub",
        "delivery.received",
        f"D-{n}",
        {"feed": receipt.feed, "source_key": receipt.source_key, "sha256": sha256, "revision": revision},
    )
    twin_id = None if twin is None else f"D-{twin}"
    return Received(f"D-{n}", False, revision, changed=revision > 1, same_bytes_as=twin_id)


def _deliveries() -> Select[Any]:
    newest = select(func.max(report.c.id)).where(report.c.delivery == delivery.c.id).correlate(delivery)
    return (
        select(
            delivery,
            blob.c.size,
            report.c.verdict,
            report.c.contract,
            report.c.version,
            report.c.errors,
            report.c.warnings,
            report.c.rows,
            report.c.bad_rows,
        )
        .join(blob, blob.c.sha256 == delivery.c.sha256)
        .outerjoin(report, report.c.id == newest.scalar_subquery())
    )


def _narrowed(query: Select[Any], feed: str | None, partner: str | None) -> Select[Any]:
    if feed is not None:
        query = query.where(delivery.c.feed == feed)
    if partner is not None:
        query = query.where(delivery.c.feed.startswith(f"{partner}/", autoescape=True))
    return query


def _row(row: Row[Any]) -> DeliveryRow:
    partner, _, kind = row.feed.rpartition("/")
    return DeliveryRow(
        id=f"D-{row.id}",
        feed=row.feed,
        partner=partner,
        kind=kind,
        source_key=row.source_key,
        sha256=row.sha256,
        size=row.size,
        file=row.file,
        format=row.format,
        revision=row.revision,
        received_at=row.received_at,
        state=row.state,
        origin_uri=row.origin["uri"],
        source_time=row.source_time,
        window_from=row.window_from,
        window_to=row.window_to,
        verdict=row.verdict,
        contract=f"{row.contract}@{row.version}" if row.contract else None,
        errors=row.errors or 0,
        warnings=row.warnings or 0,
        rows=row.rows,
        trace_id=row.trace_id,
        bad_rows=row.bad_rows or 0,
        same_bytes_as=None if row.same_bytes_as is None else f"D-{row.same_bytes_as}",
    )
