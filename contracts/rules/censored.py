"""censored: a result below a limit names the limit as a number. `within` includes it; this is for contracts without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.number import read_number
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def censored(clause: Clause, plan: Plan) -> Rule:
    """COA-E106 at the value."""
    each = str(clause.params["each"])
    value = plan.path(str(clause.params["value"]), each)
    locale, absent = plan.contract.schema.locale, plan.vocabularies.get("absent")

    def rule(exam: Examination) -> None:
        for pointer, node in exam.entered(each, clause):
            text, at = value.text(node, exam.root), value.pointer(pointer)
            if text is None or exam.is_spoiled(at) or (absent is not None and absent.read(text) is not None):
                continue  # an agreed word for "not detected" is a result of its own
            number = read_number(text, locale)
            if isinstance(number, Problem) and number.code == "COA-E106":
                exam.raise_(clause, number, at, value.field, found=text)

    return rule
