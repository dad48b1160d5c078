"""within: is a result inside its acceptance criterion, and does the partner's verdict say so?

Being outside is a quality event and never worded like a contract failure: the data is as agreed, the material is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause, TestDef
from contracts.finding import Kind
from contracts.records import ResultVerdict
from contracts.rules.criterion import bounds, wording
from contracts.rules.examination import Examination
from contracts.rules.results import ResultLine
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_CLAIMS = ("PASS", "FAIL")


def within(clause: Clause, _plan: Plan) -> Rule:
    """COA-E302 when a result is outside its criterion, COA-E301 when the partner's verdict says otherwise than ours."""
    each, value_at = str(clause.params["each"]), str(clause.params["value"])
    verdict_at = clause.params.get("verdict")

    def rule(exam: Examination) -> None:
        if not exam.results(each):
            exam.entered(each, clause)
        for line in exam.fresh(each):
            judged = line.judged
            if judged is None or judged.test is None:
                continue
            ours = judged.verdict
            if ours is ResultVerdict.FAIL:
                _outside(exam, clause, line, judged.test, value_at, each)
            if verdict_at is None or ours not in (ResultVerdict.PASS, ResultVerdict.FAIL):
                continue
            theirs = line.node.get(verdict_at)
            if theirs in _CLAIMS and theirs != ours.value:
                _contradicts(exam, clause, line, judged.test, str(theirs), ours, str(verdict_at), each)

    return rule


def _outside(exam: Examination, clause: Clause, line: ResultLine, test: TestDef, value_at: str, each: str) -> None:
    raw = line.node.get(value_at)
    said = wording(test.criterion)
    lower, upper = bounds(test.criterion)
    problem = Problem(
        "COA-E302",
        "lies outside its acceptance criterion",
        expected=f"acceptance criterion {said}",
        fix="the sponsor decides about the lot; the partner has nothing to correct in the file",
        note="a quality event: the data is as agreed, the material is not",
    )
    exam.raise_(
        clause,
        problem,
        f"{line.pointer}/{value_at}",
        f"{each}.{value_at}",
        message=f"{test.code} lies outside its acceptance criterion {said}",
        found=raw if isinstance(raw, str) else None,
        spoil=False,
        lower=lower,
        upper=upper,
        unit=test.unit,
        kind=Kind.QUALITY,
    )


def _contradicts(
    exam: Examination,
    clause: Clause,
    line: ResultLine,
    test: TestDef,
    theirs: str,
    ours: ResultVerdict,
    at: str,
    each: str,
) -> None:
    problem = Problem(
        "COA-E301",
        f"says {theirs}, the value says {ours.value}",
        expected=f"{ours.value} by {wording(test.criterion)}",
        fix="check the value and the verdict, and send a new revision",
        note="the verdict of the hub stands",
    )
    exam.raise_(clause, problem, f"{line.pointer}/{at}", f"{each}.{at}", found=theirs)
