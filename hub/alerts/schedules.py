"""Alerts that follow from a judged schedule: slots that moved or vanished, slots that conflict, a file that broke the
contract. A schedule is published whole, so the next good one says which conflicts are gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from contracts.codes import Severity
from contracts.finding import Finding, Verdict
from contracts.records import Slot
from hub.alerts.desk import EMPTY, Desk, cause, slot_ref, with_report
from hub.alerts.fingerprint import is_id, key_of
from hub.alerts.kinds import AlertKind
from hub.alerts.lifecycle import Intent
from hub.alerts.severity import Effect
from hub.alerts.subject import About, named, partners_errors
from hub.alerts.view import instant
from hub.intake.events import Judged
from hub.store.rows import AlertRow

IDENTITY_OR_SAFETY = frozenset({"SCH-E209", "SCH-E305", "SCH-E401", "SCH-E402", "SCH-E403", "SCH-E404", "FILE-E701"})
MOVED: Mapping[str, str] = {
    "SCH-E202": "moved",
    "SCH-E204": "was cancelled",
    "SCH-E205": "came back after it was cancelled",
    "SCH-E206": "is gone from the schedule without a cancellation",
}
CONFLICTS: Mapping[str, str] = {
    "SCH-E301": "overlaps another slot",
    "SCH-E302": "uses a lot that is promised more often than it has doses",
    "SCH-E303": "starts before its vector's data is due",
    "SCH-E304": "would start without an apheresis in date",
    "SCH-E305": "names another vector lot after its clearance",
    "SCH-E308": "started without a clearance",
    "SCH-E403": "shares one identity with another active run",
    "SCH-E404": "used a lot that was not allocated to it",
}
_OVER = ("completed", "aborted")


def judged_schedule(event: Judged, it: About, desk: Desk, active: tuple[AlertRow, ...]) -> Iterator[Intent]:
    """Intents of one judged schedule. `active`: the open alerts of this feed."""
    delivery = event.delivery
    failure = desk.fingerprint(AlertKind.SCHEDULE_CONTRACT_FAILURE, delivery.partner, "schedule", delivery.feed)
    errors = partners_errors(event)
    if errors:
        yield _contract_failure(event, desk, errors)
    elif event.report.verdict is not Verdict.REJECTED:
        yield desk.resolve(failure, delivery.id, f"{delivery.id} arrived and passed")
    if event.report.verdict is Verdict.REJECTED:
        return
    conflicts: set[str] = set()
    for ref, findings in _by_slot(event).items():
        if moved := [f for f in findings if f.code in MOVED]:
            yield _moved(event, it, desk, ref, moved[0])
        if clashes := [f for f in findings if f.code in CONFLICTS]:
            conflicts.add(ref)
            yield _conflict(event, desk, ref, clashes)
    yield from _settled(event, desk, active, conflicts)


def _by_slot(event: Judged) -> dict[str, list[Finding]]:
    """Findings by slot. A slot id is the partner's pseudonym; what could not be an id is hashed."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in event.report.findings:
        uid = named(finding, "slot_uid")
        if uid is not None and finding.severity is not Severity.INFO:
            found[uid if is_id(uid) else key_of(uid)].append(finding)
    return found


def _moved(event: Judged, it: About, desk: Desk, ref: str, finding: Finding) -> Intent:
    delivery, contract = event.delivery, event.contract
    planned = next((p for p in desk.changes.slots.values() if slot_ref(p).ref == ref), None)
    how = MOVED[finding.code]
    opens = planned.slot.planned_start if planned and finding.code in ("SCH-E202", "SCH-E205") else None
    view = with_report(EMPTY, delivery, replace(event.report, findings=(finding,)), contract, it.source)
    lot = planned.lot if planned else None
    return desk.open(
        desk.fingerprint(AlertKind.SCHEDULE_MOVED, delivery.partner, "schedule", ref),
        about=f"Slot {ref} {how}",
        what=(
            f"Slot {ref} of {desk.name(delivery.partner)} {how} with {delivery.id}."
            + (f" It now opens {instant(opens)}; all due times that hang on it were computed again." if opens else "")
        ),
        next_step=(
            "Check that cells, vector and people are there at the new time."
            if opens
            else "Decide what becomes of the vector and the apheresis that were meant for it."
        ),
        reason=f"{finding.code} in {delivery.id}",
        causes=[cause(delivery, contract)],
        effect=Effect(slot_at=opens),
        view=replace(
            view,
            lot=lot,
            slots=(slot_ref(planned),) if planned else (),
            until=opens,
        ),
    )


