"""May this patient's run start? A pure function from slot, lot and freshness to an outcome with its reasons.

Checks G1, G2, G3, G4, G5 and G10 of domain 6.3 are evaluated; the others are listed as "not evaluated", which is
PENDING. It fails closed: the outcome is the worst of all checks, a check that is absent or raised an error is never
better than PENDING, and GO needs a person's release decision, which no path here can make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from contracts.codes import Impact
from contracts.due import OFF
from contracts.records import Slot
from hub.release.lots import CertificateOnFile, LotState, LotStatus
from hub.store.rows import ClearanceRow

Outcome = Literal["GO", "GO_PROVISIONAL", "NO_GO", "PENDING"]

WORST_FIRST: tuple[Outcome, ...] = ("NO_GO", "PENDING", "GO_PROVISIONAL", "GO")

CHECKS: Mapping[str, str] = {
    "G1": "lot state",
    "G2": "quality",
    "G3": "certificate",
    "G4": "expiry",
    "G5": "schedule",
    "G6": "allocation",
    "G7": "identity",
    "G8": "PAT evidence",
    "G9": "deviations",
    "G10": "data freshness",
    "G11": "Level 2 forecast",
}
"""Every check that a clearance has. One without a function below is listed as not evaluated."""

STARTED = frozenset({"running", "completed"})

_NOT_APPROVED = frozenset(
    {"COA-E307", "COA-E308", "COA-E309", "COA-E410", "COA-E601", "COA-E602", "COA-E603", "COA-E604"}
)
"""Findings about specification, method, laboratory or signature: a certificate that has one can't carry a run (G3)."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """When the hub last had good data of a feed. `limit` None: no rhythm is agreed. `link_down`: it could not look."""

    feed: str
    last_accepted: datetime | None
    limit: timedelta | None = None
    link_down: bool = False


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """All that a clearance may know. `neighbours` are the newest revisions of the other slots on the same site."""

    slot: Slot
    slot_version: int
    lot: LotState | None
    certificates: tuple[CertificateOnFile, ...]  # in force
    schedule: Freshness
    feeds: tuple[Freshness, ...]
    quarantined: tuple[str, ...]  # deliveries about this lot that wait in quarantine
    neighbours: tuple[Slot, ...]
    now: datetime
    slot_evidence: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    id: str
    result: Outcome
    reason: str


