"""Alerts that follow from due items and from derived states: late data, and a lot that fails after a run began.

One alert a lot, whatever level is late; one alert a feed and due time, not one an evaluation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from contracts.due import DueState
from hub.alerts.desk import EMPTY, Desk, slot_ref
from hub.alerts.fingerprint import Fingerprint
from hub.alerts.kinds import AlertKind
from hub.alerts.lifecycle import Intent
from hub.alerts.severity import Effect
from hub.alerts.view import Evidence, instant
from hub.release.due import NOT_EVALUATED
from hub.release.lots import LotState, LotStatus
from hub.store.rows import DueRow

_FEED_KINDS = {"schedule": AlertKind.SCHEDULE_LATE, "pat": AlertKind.PAT_LATE}


def late(desk: Desk) -> Iterator[Intent]:
    """Intents of the due items that were just looked at: open what is late, resolve what is not."""
    of_lots: dict[tuple[str, str], list[DueRow]] = defaultdict(list)
    for row in desk.changes.dues:
        partner, _, kind = row.feed.partition("/")
        if kind == "coa":
            of_lots[(partner, row.subject)].append(row)
        else:
            yield from _of_feed(desk, row, partner, kind)
    for (partner, lot), rows in of_lots.items():
        yield from _of_lot(desk, partner, lot, rows)


def _of_lot(desk: Desk, partner: str, lot: str, rows: list[DueRow]) -> Iterator[Intent]:
    fingerprint = desk.fingerprint(AlertKind.COA_LATE, partner, "coa", lot)
    overdue = [r for r in rows if _is_late(desk, r)]
    if overdue:
        yield _certificate_late(desk, fingerprint, lot, min(overdue, key=lambda r: str(r.due_at)))
    elif not any(r.state == NOT_EVALUATED for r in rows):  # what was not looked at is no evidence
        yield desk.resolve(fingerprint, _evidence(rows), _why_settled(rows))


def _certificate_late(desk: Desk, fingerprint: Fingerprint, lot: str, row: DueRow) -> Intent:
    level = desk.levels.get(row.clause, "L1")[1]
    state, upcoming = desk.changes.lots.get(lot), desk.upcoming(lot)
    name = desk.name(fingerprint.partner)
    missing = _missing(state, level)
    assert row.due_at is not None
    is_first = level == "1" and upcoming is not None
    return desk.open(
        fingerprint,
        about=(
            f"Slot {slot_ref(upcoming).ref} has no valid Level 1 CoA"
            if is_first and upcoming is not None
            else f"Lot {lot} has no complete Level {level} CoA"
        ),
        what=f"The Level {level} certificate data of lot {lot} from {name} was due at {instant(row.due_at)}. {missing}",
        next_step=f"Ask {name} when the data comes, and decide in time whether the slot can wait for it.",
        reason=f"{row.clause} passed at {instant(row.due_at)}",
        causes=[f"{row.clause} {instant(row.due_at)}"],
        effect=replace(desk.effect(lot), certificate_due_at=row.due_at),
        view=replace(
            desk.lot_view(lot),
            due=row.due_at,
            clause=row.clause.partition("#")[2],
            contract=row.clause.partition("#")[0],
            about_for_partner=f"Lot {lot}: Level {level} CoA is late",
            next_step_for_partner="Send the missing results as a new revision, or the date on which they come.",
            evidence=(Evidence(f"lot {lot}", None, "jid lots list"),),
        ),
        lasting=True,
    )


def _of_feed(desk: Desk, row: DueRow, partner: str, kind: str) -> Iterator[Intent]:
    fingerprint = desk.fingerprint(_FEED_KINDS[kind], partner, kind, row.subject)
    if not _is_late(desk, row):
        if row.state in (DueState.PENDING, DueState.ON_TIME, DueState.SATISFIED_LATE):
            yield desk.resolve(fingerprint, row.evidence or row.feed, f"{row.feed} delivered again")
        return
    name = desk.name(partner)
    what = "schedule" if kind == "schedule" else "process data"
    starts = [p.slot.planned_start for p in desk.changes.slots.values() if p.slot.planned_start > desk.now]
    assert row.due_at is not None
    yield desk.open(
        fingerprint,
        about=f"No new {what} from {name}",
        what=f"The {what} of {name} was due at {instant(row.due_at)}. What stands in the store may no longer be true.",
        next_step=f"Ask {name} whether the export still runs.",
        reason=f"{row.clause} passed at {instant(row.due_at)}",
        causes=[f"{row.clause} {instant(row.due_at)}"],
        effect=Effect(due_passed=True, slot_at=min(starts, default=None) if kind == "schedule" else None),
        view=replace(
            EMPTY,
            until=row.due_at,
            due=row.due_at,
            clause=row.clause.partition("#")[2],
            contract=row.clause.partition("#")[0],
            evidence=(Evidence(f"feed {row.feed}", None, f"jid pull {partner} --kind {kind}"),),
        ),
        lasting=True,
    )


def failed_after_start(desk: Desk) -> Iterator[Intent]:
    """`lot.failed_after_start`: a lot is on HOLD and a run that uses it has begun."""
    for lot, state in desk.changes.lots.items():
        fingerprint = desk.fingerprint(AlertKind.LOT_FAILED_AFTER_START, state.partner, "coa", lot)
        started = [p for p in desk.changes.slots_of(lot) if p.slot.actual_start is not None]
        if state.status is not LotStatus.HOLD:
            yield desk.resolve(fingerprint, lot, f"lot {lot} is no longer on HOLD")
        elif started:
            refs = tuple(slot_ref(p) for p in started)
            runs = "the run" if len(refs) == 1 else f"{len(refs)} runs"
            failed = (*state.l1.failed, *state.l2.failed)
            cause = f"Required results fail: {', '.join(failed)}." if failed else "The lot is on HOLD."
            yield desk.open(
                fingerprint,
                about=f"Vector lot {lot} fails after processing began in {', '.join(r.ref for r in refs[:5])}",
                what=f"{cause} {runs[0].upper()}{runs[1:]} with this lot began before that was known.",
                next_step="Start no further run with this lot, assess each run that began, and open a deviation.",
                reason=f"lot {lot} is on HOLD after a start",
                causes=[*failed, *(r.ref for r in refs)] or [lot],
                effect=Effect(started=True, required_fail=True),
                view=replace(
                    EMPTY, lot=lot, slots=refs, evidence=tuple(Evidence(key, digest) for key, digest in state.evidence)
                ),
                lasting=True,
            )


def _is_late(desk: Desk, row: DueRow) -> bool:
    if row.due_at is None or row.due_at > desk.now:
        return False
    return row.state in (DueState.LATE, DueState.REJECTED_PENDING_FIX)


def _missing(state: LotState | None, level: str) -> str:
    """What of the level is not here, in the contract's own codes."""
    of = None if state is None else (state.l1 if level == "1" else state.l2)
    if state is None or of is None or not state.evidence:
        return "No certificate of this lot was accepted."
    return f"{of.passed} of {of.required} required tests pass; without a result: {', '.join(of.missing) or 'none'}."


def _evidence(rows: list[DueRow]) -> str:
    return next((r.evidence for r in rows if r.evidence), rows[0].subject)


def _why_settled(rows: list[DueRow]) -> str:
    states = {r.state for r in rows}
    if states & {DueState.SATISFIED_LATE.value, DueState.ON_TIME.value}:
        return f"{_evidence(rows)} brought what was missing"
    return "nothing of this lot is late any more"
