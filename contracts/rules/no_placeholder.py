"""noPlaceholder: "to be decided" is an answer only until it has to be decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.duration import format_duration
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_OVER = frozenset({"completed", "cancelled", "aborted"})


def no_placeholder(clause: Clause, plan: Plan) -> Rule:
    """SCH-E307 from anchor + `from` on. Slots that are over need no lot any more."""
    field, anchor = plan.path(str(clause.params["field"]), None), plan.path(str(clause.params["anchor"]), None)
    status = plan.path("status", None)
    placeholders = frozenset(str(v) for v in clause.params["values"])
    since: timedelta = clause.params["from"]

    def rule(exam: Examination) -> None:
        now = exam.context.now
        assert now is not None
        for pointer, node in exam.entered(None, clause):
            when, value = exam.value(anchor, pointer, node), exam.value(field, pointer, node)
            at = field.pointer(pointer)
            if not isinstance(when, datetime) or exam.is_spoiled(at) or now < when + since:
                continue
            if str(value or "") not in placeholders or exam.value(status, pointer, node) in _OVER:
                continue
            problem = Problem(
                "SCH-E307",
                "is not decided yet",
                expected=f"a real value from {format_duration(since)} before {anchor.field}",
                fix=f"name the {field.field}",
            )
            found = None if value is None else str(value)
            exam.raise_(clause, problem, at, field.field, found=found, spoil=False, slot_row=exam.row_of(at))

    return rule
