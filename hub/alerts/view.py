"""The view of an alert: all that a message, a page or a command may show of it. Templates reach nothing else.

It holds ids, counts, instants, codes and our own sentences, never a value or a free text of a delivery: patient data
that a partner wrote into a comment can't travel by mail if it is never copied here (experience.md 2.2). Time left is
not stored; `headline` counts it from the instants when somebody reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

MAX_CAUSES = 200
"""Ids kept of what was folded in; the count goes on. Sources are all kept: a forgotten one would resolve too early."""


@dataclass(frozen=True, slots=True)
class SlotRef:
    """A slot by its pseudonymous id, and when it opens."""

    ref: str
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something in the store that proves the alert. `command` shows it."""

    what: str  # "delivery D-20431"
    sha256: str | None = None
    command: str | None = None


@dataclass(frozen=True)
class View:
    """`about` is the first sentence without its time; `until` the instant that its "26 h left" counts to.

    `sources` are the things whose failure keeps this alert open (certificate numbers, keys of files): it resolves when
    each of them arrived and passed. `told` remembers who got the opening, so that the same people get the resolve.
    """

    about: str
    what: str
    partner: str
    partner_name: str
    acts: str
    next_step: str
    until: datetime | None = None
    about_for_partner: str | None = None  # without slot ids
    next_step_for_partner: str | None = None
    lot: str | None = None
    slots: tuple[SlotRef, ...] = ()
    due: datetime | None = None
    clause: str | None = None
    contract: str | None = None  # id@version
    findings: Mapping[str, int] = field(default_factory=dict)  # severity -> count
    worst: str | None = None  # code
    worst_title: str | None = None  # the catalogue's words for it
    evidence: tuple[Evidence, ...] = ()
    causes: tuple[str, ...] = ()  # everything that was folded in, by id
    sources: tuple[str, ...] = ()
    failed_by: Mapping[str, str] = field(default_factory=dict)  # source -> the newest delivery that failed for it
    folded: int = 0
    inhibited_by: str | None = None
    told: tuple[tuple[str, str, str], ...] = ()  # (audience, channel, recipient)

    def fold(self, new: View) -> View:
        """This view after one more cause: the newest facts count, causes and sources add up."""
        return replace(
            new,
            causes=_join(self.causes, new.causes)[-MAX_CAUSES:],
            sources=_join(self.sources, new.sources),
            failed_by=_newest(self.failed_by, new.failed_by),
            evidence=new.evidence or self.evidence,
            folded=self.folded + sum(cause not in self.causes for cause in new.causes),
            inhibited_by=self.inhibited_by,
            told=self.told,
        )

    def as_json(self) -> dict[str, Any]:
        """JSON values for the ledger. Instants are RFC 3339 in UTC."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> View:
        """The view that `as_json` wrote; an absent field takes its default."""
        known = {f.name for f in fields(cls)}
        values = {name: value for name, value in body.items() if name in known}
        for name in ("until", "due"):
            if values.get(name) is not None:
                values[name] = datetime.fromisoformat(values[name])
        values["slots"] = tuple(
            SlotRef(s["ref"], datetime.fromisoformat(s["opens_at"])) for s in values.get("slots", ())
        )
        values["evidence"] = tuple(Evidence(**e) for e in values.get("evidence", ()))
        for name in ("causes", "sources"):
            values[name] = tuple(values.get(name, ()))
        values["told"] = tuple((a, c, r) for a, c, r in values.get("told", ()))
        return cls(**values)


def headline(view: View, now: datetime, *, for_partner: bool = False) -> str:
    """The first sentence: "Slot PT-7F3K has no valid Level 1 CoA; 26 h left"."""
    about = (view.about_for_partner or view.about) if for_partner else view.about
    # A partner counts to when its data is due; when a patient's slot opens is not theirs to read.
    until = (view.due if view.about_for_partner else None) if for_partner else view.until
    return about if until is None else f"{about}; {time_left(until, now)}"


def time_left(until: datetime, now: datetime) -> str:
    """ "26 h left", "4 d 3 h left", "35 min left"; past the instant "8 h overdue". Rounded down to what is sure."""
    left = until - now
    return f"{span(left)} left" if left >= timedelta(0) else f"{span(-left)} overdue"


def span(length: timedelta) -> str:
    """A positive length in the two units that people plan with; hours up to two days, as slots are counted."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 72:
        return f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def instant(at: datetime) -> str:
    """An absolute time as people read it, in UTC and named so."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def is_older(delivery_id: str, than: str) -> bool:
    """Whether a delivery was received before another: `D-9` before `D-12`. What are no two deliveries has no order."""
    one, _, a = delivery_id.partition("-")
    other, _, b = than.partition("-")
    return (one, other) == ("D", "D") and a.isdigit() and b.isdigit() and int(a) < int(b)


def _newest(old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, str]:
    return {**old, **{source: by for source, by in new.items() if not is_older(by, old.get(source, by))}}


def _join(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case SlotRef() | Evidence():
            return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        case tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return dict(value)
    return value
