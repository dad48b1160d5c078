"""What a clearance binds: nothing of it changes afterwards, no run starts without one, the run uses the lot it names.

    frozenAfter             the slot changed between clearance and start
    startNeedsClearance     the run started and nobody had let it
    usedEqualsAllocated     the run used another lot than the cleared one

A clearance is the sponsor's (hub.release makes it); a schedule can't state one. So all three need the hub.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts.contract import Clause
from contracts.rules.examination import Examination, Node
from contracts.rules.paths import Path
from contracts.values.problem import Problem
from contracts.values.times import utc_text

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_BEGUN = ("running", "completed")
_WHEN: Mapping[str, Any] = {"status": _BEGUN}


def frozen_after(clause: Clause, plan: Plan) -> Rule:
    """SCH-E305 at each field that says something else than the GO was bound to.

    A lot that changed in a run that has begun is usedEqualsAllocated's, where the contract has that rule.
    """
    key = plan.path(str(clause.params["key"]), None)
    fields = [plan.path(str(name), None) for name in clause.params["fields"]]
    used = next((c for c in plan.contract.clauses if c.kind == "usedEqualsAllocated"), None)
    begun = _when(used, plan) if used is not None else []
    lot = str(used.params["lot"]) if used is not None else None

    def rule(exam: Examination) -> None:
        sponsor = exam.context.sponsor
        assert sponsor is not None
        for pointer, node, site, uid in _slots(exam, clause, key):
            cleared = sponsor.clearance(site, uid)
            if cleared is None or not cleared.goes:
                continue
            for path in fields:
                at, bound = path.pointer(pointer), cleared.bound.get(path.field)
                if exam.is_spoiled(at) or (path.field == lot and _holds(exam, begun, pointer, node)):
                    continue
                if bound is None:
                    exam.lacking.add(clause.id)
                    continue
                now = exam.value(path, pointer, node)
                if now is not None and str(now) == bound:
                    continue
                hidden = path.scalar is not None and path.scalar.field.classification == "restricted"
                problem = Problem(
                    "SCH-E305",
                    "changed after its clearance, which is void now",
                    expected="the value that was cleared" if hidden else f"{bound}, as cleared",
                    fix="write the cleared value again, or have the slot cleared anew",
                    replacement=None if hidden else bound,
                )
                found = None if now is None else str(now)
                exam.raise_(clause, problem, at, path.field, found=found, spoil=False, slot_row=exam.row_of(at))

    return rule


def start_needs_clearance(clause: Clause, plan: Plan) -> Rule:
    """SCH-E308 at the actual start, or at the status of a run that says it began and not when."""
    key, start = plan.path(str(clause.params["key"]), None), plan.path(str(clause.params["start"]), None)
    status = plan.path("status", None)

    def rule(exam: Examination) -> None:
        sponsor = exam.context.sponsor
        assert sponsor is not None
        for pointer, node, site, uid in _slots(exam, clause, key):
            began, state = exam.value(start, pointer, node), exam.value(status, pointer, node)
            if not isinstance(began, datetime) and state not in _BEGUN:
                continue
            when = began if isinstance(began, datetime) else None
            cleared = sponsor.clearance(site, uid, when)
            if cleared is not None and cleared.goes:
                continue
            stood = "there was no clearance" if cleared is None else f"the clearance was {cleared.outcome}"
            problem = Problem(
                "SCH-E308",
                "is without clearance",
                expected="GO or GO_PROVISIONAL before the start",
                fix="if the run has not started, send the slot as planned; else tell the sponsor's quality at once",
                note=f"{stood} at the start" if when else stood,
            )
            path = start if when else status
            at, found = path.pointer(pointer), utc_text(when) if when else str(state)
            message = f"{uid} started without clearance"
            row = exam.row_of(at)
            exam.raise_(clause, problem, at, path.field, message=message, found=found, spoil=False, slot_row=row)

    return rule


def used_equals_allocated(clause: Clause, plan: Plan) -> Rule:
    """SCH-E404 at the lot. Silent without a GO: that is startNeedsClearance's to say."""
    key, lot = plan.path(str(clause.params["key"]), None), plan.path(str(clause.params["lot"]), None)
    start = plan.path("actual_start", None)
    begun = _when(clause, plan)

    def rule(exam: Examination) -> None:
        sponsor = exam.context.sponsor
        assert sponsor is not None
        for pointer, node, site, uid in _slots(exam, clause, key):
            at, began = lot.pointer(pointer), exam.value(start, pointer, node)
            if exam.is_spoiled(at) or not _holds(exam, begun, pointer, node):
                continue
            cleared = sponsor.clearance(site, uid, began if isinstance(began, datetime) else None)
            if cleared is None or not cleared.goes:
                continue
            bound, used = cleared.bound.get(lot.field), exam.value(lot, pointer, node)
            if bound is None:
                exam.lacking.add(clause.id)
                continue
            if used is not None and str(used) == bound:
                continue
            problem = Problem(
                "SCH-E404",
                "is not the lot that was cleared",
                expected=f"{bound}, as cleared",
                fix=f"write {bound} if the lot was only mistyped; else tell the sponsor's quality at once",
                replacement=bound,
            )
            found = None if used is None else str(used)
            message = f"{uid} used {used or 'no lot'}, cleared was {bound}"
            row = exam.row_of(at)
            exam.raise_(clause, problem, at, lot.field, message=message, found=found, spoil=False, slot_row=row)

    return rule


def _slots(exam: Examination, clause: Clause, key: Path) -> Iterator[tuple[str, Node, str, str]]:
    """(pointer, node, site, slot) of every slot whose name can be read."""
    place = exam.plan.path("site", None)
    for pointer, node in exam.entered(None, clause):
        uid = exam.value(key, pointer, node)
        if uid is not None:
            yield pointer, node, str(exam.value(place, pointer, node) or ""), str(uid)


def _when(clause: Clause, plan: Plan) -> list[tuple[Path, frozenset[str]]]:
    """The fields and words that say when the rule applies."""
    told = dict(clause.params.get("when") or _WHEN)
    return [
        (
            plan.path(name, None),
            frozenset(map(str, words)) if isinstance(words, list | tuple) else frozenset({str(words)}),
        )
        for name, words in told.items()
    ]


def _holds(exam: Examination, when: list[tuple[Path, frozenset[str]]], pointer: str, node: Node) -> bool:
    return all(str(exam.value(path, pointer, node)) in words for path, words in when)
