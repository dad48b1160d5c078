"""allocation: a lot is promised no more doses than it has, over the slots of all feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.document import Raw
from contracts.due import NO_LOT
from contracts.records import Slot
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class _Use:
    """One slot that takes doses of a lot. `pointer` None: it is in another schedule."""

    start: datetime
    uid: str
    doses: int | Decimal
    pointer: str | None = None
    raw: Raw = None


def allocation(clause: Clause, plan: Plan) -> Rule:
    """SCH-E302 at the last slot of this schedule that uses the lot. A slot that states no doses takes at least one.

    Needs the lot's doses and the other slots that use it; a lot whose doses nobody stated is not judged.
    """
    lot, quantity = (plan.path(str(clause.params[name]), None) for name in ("lot", "quantity"))
    uid, site, status, begins, began = (
        plan.path(name, None) for name in ("slot_uid", "site", "status", "planned_start", "actual_start")
    )

    def rule(exam: Examination) -> None:
        sponsor = exam.context.sponsor
        assert sponsor is not None
        here: dict[str, list[_Use]] = {}
        named: set[tuple[str, str]] = set()
        for pointer, node in exam.entered(None, clause):
            name, place = (str(exam.value(path, pointer, node) or "") for path in (uid, site))
            named.add((place, name))
            number, start = exam.value(lot, pointer, node), exam.value(begins, pointer, node)
            started = exam.value(began, pointer, node) is not None
            if number is None or number in NO_LOT or not _takes(str(exam.value(status, pointer, node)), started):
                continue
            doses, raw = exam.value(quantity, pointer, node), quantity.get(node, exam.root)
            at = start if isinstance(start, datetime) else datetime.max.replace(tzinfo=UTC)
            here.setdefault(str(number), []).append(
                _Use(at, name, doses if isinstance(doses, int | Decimal) else 1, pointer, raw)
            )
        for number, uses in sorted(here.items()):
            facts = sponsor.lot(number)
            if facts is None or facts.doses is None:
                exam.lacking.add(clause.id)
                continue
            others = [_elsewhere(s) for s in sponsor.slots_of(number) if (s.site, s.slot_uid) not in named]
            promised = [*uses, *(use for use in others if use is not None)]
            total = sum(use.doses for use in promised)
            if total > facts.doses:
                _over(exam, number, str(facts.doses), total, promised)

    def _over(exam: Examination, number: str, has: str, total: int | Decimal, promised: list[_Use]) -> None:
        ordered = sorted(promised, key=lambda use: (use.start, use.uid))
        last = next(use for use in reversed(ordered) if use.pointer is not None)
        listed = ", ".join(f"{use.uid} {use.doses}" for use in ordered[:_SHOWN])
        more = f" and {len(ordered) - _SHOWN} more slots" if len(ordered) > _SHOWN else ""
        problem = Problem(
            "SCH-E302",
            f"makes {total} doses of {number}, which has {has}",
            expected=f"at most {has} doses over all slots of the lot",
            fix="name another lot for one of the slots, or take doses back",
            note=f"promised to {listed}{more}",
        )
        at = quantity.pointer(last.pointer or "")
        message = f"{number} is promised {total} doses of {has}"
        whose = ((lot.field, number),)
        exam.raise_(clause, problem, at, quantity.field, message=message, found=last.raw, spoil=False, key=whose)

    return rule


def _takes(status: str, started: bool) -> bool:
    """Whether a slot takes doses. A run that was aborted has used them."""
    return status != "cancelled" and (status != "aborted" or started)


def _elsewhere(slot: Slot) -> _Use | None:
    if not _takes(slot.status, slot.actual_start is not None):
        return None
    return _Use(slot.planned_start, slot.slot_uid, 1 if slot.vector_doses is None else slot.vector_doses)
