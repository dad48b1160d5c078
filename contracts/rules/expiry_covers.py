"""expiryCovers: material outlives its planned use, in every slot of any site that will use its lot."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.problem import Problem
from contracts.values.times import utc_text

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_NO_USE = frozenset({"cancelled", "aborted"})
_LOT = "lot_number"
_SHOWN = 3


def expiry_covers(clause: Clause, plan: Plan) -> Rule:
    """COA-E507 at the expiry, naming the slots whose `until` (`slot.planned_end`) comes after it."""
    expires, lot = plan.path(str(clause.params["expires"]), None), plan.path(_LOT, None)
    until = str(clause.params["until"]).removeprefix("slot.")
    ends = until.removeprefix("planned_").removeprefix("actual_").replace("_", " ")

    def rule(exam: Examination) -> None:
        sponsor = exam.context.sponsor
        assert sponsor is not None
        end, number = exam.value(expires, "", exam.root), exam.value(lot, "", exam.root)
        if not isinstance(end, datetime) or number is None:
            exam.unread.add(clause.id)
            return
        late = sorted(
            (when, slot.slot_uid)
            for slot in sponsor.slots_of(str(number))
            if slot.status not in _NO_USE and isinstance(when := getattr(slot, until), datetime) and when > end
        )
        if not late:
            return
        last, _ = late[-1]
        uids = ", ".join(uid for _, uid in late[:_SHOWN])
        more = f" and {len(late) - _SHOWN} more" if len(late) > _SHOWN else ""
        problem = Problem(
            "COA-E507",
            f"is before the {ends} of slot {uids}{more}",
            expected=f"an expiry at or after {utc_text(last)}",
            fix="use another lot for these slots, or move them before the expiry",
            note="the vector must not expire while it is in use",
        )
        raw = expires.get(exam.root, exam.root)
        found = raw if isinstance(raw, str) else None
        exam.raise_(clause, problem, expires.pointer(""), expires.field, found=found, spoil=False)

    return rule
