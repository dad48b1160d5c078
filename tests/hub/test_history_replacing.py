"""Promise: what replaced a certificate under another number is known, from earlier deliveries of the feed alone."""

from __future__ import annotations

from pathlib import Path

from hub.intake.history import LedgerHistory
from tests.hub.meaning_support import certificate, open_ledger

FEED = "northvale/coa"
LOT = "LV-2611-01"


def test_what_replaced_a_certificate_is_found_by_its_number(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        sent = [
            ledger.deliver(FEED, certificate(LOT, number="COA-1")),
            ledger.deliver(FEED, certificate(LOT, number="COA-2", replaces=("COA-1", 1))),
            ledger.deliver(FEED, certificate(LOT, number="COA-2", revision=2, replaces=("COA-2", 1))),
        ]
        rows = [ledger.store.views.delivery(name).row for name in sent]
        known = [[c.certificate_no for c in LedgerHistory(ledger.store, row).replacing("COA-1")] for row in rows]
        own = LedgerHistory(ledger.store, rows[2]).replacing("COA-2")
    assert known == [[], [], ["COA-2"]]  # a delivery knows what came before it
    assert own == []  # its own next revision replaces no other certificate
