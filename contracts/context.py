"""Context: what a rule may know beyond the delivery. Time, history and registries are arguments, never looked up.

What is None makes the clauses that need it `needs_hub`: neither passed nor failed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from contracts.records import Certificate, Slot


class History(Protocol):
    """Earlier accepted deliveries of the same feed, as the rules need them. The hub reads its ledger for it."""

    def certificate(self, certificate_no: str) -> Sequence[Certificate]:
        """Every stored revision of a certificate, oldest first."""
        ...

    def replacing(self, certificate_no: str) -> Sequence[Certificate]:
        """Stored certificates of another number that say they replace this one, oldest first."""
        ...

    def slot(self, slot_uid: str) -> Sequence[Slot]:
        """Every stored revision of a slot, oldest first."""
        ...

    def open_slots(self) -> Sequence[Slot]:
        """The newest revision of each slot that the previous accepted schedule held."""
        ...

    def values(self, characteristic: str) -> Sequence[Decimal]:
        """Accepted numeric results of this test in earlier lots, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Reference:
    """What a tag did in the first accepted hour of a phase: how many points, their mean, their standard deviation."""

    points: int
    mean: float
    sigma: float


class SeriesHistory(Protocol):
    """What earlier accepted series of the feed left behind (`contracts.series.trace`), asked for as a rule needs it."""

    def seen(self, tag: str, prints: Collection[int], batch: str) -> Mapping[str, int]:
        """Batch, other than this one -> how many of these prints of the tag an earlier delivery of it left."""
        ...

    def reference(self, batch: str | None, phase: str | None, tag: str) -> Reference | None:
        """The first accepted hour of this batch in this phase; None: nothing was accepted yet."""
        ...


@dataclass(frozen=True, slots=True)
class LotFacts:
    """What the sponsor knows of a lot; None is "nobody said". `doses` is what it may serve, `expires_at` when it ends,
    `mfg_end` when it was made, `l1_due` when its Level 1 data is promised."""

    number: str
    doses: Decimal | None = None
    expires_at: datetime | None = None
    mfg_end: datetime | None = None
    l1_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cleared:
    """A clearance of a slot: how it ended, when, and the values it was bound to (`vector_lot`, `coi`)."""

    slot_uid: str
    outcome: str  # GO, GO_PROVISIONAL, NO_GO, PENDING
    at: datetime
    bound: Mapping[str, str] = field(default_factory=dict)

    @property
    def goes(self) -> bool:
        """Whether a run may start on it."""
        return self.outcome in ("GO", "GO_PROVISIONAL")


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What the sponsor knows of a batch: the unit it runs on, when, and the phases of its recipe."""

    batch_id: str
    unit: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    phases: tuple[str, ...] = ()


class Sponsor(Protocol):
    """What the sponsor's side knows and no file can say: lots, slots of other feeds, clearances, batches, decisions."""

    def lot(self, number: str) -> LotFacts | None: ...

    def slots_of(self, lot: str) -> Sequence[Slot]:
        """The newest accepted revision of every slot, of any feed, that uses this lot."""
        ...

    def told(self, site: str, slot_uid: str) -> Mapping[str, Slot]:
        """What each feed last said of a slot, by feed (`northvale/schedule`)."""
        ...

    def clearance(self, site: str, slot_uid: str, at: datetime | None = None) -> Cleared | None:
        """The clearance of a slot that stood at that time; without a time the newest one that is known."""
        ...

    def batch(self, batch_id: str) -> BatchFacts | None: ...

    def decided_until(self, batch_id: str) -> datetime | None:
        """The newest time of process data that a decision about this batch relied on; None: no decision."""
        ...


@dataclass(frozen=True)
class Context:
    """What beyond the file is known. By hand it is `Context()`: every clause beyond the file needs the hub.

    `received_at` (aware UTC) is when the delivery arrived; `registries` maps a registry name (lots, batches, sites ...)
    to the ids it holds.
    """

    received_at: datetime | None = None
    now: datetime | None = None
    history: History | None = None
    registries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cleared_lots: frozenset[str] | None = None
    """Lots that a clearance relies on; None: nobody said, and no amendment is held against a clearance."""
    sponsor: Sponsor | None = None
    series: SeriesHistory | None = None
    """Earlier accepted series; None: nobody kept them, and what compares with them needs the hub."""

    def knows(self, need: str) -> bool:
        """Whether a clause that needs `need` can be judged."""
        match need:
            case "file":
                return True
            case "history":
                return self.history is not None
            case "clock":
                return self.now is not None
            case "registry":
                return bool(self.registries)
            case "schedule" | "hub":
                return self.sponsor is not None
            case _:
                return False
