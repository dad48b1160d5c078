"""Alerts that follow from a judged certificate: it broke the contract, a result is out of specification, or it was
changed in silence. The three never share words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts.codes import Action, Impact, Severity
from contracts.finding import Finding, Kind, Verdict
from hub.alerts.desk import Desk, cause, delivery_evidence, with_report
from hub.alerts.kinds import AlertKind
from hub.alerts.lifecycle import Intent
from hub.alerts.subject import About, agreed_tests, named
from hub.intake.events import Judged

IDENTITY_OR_SAFETY = frozenset({"COA-E301", "COA-E403", "COA-E404", "COA-E411", "FILE-E701"})
"""Wrong lot or patient, a verdict that contradicts its value, personal data: critical at any time."""

SILENT_CHANGE = "COA-E408"


def judged_certificate(event: Judged, it: About, desk: Desk) -> Iterator[Intent]:
    """Intents of one judged certificate: at most one alert a kind, whatever the number of findings."""
    broken = contract_failures(event)
    if broken:
        yield _contract_failure(event, it, desk, broken)
    elif event.report.verdict is not Verdict.REJECTED:
        yield from _passed(event, it, desk, AlertKind.COA_CONTRACT_FAILURE)
    quality = [f for f in event.report.findings if f.kind is Kind.QUALITY]
    if quality:
        yield _spec_failure(event, it, desk, quality)
    elif event.report.verdict is not Verdict.REJECTED:
        yield from _passed(event, it, desk, AlertKind.COA_SPEC_FAILURE)


def contract_failures(event: Judged) -> list[Finding]:
    """The findings that make a contract failure alert: what rejected the delivery, and what is critical in any case.

    Lesser warnings stand in the report and the receipt: who gets an alert for each soon reads none. What the sponsor
    must act on (an amendment, an expiry) is no failure of the partner. A silent change has its own alert.
    """
    partners = [f for f in event.report.findings if f.kind is Kind.CONTRACT and f.action is Action.PARTNER]
    rejected = event.report.verdict is Verdict.REJECTED
    return [
        f
        for f in partners
        if f.code != SILENT_CHANGE
        and (
            (rejected and f.severity is Severity.ERROR)
            or (f.impact is Impact.CRITICAL and f.severity is not Severity.INFO)
        )
    ]


def _contract_failure(event: Judged, it: About, desk: Desk, broken: list[Finding]) -> Intent:
    delivery, contract = event.delivery, event.contract
    rejected = event.report.verdict is Verdict.REJECTED
    thing = _certificate(it)
    name = desk.name(delivery.partner)
    places = sum(f.count for f in broken)
    where = "in one place" if places == 1 else f"in {places} places"
    stored = (
        "No result was stored; the file is in quarantine."
        if rejected
        else "Its results were stored, with this remark, and the lot is on hold."
    )
    slot = desk.upcoming(it.lot)
    view = replace(
        with_report(desk.lot_view(it.lot), delivery, event.report, contract, it.source),
        about_for_partner=f"{thing} broke the contract",
        next_step_for_partner=(
            "Correct the certificate and send it as a new revision. The report names each place; check the file first: "
            f"jid check FILE --contract {contract.id}@{contract.version}"
        ),
    )
    return desk.open(
        desk.fingerprint(AlertKind.COA_CONTRACT_FAILURE, delivery.partner, "coa", it.subject),
        about=(
            f"Slot {view.slots[0].ref} has no valid Level 1 CoA"
            if slot is not None and desk.valid_l1(it.lot) is False
            else f"{thing} broke the contract"
        ),
        what=f"{thing} from {name} broke contract {contract.id} {contract.version} {where}. {stored}",
        next_step=f"Ask {name} for the corrected certificate, and decide in time whether the slot can wait for it.",
        reason=f"{'rejected' if rejected else 'critical finding in'} {delivery.id}",
        causes=[cause(delivery, contract)],
        effect=desk.effect(it.lot, identity_or_safety=any(f.code in IDENTITY_OR_SAFETY for f in broken)),
        view=view,
    )


def _spec_failure(event: Judged, it: About, desk: Desk, quality: list[Finding]) -> Intent:
    delivery, contract = event.delivery, event.contract
    tests = agreed_tests(contract, [named(f, "characteristic") for f in quality])
    listed = ", ".join(tests) if tests else "a test"
    verb = "are" if len(tests) > 1 else "is"
    thing = _certificate(it)
    required = {t.code for t in contract.schema.tests if t.required and t.level in ("L1", "L2")}
    fails = any(test in required for test in tests)
    hold = " The lot is on HOLD." if fails else " The test is for information and holds nothing."
    return desk.open(
        desk.fingerprint(AlertKind.COA_SPEC_FAILURE, delivery.partner, "coa", it.subject),
        about=f"{f'Lot {it.lot}' if it.lot else thing}: {listed} {verb} out of specification",
        what=f"{thing} reports {listed} outside the acceptance criterion. The result is stored as sent.{hold}",
        next_step="Open a deviation, ask for the laboratory's investigation, and decide about the lot and its slots.",
        reason=f"out of specification in {delivery.id}",
        causes=[cause(delivery, contract)],
        effect=desk.effect(it.lot, required_fail=fails),
        view=with_report(desk.lot_view(it.lot), delivery, event.report, contract, it.source),
    )


def _passed(event: Judged, it: About, desk: Desk, kind: AlertKind) -> Iterator[Intent]:
    """An accepted certificate is the evidence that resolves what its earlier revisions opened, under whichever id the
    subject could be named then."""
    delivery = event.delivery
    reason = f"{delivery.id} arrived and passed"
    for subject in dict.fromkeys(s for s in (it.lot, it.certificate, it.source) if s):
        yield desk.resolve(desk.fingerprint(kind, delivery.partner, "coa", subject), delivery.id, reason, it.source)


def changed_certificate(event: Judged, it: About, desk: Desk) -> Iterator[Intent]:
    """`delivery.changed`: other bytes under a key that was delivered before. Critical when the content changed without
    a new revision; an announced revision resolves it."""
    delivery, contract = event.delivery, event.contract
    thing = _certificate(it)
    fingerprint = desk.fingerprint(AlertKind.DELIVERY_CHANGED, delivery.partner, "coa", it.certificate or it.source)
    silent = any(f.code == SILENT_CHANGE for f in event.report.findings)
    if not event.received.changed and not silent:
        if event.report.verdict is not Verdict.REJECTED:
            yield desk.resolve(fingerprint, delivery.id, f"{delivery.id} is an announced revision", it.source)
        return
    how = "without a new revision" if silent else "with a new revision, under the name of the old file"
    view = replace(
        desk.lot_view(it.lot),
        evidence=(delivery_evidence(delivery),),
        sources=(it.source,),
        failed_by={it.source: delivery.id},
    )
    yield desk.open(
        fingerprint,
        about=f"{thing} was changed {how}",
        what=(
            f"{thing} came again with other bytes, {how}. Both versions are kept; "
            + (
                "the new one is in quarantine."
                if event.report.verdict is Verdict.REJECTED
                else "the new one is stored."
            )
        ),
        next_step=f"Ask {desk.name(delivery.partner)} what was changed and why, and compare the two deliveries.",
        reason=f"{delivery.id} replaced an earlier delivery",
        causes=[cause(delivery, contract)],
        effect=desk.effect(it.lot, identity_or_safety=silent),
        view=replace(
            view,
            contract=f"{contract.id} {contract.version}",
            next_step_for_partner="Say what was changed and why; send every change as a new revision.",
        ),
    )


def _certificate(it: About) -> str:
    name = f"CoA {it.certificate}" if it.certificate else "A CoA"
    return f"{name} of lot {it.lot}" if it.lot else name
