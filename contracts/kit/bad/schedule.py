"""Bad files of the schedule family, one a code.

Each begins as the good schedule of the contract. What a finding needs beyond the file comes along: an earlier schedule,
the clock, or what the sponsor's side knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from contracts.context import Cleared, Context, LotFacts
from contracts.contract import Clause, Contract, SourceForm
from contracts.history import RecordHistory
from contracts.kit.bad import Bad, Maker
from contracts.kit.draft import Draft
from contracts.kit.good import AT, good
from contracts.kit.scalars import moment, scalar
from contracts.kit.write import suffix, write
from contracts.records import Slot
from contracts.sponsor import SponsorFacts

Row = dict[str, Any]
Edit = Callable[[list[Row]], None]

_HOUR = timedelta(hours=1)


class _Schedule:
    """The good schedule of a contract, and bad files made of it."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.draft = good(contract)
        self.rows = self.draft.rows

    @property
    def form(self) -> SourceForm:
        return self.contract.schema.sources[0]

    def bad(
        self,
        code: str,
        spoil: Edit,
        mend: Edit | None = None,
        *,
        before: Edit | None = None,
        context: Context | None = None,
    ) -> Bad:
        """`spoil` makes the good schedule bad. `mend` makes a good one of it again; without it the good one is it.
        `before` makes the schedule that came earlier."""
        earlier: tuple[bytes, ...] = ()
        if before is not None:
            earlier = (self._bytes(before),)
            context = replace(context or Context(), history=RecordHistory())
        name = f"{code.lower()}.{suffix(self.form)}"
        return Bad(code, name, self.form, self._bytes(spoil), self._bytes(mend or _nothing), earlier, context)

    def _bytes(self, edit: Edit) -> bytes:
        draft: Draft = self.draft.copy()
        edit(draft.rows)
        return write(draft, self.form)

    def time(self, name: str, nth: int = 0) -> datetime:
        """A time of the nth good slot."""
        return _instant(self.rows[nth][name])

    def text(self, name: str, at: datetime) -> str:
        """A time as the contract wants it written."""
        return str(moment(self.contract, self._field(name), at))

    def another(self, name: str) -> Any:
        """A value of the field that no good slot has."""
        return scalar(self.contract, self._field(name), AT, len(self.rows) + 1)

    def slot(self, nth: int, **other: Any) -> Slot:
        """The nth good slot as the hub would keep it."""
        row = self.rows[nth]
        known = {field.name: row.get(field.name) for field in fields(Slot)}
        instants = ("_at", "_start", "_end", "_release")
        times = {n: _instant(v) for n, v in known.items() if v is not None and n.endswith(instants)}
        return Slot(**{**known, **times, **other})

    def cleared(self, nth: int) -> SponsorFacts:
        """A sponsor that gave the nth slot a GO an hour before its planned start."""
        row = self.rows[nth]
        bound = {name: str(row[name]) for name in ("vector_lot", "coi") if row.get(name)}
        at = self.time("planned_start", nth) - _HOUR
        one = Cleared(str(row["slot_uid"]), "GO", at, bound)
        return SponsorFacts(clearances={(str(row.get("site", "")), str(row["slot_uid"])): [one]})

    def rule(self, kind: str, **params: Any) -> Clause | None:
        """The first clause of a rule, with these parameters where they are given."""
        found = (c for c in self.contract.clauses if c.kind == kind)
        return next((c for c in found if all(c.params.get(k) == v for k, v in params.items())), None)

    def _field(self, name: str) -> Any:
        field = self.contract.schema.find(name)
        assert field is not None, name
        return field


def _nothing(_rows: list[Row]) -> None:
    pass


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _put(nth: int, **values: Any) -> Edit:
    """Sets fields of one slot; None leaves the field empty."""

    def edit(rows: list[Row]) -> None:
        for name, value in values.items():
            if value is None:
                rows[nth].pop(name, None)
            else:
                rows[nth][name] = value

    return edit


def _only(nth: int) -> Edit:
    """Leaves one slot in the file."""

    def edit(rows: list[Row]) -> None:
        rows[:] = [rows[nth]]

    return edit


def _without(nth: int) -> Edit:
    def edit(rows: list[Row]) -> None:
        del rows[nth]

    return edit


def _both(*edits: Edit) -> Edit:
    def edit(rows: list[Row]) -> None:
        for one in edits:
            one(rows)

    return edit


# Form


def _missing_time(made: _Schedule) -> Bad:
    return made.bad("SCH-E101", _put(0, planned_start=None))


def _end_first(made: _Schedule) -> Bad:
    return made.bad("SCH-E102", _put(0, planned_end=made.rows[0]["planned_start"]))


def _unread(made: _Schedule) -> Bad:
    return made.bad("SCH-E103", _put(0, planned_start="next week"))


