"""Outbox: messages that wait in the transaction that caused them, one row a recipient, sent at least once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select, update

from hub.store.errors import NotFound
from hub.store.ledger.audit import Audit
from hub.store.ledger.part import number
from hub.store.ledger.tables import outbox as table
from hub.store.rows import OutboxRow


class Outbox(Audit):
    def outbox(self, row: OutboxRow) -> bool:
        """Put a message in the outbox. False: one with its dedupe key is or was there, nothing is added."""
        statement: Any = self._insert(table).values(
            dedupe_key=row.dedupe_key,
            alert=None if row.alert_id is None else number(row.alert_id, "A", "alert"),
            channel=row.channel,
            recipient=row.recipient,
            payload=row.payload,
            status="waiting",
            attempts=0,
            next_at=row.next_at or self.now,
            created_at=self.now,
        )
        added = statement.on_conflict_do_nothing(index_elements=[table.c.dedupe_key]).returning(table.c.id)
        return self.connection.execute(added).scalar() is not None

    def messages(
        self, *, alert_id: str | None = None, statuses: Sequence[str] | None = None, limit: int | None = None
    ) -> list[OutboxRow]:
        """Messages in the order they were written. With `limit`, the newest that many."""
        query = select(table).order_by(table.c.id.desc())
        if alert_id is not None:
            query = query.where(table.c.alert == number(alert_id, "A", "alert"))
        if statuses is not None:
            query = query.where(table.c.status.in_(statuses))
        if limit is not None:
            query = query.limit(limit)
        return [_row(row) for row in reversed(self.connection.execute(query).all())]

    def claim_messages(self, limit: int, hold: timedelta = timedelta(seconds=60)) -> list[OutboxRow]:
        """Waiting messages whose time has come, oldest first, each with one more attempt counted.

        Nobody else gets them for `hold`; a sender that dies leaves them to the next one, so a message may go out
        twice, under the same dedupe key.
        """
        ours = (
            select(table.c.id)
            .where(table.c.status == "waiting", table.c.next_at <= self.now)
            .where(or_(table.c.lease_until.is_(None), table.c.lease_until <= self.now))
            .order_by(table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list(self.connection.execute(ours).scalars())
        if not ids:
            return []
        held = {"lease_until": self.now + hold, "attempts": table.c.attempts + 1}
        self.connection.execute(update(table).where(table.c.id.in_(ids)).values(held))
        return [
            _row(row) for row in self.connection.execute(select(table).where(table.c.id.in_(ids)).order_by(table.c.id))
        ]

    def message_sent(self, dedupe_key: str, provider_ref: str | None = None) -> None:
        """The channel took the message."""
        self._settle(dedupe_key, status="sent", sent_at=self.now, provider_ref=provider_ref, last_error=None)

    def message_failed(self, dedupe_key: str, error: str, next_at: datetime | None) -> None:
        """The channel refused the message: it waits until `next_at`, or is dead when that is None.

        `error` names what happened and holds no secret and no payload.
        """
        if next_at is None:
            self._settle(dedupe_key, status="dead", last_error=error)
            self.audit("hub", "message.dead", dedupe_key, {"error": error})
        else:
            self._settle(dedupe_key, next_at=next_at, last_error=error)

    def _settle(self, dedupe_key: str, **values: Any) -> None:
        this = update(table).where(table.c.dedupe_key == dedupe_key).values(lease_until=None, **values)
        if self.connection.execute(this).rowcount != 1:
            raise NotFound("message", dedupe_key)


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        dedupe_key=row.dedupe_key,
        alert_id=None if row.alert is None else f"A-{row.alert}",
        channel=row.channel,
        recipient=row.recipient,
        payload=row.payload,
        status=row.status,
        attempts=row.attempts,
        next_at=row.next_at,
        last_error=row.last_error,
        created_at=row.created_at,
        sent_at=row.sent_at,
        provider_ref=row.provider_ref,
    )
