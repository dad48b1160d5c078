"""What the ledger knew before a delivery: the `History` that contract rules ask (contracts/context.py).

Only records of deliveries received earlier count, so that judging a delivery again asks the same past again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import chain

from contracts.history import RecordHistory
from contracts.records import Certificate, Record, Slot
from hub.store import DeliveryRow, RecordRow, Store
from hub.store.bodies import read_record

LEFT = frozenset({"completed", "cancelled", "aborted"})
"""Slot statuses that no later schedule need repeat."""


@dataclass(frozen=True)
class LedgerHistory:
    """The past of one delivery's feed. Reads the ledger when a rule asks and not before."""

    store: Store
    delivery: DeliveryRow

    def certificate(self, certificate_no: str) -> Sequence[Certificate]:
        """Every revision of the certificate that came earlier, oldest first."""
        rows = self._earlier("certificate", f"{self.delivery.partner}/{certificate_no}")
        return [r for r in map(read_record, rows) if isinstance(r, Certificate)]

    def replacing(self, certificate_no: str) -> Sequence[Certificate]:
        """Certificates of another number that came earlier and say they replace this one, oldest first."""
        return list(self._certificates.replacing(certificate_no))

    def slot(self, slot_uid: str) -> Sequence[Slot]:
        """Every revision of the slot that came earlier, oldest first."""
        return self._slots.get(slot_uid, ())

    def open_slots(self) -> Sequence[Slot]:
        """The newest revision of each slot that earlier schedules of the feed held and that has not ended."""
        newest: dict[tuple[str, str], Slot] = {}
        for slot in chain.from_iterable(self._slots.values()):
            known = newest.setdefault((slot.site, slot.slot_uid), slot)
            if (slot.revision, slot.published_at) >= (known.revision, known.published_at):
                newest[slot.site, slot.slot_uid] = slot
        return [s for s in newest.values() if s.status not in LEFT]

    def values(self, characteristic: str) -> Sequence[Decimal]:
        """Numeric results of this test in earlier certificates, oldest first; a bound (`<0.5`) is no value."""
        return self._certificates.values(characteristic)

    @cached_property
    def _slots(self) -> Mapping[str, Sequence[Slot]]:
        """The revisions of each slot in the order in which they came: an old one may come late."""
        found: dict[str, list[Slot]] = {}
        for record in self._records("slot"):
            if isinstance(record, Slot):
                found.setdefault(record.slot_uid, []).append(record)
        return found

    @cached_property
    def _certificates(self) -> RecordHistory:
        return RecordHistory(self._records("certificate"))

    def _records(self, kind: str) -> list[Record]:
        return [read_record(row) for row in self._earlier(kind, None)]

    def _earlier(self, kind: str, natural_key: str | None) -> list[RecordRow]:
        with self.store.reading() as tx:
            rows = tx.records(kind, natural_key, current=False, feed=self.delivery.feed)
        return [row for row in rows if came_before(row, self.delivery)]


def came_before(row: RecordRow, delivery: DeliveryRow) -> bool:
    """Whether the record came with an earlier delivery than this one."""
    return _order(row.delivery_id) < _order(delivery.id)


def _order(delivery_id: str) -> int:
    """Delivery ids grow in the order of receipt: `D-12` is 12."""
    return int(delivery_id.partition("-")[2])