def clearance(facts: SlotFacts, checks: Mapping[str, Callable[[SlotFacts], Check]] | None = None) -> ClearanceRow:
    """The clearance of one slot. `checks` replaces the built checks, by id (for a customer's own or a test's)."""
    built = BUILT if checks is None else checks
    results = tuple(_run(name, built.get(name), facts) for name in CHECKS)
    return ClearanceRow(
        slot=f"{facts.slot.site}/{facts.slot.slot_uid}",
        outcome=worst([c.result for c in results]),
        checks=tuple({"id": c.id, "name": CHECKS[c.id], "result": c.result, "reason": c.reason} for c in results),
        slot_version=facts.slot_version,
        lot=facts.slot.vector_lot,
        evidence=tuple(sorted({*facts.slot_evidence, *(facts.lot.evidence if facts.lot else ())})),
    )


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The worst outcome, in the order NO_GO, PENDING, GO_PROVISIONAL, GO. Nothing at all is PENDING."""
    return min(outcomes, key=WORST_FIRST.index, default="PENDING")


def _run(id: str, check: Callable[[SlotFacts], Check] | None, facts: SlotFacts) -> Check:
    if check is None:
        return Check(id, "PENDING", f"{CHECKS[id]} is not evaluated")
    try:
        return check(facts)
    except Exception as problem:  # noqa: BLE001  a check that fails must hold the run, whatever made it fail
        return Check(id, "PENDING", f"{CHECKS[id]} could not be evaluated: {type(problem).__name__}")


def _lot_state(facts: SlotFacts) -> Check:
    lot = facts.lot
    if lot is None:
        return Check("G1", "PENDING", _no_lot(facts))
    if lot.status in (LotStatus.HOLD, LotStatus.EXPIRED):
        return Check("G1", "NO_GO", f"lot {lot.lot} is on {lot.status}: {lot.reasons[0]}" if lot.reasons else lot.lot)
    if lot.status in (LotStatus.L1_READY, LotStatus.L2_READY):
        level = lot.status[1]
        return Check(
            "G1",
            "PENDING",
            f"lot {lot.lot} has all required Level {level} results; a person's release decision is outstanding",
        )
    why = f": {lot.reasons[0]}" if lot.reasons else ""
    return Check("G1", "PENDING", f"lot {lot.lot} is in state {lot.status}{why}")


def _quality(facts: SlotFacts) -> Check:
    lot = facts.lot
    if lot is None:
        return Check("G2", "PENDING", _no_lot(facts))
    if failed := (*lot.l1.failed, *lot.l2.failed):
        return Check("G2", "NO_GO", f"required results fail: {', '.join(failed)}")
    if lot.l1.inconclusive:
        return Check("G2", "NO_GO", f"required Level 1 results are inconclusive: {', '.join(lot.l1.inconclusive)}")
    if not lot.l1.complete:
        return Check("G2", "PENDING", f"{lot.l1.passed} of {lot.l1.required} required Level 1 results pass")
    return Check(
        "G2", "PENDING", "no required result fails; whether the titre supports the planned dose is not evaluated"
    )


def _certificate(facts: SlotFacts) -> Check:
    if facts.lot is None:
        return Check("G3", "PENDING", _no_lot(facts))
    if not facts.certificates:
        return Check("G3", "PENDING", f"no certificate of lot {facts.lot.lot} has been accepted")
    for certificate in facts.certificates:
        name = f"{certificate.record.certificate_no} rev {certificate.record.revision}"
        for concern in certificate.concerns:
            if concern.code in _NOT_APPROVED or concern.impact is Impact.CRITICAL:
                return Check("G3", "NO_GO", f"{name}: {concern.title} ({concern.code})")
        if not any(s.at is not None for s in certificate.record.signatures):
            return Check("G3", "NO_GO", f"{name} is not signed")
    used = ", ".join(f"{c.record.certificate_no} rev {c.record.revision}" for c in facts.certificates)
    return Check("G3", "GO", f"newest revisions, signed: {used}")


def _expiry(facts: SlotFacts) -> Check:
    if facts.lot is None or not facts.certificates:
        return Check("G4", "PENDING", "no accepted certificate says when the lot expires")
    stated = [c.record.expires_at for c in facts.certificates if c.record.expires_at is not None]
    if not stated:
        return Check("G4", "PENDING", "no accepted certificate says when the lot expires")
    first = min(stated)
    if first < facts.slot.planned_end:  # to the end of the use, not only to its start
        return Check("G4", "NO_GO", f"the lot expires {first:%Y-%m-%d %H:%M} UTC, before its planned use ends")
    return Check("G4", "GO", f"the lot expires {first:%Y-%m-%d %H:%M} UTC, after its planned use ends")


def _schedule(facts: SlotFacts) -> Check:
    slot = facts.slot
    if slot.status in OFF:
        return Check("G5", "NO_GO", f"the slot is {slot.status}")
    for other in facts.neighbours:
        if _overlap(slot, other):
            return Check("G5", "NO_GO", f"overlaps slot {other.slot_uid} in suite {slot.suite}")
    if stale := _stale(facts.schedule, facts.now):
        return Check("G5", "PENDING", stale)
    if slot.status not in ("confirmed", "ready", *STARTED):
        return Check("G5", "PENDING", f"the slot is {slot.status}, not confirmed")
    if slot.vector_lot is None:
        return Check("G5", "PENDING", "the slot names no vector lot")
    return Check("G5", "GO", f"newest revision {slot.revision}, {slot.status}, no overlap")


def _freshness(facts: SlotFacts) -> Check:
    if facts.quarantined:
        waiting = ", ".join(facts.quarantined)
        return Check("G10", "PENDING", f"a delivery about this lot waits in quarantine: {waiting}")
    for feed in (facts.schedule, *facts.feeds):
        if feed.link_down:
            return Check("G10", "PENDING", f"{feed.feed} could not be reached; what it holds is unknown")
        if stale := _stale(feed, facts.now):
            return Check("G10", "PENDING", stale)
    return Check("G10", "GO", "all feeds of slot and lot are fresh")


BUILT: Mapping[str, Callable[[SlotFacts], Check]] = {
    "G1": _lot_state,
    "G2": _quality,
    "G3": _certificate,
    "G4": _expiry,
    "G5": _schedule,
    "G10": _freshness,
}


def _no_lot(facts: SlotFacts) -> str:
    return (
        f"nothing is known of lot {facts.slot.vector_lot}" if facts.slot.vector_lot else "the slot names no vector lot"
    )


def _stale(feed: Freshness, now: datetime) -> str | None:
    if feed.last_accepted is None:
        return f"{feed.feed} has no accepted delivery yet"
    if feed.limit is not None and now - feed.last_accepted > feed.limit:
        # the instant, not "31 h ago": a text that changes with the clock would be a new row at each evaluation
        limit = f"{feed.limit.total_seconds() / 3600:g} h"
        return f"{feed.feed} was last refreshed {feed.last_accepted:%Y-%m-%d %H:%M} UTC, longer ago than {limit}"
    return None


def _overlap(slot: Slot, other: Slot) -> bool:
    return (
        (other.site, other.suite) == (slot.site, slot.suite)
        and other.slot_uid != slot.slot_uid
        and other.status not in OFF
        and other.planned_start < slot.planned_end
        and slot.planned_start < other.planned_end
    )
