"""Audit: one append-only chain over everything that happened. An edit, a deletion or a swap breaks it.

`h_n = SHA256(0x00 || canonical(event_n) || h_{n-1})` with h_0 = 32 zero bytes. The canonical event holds every number
as text, so an auditor in any language computes the same bytes. A chain alone does not show a full rewrite or a cut-off
tail: for that its head must be kept somewhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from hub.store.ledger.part import Part
from hub.store.ledger.tables import audit
from hub.store.ledger.types import canonical, instant_text
from hub.store.rows import AuditRow

START = "0" * 64


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a walk over the chain found. `broken_at` is the first event that does not fit, None when all do."""

    events: int
    head: str
    broken_at: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        return self.broken_at is None


class Audit(Part):
    _head: tuple[int, str] | None = None

    def audit(self, actor: str, action: str, object: str, body: Mapping[str, Any]) -> None:
        """Append one event. `action` is `noun.verb`; `body` holds ids, hashes and words, no value of a delivery."""
        if self._head is None:
            last = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1).with_for_update()
            row = self.connection.execute(last).one_or_none()
            self._head = (row.seq, row.hash) if row else (0, START)
        seq, prev = self._head[0] + 1, self._head[1]
        plain = _numbers_as_text(body)
        digest = event_hash(seq, self.now, actor, action, object, plain, prev)
        self.connection.execute(
            audit.insert().values(
                seq=seq,
                at=self.now,
                actor=actor,
                action=action,
                object=object,
                body=plain,
                prev_hash=prev,
                hash=digest,
            )
        )
        self._head = (seq, digest)

    def audited(self, object: str | None = None, *, limit: int | None = None) -> list[AuditRow]:
        """Events, oldest first; of one object when given. With `limit`, the newest that many."""
        query = select(audit).order_by(audit.c.seq.desc())
        if object is not None:
            query = query.where(audit.c.object == object)
        if limit is not None:
            query = query.limit(limit)
        return [_row(row) for row in reversed(self.connection.execute(query).all())]

    def verify_chain(self) -> ChainCheck:
        """Walk the whole chain: sequence without holes, each link to the one before, each hash recomputed."""
        rows = self.connection.execution_options(yield_per=10_000).execute(select(audit).order_by(audit.c.seq))
        return check_chain(_row(row) for row in rows)


def event_hash(
    seq: int, at: datetime, actor: str, action: str, object: str, body: Mapping[str, Any], prev_hash: str
) -> str:
    event = {"seq": str(seq), "at": instant_text(at), "actor": actor, "action": action, "object": object, "body": body}
    return hashlib.sha256(b"\x00" + canonical(event).encode("utf-8") + bytes.fromhex(prev_hash)).hexdigest()


def check_chain(events: Iterable[AuditRow]) -> ChainCheck:
    """Hold events, oldest first, against the chain's rule."""
    n, head = 0, START
    for event in events:
        if event.seq != n + 1:
            return ChainCheck(n, head, n + 1, f"event {n + 1} is missing, {event.seq} follows")
        if event.prev_hash != head:
            return ChainCheck(n, head, event.seq, "it does not follow the event before it")
        digest = event_hash(event.seq, event.at, event.actor, event.action, event.object, event.body, head)
        if digest != event.hash:
            return ChainCheck(n, head, event.seq, "its content is not what its hash was made from")
        n, head = event.seq, event.hash
    return ChainCheck(n, head)


def _row(row: Row[Any]) -> AuditRow:
    return AuditRow(**row._mapping)


def _numbers_as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _numbers_as_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers_as_text(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value
