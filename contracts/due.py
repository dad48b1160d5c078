"""The due plan: what should be here by when, and is it? A pure function of (contract, slots, arrivals, now).

Same arguments, same answer: no cron, no sleeping, no state. So a restart or a jump of the clock can't lose a due time,
and a slot that moves takes its due times along. Rules: contracts.md 2.7 and 4.6.

A lot whose end of manufacture is known is also looked at ahead: end of manufacture + the longest turn-around time of
the level in working days is when its data can be expected. Working days are Monday to Friday without the holidays that
are given; the contract's own `calendar` is not read yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from contracts.codes import Impact
from contracts.contract import Contract, ServiceLevel
from contracts.finding import Verdict
from contracts.records import Slot

Level = Literal["L1", "L2"]
SubjectKind = Literal["lot", "tag", "feed"]

OFF = frozenset({"cancelled", "aborted"})
"""Statuses of a slot that needs nothing any more."""

NO_LOT = frozenset({"", "TBD"})
"""What a schedule writes where no lot is allocated yet: nobody can owe a certificate of it."""


class DueState(StrEnum):
    NOT_EXPECTED = "not_expected"  # anchor unknown, or appliesWhen does not hold
    PENDING = "pending"  # due in the future, nothing accepted yet
    AT_RISK = "at_risk"  # due in the future, and expected only after it is due
    ON_TIME = "on_time"
    LATE = "late"
    SATISFIED_LATE = "satisfied_late"
    REJECTED_PENDING_FIX = "rejected_pending_fix"  # the newest arrival was rejected, before or after the due time
    CANCELLED = "cancelled"  # every slot that wanted it was cancelled


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that came and may satisfy something. The hub makes these from its ledger.

    `subject` is the lot, the tag, or the feed as `partner/kind`. `at` (aware UTC) is when the delivery was received;
    for a tag it is the time of its last good point. `level` None on a rejected delivery: which level it was for could
    not be read, it counts for both. `complete`: every test that the level requires is there in an allowed stage; an
    interim result where a final one is due makes it incomplete. Only an accepted and complete arrival satisfies.
    """

    kind: SubjectKind
    subject: str
    at: datetime
    verdict: Verdict
    delivery_id: str
    level: Level | None = None
    complete: bool = True

    @property
    def accepted(self) -> bool:
        return self.verdict in (Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else a due plan may know. `onboarded`: since when the feed is expected to deliver (aware UTC).

    `facts` answers `appliesWhen`, e.g. `{"batch": "running", "phase": "growth"}`. What is not known does not hold.
    `made` is the end of manufacture by lot (aware UTC), `holidays` are days that no laboratory works on.
    """

    onboarded: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, datetime] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Escalation:
    """The next time an unsatisfied item is told more loudly, and to whom (support ids of the contract)."""

    at: datetime
    impact: Impact
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DueItem:
    """One thing that is due, as it stands now. Instants are aware UTC.

    `due_local` is the due time in the clause's zone, for people. `anchor_at` and `anchor_revision` say what it was
    counted from: of a lot the slot `anchor_slot` in that revision. `impact` is the one of the last escalation step
    reached, None before the first. `expected_at` is when the data can be expected, where that can be told. `code` is
    the finding that this state raises, None for a state that raises none.
    """

    clause: str
    kind: SubjectKind
    subject: str
    level: Level | None
    state: DueState
    due_at: datetime | None = None
    due_local: str | None = None
    late_by: timedelta | None = None
    satisfied_by: str | None = None
    satisfied_at: datetime | None = None
    rejected_by: str | None = None
    anchor_at: datetime | None = None
    anchor_slot: str | None = None
    anchor_revision: int | None = None
    impact: Impact | None = None
    next_escalation: Escalation | None = None
    code: str | None = None
    expected_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Nothing more to wait for."""
        return self.state in (DueState.ON_TIME, DueState.SATISFIED_LATE, DueState.CANCELLED)


def due(
    contract: Contract,
    slots: Iterable[Slot],
    arrivals: Iterable[Arrival],
    now: datetime,
    circumstances: Circumstances | None = None,
) -> list[DueItem]:
    """Every due item of a contract, in the order of its clauses, then by subject.

    `slots` are those that use lots of this partner; of several revisions of a slot the newest counts. Raises ValueError
    when `now` is naive.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    now = now.astimezone(UTC)
    known = circumstances or Circumstances()
    current = _newest_revisions(slots)
    came = sorted(arrivals, key=lambda arrival: (arrival.at, arrival.delivery_id))
    items: list[DueItem] = []
    for clause in contract.service_levels:
        match clause.subject:
            case "lot":
                items += _lots(clause, contract, current, came, now, known)
            case "feed":
                items.append(_feed(clause, contract, came, now, known))
            case "tag":
                items += _tags(clause, contract, came, now, known)
    return items


def due_at(clause: ServiceLevel, anchor: datetime) -> datetime:
    """When something is due that is counted from `anchor`, in UTC: anchor + lead time + grace.

    Days of the lead time are days on the wall clock of the clause's zone, so `-P2D` from a Monday 09:00 is Saturday
    09:00 also over a change of clocks; hours are hours, so `-PT48H` may be Saturday 08:00 or 10:00.
    """
    zone = ZoneInfo(clause.timezone)
    days = timedelta(days=clause.lead_days)
    local = anchor.astimezone(zone)
    moved = (local + days) if days else local  # arithmetic on a zoned time moves the wall clock
    return moved.astimezone(UTC) + (clause.lead_time - days) + clause.grace


def expected_at(
    contract: Contract, clause: ServiceLevel, made: datetime, holidays: frozenset[date] = frozenset()
) -> datetime | None:
    """When all data of the clause's level can be expected of a lot that was made at `made`, in UTC: the longest
    turn-around time of its required tests later. None: no required test states one."""
    required = (test for test in contract.schema.tests if test.level == clause.level and test.required)
    longest = max((t.tat_working_days for t in required if t.tat_working_days is not None), default=None)
    if longest is None:
        return None
    at = made.astimezone(ZoneInfo(clause.timezone))
    while longest:
        at += timedelta(days=1)  # on the wall clock of the zone
        longest -= at.weekday() < 5 and at.date() not in holidays
    return at.astimezone(UTC)


def local_text(moment: datetime, timezone: str) -> str:
    """`2026-11-24 09:00 -05:00 America/New_York`."""
    text = moment.astimezone(ZoneInfo(timezone)).isoformat(sep=" ", timespec="minutes")
    return f"{text[:16]} {text[16:]} {timezone}"


# Lots


def _newest_revisions(slots: Iterable[Slot]) -> list[Slot]:
    newest: dict[tuple[str, str], Slot] = {}
    for slot in slots:
        key = (slot.site, slot.slot_uid)
        if key not in newest or (slot.revision, slot.published_at) > (newest[key].revision, newest[key].published_at):
            newest[key] = slot
    return sorted(newest.values(), key=lambda slot: (slot.site, slot.slot_uid))


def _lots(
    clause: ServiceLevel,
    contract: Contract,
    slots: Sequence[Slot],
    came: Sequence[Arrival],
    now: datetime,
    known: Circumstances,
) -> Iterator[DueItem]:
    uses: dict[str, list[Slot]] = {}
    for slot in slots:
        if slot.vector_lot is not None and slot.vector_lot not in NO_LOT:
            uses.setdefault(slot.vector_lot, []).append(slot)
    for lot in sorted(uses):
        made = known.made.get(lot)
        expected = expected_at(contract, clause, made, known.holidays) if made is not None else None
        yield _lot(clause, lot, uses[lot], came, now, expected)


def _lot(
    clause: ServiceLevel,
    lot: str,
    uses: list[Slot],
    came: Sequence[Arrival],
    now: datetime,
    expected: datetime | None,
) -> DueItem:
    wanted = [slot for slot in uses if slot.status not in OFF]
    if not wanted:
        return DueItem(clause.id, "lot", lot, clause.level, DueState.CANCELLED, code="CON-E304")
    anchored = [(moment, slot) for slot in wanted if (moment := _anchor(clause, slot)) is not None]
    if not anchored:
        return DueItem(clause.id, "lot", lot, clause.level, DueState.NOT_EXPECTED)
    # The earliest slot decides: what is here in time for it is in time for the others.
    anchor, slot = min(anchored, key=lambda pair: (pair[0], pair[1].site, pair[1].slot_uid))
    about = [a for a in came if a.kind == "lot" and a.subject == lot and a.level in (clause.level, None)]
    item = _Item(clause, "lot", lot, anchor, slot.slot_uid, slot.revision)
    first = next((a for a in about if a.accepted and a.complete and a.level == clause.level), None)
    if first is not None:
        return item.satisfied(first)
    return item.open(_newest_rejected(about), now, late="CON-E301", rejected="CON-E303", expected=expected)


def _anchor(clause: ServiceLevel, slot: Slot) -> datetime | None:
    moment = getattr(slot, clause.anchor.partition(".")[2], None)
    return moment if isinstance(moment, datetime) else None


def _newest_rejected(about: Sequence[Arrival]) -> Arrival | None:
    """The rejected delivery that waits for its fix: only if nothing was accepted after it."""
    told = [a for a in about if a.verdict is not Verdict.DUPLICATE]
    return told[-1] if told and told[-1].verdict is Verdict.REJECTED else None


# Feeds and tags: each acceptance sets the next due time, so they are never satisfied for good


def _feed(
    clause: ServiceLevel, contract: Contract, came: Sequence[Arrival], now: datetime, known: Circumstances
) -> DueItem:
    name = f"{contract.partner}/{contract.kind}"
    about = [a for a in came if a.kind == "feed" and a.subject == name]
    late = "SCH-E201" if contract.kind == "schedule" else "CON-E301"
    return _recurring(clause, "feed", name, about, now, known, late=late)


def _tags(
    clause: ServiceLevel, contract: Contract, came: Sequence[Arrival], now: datetime, known: Circumstances
) -> Iterator[DueItem]:
    by_tag: dict[str, list[Arrival]] = {tag.tag: [] for tag in contract.schema.tags}
    for arrival in came:
        if arrival.kind == "tag" and arrival.subject in by_tag:
            by_tag[arrival.subject].append(arrival)
    for tag, about in by_tag.items():
        yield _recurring(clause, "tag", tag, about, now, known, late="PAT-E101")


def _recurring(
    clause: ServiceLevel,
    kind: SubjectKind,
    subject: str,
    about: Sequence[Arrival],
    now: datetime,
    known: Circumstances,
    *,
    late: str,
) -> DueItem:
    accepted = [a for a in about if a.accepted]
    anchor = accepted[-1].at if accepted else known.onboarded
    if anchor is None or not _applies(clause, known.facts):
        return DueItem(clause.id, kind, subject, None, DueState.NOT_EXPECTED)
    item = _Item(clause, kind, subject, anchor)
    return item.open(_newest_rejected(about), now, late=late, rejected="CON-E303")


def _applies(clause: ServiceLevel, facts: Mapping[str, str]) -> bool:
    return all(facts.get(name) in allowed for name, allowed in clause.applies_when.items())


# From anchor to item


@dataclass(frozen=True, slots=True)
class _Item:
    """A subject with its anchor, about to become a DueItem."""

    clause: ServiceLevel
    kind: SubjectKind
    subject: str
    anchor: datetime
    slot: str | None = None
    revision: int | None = None

    def satisfied(self, by: Arrival) -> DueItem:
        due = due_at(self.clause, self.anchor)
        late_by = by.at - due
        on_time = late_by <= timedelta()
        return DueItem(
            clause=self.clause.id,
            kind=self.kind,
            subject=self.subject,
            level=self.clause.level,
            state=DueState.ON_TIME if on_time else DueState.SATISFIED_LATE,
            due_at=due,
            due_local=local_text(due, self.clause.timezone),
            late_by=None if on_time else late_by,
            satisfied_by=by.delivery_id,
            satisfied_at=by.at,
            anchor_at=self.anchor,
            anchor_slot=self.slot,
            anchor_revision=self.revision,
        )

    def open(
        self,
        rejected_by: Arrival | None,
        now: datetime,
        *,
        late: str,
        rejected: str,
        expected: datetime | None = None,
    ) -> DueItem:
        """Not satisfied: pending, at risk, late, or waiting for a fix."""
        due = due_at(self.clause, self.anchor)
        passed = now > due
        state = DueState.LATE if passed else DueState.PENDING
        code = late if passed else None
        if not passed and expected is not None and expected > due:
            state, code = DueState.AT_RISK, "CON-E302"
        if rejected_by is not None:
            state, code = DueState.REJECTED_PENDING_FIX, rejected if passed else None
        steps = [Escalation(due + at, impact, to) for at, impact, to in self.clause.escalate]
        reached = [step for step in steps if step.at <= now]
        return DueItem(
            clause=self.clause.id,
            kind=self.kind,
            subject=self.subject,
            level=self.clause.level,
            state=state,
            due_at=due,
            due_local=local_text(due, self.clause.timezone),
            late_by=now - due if passed else None,
            rejected_by=rejected_by.delivery_id if rejected_by else None,
            anchor_at=self.anchor,
            anchor_slot=self.slot,
            anchor_revision=self.revision,
            impact=reached[-1].impact if reached else None,
            next_escalation=next((step for step in steps if step.at > now), None),
            code=code,
            expected_at=expected,
        )
