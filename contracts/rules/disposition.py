"""dispositionAgrees: what a certificate claims about its lot follows from its own results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause, TestDef
from contracts.records import ResultVerdict
from contracts.rules.examination import Examination
from contracts.rules.results import ResultLine
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def disposition_agrees(clause: Clause, plan: Plan) -> Rule:
    """COA-E311: what the certificate claims follows from its results.

    `released` claims every required test of L1 and L2, `provisional` every required test of L1. A result whose cause is
    reported already (an unread value, another unit) contradicts nothing.
    """
    where = plan.path(str(clause.params["disposition"]), None)
    claims = {str(clause.params["released"]): ("L1", "L2"), str(clause.params["provisional"]): ("L1",)}
    each = next(iter(plan.result_tables), None)
    tests = plan.contract.schema.tests
    due = {word: {t.code for t in tests if t.required and t.level in levels} for word, levels in claims.items()}

    def rule(exam: Examination) -> None:
        said = exam.value(where, "", exam.root)
        levels = claims.get(str(said)) if said is not None else None
        if levels is None or each is None:
            return
        if exam.spoiled and exam.is_spoiled(f"/{each.replace('.', '/')}"):
            exam.unread.add(clause.id)
            return
        lines = exam.results(each)
        if not exam.fresh(each) and due[str(said)] <= {_code(line) for line in lines}:
            return  # every required test is there and faultless
        best: dict[str, list[ResultLine]] = {}
        for line in lines:
            if line.test is not None:
                best.setdefault(line.test.code, []).append(line)
        against = [
            f"{test.code} {word}"
            for test in tests
            if test.required and test.level in levels and (word := _against(test, best.get(test.code, [])))
        ]
        if against:
            problem = Problem(
                "COA-E311",
                f"contradicts the results: {', '.join(against[:5])}",
                expected=f"every required test of {' and '.join(levels)} present, final and passed",
                fix="correct the disposition or send the missing results",
            )
            message = f"{where.field} {said} contradicts the results: {', '.join(against[:5])}"
            exam.raise_(clause, problem, where.pointer(""), where.field, message=message, found=str(said))

    return rule


def _code(line: ResultLine) -> str | None:
    return line.test.code if line.test is not None else None


def _against(test: TestDef, lines: list[ResultLine]) -> str | None:
    """Why these results of a required test contradict the claim; None: they don't. The worst result counts."""
    if not lines:
        return "is missing"
    verdicts = {line.verdict for line in lines}
    if ResultVerdict.FAIL in verdicts:
        return "is outside its criterion"
    if ResultVerdict.INCONCLUSIVE in verdicts:
        return "proves nothing"
    for line in lines:
        if line.judged is None or all(problem.code != "COA-E109" for _, problem in line.judged.problems):
            return None
    return f"is not {' or '.join(test.stage_allowed)}"
