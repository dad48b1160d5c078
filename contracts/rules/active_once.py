"""activeOnce: one chain of identity is on one active run, in this schedule and in what came before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def active_once(clause: Clause, plan: Plan) -> Rule:
    """SCH-E403 at the status of the second active slot. The identity itself is never shown."""
    identity, key, status = (plan.path(str(clause.params[name]), None) for name in ("identity", "key", "status"))
    active = frozenset(str(word) for word in clause.params["active"])

    def rule(exam: Examination) -> None:
        history = exam.context.history
        assert history is not None
        frames = exam.entered(None, clause)
        here = {str(exam.value(key, pointer, node)) for pointer, node in frames}
        running: dict[str, str] = {
            str(getattr(slot, identity.field, "")): slot.slot_uid
            for slot in history.open_slots()
            if slot.status in active and slot.slot_uid not in here
        }
        for pointer, node in frames:
            who, uid = exam.value(identity, pointer, node), str(exam.value(key, pointer, node))
            if who is None or exam.value(status, pointer, node) not in active:
                continue
            other = running.setdefault(str(who), uid)
            if other != uid:
                at = status.pointer(pointer)
                problem = Problem(
                    "SCH-E403",
                    "is a second active run",
                    expected="one active run per identity",
                    fix=f"check {uid} and {other}: one patient cannot be on both",
                )
                message = f"{uid} and {other} are active for one identity"
                exam.raise_(clause, problem, at, status.field, message=message, spoil=False)

    return rule