def _no_zone(made: _Schedule) -> Bad | None:
    if made.contract.schema.time.zone != "offset":
        return None
    return made.bad("SCH-E104", _put(0, planned_start=f"{made.time('planned_start'):%Y-%m-%dT%H:%M:%S}"))


def _unknown_zone(made: _Schedule) -> Bad:
    return made.bad("SCH-E105", _put(0, planned_start=f"{made.time('planned_start'):%Y-%m-%dT%H:%M:%S} CEST"))


def _no_such_local(made: _Schedule) -> Bad | None:
    zone = made.contract.schema.time.zone
    skipped = _skipped(ZoneInfo(zone), AT.year) if zone != "offset" else None
    return made.bad("SCH-E106", _put(0, planned_start=skipped)) if skipped is not None else None


def _skipped(zone: ZoneInfo, year: int) -> str | None:
    """A local time of the year that the clocks there leap over; None where they never do."""
    first = datetime(year, 1, 1, 0, 30, tzinfo=zone)
    for half_hours in range(366 * 48):
        local = first + half_hours * _HOUR / 2  # arithmetic on a zoned time moves the wall clock
        if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            return local.replace(tzinfo=None).isoformat()
    return None


# Revisions


def _moved(made: _Schedule, *, far: bool) -> Bad | None:
    rule = made.rule("slip", field="planned_start")
    if rule is None:
        return None
    tolerance: timedelta = rule.params["tolerance"]
    last, by = len(made.rows) - 1, tolerance + 2 * _HOUR if far else tolerance / 2
    names = [n for n in ("planned_start", "planned_end", "apheresis_expires_at") if n in made.rows[last]]
    moved = {name: made.text(name, made.time(name, last) + by) for name in names}
    code = "SCH-E202" if far else "SCH-E203"
    return made.bad(code, _put(last, revision=2, **moved), _put(last, revision=2), before=_nothing)


def _cancelled(made: _Schedule) -> Bad:
    return made.bad("SCH-E204", _put(0, revision=2, status="cancelled"), _put(0, revision=2), before=_nothing)


def _came_back(made: _Schedule) -> Bad:
    cancelled = _put(0, status="cancelled")

    def as_new(rows: list[Row]) -> None:
        rows.append({**rows[0], "slot_uid": made.another("slot_uid")})

    return made.bad("SCH-E205", _put(0, revision=2), _both(as_new, cancelled), before=cancelled)


def _vanished(made: _Schedule) -> Bad:
    return made.bad("SCH-E206", _without(0), before=_nothing)


def _older(made: _Schedule) -> Bad:
    newest = _put(0, revision=3)
    return made.bad("SCH-E207", _put(0, revision=2), newest, before=newest)


def _sources(made: _Schedule) -> Bad | None:
    own = f"{made.contract.partner}/{made.contract.kind}"
    for rule in (c for c in made.contract.clauses if c.kind == "revisionOrder"):
        other = next((feed for feed in rule.params.get("sources", ()) if feed != own), None)
        if other is None:
            continue
        last = len(made.rows) - 1
        end = made.time("planned_end", last) + 6 * _HOUR
        context = Context(sponsor=SponsorFacts(slots={other: [made.slot(last, planned_end=end)]}))
        same = _put(last, planned_end=made.text("planned_end", end))
        first = _only(0)  # an earlier schedule, because clauses about revisions are judged where a past is known
        return made.bad("SCH-E208", _nothing, same, before=first, context=context)
    return None


def _same_revision(made: _Schedule) -> Bad:
    last = len(made.rows) - 1
    later = _put(last, planned_end=made.text("planned_end", made.time("planned_end", last) + 6 * _HOUR))
    return made.bad("SCH-E209", later, _both(later, _put(last, revision=2)), before=_nothing)


# Resources


def _overlap(made: _Schedule) -> Bad | None:
    rule = made.rule("noOverlap", resource="suite")
    if rule is None:
        return None
    start = made.text("planned_start", made.time("planned_end", 0) - _HOUR)
    return made.bad("SCH-E301", _put(1, planned_start=start))


def _promised(made: _Schedule) -> Bad | None:
    rule = made.rule("allocation")
    if rule is None:
        return None
    lot, quantity = str(rule.params["lot"]), str(rule.params["quantity"])
    lots = frozenset(str(row[lot]) for row in made.rows)
    facts = SponsorFacts(lots=[LotFacts(str(made.rows[0][lot]), doses=Decimal(2))])
    context = Context(registries={str(rule.params["registry"]): lots}, sponsor=facts)
    return made.bad("SCH-E302", _put(0, **{quantity: 3}), _put(0, **{quantity: 2}), context=context)