def _conflict(event: Judged, desk: Desk, ref: str, findings: list[Finding]) -> Intent:
    delivery, contract = event.delivery, event.contract
    planned = next((p for p in desk.changes.slots.values() if slot_ref(p).ref == ref), None)
    opens = planned.slot.planned_start if planned else None
    clashes = list(dict.fromkeys(CONFLICTS[f.code] for f in findings))
    view = with_report(EMPTY, delivery, replace(event.report, findings=tuple(findings)), contract, ref)
    return desk.open(
        desk.fingerprint(AlertKind.SCHEDULE_CONFLICT, delivery.partner, "schedule", ref),
        about=f"Slot {ref} {clashes[0]}",
        what=f"Slot {ref} of {desk.name(delivery.partner)} {' and '.join(clashes)}, by {delivery.id}.",
        next_step="Settle it with the site; the next schedule without the conflict resolves this.",
        reason=f"{findings[0].code} in {delivery.id}",
        causes=[cause(delivery, contract)],
        effect=Effect(identity_or_safety=any(f.code in IDENTITY_OR_SAFETY for f in findings), slot_at=opens),
        view=replace(
            view,
            lot=planned.lot if planned else None,
            slots=(slot_ref(planned),) if planned else (),
            until=opens,
            next_step_for_partner="Settle it with the sponsor, and publish the schedule without the conflict.",
        ),
    )


def _contract_failure(event: Judged, desk: Desk, errors: list[Finding]) -> Intent:
    delivery, contract = event.delivery, event.contract
    places = sum(f.count for f in errors)
    rejected = event.report.verdict is Verdict.REJECTED
    stored = (
        "No slot was taken over; the last accepted schedule stands."
        if rejected
        else "The slots that failed keep their last accepted revision; the others were taken over."
    )
    starts = [p.slot.planned_start for p in desk.changes.slots.values() if p.slot.planned_start > desk.now]
    return desk.open(
        desk.fingerprint(AlertKind.SCHEDULE_CONTRACT_FAILURE, delivery.partner, "schedule", delivery.feed),
        about=f"The schedule of {desk.name(delivery.partner)} broke the contract",
        what=(
            f"{delivery.id} broke contract {contract.id} {contract.version} in {places} "
            f"{'place' if places == 1 else 'places'}. {stored}"
        ),
        next_step=(
            "Correct the schedule and publish it again; check it first: "
            f"jid check FILE --contract {contract.id}@{contract.version}"
        ),
        reason=f"{'rejected' if rejected else 'errors in'} {delivery.id}",
        causes=[cause(delivery, contract)],
        effect=Effect(
            identity_or_safety=any(f.code in IDENTITY_OR_SAFETY for f in errors), slot_at=min(starts, default=None)
        ),
        view=with_report(EMPTY, delivery, event.report, contract, delivery.feed),
    )


def _settled(event: Judged, desk: Desk, active: tuple[AlertRow, ...], conflicts: set[str]) -> Iterator[Intent]:
    """Conflicts that this schedule no longer has, and moved slots whose run began or ended."""
    slots = {r.slot_uid: r for r in event.records if isinstance(r, Slot)}
    delivery = event.delivery
    for alert in active:
        slot = slots.get(alert.subject)
        if alert.kind == AlertKind.SCHEDULE_CONFLICT and alert.subject not in conflicts:
            fingerprint = desk.fingerprint(AlertKind.SCHEDULE_CONFLICT, delivery.partner, "schedule", alert.subject)
            yield desk.resolve(fingerprint, delivery.id, f"{delivery.id} has no conflict for this slot")
        if alert.kind == AlertKind.SCHEDULE_MOVED and slot is not None and _began(slot):
            fingerprint = desk.fingerprint(AlertKind.SCHEDULE_MOVED, delivery.partner, "schedule", alert.subject)
            yield desk.resolve(fingerprint, delivery.id, f"{delivery.id} says that the run began")


def _began(slot: Slot) -> bool:
    return slot.actual_start is not None or slot.status in _OVER
