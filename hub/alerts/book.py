"""The book: intents written into the ledger. Alert, its event and a message for each recipient commit together with the
fact that caused them; the rules themselves are `lifecycle`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hub.alerts.errors import NotActive
from hub.alerts.fingerprint import Fingerprint
from hub.alerts.kinds import KINDS, LATE_KINDS, AlertKind, audience
from hub.alerts.lifecycle import ACTIVE, Change, Intent, step
from hub.alerts.messages import Event, event_of, render
from hub.alerts.routes import recipients
from hub.alerts.view import View
from hub.settings import Settings
from hub.store import Tx
from hub.store.rows import AlertRow, OutboxRow


@dataclass(frozen=True, slots=True)
class Written:
    """Alert ids by what became of them."""

    opened: tuple[str, ...] = ()  # new, re-opened or told at last
    resolved: tuple[str, ...] = ()


def apply(tx: Tx, intents: Iterable[Intent], settings: Settings) -> Written:
    """Write what the intents change. Resolves come first, so that what ends in this transaction hides nothing."""
    opened: list[str] = []
    resolved: list[str] = []
    for intent in sorted(intents, key=lambda i: hasattr(i, "severity")):
        change = step(tx.alert_last(str(intent.fingerprint)), intent, tx.now, settings.alerts.reopen_within)
        if change is None:
            continue
        row = _write(tx, intent.fingerprint, getattr(intent, "audience", ""), change, settings)
        if change.what in ("opened", "reopened"):
            opened.append(row.id)
        elif change.what == "resolved":
            resolved.append(row.id)
    opened += [row.id for row in _tell_what_was_held_back(tx, settings)]
    return Written(tuple(dict.fromkeys(opened)), tuple(dict.fromkeys(resolved)))


def acknowledge(tx: Tx, alert_id: str, *, actor: str, note: str) -> AlertRow:
    """A person owns the alert now, and who was told of it on the sponsor's side hears so. Raises NotActive."""
    alert = tx.alert(alert_id)
    if alert is None or alert.state not in ACTIVE:
        raise NotActive(alert_id, alert.state if alert else "not known")
    row = tx.change_alert(alert.id, "acknowledged", actor, note, owner=actor)
    view = View.from_json(row.view)
    if alert.state == "open":
        _put(tx, row, "acknowledged", [t for t in view.told if not t[0].startswith("partner:")])
    return row


def inhibitor(tx: Tx, fingerprint: Fingerprint) -> AlertRow | None:
    """The alert that makes this one needless for now: a dead link hides what is late behind it, a rejected certificate
    hides that the certificate is late. Nothing that is critical by identity or safety is of these kinds."""
    if fingerprint.kind not in LATE_KINDS:
        return None
    links = tx.alerts(ACTIVE, partner=fingerprint.partner, kind=AlertKind.LINK_DOWN.value)
    if links:
        return links[0]
    if fingerprint.kind is AlertKind.COA_LATE:
        return tx.alert_active(str(fingerprint.of_kind(AlertKind.COA_CONTRACT_FAILURE)))
    return None


def _write(tx: Tx, fingerprint: Fingerprint, acts: str, change: Change, settings: Settings) -> AlertRow:
    view = change.view
    hidden = inhibitor(tx, fingerprint) if change.what in ("opened", "reopened", "raised") else None
    if change.what in ("opened", "reopened"):
        view = replace(view, inhibited_by=hidden.id if hidden else None)
    told: list[tuple[str, str, str]] = []
    if change.tells and not (hidden and not view.told):
        event = event_of(change.what)
        told = _audiences(fingerprint, change, settings) if event != "resolved" else list(view.told)
        view = replace(view, told=tuple(dict.fromkeys((*view.told, *told))))
    if change.alert is None:
        row = tx.open_alert(
            fingerprint=str(fingerprint),
            kind=fingerprint.kind.value,
            severity=change.severity,
            audience=acts,
            partner=fingerprint.partner,
            subject=fingerprint.subject,
            view=view.as_json(),
            due_at=change.due_at,
            reason=change.reason,
            evidence=change.evidence,
        )
    else:
        row = tx.change_alert(
            change.alert.id,
            change.state,
            "hub",
            change.reason,
            change.evidence,
            severity=change.severity,
            view=view.as_json(),
            due_at=change.due_at,
        )
    if told:
        _put(tx, row, event_of(change.what), told)
    return row


def _tell_what_was_held_back(tx: Tx, settings: Settings) -> list[AlertRow]:
    """Alerts whose inhibitor ended while they did not: now people hear of them."""
    told_at_last = []
    for kind in sorted(LATE_KINDS):
        for alert in tx.alerts(ACTIVE, kind=kind.value):
            view = View.from_json(alert.view)
            fingerprint = parse(alert)
            if view.inhibited_by is None or inhibitor(tx, fingerprint) is not None:
                continue
            change = Change("opened", alert, "open", alert.severity, view, "no longer hidden", view.inhibited_by)
            told = _audiences(fingerprint, change, settings)
            free = replace(view, inhibited_by=None, told=tuple(told))
            row = tx.change_alert(
                alert.id,
                alert.state,
                "hub",
                f"{view.inhibited_by} no longer hides it",
                view.inhibited_by,
                view=free.as_json(),
            )
            _put(tx, row, "opened", told)
            told_at_last.append(row)
    return told_at_last


def parse(alert: AlertRow) -> Fingerprint:
    """The fingerprint of a stored alert."""
    hub, kind, partner, feed, subject = alert.fingerprint.split("|")
    return Fingerprint(hub, AlertKind(kind), partner, feed, subject)


def _audiences(fingerprint: Fingerprint, change: Change, settings: Settings) -> list[tuple[str, str, str]]:
    """(audience, channel, recipient) of everybody who is told of this kind at this severity.

    The sponsor's side first: a recipient that stands for both sides gets one message, the one that knows the slots.
    """
    found = []
    for of in sorted(KINDS[fingerprint.kind].told, key=lambda of: of == "partner"):
        who = audience(of, fingerprint.partner)
        found += [
            (who, channel, recipient)
            for channel, recipient in recipients(
                settings, kind=fingerprint.kind, severity=change.severity, audience=who, partner=fingerprint.partner
            )
        ]
    return found


def _put(tx: Tx, alert: AlertRow, event: Event, told: Iterable[tuple[str, str, str]]) -> None:
    """One outbox row a recipient. Who is told as two audiences over one channel gets one message."""
    for who, channel, recipient in told:
        message = render(alert, event, audience=who, channel=channel, recipient=recipient, now=tx.now)
        tx.outbox(
            OutboxRow(
                dedupe_key=message.id,
                alert_id=alert.id,
                channel=channel,
                recipient=recipient,
                payload=message.as_payload(),
            )
        )
