"""Release: what the data means for a patient. Lots, clearances and due items, derived from records, append-only, each
with the evidence it was derived from.

Imported by `hub.alerts`, `hub.watch` and `hub.hub`. Decides by pure functions (`lots`, `clearance`, `contracts.due`),
reads and writes through the transaction it is given. It proposes; the one thing it does alone is stop (HOLD, NO_GO).
"""

from __future__ import annotations

from hub.release.clearance import Check, Freshness, SlotFacts, clearance
from hub.release.evaluate import Changes, Touched, evaluate
from hub.release.lots import CertificateOnFile, Concern, LotState, LotStatus, lot_state

__all__ = [
    "CertificateOnFile",
    "Changes",
    "Check",
    "Concern",
    "Freshness",
    "LotState",
    "LotStatus",
    "SlotFacts",
    "Touched",
    "clearance",
    "evaluate",
    "lot_state",
]
