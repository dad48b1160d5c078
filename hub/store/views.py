"""Views: what the command line and the portal read. Each call is one consistent look at the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from contracts.finding import Report, Verdict
from hub.store.errors import NotFound
from hub.store.rows import (
    AlertEventRow,
    AlertRow,
    AuditRow,
    ClearanceRow,
    DeliveryRow,
    DueRow,
    FeedRow,
    LotRow,
    OutboxRow,
    PartnerRow,
    QuarantineRow,
    RecordRow,
    Watermark,
)
from hub.store.tx import Tx


@dataclass(frozen=True)
class DeliveryView:
    """One delivery with everything that is known of it."""

    row: DeliveryRow
    report: Report | None
    quarantine: tuple[QuarantineRow, ...]
    records: tuple[RecordRow, ...]
    history: tuple[AuditRow, ...]


@dataclass(frozen=True, slots=True)
class FeedView:
    """A feed and how fresh it is. `rows` counts PAT rows in the lake."""

    feed: FeedRow
    watermark: Watermark | None
    deliveries: int
    waiting: int  # received, not judged
    rows: int


@dataclass(frozen=True, slots=True)
class AlertView:
    alert: AlertRow
    events: tuple[AlertEventRow, ...]
    messages: tuple[OutboxRow, ...]


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot's current record with its newest clearance."""

    slot: RecordRow
    clearance: ClearanceRow | None


@dataclass(frozen=True, slots=True)
class PartnerView:
    """A partner's deliveries by verdict (`received` counts those without one), its PAT rows, its active alerts."""

    partner: PartnerRow
    deliveries: int
    accepted: int
    accepted_with_warnings: int
    rejected: int
    duplicate: int  # another file with content that was there: verdict duplicate
    received: int
    rows: int
    quarantined: int
    alerts: int


class Views:
    """Reads through `reading`, a context manager that gives a Tx that writes nothing."""

    def __init__(self, reading: Callable[[], AbstractContextManager[Tx]]) -> None:
        self._reading = reading

    def deliveries(
        self,
        *,
        partner: str | None = None,
        kind: str | None = None,
        verdicts: Sequence[str] | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[DeliveryRow]:
        """In the order received; with `limit`, the newest that many."""
        with self._reading() as tx:
            return tx.deliveries(partner=partner, kind=kind, verdicts=verdicts, since=since, limit=limit)

    def delivery(self, id: str) -> DeliveryView:
        """Raises NotFound."""
        with self._reading() as tx:
            row = tx.delivery(id)
            if row is None:
                raise NotFound("delivery", id)
            records = [r for kind in ("certificate", "slot") for r in tx.records(kind, current=False, delivery_id=id)]
            held = tx.quarantined(id)
            return DeliveryView(row, tx.report(id), tuple(held), tuple(records), tuple(tx.audited(id)))

    def quarantine(self, *, states: Sequence[str] | None = ("open",)) -> list[QuarantineRow]:
        with self._reading() as tx:
            return tx.quarantined(states=states)

    def feeds(self) -> list[FeedView]:
        with self._reading() as tx:
            return [_feed_view(tx, feed) for feed in tx.feeds()]

    def partners(self) -> list[PartnerView]:
        with self._reading() as tx:
            return [_partner_view(tx, partner) for partner in tx.partners()]

    def alerts(
        self, states: Sequence[str] | None = ("open", "acknowledged"), *, partner: str | None = None
    ) -> list[AlertRow]:
        with self._reading() as tx:
            return tx.alerts(states, partner=partner)

    def alert(self, id: str) -> AlertView:
        """Raises NotFound."""
        with self._reading() as tx:
            row = tx.alert(id)
            if row is None:
                raise NotFound("alert", id)
            return AlertView(row, tuple(tx.alert_events(id)), tuple(tx.messages(alert_id=id)))

    def outbox(self, *, statuses: Sequence[str] | None = None, limit: int | None = None) -> list[OutboxRow]:
        with self._reading() as tx:
            return tx.messages(statuses=statuses, limit=limit)

    def lots(self, *, partner: str | None = None) -> list[LotRow]:
        with self._reading() as tx:
            return tx.lots(partner=partner)

    def slots(self) -> list[SlotView]:
        """Every slot's current record, by planned start as its record says it."""
        with self._reading() as tx:
            clearances = {row.slot: row for row in tx.clearances()}
            rows = sorted(tx.records("slot"), key=lambda r: (str(r.body.get("planned_start")), r.natural_key))
            return [SlotView(row, clearances.get(row.natural_key)) for row in rows]

    def dues(self) -> list[DueRow]:
        with self._reading() as tx:
            return tx.dues()


def _feed_view(tx: Tx, feed: FeedRow) -> FeedView:
    counts = tx.count_deliveries(feed=feed.id)
    rows = tx.published_rows(feed.id) if feed.kind == "pat" else 0
    return FeedView(feed, tx.watermark(feed.id), sum(counts.values()), counts.get(None, 0), rows)


def _partner_view(tx: Tx, partner: PartnerRow) -> PartnerView:
    counts = tx.count_deliveries(partner=partner.id)
    return PartnerView(
        partner=partner,
        deliveries=sum(counts.values()),
        accepted=counts.get(Verdict.ACCEPTED, 0),
        accepted_with_warnings=counts.get(Verdict.ACCEPTED_WITH_WARNINGS, 0),
        rejected=counts.get(Verdict.REJECTED, 0),
        duplicate=counts.get(Verdict.DUPLICATE, 0),
        received=counts.get(None, 0),
        rows=tx.published_rows(f"{partner.id}/pat"),
        quarantined=tx.count_quarantined(partner.id),
        alerts=len(tx.alerts(("open", "acknowledged"), partner=partner.id)),
    )
