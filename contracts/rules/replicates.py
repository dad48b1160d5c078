"""replicates: a test that was done more often, or less often, than agreed says why.

A mark or brackets at a value are found while the value is read (COA-E115 as well). Here results are counted: a single
mean where three values are agreed, or a fourth value where two are, is a retest that somebody must explain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause, TestDef
from contracts.rules.examination import Examination, Node
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def replicates(clause: Clause, plan: Plan) -> Rule:
    """COA-E115 when a test has fewer or more results than its `replicates`, unless one of them has a comment."""
    each, value_at = str(clause.params["each"]), str(clause.params["value"])
    nth = str(clause.params["replicate"]) if "replicate" in clause.params else None
    comment = plan.path(str(clause.params["comment"]), each) if "comment" in clause.params else None
    counted = [t for t in plan.contract.schema.tests if t.replicates is not None or t.replicates_max is not None]

    def rule(exam: Examination) -> None:
        if not counted:
            return
        done: dict[str, list[tuple[str, Node]]] = {}
        for frame, line in zip(exam.frames(each), exam.results(each), strict=True):
            if line.test is not None:
                done.setdefault(line.test.code, []).append(frame)
        for test in counted:
            lines = done.get(test.code, [])
            low, high = test.replicates or 1, test.replicates_max
            count = _count(lines)
            if not lines or (low <= count and (high is None or count <= high)):
                continue
            if comment is None or not any(comment.text(node, exam.root) for _, node in lines):
                _unexplained(exam, test, lines, count)

    def _count(lines: list[tuple[str, Node]]) -> int:
        """An interim and a final result of one replicate are one."""
        return len({str(node.get(nth)) for _, node in lines}) if nth is not None else len(lines)

    def _unexplained(exam: Examination, test: TestDef, lines: list[tuple[str, Node]], count: int) -> None:
        # More than agreed: the first that is too many. Fewer: the last there is.
        pointer, node = lines[min(len(lines), (test.replicates_max or len(lines)) + 1) - 1]
        agreed = _said(test)
        where = f"explain it in {comment.field.rpartition('.')[2]}" if comment is not None else "explain it"
        problem = Problem(
            "COA-E115",
            f"has {_results(count)} where {agreed} agreed",
            expected=f"{_results(test.replicates or 1)} at least"
            if test.replicates_max is None
            else f"{test.replicates or 1} to {test.replicates_max} results",
            fix=f"send every result of the test, or {where}",
            note="a retest or a mean changes what the number means",
        )
        raw = node.get(value_at)
        exam.raise_(
            clause,
            problem,
            f"{pointer}/{value_at}",
            f"{each}.{value_at}",
            message=f"{test.code} {problem.says}",
            found=raw if isinstance(raw, str) else None,
            spoil=False,
            key=(*exam.key(""), ("test", test.code)),
        )

    return rule


def _results(count: int) -> str:
    return "1 result" if count == 1 else f"{count} results"


def _said(test: TestDef) -> str:
    low, high = test.replicates, test.replicates_max
    if low is not None and high is not None and low != high:
        return f"{low} to {high} are"
    if low is not None:
        return f"{low} {'is' if low == 1 else 'are'}"
    return f"at most {high} {'is' if high == 1 else 'are'}"
