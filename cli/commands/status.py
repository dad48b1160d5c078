"""`jid status`: who must act."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from cyclopts import Parameter

from cli.exits import Exit
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, emit_json, instant, table, terminal_width
from cli.slotview import SlotLine, slot_lines

ACTIVE = ["open", "acknowledged"]


def status(
    *,
    need_action: Annotated[bool, Parameter(negative="", help="Only lots with an alert or without full L1.")] = False,
    common: CommonOptions = COMMON,
) -> int:
    """Lots with their level, first slot, time left and who acts; then how many slots may start.

    Exit code 3: something is late or a critical alert is open.

    For example:

        jid status --need-action
    """
    from contracts.due import DueState

    hub = open_hub(common.home)
    try:
        now = hub.clock.now()
        with hub.store.reading() as tx:
            lots, alerts, dues = tx.lots(), tx.alerts(ACTIVE), tx.dues()
        slots = slot_lines(hub)
    finally:
        hub.close()
    first: dict[str, SlotLine] = {}
    for slot in slots:
        if slot.lot and slot.status not in ("cancelled", "aborted", "completed"):
            first.setdefault(slot.lot, slot)
    about = {a.view.get("lot"): a for a in sorted(alerts, key=lambda a: a.severity == "critical")}
    rows = []
    for lot in lots:
        alert, next_slot = about.get(lot.lot), first.get(lot.lot)
        if need_action and alert is None and lot.l1_passed == lot.l1_required and lot.state != "HOLD":
            continue
        acts = f"{alert.view.get('acts', alert.audience)}: {alert.view.get('what', alert.kind)}" if alert else ""
        rows.append(
            (
                lot.lot,
                lot.partner,
                f"{lot.l1_passed}/{lot.l1_required}",
                f"{lot.l2_passed}/{lot.l2_required}",
                next_slot.slot if next_slot else "",
                next_slot.left if next_slot else "",
                acts,
            )
        )
    outcome = Counter(s.clearance for s in slots if s.status not in ("cancelled", "aborted", "completed"))
    late = [d for d in dues if d.state == DueState.LATE]
    critical = [a for a in alerts if a.severity == "critical" and a.state == "open"]
    if common.as_json:
        emit_json("status", lots=lots, slots=slots, alerts=alerts, late=late, as_of=now)
    else:
        print(table(["lot", "partner", "L1", "L2", "first slot", "left", "who acts"], rows, width=terminal_width()))
        clear = outcome["GO"] + outcome["GO_PROVISIONAL"]
        print(
            f"{sum(outcome.values())} slots: {clear} clear, {outcome['PENDING']} waiting, {outcome['NO_GO']} blocked. "
            f"{len(alerts)} alerts open. Data as of {instant(now)}."
        )
    return Exit.ATTENTION if late or critical else Exit.FINE
