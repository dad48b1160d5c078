"""Bad files of the schedule family, one a code.

Each begins as the good schedule of the contract. What a finding needs beyond the file comes along: an earlier schedule,
the clock, or what the sponsor's side knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.context import Context
from contracts.contract import Contract
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.scheduledraft import HOUR, Row, Schedule, both, nothing, only, put, without
from contracts.kit.bad.scheduleresources import RESOURCES
from contracts.kit.good import AT
from contracts.sponsor import SponsorFacts

# Form


def _missing_time(made: Schedule) -> Bad:
    return made.bad("SCH-E101", put(0, planned_start=None))


def _end_first(made: Schedule) -> Bad:
    return made.bad("SCH-E102", put(0, planned_end=made.rows[0]["planned_start"]))


def _unread(made: Schedule) -> Bad:
    return made.bad("SCH-E103", put(0, planned_start="next week"))


def _no_zone(made: Schedule) -> Bad | None:
    if made.contract.schema.time.zone != "offset":
        return None
    return made.bad("SCH-E104", put(0, planned_start=f"{made.time('planned_start'):%Y-%m-%dT%H:%M:%S}"))


def _unknown_zone(made: Schedule) -> Bad:
    local = made.time("planned_start") + timedelta(hours=1)  # Central European Time in winter
    return made.bad("SCH-E105", put(0, planned_start=f"{local:%Y-%m-%dT%H:%M:%S} CET"))


def _no_such_local(made: Schedule) -> Bad | None:
    zone = made.contract.schema.time.zone
    skipped = _skipped(ZoneInfo(zone), AT.year) if zone != "offset" else None
    return made.bad("SCH-E106", put(0, planned_start=skipped)) if skipped is not None else None


def _skipped(zone: ZoneInfo, year: int) -> str | None:
    """A local time of the year that the clocks there leap over; None where they never do."""
    first = datetime(year, 1, 1, 0, 30, tzinfo=zone)
    for half_hours in range(366 * 48):
        local = first + half_hours * HOUR / 2  # arithmetic on a zoned time moves the wall clock
        if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            return local.replace(tzinfo=None).isoformat()
    return None


# Revisions


def _moved(made: Schedule, *, far: bool) -> Bad | None:
    rule = made.rule("slip", field="planned_start")
    if rule is None:
        return None
    tolerance: timedelta = rule.params["tolerance"]
    last, by = len(made.rows) - 1, tolerance + 2 * HOUR if far else tolerance / 2
    names = [n for n in ("planned_start", "planned_end", "apheresis_expires_at") if n in made.rows[last]]
    moved = {name: made.text(name, made.time(name, last) + by) for name in names}
    code = "SCH-E202" if far else "SCH-E203"
    return made.bad(code, put(last, revision=2, **moved), put(last, revision=2), before=nothing)


def _cancelled(made: Schedule) -> Bad:
    return made.bad("SCH-E204", put(0, revision=2, status="cancelled"), put(0, revision=2), before=nothing)


def _came_back(made: Schedule) -> Bad:
    cancelled = put(0, status="cancelled")

    def as_new(rows: list[Row]) -> None:
        rows.append({**rows[0], "slot_uid": made.another("slot_uid")})

    return made.bad("SCH-E205", put(0, revision=2), both(as_new, cancelled), before=cancelled)


def _vanished(made: Schedule) -> Bad:
    return made.bad("SCH-E206", without(0), before=nothing)


def _older(made: Schedule) -> Bad:
    newest = put(0, revision=3)
    return made.bad("SCH-E207", put(0, revision=2), newest, before=newest)


def _sources(made: Schedule) -> Bad | None:
    own = f"{made.contract.partner}/{made.contract.kind}"
    for rule in (c for c in made.contract.clauses if c.kind == "revisionOrder"):
        other = next((feed for feed in rule.params.get("sources", ()) if feed != own), None)
        if other is None:
            continue
        last = len(made.rows) - 1
        end = made.time("planned_end", last) + 6 * HOUR
        context = Context(sponsor=SponsorFacts(slots={other: [made.slot(last, planned_end=end)]}))
        same = put(last, planned_end=made.text("planned_end", end))
        first = only(0)  # an earlier schedule, because clauses about revisions are judged where a past is known
        return made.bad("SCH-E208", nothing, same, before=first, context=context)
    return None


def _same_revision(made: Schedule) -> Bad:
    last = len(made.rows) - 1
    later = put(last, planned_end=made.text("planned_end", made.time("planned_end", last) + 6 * HOUR))
    return made.bad("SCH-E209", later, both(later, put(last, revision=2)), before=nothing)


def _maker(code: str, make: Callable[[Schedule], Bad | None]) -> Maker:
    """Asks only contracts that have a clause for the code."""

    def maker(contract: Contract) -> Bad | None:
        if not any(code in clause.codes for clause in contract.clauses if clause.kind != "due"):
            return None
        return make(Schedule(contract))

    return maker


MAKERS: Mapping[str, Maker] = {
    code: _maker(code, make)
    for code, make in {
        "SCH-E101": _missing_time,
        "SCH-E102": _end_first,
        "SCH-E103": _unread,
        "SCH-E104": _no_zone,
        "SCH-E105": _unknown_zone,
        "SCH-E106": _no_such_local,
        "SCH-E202": lambda made: _moved(made, far=True),
        "SCH-E203": lambda made: _moved(made, far=False),
        "SCH-E204": _cancelled,
        "SCH-E205": _came_back,
        "SCH-E206": _vanished,
        "SCH-E207": _older,
        "SCH-E208": _sources,
        "SCH-E209": _same_revision,
        **RESOURCES,
    }.items()
}
