"""Messages: what one recipient reads of an alert's change. Rendered from the view, from nothing else.

A quality person reads which slot, which lot, what is wrong, how long is left, who acts. A partner's data person reads
about their own delivery and never about slots. Each ends with what to type next. A retry sends the same text: it is
rendered once, in the transaction that changes the alert.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from textwrap import fill
from typing import Any, Literal, cast

from hub.alerts.view import View, headline, instant, span
from hub.store.rows import AlertRow

Event = Literal["opened", "reopened", "raised", "acknowledged", "resolved"]

WIDTH = 76
"""Columns of a message: what a plain mail shows unbroken everywhere."""

_EVENT_WORD: Mapping[Event, str] = {"reopened": "re-opened", "raised": "now more serious"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one recipient. `id` is the same on every retry; `thread` is the id of the alert's first one."""

    id: str
    thread: str
    recipient: str
    event: Event
    alert: str
    severity: str
    subject: str
    text: str
    next_step: str
    at: datetime
    data: Mapping[str, Any]  # for machines

    def as_payload(self) -> dict[str, Any]:
        """JSON values for the outbox."""
        body = asdict(self)
        body["at"] = self.at.isoformat()
        body["data"] = dict(self.data)
        return body

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Message:
        values = dict(payload)
        values["at"] = datetime.fromisoformat(values["at"])
        return cls(**values)


def message_id(alert: str, event: Event, window: str, channel: str, recipient: str) -> str:
    """The dedupe key: a hash of (rule, subject, window, recipient). `window` tells openings and raises apart."""
    text = "\x1f".join((alert, event, window, channel, recipient))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def render(alert: AlertRow, event: Event, *, audience: str, channel: str, recipient: str, now: datetime) -> Message:
    """The message about `alert` as it is after the change, for one recipient of `audience`."""
    view = View.from_json(alert.view)
    for_partner = audience.startswith("partner:")
    window = f"{alert.openings}:{alert.severity}" if event == "raised" else str(alert.openings)
    first = message_id(alert.id, "opened", "1", channel, recipient)
    return Message(
        id=message_id(alert.id, event, window, channel, recipient),
        thread=first,
        recipient=recipient,
        event=event,
        alert=alert.id,
        severity=alert.severity,
        subject=_subject(alert, view, event, now, for_partner=for_partner),
        text=_text(alert, view, event, now, audience=audience),
        next_step=_next_step(alert, view, event, for_partner=for_partner),
        at=now,
        data=_data(alert, view, event, for_partner=for_partner),
    )


def _subject(alert: AlertRow, view: View, event: Event, now: datetime, *, for_partner: bool) -> str:
    if event == "resolved":
        about = (view.about_for_partner or view.about) if for_partner else view.about
        return f"[RESOLVED] {about}"
    word = f" ({_EVENT_WORD[event]})" if event in _EVENT_WORD else ""
    return f"[{alert.severity.upper()}] {headline(view, now, for_partner=for_partner)}{word}"


def _text(alert: AlertRow, view: View, event: Event, now: datetime, *, audience: str) -> str:
    for_partner = audience.startswith("partner:")
    facts: list[tuple[str, str]] = []
    if view.lot is not None:
        facts.append(("Lot", view.lot))
    facts.append(("Partner", view.partner_name))
    if not for_partner:
        facts += [("Slot opens", f"{slot.ref}  {_both(slot.opens_at, now)}") for slot in view.slots[:5]]
    if view.due is not None:
        facts.append(("Data needed", _both(view.due, now) + (f", clause {view.clause}" if view.clause else "")))
    if view.contract is not None:
        facts.append(("Contract", view.contract))
    if view.findings:
        facts.append(("Findings", ", ".join(_counted(n, severity) for severity, n in view.findings.items())))
    if view.worst is not None:
        facts.append(("Worst finding", f"{view.worst} {view.worst_title or ''}".rstrip()))
    facts.append(("Acts now", view.acts))
    body = [_wrapped(_what(alert, view, event)), "", *(f"  {name:<14} {value}" for name, value in facts), ""]
    body.append(_wrapped(f"Next: {_next_step(alert, view, event, for_partner=for_partner)}"))
    for item in view.evidence:
        digest = f"  sha256 {item.sha256[:8]}...{item.sha256[-4:]}" if item.sha256 else ""
        command = f"  {item.command}" if item.command and not for_partner else ""
        body.append(f"Evidence: {item.what}{digest}{command}")
    if not for_partner and event != "resolved":
        body.append(f'To own it: jid alerts ack {alert.id} -m "..."')
    if notes := _notes(alert, view):
        body += ["", notes]
    return "\n".join(body) + "\n"


def _what(alert: AlertRow, view: View, event: Event) -> str:
    if event == "resolved":
        return f"Resolved: {view.what}"
    if event == "acknowledged":
        return f"{alert.owner or 'Somebody'} owns this now. {view.what}"
    return view.what


def _next_step(alert: AlertRow, view: View, event: Event, *, for_partner: bool) -> str:
    if event == "resolved":
        return f"nothing; {alert.id} is resolved by evidence."
    return (view.next_step_for_partner or view.next_step) if for_partner else view.next_step


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)  # an id or a command stays whole


def _notes(alert: AlertRow, view: View) -> str:
    notes = []
    if alert.openings > 1:
        notes.append(f"Same alert, opening {alert.openings}.")
    if view.folded:
        more = "cause is" if view.folded == 1 else "causes are"
        notes.append(f"{view.folded} more {more} folded into it.")
    return " ".join(notes)


def _data(alert: AlertRow, view: View, event: Event, *, for_partner: bool) -> dict[str, Any]:
    """The machine's half: ids, counts and instants."""
    body = view.as_json()
    return {
        "alert": alert.id,
        "kind": alert.kind,
        "state": alert.state,
        "severity": alert.severity,
        "fingerprint": alert.fingerprint,
        "opening": alert.openings,
        "event": event,
        "partner": view.partner,
        "subject": alert.subject,
        "lot": view.lot,
        "slots": [] if for_partner else body["slots"],
        "due": body["due"],
        "contract": view.contract,
        "clause": view.clause,
        "findings": dict(view.findings),
        "worst": view.worst,
        "acts": view.acts,
        "evidence": body["evidence"],
    }


def _both(at: datetime, now: datetime) -> str:
    """Absolute and relative: "2026-11-23 11:40 UTC (in 26 h)"."""
    left = at - now
    relative = f"in {span(left)}" if left.total_seconds() >= 0 else f"{span(-left)} ago"
    return f"{instant(at)} ({relative})"


def _counted(n: int, severity: str) -> str:
    return f"{n} {severity}" if n == 1 or severity == "info" else f"{n} {severity}s"


def event_of(what: str) -> Event:
    """The message event of a lifecycle change. Raises ValueError for a change that tells nobody."""
    if what not in ("opened", "reopened", "raised", "resolved"):
        raise ValueError(f"nobody is told of a change that is {what!r}")
    return cast(Event, what)
