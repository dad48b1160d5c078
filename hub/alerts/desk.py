"""Desk: what every decision about an alert needs to know, and how an intent to open one is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from contracts.codes import Severity, codes
from contracts.contract import Contract
from contracts.due import DueState
from contracts.finding import Finding, Report
from hub.alerts.fingerprint import Fingerprint, is_id, key_of
from hub.alerts.kinds import KINDS, AlertKind, Audience, audience
from hub.alerts.lifecycle import Open, Resolve
from hub.alerts.severity import Effect, SeverityTable, severity
from hub.alerts.view import Evidence, SlotRef, View
from hub.release.due import OWED
from hub.release.evaluate import Changes
from hub.release.files import Planned
from hub.store.rows import DeliveryRow, DueRow

ACTS: Mapping[Audience, str] = {"quality": "Sponsor quality", "platform": "Platform engineers"}


@dataclass(frozen=True)
class Desk:
    """`changes` holds the lots and slots that were just looked at; `dues` the newest due items of each lot; `levels`
    the level that a clause is about."""

    hub: str
    now: datetime
    names: Mapping[str, str]  # partner -> its name for people
    table: SeverityTable = field(default_factory=SeverityTable)
    changes: Changes = field(default_factory=Changes)
    dues: Mapping[str, Sequence[DueRow]] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)

    def fingerprint(self, kind: AlertKind, partner: str, feed: str, subject: str) -> Fingerprint:
        """`feed` is the part after the partner: coa, pat, schedule."""
        return Fingerprint(self.hub, kind, partner, feed, subject if is_id(subject) else key_of(subject))

    def open(
        self,
        fingerprint: Fingerprint,
        *,
        about: str,
        what: str,
        next_step: str,
        reason: str,
        causes: Sequence[str],
        effect: Effect,
        view: View | None = None,
        lasting: bool = False,
    ) -> Open:
        """An intent to open. `view` brings the facts that only its maker knows; who acts and how bad it is follow."""
        rule = KINDS[fingerprint.kind]
        partner = fingerprint.partner
        name = self.name(partner)
        full = replace(
            view or EMPTY,
            about=about,
            what=what,
            next_step=next_step,
            partner=partner,
            partner_name=name,
            acts=ACTS.get(rule.acts, f"{name} data desk"),
            causes=tuple(causes),
        )
        return Open(
            fingerprint=fingerprint,
            audience=audience(rule.acts, partner),
            severity=severity(fingerprint.kind, effect, self.now, self.table),
            view=full,
            due_at=full.due,
            reason=reason,
            evidence=causes[0] if causes else None,
            lasting=lasting,
        )

    def resolve(self, fingerprint: Fingerprint, evidence: str, reason: str, source: str | None = None) -> Resolve:
        return Resolve(fingerprint, reason, evidence, source)

    def name(self, partner: str) -> str:
        return self.names.get(partner, partner)

    def slots_of(self, lot: str | None) -> list[Planned]:
        """The slots that use a lot and are not over, the earliest first."""
        if lot is None:
            return []
        return [p for p in self.changes.slots_of(lot) if p.slot.actual_end is None and p.slot.status != "completed"]

    def upcoming(self, lot: str | None) -> Planned | None:
        """The next slot that uses the lot and has not started."""
        return next((p for p in self.slots_of(lot) if p.slot.actual_start is None), None)

    def valid_l1(self, lot: str | None) -> bool | None:
        """Whether all required Level 1 results pass; None for what is no lot."""
        state = self.changes.lots.get(lot) if lot else None
        return None if state is None else state.status in ("L1_READY", "L2_READY")

    def late(self, lot: str | None) -> list[DueRow]:
        """Certificates of the lot whose due time passed, the earliest first."""
        rows = [d for d in self.dues.get(lot or "", ()) if d.state in (DueState.LATE, DueState.REJECTED_PENDING_FIX)]
        return sorted((d for d in rows if d.due_at is not None and d.due_at <= self.now), key=lambda d: str(d.due_at))

    def next_due(self, lot: str | None) -> DueRow | None:
        """The certificate of the lot that is owed first."""
        rows = [d for d in self.dues.get(lot or "", ()) if d.state in OWED and d.due_at is not None]
        return min(rows, key=lambda d: str(d.due_at), default=None)

    def effect(self, lot: str | None, *, identity_or_safety: bool = False, required_fail: bool = False) -> Effect:
        """What trouble with this lot means for patients' runs."""
        upcoming, late = self.upcoming(lot), self.late(lot)
        return Effect(
            started=any(p.slot.actual_start is not None for p in self.slots_of(lot)),
            required_fail=required_fail,
            identity_or_safety=identity_or_safety,
            certificate_due_at=late[0].due_at if late else None,
            slot_at=upcoming.slot.planned_start if upcoming else None,
            valid_l1=self.valid_l1(lot),
        )

    def lot_view(self, lot: str | None) -> View:
        """The facts of a lot: its slots, and when its next certificate is due by which clause."""
        due, upcoming = self.next_due(lot), self.upcoming(lot)
        return replace(
            EMPTY,
            lot=lot,
            slots=tuple(slot_ref(p) for p in self.slots_of(lot)),
            until=upcoming.slot.planned_start if upcoming else None,
            due=due.due_at if due else None,
            clause=due.clause.partition("#")[2] or due.clause if due else None,
        )


EMPTY = View(about="", what="", partner="", partner_name="", acts="", next_step="")


def slot_ref(planned: Planned) -> SlotRef:
    uid = planned.slot.slot_uid
    return SlotRef(uid if is_id(uid) else key_of(uid), planned.slot.planned_start)


def with_report(view: View, delivery: DeliveryRow, report: Report, contract: Contract, source: str) -> View:
    """The view with what a delivery's report says: counts, worst code, contract, evidence."""
    worst = worst_of(report.findings)
    counts = {s.value: n for s in Severity if (n := report.count(s))}
    return replace(
        view,
        contract=f"{contract.id} {contract.version}",
        findings=counts,
        worst=worst.code if worst else None,
        # the catalogue's words: a finding's own message may quote the partner's file
        worst_title=codes()[worst.code].title if worst else None,
        evidence=(delivery_evidence(delivery),),
        sources=(source,),
        failed_by={source: delivery.id},
    )


def worst_of(findings: Sequence[Finding]) -> Finding | None:
    """The finding that matters most: by severity, then by impact, then the first."""
    severities, impacts = ("error", "warning", "info"), ("critical", "high", "medium", "low")
    return min(
        findings, key=lambda f: (severities.index(f.severity.value), impacts.index(f.impact.value)), default=None
    )


def delivery_evidence(delivery: DeliveryRow) -> Evidence:
    return Evidence(f"delivery {delivery.id}", delivery.sha256, f"jid deliveries show {delivery.id}")


def cause(delivery: DeliveryRow, contract: Contract) -> str:
    """A judgement as a cause: the same delivery judged under another contract is news."""
    return f"{delivery.id} {contract.id}@{contract.version}"
