"""noOverlap: one suite of a site, one run at a time. Slots are half-open: one may begin the moment another ends."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.document import Raw
from contracts.rules.examination import Examination
from contracts.values.problem import Problem
from contracts.values.times import utc_text

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_Booking = tuple[datetime, datetime, tuple[tuple[str, str], ...], str, Raw]
"""Start, end, business key, pointer, start as sent: what bookings are ordered by, and what is shown."""


def no_overlap(clause: Clause, plan: Plan) -> Rule:
    """SCH-E301 at the start of the later slot, naming the slot it runs into."""
    resource, start, end = (plan.path(str(clause.params[name]), None) for name in ("resource", "start", "end"))
    status, site = plan.path("status", None), plan.path("site", None)
    excepted = frozenset(str(word) for word in clause.params.get("except", ()))

    def rule(exam: Examination) -> None:
        booked: dict[tuple[str, str], list[_Booking]] = {}  # by site and suite: two sites may call a suite alike
        for pointer, node in exam.entered(None, clause):
            suite, a, b = (exam.value(path, pointer, node) for path in (resource, start, end))
            if suite is None or not isinstance(a, datetime) or not isinstance(b, datetime) or b <= a:
                continue
            if excepted and exam.value(status, pointer, node) in excepted:
                continue
            place = str(exam.value(site, pointer, node) or "")
            booking = (a, b, exam.key(pointer), pointer, start.get(node, exam.root))
            booked.setdefault((place, str(suite)), []).append(booking)
        for (_, suite), slots in booked.items():
            slots.sort()  # of two at the same time the slot's name decides, and not its row
            _, busy_until, _, busy_by, _ = slots[0]
            for a, b, _, pointer, raw in slots[1:]:
                if a < busy_until and not exam.same_item(pointer, busy_by):
                    _overlap(exam, suite, pointer, raw, busy_by, busy_until)
                if b > busy_until:
                    busy_until, busy_by = b, pointer

    def _overlap(exam: Examination, suite: str, pointer: str, raw: Raw, other: str, until: datetime) -> None:
        name = exam.label(f"{other}/{start.field}") or other
        problem = Problem(
            "SCH-E301",
            f"is before {name} leaves {suite}",
            expected=f"a start at or after {utc_text(until)}",
            fix=f"move one of the two slots, or name another {resource.field}",
        )
        at = start.pointer(pointer)
        mine = exam.label(at) or pointer
        message = f"{mine} starts in {suite} before {name} has ended"
        exam.raise_(clause, problem, at, start.field, message=message, found=raw, spoil=False)

    return rule
