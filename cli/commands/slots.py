"""`jid slots`: patient slots and whether a run may start."""

from __future__ import annotations

from cli.exits import Exit
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, emit_json, table, terminal_width
from cli.slotview import SlotLine, slot_lines


def list_(*, common: CommonOptions = COMMON) -> int:
    """Slots by planned start, each with its vector lot, its clearance and the first reason for it.

    For example:

        jid slots list --json
    """
    hub = open_hub(common.home)
    try:
        lines = slot_lines(hub)
    finally:
        hub.close()
    if common.as_json:
        emit_json("slots", slots=lines)
    else:
        print(slots_table(lines))
    return Exit.FINE


def slots_table(lines: list[SlotLine]) -> str:
    shown = [(s.slot, s.status, s.lot or "none", s.planned_start, s.left, s.clearance, s.why) for s in lines]
    return table(["slot", "status", "lot", "planned start", "left", "clearance", "why"], shown, width=terminal_width())