def _before_data(made: _Schedule) -> Bad | None:
    rule = made.rule("leadTime", after="lot.l1_due")
    if rule is None:
        return None
    last, later = len(made.rows) - 1, 48 * _HOUR
    due = made.time("planned_start", last) + later - rule.params["min"]
    context = Context(sponsor=SponsorFacts(lots=[LotFacts(str(made.rows[last]["vector_lot"]), l1_due=due)]))
    names = [n for n in ("planned_start", "planned_end", "apheresis_expires_at") if n in made.rows[last]]
    moved = {name: made.text(name, made.time(name, last) + later) for name in names}
    return made.bad("SCH-E303", _nothing, _put(last, **moved), context=context)


def _too_old(made: _Schedule) -> Bad | None:
    rule = made.rule("crossField", code="SCH-E304", left="planned_start", op="<=")
    if rule is None:
        return None
    name = str(rule.params["right"])
    return made.bad("SCH-E304", _put(0, **{name: made.text(name, made.time("planned_start") - _HOUR)}))


def _swapped(made: _Schedule) -> Bad | None:
    rule = made.rule("frozenAfter")
    if rule is None or "vector_lot" not in rule.params["fields"]:
        return None
    context = Context(sponsor=made.cleared(0))
    return made.bad("SCH-E305", _put(0, vector_lot=made.another("vector_lot")), context=context)


def _unknown(made: _Schedule) -> Bad | None:
    rule = made.rule("referenceExists")
    if rule is None:
        return None
    name, registry = str(rule.params["path"]), str(rule.params["registry"])
    context = Context(registries={registry: frozenset(str(row[name]) for row in made.rows)})
    return made.bad("SCH-E306", _put(0, **{name: made.another(name)}), context=context)


def _undecided(made: _Schedule) -> Bad | None:
    rule = made.rule("noPlaceholder")
    if rule is None:
        return None
    field = str(rule.params["field"])
    now = made.time(str(rule.params["anchor"])) + rule.params["from"] + _HOUR
    word = next((str(v) for v in rule.params["values"] if v), None)
    return made.bad("SCH-E307", _put(0, **{field: word}), context=Context(now=now))


def _not_cleared(made: _Schedule) -> Bad | None:
    rule = made.rule("startNeedsClearance")
    if rule is None:
        return None
    start = str(rule.params["start"])
    began = {start: made.text(start, made.time("planned_start"))}
    return made.bad("SCH-E308", _put(0, status="running", **began), context=Context(sponsor=SponsorFacts()))


# Identity


def _malformed(made: _Schedule) -> Bad | None:
    field = next(
        (f for f in made.contract.schema.fields if f.custom.get("identifier", {}).get("scheme") == "coi"), None
    )
    return made.bad("SCH-E401", _put(0, **{field.name: "not an identity"})) if field is not None else None


def _twice(made: _Schedule) -> Bad | None:
    rules = (c for c in made.contract.clauses if c.kind in ("uniqueKey", "key") and len(c.params["key"]) == 1)
    name = next((str(c.params["key"][0]) for c in rules if "SCH-E402" in c.codes), None)
    return made.bad("SCH-E402", _put(1, **{name: made.rows[0][name]})) if name is not None else None


def _two_runs(made: _Schedule) -> Bad | None:
    rule = made.rule("activeOnce")
    if rule is None:
        return None
    identity, status, active = (rule.params[name] for name in ("identity", "status", "active"))
    # The first run should be over by now and nobody said that it is: a schedule may leave it out, an identity may not.
    now = made.time("planned_end", 0) + _HOUR

    again = _both(_put(1, **{identity: made.rows[0][identity], status: active[0]}), _without(0))
    only = _both(_put(0, **{status: active[-1]}), _only(0))
    mend = _both(_put(1, **{status: active[0]}), _without(0))
    return made.bad("SCH-E403", again, mend, before=only, context=Context(now=now))


def _other_lot(made: _Schedule) -> Bad | None:
    rule = made.rule("usedEqualsAllocated")
    if rule is None:
        return None
    lot = str(rule.params["lot"])
    runs = _put(0, status="running", actual_start=made.text("actual_start", made.time("planned_start")))
    context = Context(sponsor=made.cleared(0))
    return made.bad("SCH-E404", _both(runs, _put(0, **{lot: made.another(lot)})), runs, context=context)


def _maker(code: str, make: Callable[[_Schedule], Bad | None]) -> Maker:
    """Asks only contracts that have a clause for the code."""

    def maker(contract: Contract) -> Bad | None:
        if not any(code in clause.codes for clause in contract.clauses if clause.kind != "due"):
            return None
        return make(_Schedule(contract))

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
        "SCH-E301": _overlap,
        "SCH-E302": _promised,
        "SCH-E303": _before_data,
        "SCH-E304": _too_old,
        "SCH-E305": _swapped,
        "SCH-E306": _unknown,
        "SCH-E307": _undecided,
        "SCH-E308": _not_cleared,
        "SCH-E401": _malformed,
        "SCH-E402": _twice,
        "SCH-E403": _two_runs,
        "SCH-E404": _other_lot,
    }.items()
}
