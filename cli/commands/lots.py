"""`jid lots`: vector lots and the level their data supports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.exits import Exit
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, emit_json, table, terminal_width

if TYPE_CHECKING:
    from hub.store import LotRow


def list_(*, common: CommonOptions = COMMON) -> int:
    """Every lot with its derived state, passed of required tests for each level, and what is missing.

    For example:

        jid lots list
    """
    hub = open_hub(common.home)
    try:
        with hub.store.reading() as tx:
            rows = tx.lots()
    finally:
        hub.close()
    if common.as_json:
        emit_json("lots", lots=rows)
    else:
        print(lots_table(rows))
    return Exit.FINE


def lots_table(rows: Sequence[LotRow]) -> str:
    """Lots as a person reads them."""
    shown = [
        (
            r.lot,
            r.partner,
            r.state,
            f"{r.l1_passed}/{r.l1_required}",
            f"{r.l2_passed}/{r.l2_required}",
            "; ".join(r.reasons[:2]) + (f" (+{len(r.reasons) - 2})" if len(r.reasons) > 2 else ""),
        )
        for r in rows
    ]
    return table(["lot", "partner", "state", "L1", "L2", "why"], shown, width=terminal_width())
