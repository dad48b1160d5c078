"""What the hub knew when a delivery came: the `Context` that a contract's clauses are judged in.

The ledger remembers what stood when, so a delivery that is judged again is asked about the same past: only records of
earlier deliveries, clearances and states of lots written before it was received. Two things it cannot say: a registry
file has no past, and nobody records yet which process data a decision relied on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time

from contracts.context import BatchFacts, Cleared, Context, LotFacts
from contracts.records import Certificate, Slot
from hub.intake.history import LedgerHistory, came_before
from hub.intake.traces import LedgerTraces
from hub.registries import Registries
from hub.store import DeliveryRow, RecordRow, Store
from hub.store.bodies import read_record

READY = ("L1_READY", "L2_READY")
"""States of a lot whose Level 1 data is here."""


def context_of(store: Store, delivery: DeliveryRow, registries: Registries) -> Context:
    """Everything beyond the file that was known when the delivery was received."""
    return Context(
        received_at=delivery.received_at,
        now=delivery.received_at,  # not the clock: judged again tomorrow, it must say the same
        history=LedgerHistory(store, delivery),
        registries=registries.ids,
        cleared_lots=_cleared_lots(store, delivery) if delivery.kind == "coa" else None,
        sponsor=LedgerSponsor(store, delivery, registries),
        series=LedgerTraces(store, delivery) if delivery.kind == "pat" else None,
    )


@dataclass(frozen=True)
class LedgerSponsor:
    """The `Sponsor` of one delivery (contracts/context.py): the ledger as it stood, beside the registries."""

    store: Store
    delivery: DeliveryRow
    registries: Registries

    def lot(self, number: str) -> LotFacts | None:
        """What the registry says, and where it is silent what certificates and the derived state of the lot say. Of
        several certificates the earliest expiry counts. Data that is here is no longer due: it was due when it came."""
        listed = self.registries.lots.get(number)
        with self.store.reading() as tx:
            state = tx.lot(number, before=self.delivery.received_at)
            newest = _newest(self._earlier(tx.records_about("certificate", "lot_number", [number])))
        files = [c for c in map(read_record, newest) if isinstance(c, Certificate) and c.lot_number == number]
        if listed is None and state is None and not files:
            return None
        facts = listed or LotFacts(number)
        expires = min((c.expires_at for c in files if c.expires_at is not None), default=None)
        made = max((c.mfg_date for c in files if c.mfg_date is not None), default=None)
        here = state.at if state is not None and state.state in READY else None
        return LotFacts(
            number,
            doses=facts.doses,
            expires_at=facts.expires_at or expires,
            mfg_end=facts.mfg_end or (datetime.combine(made, time(), UTC) if made is not None else None),
            l1_due=here or facts.l1_due,
        )

    def slots_of(self, lot: str) -> Sequence[Slot]:
        """The newest revision of every slot that uses the lot, of any feed, by what came earlier."""
        with self.store.reading() as tx:
            newest = _newest(self._earlier(tx.records_about("slot", "vector_lot", [lot])))
        return [s for s in map(read_record, newest) if isinstance(s, Slot) and s.vector_lot == lot]

    def told(self, site: str, slot_uid: str) -> Mapping[str, Slot]:
        """What each feed last said of a slot."""
        with self.store.reading() as tx:
            rows = self._earlier(tx.records("slot", f"{site}/{slot_uid}", current=False))
        by_feed: dict[str, list[RecordRow]] = {}
        for row in rows:
            by_feed.setdefault(str(row.body.get("source", {}).get("feed")), []).append(row)
        found = {feed: read_record(row) for feed, mine in by_feed.items() for row in _newest(mine)}
        return {feed: slot for feed, slot in found.items() if isinstance(slot, Slot)}

    def clearance(self, site: str, slot_uid: str, at: datetime | None = None) -> Cleared | None:
        """The clearance that stood at that time, never one from after the delivery came, with the revision of the slot
        that it was bound to."""
        key = f"{site}/{slot_uid}"
        with self.store.reading() as tx:
            row = tx.clearance(key, before=self.delivery.received_at, at=at)
            bound = next((r for r in tx.record_history("slot", key) if row and r.version == row.slot_version), None)
        if row is None or row.at is None:
            return None
        return Cleared(slot_uid, row.outcome, row.at, _texts(bound) if bound is not None else {})

    def batch(self, batch_id: str) -> BatchFacts | None:
        return self.registries.batches.get(batch_id)

    def decided_until(self, batch_id: str) -> datetime | None:  # noqa: ARG002  the answer is the same for every batch
        """None: no decision relies on process data yet (check G8 of a clearance is not evaluated)."""
        return None

    def _earlier(self, rows: Iterable[RecordRow]) -> list[RecordRow]:
        return [row for row in rows if came_before(row, self.delivery)]


def _cleared_lots(store: Store, delivery: DeliveryRow) -> frozenset[str]:
    """Lots that any clearance relied on before the delivery came, also one withdrawn since: the run may have begun."""
    with store.reading() as tx:
        return tx.cleared_lots(before=delivery.received_at)


def _newest(rows: Iterable[RecordRow]) -> list[RecordRow]:
    """The newest revision of each record. Old news may come late: the order of arrival says nothing."""
    newest: dict[str, RecordRow] = {}
    for row in rows:
        known = newest.get(row.natural_key)
        if known is None or _revision(row) >= _revision(known):
            newest[row.natural_key] = row
    return list(newest.values())


def _revision(row: RecordRow) -> tuple[int, str]:
    return row.body["revision"], str(row.body.get("published_at") or "")


def _texts(row: RecordRow) -> dict[str, str]:
    """The slot's values as text, by field: what a clearance of this revision is bound to."""
    slot = read_record(row)
    values = {f.name: getattr(slot, f.name) for f in fields(slot)}
    return {name: str(value) for name, value in values.items() if value is not None}
