"""The life of an alert, as a pure function: what an intent does to the newest alert of its fingerprint.

    open -> acknowledged -> resolved (by evidence) -> open again within 14 days, as the same alert's next opening
    later than that: a new alert

Only evidence resolves: the thing arrived and passed. A cause that was folded in before can't re-open an alert by being
seen again (a replay of an old delivery is no news), and a person's closing holds until something new happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hub.alerts.fingerprint import Fingerprint
from hub.alerts.severity import higher
from hub.alerts.view import View, is_older
from hub.store.rows import AlertRow, AlertSeverity

REOPEN_WITHIN = timedelta(days=14)
ACTIVE = ("open", "acknowledged")


@dataclass(frozen=True, slots=True)
class Open:
    """Something is wrong. `lasting` is true for a condition that is seen again at each evaluation while it holds
    (late, link down): it re-opens a resolved alert though its cause is an old one."""

    fingerprint: Fingerprint
    audience: str
    severity: AlertSeverity
    view: View
    due_at: datetime | None
    reason: str
    evidence: str | None
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Resolve:
    """Evidence that it is right again. `source` None: for all sources of the alert; else for this one only."""

    fingerprint: Fingerprint
    reason: str
    evidence: str
    source: str | None = None


Intent = Open | Resolve

What = Literal["opened", "reopened", "raised", "folded", "narrowed", "resolved"]


@dataclass(frozen=True, slots=True)
class Change:
    """What to write: `alert` None for a new alert. `view`, `severity`, `state` are those afterwards."""

    what: What
    alert: AlertRow | None
    state: Literal["open", "acknowledged", "resolved"]
    severity: AlertSeverity
    view: View
    reason: str
    evidence: str | None
    due_at: datetime | None = None

    @property
    def tells(self) -> bool:
        """Whether people get a message of it: not of what is only folded or narrowed."""
        return self.what in ("opened", "reopened", "raised", "resolved")


def step(
    last: AlertRow | None, intent: Intent, now: datetime, reopen_within: timedelta = REOPEN_WITHIN
) -> Change | None:
    """What `intent` changes, given the newest alert of its fingerprint in any state. None: nothing."""
    if isinstance(intent, Resolve):
        return _resolve(last, intent)
    if last is None:
        return _new(intent)
    if last.state in ACTIVE:
        return _fold(last, intent)
    return _again(last, intent, now, reopen_within)


def _new(intent: Open) -> Change:
    return Change("opened", None, "open", intent.severity, intent.view, intent.reason, intent.evidence, intent.due_at)


def _fold(last: AlertRow, intent: Open) -> Change | None:
    old = View.from_json(last.view)
    view = old.fold(intent.view)
    state: Literal["open", "acknowledged"] = "acknowledged" if last.state == "acknowledged" else "open"
    due_at = intent.due_at or last.due_at
    if higher(intent.severity, last.severity):
        return Change("raised", last, state, intent.severity, view, intent.reason, intent.evidence, due_at)
    news = set(intent.view.causes) - set(old.causes) or due_at != last.due_at or view.slots != old.slots
    if not news:
        return None
    # Severity never falls while the alert is open: people who were told "critical" are told when it is over.
    return Change("folded", last, state, last.severity, view, intent.reason, intent.evidence, due_at)


def _again(last: AlertRow, intent: Open, now: datetime, reopen_within: timedelta) -> Change | None:
    old = View.from_json(last.view)
    known = set(intent.view.causes) <= set(old.causes) and bool(intent.view.causes)
    if known and (last.state == "closed" or not intent.lasting):
        return None
    ended = last.updated_at or last.opened_at
    if now - ended > reopen_within:
        return _new(intent)
    # A new opening starts with its own sources: those of the last one arrived and passed.
    causes = tuple(dict.fromkeys((*old.causes, *intent.view.causes)))
    view = View.from_json({**intent.view.as_json(), "causes": causes, "folded": old.folded})
    return Change("reopened", last, "open", intent.severity, view, intent.reason, intent.evidence, intent.due_at)


def _resolve(last: AlertRow | None, intent: Resolve) -> Change | None:
    if last is None or last.state not in ACTIVE:
        return None
    old = View.from_json(last.view)
    spoken_of = old.sources if intent.source is None else (intent.source,)
    if any(is_older(intent.evidence, old.failed_by.get(source, intent.evidence)) for source in spoken_of):
        return None  # an older delivery judged again is no evidence about a newer one
    left = () if intent.source is None else tuple(s for s in old.sources if s != intent.source)
    if left and left == old.sources:
        return None  # the evidence speaks of another thing
    view = View.from_json({**old.as_json(), "sources": left})
    state: Literal["open", "acknowledged"] = "acknowledged" if last.state == "acknowledged" else "open"
    if left:
        return Change("narrowed", last, state, last.severity, view, intent.reason, intent.evidence, last.due_at)
    return Change("resolved", last, "resolved", last.severity, view, intent.reason, intent.evidence, last.due_at)
