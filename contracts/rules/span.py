"""span: a slot begins before it ends, and lasts a believable time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.duration import format_duration
from contracts.rules.examination import Examination
from contracts.values.problem import Problem
from contracts.values.times import utc_text

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def span(clause: Clause, plan: Plan) -> Rule:
    """SCH-E102 at the end; SCH-E101 where a time is absent that no field requires."""
    start, end = plan.path(str(clause.params["start"]), None), plan.path(str(clause.params["end"]), None)
    least: timedelta | None = clause.params.get("min")
    most: timedelta | None = clause.params.get("max")

    def rule(exam: Examination) -> None:
        for pointer, node in exam.entered(None, clause):
            a, b = exam.value(start, pointer, node), exam.value(end, pointer, node)
            for path, value in ((start, a), (end, b)):
                at = path.pointer(pointer)
                if value is None and not exam.is_spoiled(at):
                    problem = Problem("SCH-E101", "is missing", "a planned time", "write the planned time")
                    exam.raise_(clause, problem, at, path.field, slot_row=exam.row_of(at))
            if not isinstance(a, datetime) or not isinstance(b, datetime):
                continue
            length = b - a
            if length <= timedelta(0):
                says, expected = "is not after the start", f"a time after {utc_text(a)}"
            elif most is not None and length > most:
                says, expected = f"is {format_duration(length)} after the start", f"at most {format_duration(most)}"
            elif least is not None and length < least:
                says, expected = f"is {format_duration(length)} after the start", f"at least {format_duration(least)}"
            else:
                continue
            at = end.pointer(pointer)
            problem = Problem("SCH-E102", says, expected, "correct the start or the end")
            exam.raise_(clause, problem, at, end.field, found=utc_text(b), slot_row=exam.row_of(at))

    return rule
