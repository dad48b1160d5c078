"""requiredTests: every test that a level needs is on the certificate, and no test that nobody agreed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.codes import Severity
from contracts.contract import Clause, TestDef
from contracts.rules.examination import Examination
from contracts.rules.results import ResultLine
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_LEVELS = {"L1": ("L1",), "L2": ("L2",), "combined": ("L1", "L2")}


def required_tests(clause: Clause, plan: Plan) -> Rule:
    """COA-E304 for each required test that is absent, COA-E305 for each test the contract doesn't know."""
    each, code_at, level_at = (str(clause.params[k]) for k in ("each", "code", "level"))
    level_path = plan.path(level_at, None) if level_at not in _LEVELS else None
    unknown = Severity(clause.params["unknown"]) if "unknown" in clause.params else None
    tests = plan.contract.schema.tests
    due = {
        name: [t for t in tests if t.required and t.level in levels and t.criterion is not None]
        for name, levels in _LEVELS.items()
    }

    def rule(exam: Examination) -> None:
        name = level_at
        if level_path is not None:
            said = exam.value(level_path, "", exam.root)
            if said is None or str(said) not in _LEVELS:
                exam.unread.add(clause.id)
                return
            name = str(said)
        array = f"/{each.replace('.', '/')}"
        if exam.spoiled and not exam.frames(each) and exam.is_spoiled(array):
            exam.unread.add(clause.id)
            return
        lines = exam.results(each)
        present = {line.test.code for line in lines if line.test is not None}
        for test in due[name]:
            if test.code not in present:
                _missing(exam, clause, test, array, each, name)
        for line in lines:
            if line.test is None and line.code is not None:
                _unknown(exam, clause, line, f"{line.pointer}/{code_at}", f"{each}.{code_at}", unknown)

    return rule


def _missing(exam: Examination, clause: Clause, test: TestDef, array: str, each: str, purpose: str) -> None:
    other = "L1" if test.level == "L2" else "L2"
    instead = f", or send this certificate as {other}" if purpose == "combined" else ""
    problem = Problem(
        "COA-E304",
        "is missing",
        expected=f"required for level {test.level}: {test.code}",
        fix=f"add the result{instead}",
        note="a level is complete only with all of its required tests",
    )
    exam.raise_(
        clause,
        problem,
        array,
        each,
        message=f"required test {test.code} is missing for level {test.level}",
        spoil=False,
        key=(*exam.key(""), (exam.plan.item_keys.get(each, ("test",))[0], test.code)),
    )


def _unknown(
    exam: Examination, clause: Clause, line: ResultLine, at: str, path: str, severity: Severity | None
) -> None:
    problem = Problem(
        "COA-E305",
        "is not in the contract",
        expected="a test of the agreed panel",
        fix="agree on this test in the next version of the contract",
        note="the result is stored as it came, and nothing is concluded from it",
    )
    exam.raise_(
        clause,
        problem,
        at,
        path,
        message=f"the test {line.code} is not in the contract",
        found=line.code,
        severity=severity,
    )
