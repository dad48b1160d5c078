"""approved: method and laboratory are on the list of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.rules.results import ResultLine
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def approved(clause: Clause, _plan: Plan) -> Rule:
    """COA-E308 and COA-E309: method and laboratory are on the list of the test."""
    each = str(clause.params["each"])
    method_at, lab_at = clause.params.get("method"), clause.params.get("lab")

    def rule(exam: Examination) -> None:
        for line in exam.fresh(each):
            test = line.test
            if test is None:
                continue
            if method_at is not None and test.methods and line.node.get(method_at) not in test.methods:
                _not_listed(exam, clause, line, each, str(method_at), "COA-E308", "method", test.methods)
            if lab_at is not None and test.labs and line.node.get(lab_at) not in test.labs:
                _not_listed(exam, clause, line, each, str(lab_at), "COA-E309", "laboratory", test.labs)

    return rule


def _not_listed(
    exam: Examination,
    clause: Clause,
    line: ResultLine,
    each: str,
    at: str,
    code: str,
    noun: str,
    listed: tuple[str, ...],
) -> None:
    raw = line.node.get(at)
    pointer = f"{line.pointer}/{at}"
    if not isinstance(raw, str) or not raw.strip() or raw.strip(" \t") in listed or exam.is_spoiled(pointer):
        return
    assert line.test is not None
    problem = Problem(
        code,
        f"is not approved for {line.test.code}",
        expected=f"{noun} {' or '.join(listed)}",
        fix=f"repeat the test as approved, or ask for approval of this {noun}",
        note=f"a change of {noun} is a change to agree on before results are used",
    )
    message = f"the {noun} of {line.test.code} is not approved"
    exam.raise_(clause, problem, pointer, f"{each}.{at}", message=message, found=raw)
