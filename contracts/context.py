"""Context: what a rule may know beyond the delivery. Time, history and registries are arguments, never looked up.

What is None makes the clauses that need it `needs_hub`: neither passed nor failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def slot(self, slot_uid: str) -> Sequence[Slot]:
        """Every stored revision of a slot, oldest first."""
        ...

    def open_slots(self) -> Sequence[Slot]:
        """The newest revision of each slot that the previous accepted schedule held."""
        ...

    def values(self, characteristic: str) -> Sequence[Decimal]:
        """Accepted numeric results of this test in earlier lots, oldest first."""
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
            case _:
                return False
