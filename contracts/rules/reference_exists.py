"""referenceExists: an id is known to the hub. A near match is a hint, never an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.identifiers import near
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def reference_exists(clause: Clause, plan: Plan) -> Rule:
    """COA-E402 or SCH-E306. Needs the registry that it names."""
    path = plan.path(str(clause.params["path"]), None)
    registry = str(clause.params["registry"])
    excepted = frozenset(str(word) for word in clause.params.get("except", ()))
    hints = bool(clause.params.get("nearMatch", False))
    thing = registry.removesuffix("s")

    def rule(exam: Examination) -> None:
        known = exam.context.registries[registry]
        for pointer, node in exam.entered(None, clause):
            value = exam.value(path, pointer, node)
            if value is None or str(value) in known or str(value) in excepted:
                continue
            hint = near(str(value), known) if hints else None
            problem = Problem(
                clause.codes[0],
                "is unknown to the hub",
                expected=f"a {thing} that the hub knows",
                fix=f"did you mean {hint}" if hint else f"check the {thing}, or register it with the sponsor first",
                note="a near match is only a hint; the hub never merges two identifiers" if hint else None,
            )
            at = path.pointer(pointer)
            exam.raise_(clause, problem, at, path.field, found=str(value), slot_row=exam.row_of(at))

    return rule
