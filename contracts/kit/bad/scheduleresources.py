"""Bad files of schedules about what a slot takes and whose it is: suites, doses, lots, clearances, identities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from contracts.context import Context, LotFacts
from contracts.kit.bad import Bad
from contracts.kit.bad.scheduledraft import HOUR, Schedule, both, nothing, only, put, without
from contracts.sponsor import SponsorFacts


def _overlap(made: Schedule) -> Bad | None:
    rule = made.rule("noOverlap", resource="suite")
    if rule is None:
        return None
    start = made.text("planned_start", made.time("planned_end", 0) - HOUR)
    return made.bad("SCH-E301", put(1, planned_start=start))


def _promised(made: Schedule) -> Bad | None:
    rule = made.rule("allocation")
    if rule is None:
        return None
    lot, quantity = str(rule.params["lot"]), str(rule.params["quantity"])
    lots = frozenset(str(row[lot]) for row in made.rows)
    facts = SponsorFacts(lots=[LotFacts(str(made.rows[0][lot]), doses=Decimal(2))])
    context = Context(registries={str(rule.params["registry"]): lots}, sponsor=facts)
    return made.bad("SCH-E302", put(0, **{quantity: 3}), put(0, **{quantity: 2}), context=context)


def _before_data(made: Schedule) -> Bad | None:
    rule = made.rule("leadTime", after="lot.l1_due")
    if rule is None:
        return None
    last, later = len(made.rows) - 1, 48 * HOUR
    due = made.time("planned_start", last) + later - rule.params["min"]
    context = Context(sponsor=SponsorFacts(lots=[LotFacts(str(made.rows[last]["vector_lot"]), l1_due=due)]))
    names = [n for n in ("planned_start", "planned_end", "apheresis_expires_at") if n in made.rows[last]]
    moved = {name: made.text(name, made.time(name, last) + later) for name in names}
    return made.bad("SCH-E303", nothing, put(last, **moved), context=context)


def _too_old(made: Schedule) -> Bad | None:
    rule = made.rule("crossField", code="SCH-E304", left="planned_start", op="<=")
    if rule is None:
        return None
    name = str(rule.params["right"])
    return made.bad("SCH-E304", put(0, **{name: made.text(name, made.time("planned_start") - HOUR)}))


def _swapped(made: Schedule) -> Bad | None:
    rule = made.rule("frozenAfter")
    if rule is None or "vector_lot" not in rule.params["fields"]:
        return None
    context = Context(sponsor=made.cleared(0))
    return made.bad("SCH-E305", put(0, vector_lot=made.another("vector_lot")), context=context)


def _unknown(made: Schedule) -> Bad | None:
    rule = made.rule("referenceExists")
    if rule is None:
        return None
    name, registry = str(rule.params["path"]), str(rule.params["registry"])
    context = Context(registries={registry: frozenset(str(row[name]) for row in made.rows)})
    return made.bad("SCH-E306", put(0, **{name: made.another(name)}), context=context)


def _undecided(made: Schedule) -> Bad | None:
    rule = made.rule("noPlaceholder")
    if rule is None:
        return None
    field = str(rule.params["field"])
    now = made.time(str(rule.params["anchor"])) + rule.params["from"] + HOUR
    word = next((str(v) for v in rule.params["values"] if v), None)
    return made.bad("SCH-E307", put(0, **{field: word}), context=Context(now=now))


def _not_cleared(made: Schedule) -> Bad | None:
    rule = made.rule("startNeedsClearance")
    if rule is None:
        return None
    start = str(rule.params["start"])
    began = {start: made.text(start, made.time("planned_start"))}
    return made.bad("SCH-E308", put(0, status="running", **began), context=Context(sponsor=SponsorFacts()))


# Identity


def _malformed(made: Schedule) -> Bad | None:
    field = next(
        (f for f in made.contract.schema.fields if f.custom.get("identifier", {}).get("scheme") == "coi"), None
    )
    return made.bad("SCH-E401", put(0, **{field.name: "not an identity"})) if field is not None else None


def _twice(made: Schedule) -> Bad | None:
    rules = (c for c in made.contract.clauses if c.kind in ("uniqueKey", "key") and len(c.params["key"]) == 1)
    name = next((str(c.params["key"][0]) for c in rules if "SCH-E402" in c.codes), None)
    return made.bad("SCH-E402", put(1, **{name: made.rows[0][name]})) if name is not None else None


def _two_runs(made: Schedule) -> Bad | None:
    rule = made.rule("activeOnce")
    if rule is None:
        return None
    identity, status, active = (rule.params[name] for name in ("identity", "status", "active"))
    # The first run should be over by now and nobody said that it is: a schedule may leave it out, an identity may not.
    now = made.time("planned_end", 0) + HOUR

    again = both(put(1, **{identity: made.rows[0][identity], status: active[0]}), without(0))
    before = both(put(0, **{status: active[-1]}), only(0))
    mend = both(put(1, **{status: active[0]}), without(0))
    return made.bad("SCH-E403", again, mend, before=before, context=Context(now=now))


def _other_lot(made: Schedule) -> Bad | None:
    rule = made.rule("usedEqualsAllocated")
    if rule is None:
        return None
    lot = str(rule.params["lot"])
    runs = put(0, status="running", actual_start=made.text("actual_start", made.time("planned_start")))
    context = Context(sponsor=made.cleared(0))
    return made.bad("SCH-E404", both(runs, put(0, **{lot: made.another(lot)})), runs, context=context)


RESOURCES: Mapping[str, Callable[[Schedule], Bad | None]] = {
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
}
