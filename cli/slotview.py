"""Slots joined with their clearance and the time left: what several commands show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cli.output import left

if TYPE_CHECKING:
    from hub.hub import Hub

WORST_FIRST = ("NO_GO", "PENDING", "GO_PROVISIONAL", "GO")


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One slot: `slot` is `<site>/<slot_uid>`, `left` the time to its planned start in words."""

    slot: str
    partner: str
    status: str
    lot: str | None
    planned_start: datetime
    left: str
    clearance: str
    why: str


def slot_lines(hub: Hub) -> list[SlotLine]:
    """Every current slot by planned start. `why` is the first reason of the check that decides."""
    from contracts.records import Slot
    from hub.store.bodies import read_record

    now = hub.clock.now()
    with hub.store.reading() as tx:
        rows = tx.records("slot")
        cleared = {c.slot: c for c in tx.clearances()}
    lines = []
    for row in rows:
        slot = read_record(row)
        assert isinstance(slot, Slot)
        clearance = cleared.get(row.natural_key)
        reason = ""
        if clearance is not None:
            deciding = [c for c in clearance.checks if c["result"] == clearance.outcome]
            reason = str(deciding[0]["reason"]) if deciding else ""
        lines.append(
            SlotLine(
                slot=row.natural_key,
                partner=str(row.body.get("source", {}).get("partner", "")),
                status=slot.status,
                lot=slot.vector_lot,
                planned_start=slot.planned_start,
                left="started" if slot.actual_start else left(slot.planned_start - now),
                clearance=clearance.outcome if clearance else "not evaluated",
                why=reason,
            )
        )
    return sorted(lines, key=lambda line: (line.planned_start, line.slot))
