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
        running: dict[str, str] = {}
        for slot in sorted(history.open_slots(), key=lambda slot: slot.slot_uid, reverse=True):
            if slot.status in active and slot.slot_uid not in here:
                running[str(getattr(slot, identity.field, ""))] = slot.slot_uid
        found = [
            (str(exam.value(key, pointer, node)), pointer, str(who))
            for pointer, node in frames
            if (who := exam.value(identity, pointer, node)) is not None and exam.value(status, pointer, node) in active
        ]
        # by slot, not by row: the same two slots are the same finding in whatever order they are sent
        for uid, pointer, who in sorted(found):
            other = running.setdefault(who, uid)
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
