"""Release state: what lots, slots and due items were derived to be, when, from which evidence.

Append-only: a row is added only when it differs from the newest one of its subject, so the rows are the history.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Row, Select, Table, func, select

from hub.store.ledger.audit import Audit
from hub.store.ledger.tables import clearance, due
from hub.store.ledger.tables import lot as table
from hub.store.ledger.types import canonical
from hub.store.rows import ClearanceRow, DueRow, LotRow

GOES = ("GO", "GO_PROVISIONAL")
"""Outcomes of a clearance on which a run may start."""


class ReleaseState(Audit):
    def lot(self, lot: str, partner: str | None = None, *, before: datetime | None = None) -> LotRow | None:
        """A lot's newest state, or the one that was newest before an instant. Two partners may use one lot number: name
        the partner where that matters."""
        query = select(table).where(table.c.lot == lot).order_by(table.c.id.desc()).limit(1)
        if partner is not None:
            query = query.where(table.c.partner == partner)
        if before is not None:
            query = query.where(table.c.at < before)
        row = self.connection.execute(query).one_or_none()
        return _lot(row) if row else None

    def lots(self, *, partner: str | None = None) -> list[LotRow]:
        """The newest state of every lot, by lot number."""
        query = _newest(table, table.c.partner, table.c.lot).order_by(table.c.lot, table.c.partner)
        if partner is not None:
            query = query.where(table.c.partner == partner)
        return [_lot(row) for row in self.connection.execute(query)]

    def put_lot(self, row: LotRow) -> bool:
        """Keep a lot's derived state. False: it is what the newest one says."""
        body = {
            "material": row.material,
            "l1": [row.l1_passed, row.l1_required],
            "l2": [row.l2_passed, row.l2_required],
            "reasons": list(row.reasons),
            "evidence": [list(pair) for pair in row.evidence],
        }
        same = (table.c.lot == row.lot) & (table.c.partner == row.partner)
        before = self.connection.execute(select(table).where(same).order_by(table.c.id.desc()).limit(1)).one_or_none()
        if before is not None and (before.state, before.body) == (row.state, body):
            return False
        self.connection.execute(
            table.insert().values(lot=row.lot, partner=row.partner, state=row.state, body=body, at=self.now)
        )
        self.audit("hub", "lot.derived", f"{row.partner}/{row.lot}", {"state": row.state, "sha256": _digest(body)})
        return True

    def clearance(
        self, slot: str, *, before: datetime | None = None, at: datetime | None = None
    ) -> ClearanceRow | None:
        """A slot's newest clearance; the one that was newest before an instant, or that stood at one."""
        query = select(clearance).where(clearance.c.slot == slot).order_by(clearance.c.id.desc()).limit(1)
        if before is not None:
            query = query.where(clearance.c.at < before)
        if at is not None:
            query = query.where(clearance.c.at <= at)
        row = self.connection.execute(query).one_or_none()
        return _clearance(row) if row else None

    def clearances(self) -> list[ClearanceRow]:
        """The newest clearance of every slot, by slot."""
        query = _newest(clearance, clearance.c.slot).order_by(clearance.c.slot)
        return [_clearance(row) for row in self.connection.execute(query)]

    def cleared_lots(self, *, before: datetime) -> frozenset[str]:
        """Lots of every slot that was cleared before an instant, whatever became of the clearance."""
        query = select(clearance.c.body).where(clearance.c.outcome.in_(GOES), clearance.c.at < before)
        return frozenset(body["lot"] for (body,) in self.connection.execute(query) if body["lot"])

    def put_clearance(self, row: ClearanceRow) -> bool:
        """Keep a slot's derived clearance. False: it is what the newest one says."""
        body = {
            "checks": [dict(check) for check in row.checks],
            "slot_version": row.slot_version,
            "lot": row.lot,
            "evidence": [list(pair) for pair in row.evidence],
        }
        query = select(clearance).where(clearance.c.slot == row.slot).order_by(clearance.c.id.desc()).limit(1)
        before = self.connection.execute(query).one_or_none()
        if before is not None and (before.outcome, canonical(before.body)) == (row.outcome, canonical(body)):
            return False
        self.connection.execute(clearance.insert().values(slot=row.slot, outcome=row.outcome, body=body, at=self.now))
        self.audit("hub", "clearance.derived", row.slot, {"outcome": row.outcome, "sha256": _digest(body)})
        return True

    def due(self, clause: str, subject: str) -> DueRow | None:
        """The newest state of one due item."""
        same = (due.c.clause == clause) & (due.c.subject == subject)
        row = self.connection.execute(select(due).where(same).order_by(due.c.id.desc()).limit(1)).one_or_none()
        return _due(row) if row else None

    def dues(self) -> list[DueRow]:
        """The newest state of every due item, by clause and subject."""
        query = _newest(due, due.c.clause, due.c.subject).order_by(due.c.clause, due.c.subject)
        return [_due(row) for row in self.connection.execute(query)]

    def put_due(self, row: DueRow) -> bool:
        """Keep a due item's state. False: it is what the newest one says."""
        before = self.due(row.clause, row.subject)
        told = (row.feed, row.due_at, row.state, row.evidence)
        if before is not None and (before.feed, before.due_at, before.state, before.evidence) == told:
            return False
        self.connection.execute(
            due.insert().values(
                clause=row.clause,
                subject=row.subject,
                feed=row.feed,
                due_at=row.due_at,
                state=row.state,
                evidence=row.evidence,
                at=self.now,
            )
        )
        return True


def _newest(of: Table, *subject: Column[Any]) -> Select[Any]:
    return select(of).where(of.c.id.in_(select(func.max(of.c.id)).group_by(*subject)))


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode("utf-8")).hexdigest()


def _lot(row: Row[Any]) -> LotRow:
    body = row.body
    (l1_passed, l1_required), (l2_passed, l2_required) = body["l1"], body["l2"]
    return LotRow(
        lot=row.lot,
        partner=row.partner,
        material=body["material"],
        state=row.state,
        l1_passed=l1_passed,
        l1_required=l1_required,
        l2_passed=l2_passed,
        l2_required=l2_required,
        reasons=tuple(body["reasons"]),
        evidence=tuple((key, digest) for key, digest in body["evidence"]),
        at=row.at,
    )


def _clearance(row: Row[Any]) -> ClearanceRow:
    body = row.body
    return ClearanceRow(
        slot=row.slot,
        outcome=row.outcome,
        checks=tuple(body["checks"]),
        slot_version=body["slot_version"],
        lot=body["lot"],
        evidence=tuple((key, digest) for key, digest in body["evidence"]),
        at=row.at,
    )


def _due(row: Row[Any]) -> DueRow:
    return DueRow(row.clause, row.subject, row.feed, row.due_at, row.state, row.evidence, row.at)
