"""leadTime: a run starts no earlier than what it needs can be there: the vector's data, the patient's cells."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.due import NO_LOT
from contracts.duration import format_duration
from contracts.rules.examination import Examination
from contracts.values.problem import Problem
from contracts.values.times import utc_text

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

LOT_ANCHORS = {"lot.l1_due": "Level 1 data of {lot} is due", "lot.mfg_end": "{lot} is made"}
"""Anchors that the sponsor's side knows, and how a sentence says that their time has come."""

_BEGUN = frozenset({"running", "completed"})
_OVER = frozenset({"completed", "cancelled", "aborted"})
_NEEDED = frozenset({"ready", "running"})
"""A slot in these has its cells: from then on the time of collection must be known."""


def lead_time(clause: Clause, plan: Plan) -> Rule:
    """SCH-E303 for an anchor of the lot (`lot.l1_due`), SCH-E304 for a time of the slot itself
    (`slot.apheresis_collected_at`). A slot whose run has begun is not held against a plan."""
    return _after_lot(clause, plan) if str(clause.params["after"]) in LOT_ANCHORS else _after_own(clause, plan)


def _after_lot(clause: Clause, plan: Plan) -> Rule:
    start, lot, status = (plan.path(name, None) for name in (str(clause.params["start"]), "vector_lot", "status"))
    after = str(clause.params["after"])
    least: timedelta = clause.params["min"]

    def rule(exam: Examination) -> None:
        sponsor = exam.context.sponsor
        assert sponsor is not None
        for pointer, node in exam.entered(None, clause):
            begins, number = exam.value(start, pointer, node), exam.value(lot, pointer, node)
            if not isinstance(begins, datetime) or number is None or number in NO_LOT:
                continue
            if exam.value(status, pointer, node) in _BEGUN | _OVER:
                continue
            facts = sponsor.lot(str(number))
            anchor: datetime | None = getattr(facts, after.partition(".")[2], None)
            if anchor is None:
                exam.lacking.add(clause.id)
                continue
            if begins >= anchor + least:
                continue
            event = LOT_ANCHORS[after].format(lot=number)
            problem = Problem(
                "SCH-E303",
                f"is before {_later(least)}{event}",
                expected=f"{utc_text(anchor + least)} or later",
                fix="plan the start later, or name a lot whose data is here",
            )
            at = start.pointer(pointer)
            row = exam.row_of(at)
            exam.raise_(clause, problem, at, start.field, found=utc_text(begins), spoil=False, slot_row=row)

    return rule


def _after_own(clause: Clause, plan: Plan) -> Rule:
    name = str(clause.params["after"]).partition(".")[2]
    start, anchor, status = (plan.path(field, None) for field in (str(clause.params["start"]), name, "status"))
    least: timedelta = clause.params["min"]

    def rule(exam: Examination) -> None:
        for pointer, node in exam.entered(None, clause):
            begins, when, state = (exam.value(path, pointer, node) for path in (start, anchor, status))
            at = anchor.pointer(pointer)
            if when is None and state in _NEEDED and not exam.is_spoiled(at):
                problem = Problem(
                    "SCH-E304",
                    f"is missing, and the slot is {state}",
                    expected=f"the time, before a slot is {state}",
                    fix=f"write {name}",
                )
                exam.raise_(clause, problem, at, anchor.field, spoil=False, slot_row=exam.row_of(at))
            if not isinstance(begins, datetime) or not isinstance(when, datetime) or state in _OVER:
                continue
            if begins >= when + least:
                continue
            at = start.pointer(pointer)
            problem = Problem(
                "SCH-E304",
                f"is before {_later(least)}{name}",
                expected=f"{utc_text(when + least)} or later",
                fix=f"plan the start later, or correct {name}",
            )
            row = exam.row_of(at)
            exam.raise_(clause, problem, at, start.field, found=utc_text(begins), spoil=False, slot_row=row)

    return rule


def _later(least: timedelta) -> str:
    return f"{format_duration(least)} after " if least else ""
