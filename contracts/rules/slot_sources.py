"""Two sources of one slot: what another feed says of it, held against this one. A part of revisionOrder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from contracts.contract import Clause
from contracts.records import Slot
from contracts.rules.examination import Examination
from contracts.rules.paths import Path
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan

_OWN = frozenset({"slot_uid", "site", "revision", "published_at"})
"""What names a slot and its revision: each source counts its own."""


def disagreement(clause: Clause, plan: Plan, key: Path, sources: tuple[str, ...]) -> Callable[[Examination], None]:
    """SCH-E208 at the first field that another of the `sources` (feeds, the first goes first) states otherwise."""
    own = f"{plan.contract.partner}/{plan.contract.kind}"
    ranked = {feed: rank for rank, feed in enumerate(sources)}
    site = plan.path("site", None)

    def look(exam: Examination) -> None:
        sponsor = exam.context.sponsor
        if sponsor is None:
            exam.lacking.add(clause.id)
            return
        for pointer, node in exam.entered(None, clause):
            uid = exam.value(key, pointer, node)
            if uid is None:
                continue
            told = sponsor.told(str(exam.value(site, pointer, node) or ""), str(uid))
            for feed in sources:
                changed = _changed(exam, pointer, node, told[feed]) if feed != own and feed in told else []
                if changed:
                    _differs(exam, pointer, node, str(uid), feed, changed)
                    break

    def _differs(exam: Examination, pointer: str, node: Any, uid: str, feed: str, changed: list[Path]) -> None:
        first, names = changed[0], ", ".join(path.field for path in changed[:5])
        follows = ranked[feed] < ranked.get(own, len(sources))
        problem = Problem(
            "SCH-E208",
            f"differs from {feed}",
            expected=f"what {feed} says, which goes first" if follows else f"the same as in {feed}",
            fix=f"say the same as {feed}, or have it corrected there" if follows else f"have {feed} say the same",
        )
        at = first.pointer(pointer)
        raw = first.get(node, exam.root)
        found = raw if isinstance(raw, str) else None
        message = f"{uid} differs from {feed}: {names}"
        row = exam.row_of(at)
        exam.raise_(clause, problem, at, first.field, message=message, found=found, spoil=False, slot_row=row)

    return look


def _changed(exam: Examination, pointer: str, node: Any, other: Slot) -> list[Path]:
    """The fields of this slot that `other` states otherwise."""
    found = []
    for field in fields(Slot):
        path = exam.plan.path(field.name, None)
        if field.name in _OWN or path.scalar is None or exam.is_spoiled(path.pointer(pointer)):
            continue
        value = exam.value(path, pointer, node)
        if (int(value) if isinstance(value, Decimal) else value) != getattr(other, field.name):
            found.append(path)
    return found
