"""Alerts that follow from a judged PAT delivery: gaps, excursions, suspect sensors, or a file that broke the contract.

An excursion is not over because the next hour looks fine, and a gap is not filled by what comes after it. So these
resolve only when the same window is delivered again without the fault, or by a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from contracts.codes import Severity
from contracts.finding import Finding, Verdict
from hub.alerts.desk import EMPTY, Desk, cause, with_report
from hub.alerts.kinds import AlertKind
from hub.alerts.lifecycle import Intent
from hub.alerts.severity import Effect
from hub.alerts.subject import About, agreed, named, partners_errors
from hub.intake.events import Judged
from hub.store.rows import AlertRow

MAX_TAGS = 3
"""Alerts of one kind that one delivery may open; with more tags than this it is the batch that has the fault."""

KIND_OF: Mapping[str, AlertKind] = {
    "PAT-E102": AlertKind.PAT_GAP,
    "PAT-E303": AlertKind.PAT_EXCURSION,
    "PAT-E306": AlertKind.PAT_EXCURSION,
    "PAT-E305": AlertKind.PAT_SUSPECT,
    "PAT-E307": AlertKind.PAT_SUSPECT,
}
WORDS: Mapping[AlertKind, tuple[str, str]] = {
    AlertKind.PAT_GAP: ("has a gap", "Send the missing points again, or say why there are none."),
    AlertKind.PAT_EXCURSION: ("left its agreed range", "Look at the batch and decide whether it needs a deviation."),
    AlertKind.PAT_SUSPECT: (
        "does not behave like a live sensor",
        "Check the sensor; until then its values prove nothing about the batch.",
    ),
}
OF_DATA = tuple(WORDS)


def judged_series(event: Judged, it: About, desk: Desk, active: tuple[AlertRow, ...]) -> Iterator[Intent]:
    """Intents of one judged PAT delivery. `active`: the open alerts of this feed, to find what this delivery mends."""
    opened: set[str] = set()
    for kind, subject, thing, findings in _groups(event):
        intent = _of_data(event, it, desk, kind, subject, thing, findings)
        opened.add(str(intent.fingerprint))
        yield intent
    if event.report.verdict is Verdict.REJECTED:
        if errors := partners_errors(event):
            yield _contract_failure(event, it, desk, errors)
        return
    for alert in active:
        kind = AlertKind(alert.kind)
        if kind in (*OF_DATA, AlertKind.PAT_CONTRACT_FAILURE) and alert.fingerprint not in opened:
            yield desk.resolve(
                desk.fingerprint(kind, event.delivery.partner, "pat", alert.subject),
                event.delivery.id,
                f"{event.delivery.id} brought the same window without the fault",
                it.source,
            )


def _groups(event: Judged) -> Iterator[tuple[AlertKind, str, str, list[Finding]]]:
    """Kind, subject, its name for people, findings. The subject is `batch/tag` for a few tags, the batch for many;
    agreed names only."""
    by_kind: dict[AlertKind, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in event.report.findings:
        kind = KIND_OF.get(finding.code)
        if kind is not None and finding.severity is not Severity.INFO:
            by_kind[kind][_tag(event, finding) or ""].append(finding)
    batch = _batch(event)
    for kind, by_tag in by_kind.items():
        if len(by_tag) > MAX_TAGS or "" in by_tag:
            subject = batch or event.delivery.feed
            thing = f"Process data of batch {batch}" if batch else "Process data"
            yield kind, subject, thing, [f for found in by_tag.values() for f in found]
            continue
        for tag, found in by_tag.items():
            if batch:
                yield kind, f"{batch}/{tag}", f"Tag {tag} of batch {batch}", found
            else:
                yield kind, tag, f"Tag {tag}", found


def _of_data(
    event: Judged, it: About, desk: Desk, kind: AlertKind, subject: str, thing: str, findings: list[Finding]
) -> Intent:
    delivery, contract = event.delivery, event.contract
    words, next_step = WORDS[kind]
    times = sum(f.count for f in findings)
    often = "once" if times == 1 else f"{times} times"
    rejected = event.report.verdict is Verdict.REJECTED
    stored = "Nothing was stored." if rejected else "The rows were stored as sent."
    tags = {t.tag: t for t in contract.schema.tags}
    critical = any((tag := tags.get(_tag(event, f) or "")) is not None and tag.critical for f in findings)
    return desk.open(
        desk.fingerprint(kind, delivery.partner, "pat", subject),
        about=f"{thing} {words}",
        what=f"{thing} {words}, {often} in {delivery.id} from {desk.name(delivery.partner)}. {stored}",
        next_step=next_step,
        reason=f"{findings[0].code} in {delivery.id}",
        causes=[cause(delivery, contract)],
        effect=Effect(critical_phase=critical),
        view=replace(
            with_report(EMPTY, delivery, replace(event.report, findings=tuple(findings)), contract, it.source),
            next_step_for_partner="Say what happened then; send the window again if the data was wrong or is missing.",
        ),
    )


def _contract_failure(event: Judged, it: About, desk: Desk, errors: list[Finding]) -> Intent:
    delivery, contract = event.delivery, event.contract
    subject = _batch(event) or delivery.feed
    places = sum(f.count for f in errors)
    return desk.open(
        desk.fingerprint(AlertKind.PAT_CONTRACT_FAILURE, delivery.partner, "pat", subject),
        about=f"Process data of {desk.name(delivery.partner)} broke the contract",
        what=(
            f"{delivery.id} broke contract {contract.id} {contract.version} in {places} "
            f"{'place' if places == 1 else 'places'}. No row was stored; the file is in quarantine."
        ),
        next_step=(
            "Correct the export and send the window again; check it first: "
            f"jid check FILE --contract {contract.id}@{contract.version}"
        ),
        reason=f"rejected {delivery.id}",
        causes=[cause(delivery, contract)],
        effect=Effect(identity_or_safety=any(f.code in ("PAT-E209", "FILE-E701") for f in errors)),
        view=with_report(EMPTY, delivery, event.report, contract, it.source),
    )


def _tag(event: Judged, finding: Finding) -> str | None:
    """The tag that a finding names, when the contract knows it."""
    tag = named(finding, "tag")
    known = {t.tag for t in event.contract.schema.tags}
    return tag if tag in known else None


def _batch(event: Judged) -> str | None:
    """The batch that the delivery is of, when it names one and that looks like the contract's batch ids."""
    batch = event.named.get("batch_id")
    return batch if batch is not None and agreed(event.contract, "batch_id", batch) else None
