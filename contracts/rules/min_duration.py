"""minDuration: a test that was read before its method allows proves nothing yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def min_duration(clause: Clause, plan: Plan) -> Rule:
    """COA-E506: a test that was read before its method allows."""
    each = str(clause.params["each"])
    start, end = plan.path(str(clause.params["from"]), each), plan.path(str(clause.params["to"]), each)
    timed = {t.code for t in plan.contract.schema.tests if t.min_duration is not None}

    def rule(exam: Examination) -> None:
        if not timed:
            return
        for (pointer, node), line in zip(exam.frames(each), exam.results(each), strict=True):
            if line.test is None or line.test.code not in timed:
                continue
            a, b = exam.value(start, pointer, node), exam.value(end, pointer, node)
            least = line.test.min_duration
            if not isinstance(a, datetime) or not isinstance(b, datetime) or least is None or b - a >= least:
                continue
            problem = Problem(
                "COA-E506",
                f"was read after {_days(b - a)}, the method needs {_days(least)}",
                expected=f"at least {_days(least)} after {start.field.rpartition('.')[2]}",
                fix="send the result of the full test",
            )
            message = f"{line.test.code} {problem.says}"
            exam.raise_(
                clause,
                problem,
                end.pointer(pointer),
                end.field,
                message=message,
                found=end.text(node, exam.root),
            )

    return rule


def _days(length: timedelta) -> str:
    hours = int(length.total_seconds() // 3600)
    whole, rest = divmod(hours, 24)
    return f"{whole} d {rest} h" if rest else f"{whole} d"
