"""specMatches: the specification in force, and its criteria printed as registered."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from contracts.contract import Clause, TestDef
from contracts.rules.examination import Examination
from contracts.values.problem import Problem
from contracts.values.times import day_written

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def spec_matches(clause: Clause, plan: Plan) -> Rule:
    """COA-E307: the specification in force on the issue date; COA-E306: criteria printed as registered."""
    id_path, version_path = plan.path(str(clause.params["id"]), None), plan.path(str(clause.params["version"]), None)
    each, text_at = clause.params.get("each"), clause.params.get("criterionText")
    registered = [ref.specification for ref in plan.contract.refs if ref.specification is not None]
    issued = plan.path("issued_at", None)

    def rule(exam: Examination) -> None:
        if registered:
            _effective(exam, clause, registered[0])
        if each is None or text_at is None:
            return
        for line in exam.fresh(str(each)) if each in plan.result_tables else ():
            if line.test is None or not line.test.criterion_text:
                continue
            raw = line.node.get(text_at)
            if raw in line.test.criterion_text:
                continue
            pointer = f"{line.pointer}/{text_at}"
            if not isinstance(raw, str) or not raw.strip() or exam.is_spoiled(pointer):
                continue
            if raw.strip(" \t") not in line.test.criterion_text:
                _other_criterion(exam, clause, line.test, pointer, f"{each}.{text_at}", raw)

    def _effective(exam: Examination, clause: Clause, wanted: tuple[str, str, date | None]) -> None:
        for path, due in ((id_path, wanted[0]), (version_path, wanted[1])):
            said = exam.value(path, "", exam.root)
            if said is not None and str(said) != due:
                problem = Problem(
                    "COA-E307",
                    "is not the effective one",
                    expected=f"specification {wanted[0]} version {wanted[1]}",
                    fix=f"test against {wanted[0]} version {wanted[1]}, or tell the sponsor about the change",
                )
                exam.raise_(clause, problem, path.pointer(""), path.field, found=str(said))
        when = exam.value(issued, "", exam.root)
        since = wanted[2]
        if (
            isinstance(when, datetime)
            and since is not None
            and day_written(when, issued.get(exam.root, exam.root)) < since
        ):
            problem = Problem(
                "COA-E307",
                f"was not in force before {since}",
                expected="the specification in force on the day of issue",
                fix="name the specification that was in force",
            )
            exam.raise_(clause, problem, version_path.pointer(""), version_path.field, found=None)

    return rule


def _other_criterion(exam: Examination, clause: Clause, test: TestDef, pointer: str, path: str, raw: str) -> None:
    registered = " or ".join(test.criterion_text)
    problem = Problem(
        "COA-E306",
        "differs from the registered one",
        expected=f"registered criterion: {registered}",
        fix=f"print {test.criterion_text[0]}, or open a change with the sponsor",
        note="our verdict uses the registered criterion",
    )
    message = f"the criterion printed for {test.code} differs from the registered one"
    exam.raise_(clause, problem, pointer, path, message=message, found=raw)
