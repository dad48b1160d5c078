"""Alerts: one row a problem, one event row a change. The rules of opening and folding stand in hub.alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update

from hub.store.errors import NotFound
from hub.store.ledger.audit import Audit
from hub.store.ledger.part import number
from hub.store.ledger.tables import alert, alert_event
from hub.store.rows import AlertEventRow, AlertRow, AlertSeverity, AlertState

ACTIVE: tuple[AlertState, ...] = ("open", "acknowledged")


class Alerts(Audit):
    def alert(self, id: str) -> AlertRow | None:
        row = self.connection.execute(select(alert).where(alert.c.id == number(id, "A", "alert"))).one_or_none()
        return _alert(row) if row else None

    def alert_active(self, fingerprint: str) -> AlertRow | None:
        """The open or acknowledged alert of this fingerprint; there is at most one."""
        query = select(alert).where(alert.c.fingerprint == fingerprint, alert.c.state.in_(ACTIVE))
        row = self.connection.execute(query).one_or_none()
        return _alert(row) if row else None

    def alert_last(self, fingerprint: str) -> AlertRow | None:
        """The newest alert of this fingerprint in any state."""
        query = select(alert).where(alert.c.fingerprint == fingerprint).order_by(alert.c.id.desc()).limit(1)
        row = self.connection.execute(query).one_or_none()
        return _alert(row) if row else None

    def alerts(
        self,
        states: Sequence[str] | None = None,
        *,
        partner: str | None = None,
        kind: str | None = None,
        subject: str | None = None,
    ) -> list[AlertRow]:
        """Alerts in the order they were first opened; `states` None means all."""
        query = select(alert).order_by(alert.c.id)
        if states is not None:
            query = query.where(alert.c.state.in_(states))
        if partner is not None:
            query = query.where(alert.c.partner == partner)
        if kind is not None:
            query = query.where(alert.c.kind == kind)
        if subject is not None:
            query = query.where(alert.c.subject == subject)
        return [_alert(row) for row in self.connection.execute(query)]

    def alerts_opened_since(self, at: datetime, *, partner: str | None = None) -> int:
        """How many alerts were first opened at or after `at`: what the storm valve counts."""
        query = select(func.count()).select_from(alert).where(alert.c.opened_at >= at)
        if partner is not None:
            query = query.where(alert.c.partner == partner)
        return int(self.connection.execute(query).scalar_one())

    def alert_events(self, alert_id: str) -> list[AlertEventRow]:
        """Every change of one alert, oldest first."""
        n = number(alert_id, "A", "alert")
        rows = self.connection.execute(select(alert_event).where(alert_event.c.alert == n).order_by(alert_event.c.id))
        return [_event(row) for row in rows]

    def open_alert(
        self,
        *,
        fingerprint: str,
        kind: str,
        severity: AlertSeverity,
        audience: str,
        partner: str | None,
        subject: str,
        view: Mapping[str, Any],
        due_at: datetime | None = None,
        owner: str | None = None,
        openings: int = 1,
        actor: str = "hub",
        reason: str = "opened",
        evidence: str | None = None,
    ) -> AlertRow:
        """A new alert with its first event. Raises LedgerRefused when the fingerprint has an active one.

        `openings` counts over earlier alerts of the fingerprint, when this one goes on their count.
        """
        n = self.connection.execute(
            alert.insert()
            .values(
                fingerprint=fingerprint,
                kind=kind,
                severity=severity,
                state="open",
                audience=audience,
                partner=partner,
                subject=subject,
                opened_at=self.now,
                updated_at=self.now,
                due_at=due_at,
                openings=openings,
                owner=owner,
                view=view,
            )
            .returning(alert.c.id)
        ).scalar_one()
        self._alert_event(n, None, "open", actor, reason, evidence, severity)
        return self._known_alert(n)

    def change_alert(
        self,
        alert_id: str,
        to_state: AlertState,
        actor: str,
        reason: str,
        evidence: str | None = None,
        *,
        severity: AlertSeverity | None = None,
        view: Mapping[str, Any] | None = None,
        owner: str | None = None,
        audience: str | None = None,
        due_at: datetime | None = None,
    ) -> AlertRow:
        """Move an alert to a state (or keep it: a raised severity, a folded finding), with its event and audit.

        What is None stays as it is. A resolved or closed alert that opens again counts one more opening. Raises
        NotFound, and LedgerRefused when another alert of the fingerprint is active.
        """
        before = self._known_alert(number(alert_id, "A", "alert"))
        values: dict[str, Any] = {"state": to_state, "updated_at": self.now}
        given = {"severity": severity, "view": view, "owner": owner, "audience": audience, "due_at": due_at}
        values |= {name: value for name, value in given.items() if value is not None}
        if before.state not in ACTIVE and to_state in ACTIVE:
            values["openings"] = before.openings + 1
        n = number(alert_id, "A", "alert")
        self.connection.execute(update(alert).where(alert.c.id == n).values(values))
        self._alert_event(n, before.state, to_state, actor, reason, evidence, severity or before.severity)
        return self._known_alert(n)

    def _known_alert(self, n: int) -> AlertRow:
        row = self.connection.execute(select(alert).where(alert.c.id == n)).one_or_none()
        if row is None:
            raise NotFound("alert", f"A-{n}")
        return _alert(row)

    def _alert_event(
        self,
        n: int,
        from_state: str | None,
        to_state: str,
        actor: str,
        reason: str,
        evidence: str | None,
        severity: str,
    ) -> None:
        change = {"from_state": from_state, "to_state": to_state, "reason": reason, "evidence": evidence}
        self.connection.execute(alert_event.insert().values(alert=n, at=self.now, actor=actor, **change))
        self.audit(actor, f"alert.{to_state}", f"A-{n}", {**change, "severity": severity})


def _alert(row: Row[Any]) -> AlertRow:
    return AlertRow(
        id=f"A-{row.id}",
        fingerprint=row.fingerprint,
        kind=row.kind,
        severity=row.severity,
        state=row.state,
        audience=row.audience,
        partner=row.partner,
        subject=row.subject,
        opened_at=row.opened_at,
        due_at=row.due_at,
        view=row.view,
        openings=row.openings,
        owner=row.owner,
        updated_at=row.updated_at,
    )


def _event(row: Row[Any]) -> AlertEventRow:
    return AlertEventRow(f"A-{row.alert}", row.at, row.actor, row.from_state, row.to_state, row.reason, row.evidence)
