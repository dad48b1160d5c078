"""Promise: an edit, a deletion or a swap of anything that happened is found."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.store import AuditRow, Store
from hub.store.ledger.audit import START, check_chain, event_hash
from hub.store.ledger.types import canonical


def chain(n: int) -> list[AuditRow]:
    rows: list[AuditRow] = []
    prev = START
    for seq in range(1, n + 1):
        at = datetime(2026, 11, 22, 8, 0, seq % 60, tzinfo=UTC)
        body = {"verdict": "accepted", "report": f"{seq:064x}"}
        digest = event_hash(seq, at, "hub", "delivery.judged", f"D-{seq}", body, prev)
        rows.append(AuditRow(seq, at, "hub", "delivery.judged", f"D-{seq}", body, prev, digest))
        prev = digest
    return rows


def test_the_hash_is_what_anybody_can_recompute_from_the_row(store: Store) -> None:
    with store.transaction() as tx:
        tx.audit("hub", "feed.synced", "northvale/coa", {"every_s": 900, "name": "Zürich", "on": True, "of": None})
    with store.reading() as tx:
        (event,) = tx.audited()
    # By hand, from the definition: SHA256(0x00 || RFC 8785 of the event with numbers as text || previous hash)
    written = (
        '{"action":"feed.synced","actor":"hub","at":"2026-11-22T08:00:00.000000Z",'
        '"body":{"every_s":"900","name":"Zürich","of":null,"on":true},"object":"northvale/coa","seq":"1"}'
    )
    assert event.hash == hashlib.sha256(b"\x00" + written.encode() + bytes(32)).hexdigest()


def test_canonical_json_sorts_keys_by_utf_16_code_units() -> None:
    """RFC 8785, 3.2.3: the example's order, which code points alone would get wrong for the emoji."""
    given = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    positions = [canonical(given).index(canonical(key)) for key in order]
    assert positions == sorted(positions)
    assert canonical({"a": '\u000f\n"\\</script>€'}) == '{"a":"\\u000f\\n\\"\\\\</script>€"}'
    with pytest.raises(ValueError, match="Out of range"):
        canonical({"a": float("nan")})


def test_a_clean_chain_holds(desk: Any) -> None:
    for n in range(20):
        desk.send(f"COA-{n}", str(n).encode())
    with desk.store.reading() as tx:
        check = tx.verify_chain()
    assert check.holds
    assert check.events == 20
    assert check_chain([]).holds


@pytest.mark.parametrize("field", ["at", "actor", "action", "object", "body", "prev_hash", "hash"])
def test_any_edit_is_found(field: str, seed: int) -> None:
    rng = random.Random(seed)
    edits: dict[str, Any] = {
        "at": datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
        "actor": "somebody",
        "action": "delivery.waived",
        "object": "D-999",
        "body": {"verdict": "rejected"},
        "prev_hash": "1" * 64,
        "hash": "2" * 64,
    }
    for _ in range(100):
        rows = chain(12)
        n = rng.randrange(len(rows))
        rows[n] = replace(rows[n], **{field: edits[field]})
        assert check_chain(rows).broken_at in (n + 1, n + 2)


def test_deletion_insertion_and_swap_are_found(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        rows = chain(12)
        n = rng.randrange(len(rows) - 1)
        assert not check_chain(rows[:n] + rows[n + 1 :]).holds
        assert not check_chain([*rows[:n], rows[n], rows[n], *rows[n + 1 :]]).holds
        rows[n], rows[n + 1] = rows[n + 1], rows[n]
        assert not check_chain(rows).holds


def test_an_edit_behind_the_hub_s_back_is_found_in_the_ledger(desk: Any, tmp_path: Path) -> None:
    for n in range(5):
        desk.send(f"COA-{n}", str(n).encode())
    other = sqlite3.connect(tmp_path / "data" / "ledger.db")
    other.execute("DROP TRIGGER audit_no_update")  # somebody with a hand on the file
    other.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 3")
    other.commit()
    other.close()
    with desk.store.reading() as tx:
        check = tx.verify_chain()
    assert (check.broken_at, check.events) == (3, 2)
    assert "content" in check.reason


def test_two_events_can_not_follow_the_same_one(store: Store) -> None:
    from hub.store import LedgerRefused

    with store.transaction() as tx:
        tx.audit("hub", "a.b", "x", {})
    with store.reading() as tx:
        (event,) = tx.audited()
    with pytest.raises(LedgerRefused), store.transaction() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO audit SELECT 2, at, actor, action, object, body, prev_hash, ? FROM audit", ("9" * 64,)
        )
    assert event.prev_hash == START
