"""SponsorFacts: the sponsor's side as plain values. The Sponsor that tests, samples and small hubs use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from contracts.context import BatchFacts, Cleared, LotFacts
from contracts.records import Slot


@dataclass(frozen=True)
class SponsorFacts:
    """`slots` maps a feed to the newest revision of each of its slots; `clearances` maps (site, slot) to its
    clearances, oldest first; `decided` a batch to the newest time of process data that a decision relied on."""

    lots: Iterable[LotFacts] = ()
    slots: Mapping[str, Sequence[Slot]] = field(default_factory=dict)
    clearances: Mapping[tuple[str, str], Sequence[Cleared]] = field(default_factory=dict)
    batches: Iterable[BatchFacts] = ()
    decided: Mapping[str, datetime] = field(default_factory=dict)

    def lot(self, number: str) -> LotFacts | None:
        return next((lot for lot in self.lots if lot.number == number), None)

    def slots_of(self, lot: str) -> Sequence[Slot]:
        """The slots of every feed that use this lot."""
        return [slot for slots in self.slots.values() for slot in slots if slot.vector_lot == lot]

    def told(self, site: str, slot_uid: str) -> Mapping[str, Slot]:
        """What each feed says of a slot."""
        return {
            feed: slot
            for feed, slots in self.slots.items()
            for slot in slots
            if (slot.site, slot.slot_uid) == (site, slot_uid)
        }

    def clearance(self, site: str, slot_uid: str, at: datetime | None = None) -> Cleared | None:
        """The clearance that stood at that time, without one the newest."""
        known = [c for c in self.clearances.get((site, slot_uid), ()) if at is None or c.at <= at]
        return known[-1] if known else None

    def batch(self, batch_id: str) -> BatchFacts | None:
        return next((batch for batch in self.batches if batch.batch_id == batch_id), None)

    def decided_until(self, batch_id: str) -> datetime | None:
        """The newest time of process data that a decision about this batch relied on; None: no decision."""
        return self.decided.get(batch_id)
