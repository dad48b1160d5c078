"""The results of a certificate, judged once for all rules about tests.

The clauses on one array say together where code, value, unit and stage stand; a ResultTable reads them, judges each
result, and says what is wrong with a value in the name of the clause that demands it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from contracts.contract import Clause, Criterion, Schema, TestDef
from contracts.document import Raw, RawNumber
from contracts.records import ResultVerdict
from contracts.rules.criterion import bounds, compare
from contracts.rules.examination import Examination, Node
from contracts.rules.reading import Of, Reading
from contracts.rules.verdict import Judge, Judged, Part
from contracts.values.problem import Problem
from contracts.values.units import only_in_header, unit_in_header

if TYPE_CHECKING:
    from contracts.rules.scalar import Scalar

_PARTS = ("code", "value", "operator", "unit", "loq", "stage")


@dataclass(slots=True)
class ResultLine:
    """One result: `test` is None when its code is not in the contract, `code` when it could not be read."""

    pointer: str
    node: Node
    code: str | None
    test: TestDef | None
    judged: Judged | None
    familiar: bool = False
    """A faultless row that had the same texts before, perhaps of another document: it has neither pointer nor times of
    this one. Rules that look at a row alone pass it by (`Examination.fresh`)."""
    constants: tuple[Any, ...] | None = None
    """What a record of this row holds but its times, once it was made (contracts.canonical)."""

    @property
    def verdict(self) -> ResultVerdict:
        return self.judged.verdict if self.judged is not None else ResultVerdict.NOT_EVALUATED


class ResultTable:
    """The array of results at `each`. `paths` says which key holds what: code, value, operator, unit, loq, stage."""

    def __init__(self, each: str, clauses: Sequence[Clause], schema: Schema, judge: Judge, value_field: Scalar | None):
        self.each, self.clauses = each, tuple(clauses)
        self._paths: dict[str, str] = {}
        for clause in clauses:
            for part in _PARTS:
                if part in clause.params and part not in self._paths:
                    self._paths[part] = str(clause.params[part])
        self.tests: Mapping[str, TestDef] = {name: t for t in schema.tests for name in (*t.aliases, t.code)}
        self._judge, self._comma = judge, schema.locale.decimal == ","
        self._owners = _Owners(clauses, value_field)
        self._composite = frozenset(t.code for t in schema.tests if any(p.of for p in _leaves(t)))

    def judge(self, exam: Examination) -> list[ResultLine]:
        """Every result with its verdict, in order."""
        rows = exam.known_rows.get(self.each)
        if rows is not None and rows.all_known and not exam.spoiled:
            return rows.lines  # type: ignore[return-value]  # none of them is None
        frames = exam.frames(self.each)
        known = rows.lines if rows is not None and len(rows.lines) == len(frames) else [None] * len(frames)
        lines = [seen or self._line(pointer, node, exam) for (pointer, node), seen in zip(frames, known, strict=True)]
        # Everything is read before anything is compared that looks at other tests: two may look at each other.
        composite = [(line, line.test) for line in lines if line.test is not None and line.judged is None]
        for line, test in composite:
            line.judged = self._carefully(line, test, exam, _nothing)
        if composite:
            of = self._elsewhere(lines)
            for line, judged in [(line, self._carefully(line, test, exam, of)) for line, test in composite]:
                line.judged = judged
        return lines

    def remember(self, exam: Examination) -> None:
        """Nothing was found in this document: its rows are faultless."""
        familiar = exam.plan.familiar[self.each]
        for line in exam.fresh(self.each):
            alone = line.test is None or line.test.code not in self._composite
            if alone or self._decided(line):
                kept = ResultLine("", line.node, line.code, line.test, line.judged, True, line.constants)
                familiar.remember(line.node, kept)

    def _decided(self, line: ResultLine) -> bool:
        """Whether this row passes whatever the other tests say: then it passes beside any other rows."""
        judged = line.judged
        if judged is None or judged.reading is None:
            return False
        return compare(judged.test.criterion, judged.reading, _nothing) is ResultVerdict.PASS

    def _line(self, pointer: str, node: Node, exam: Examination) -> ResultLine:
        """One result. Without its verdict when that looks at other tests, which have to be judged first."""
        raw = node.get(self._paths["code"])
        code = raw.strip(" \t") or None if isinstance(raw, str) else None
        if exam.spoiled and exam.is_spoiled(f"{pointer}/{self._paths['code']}"):
            code = None
        test = self.tests.get(code) if code else None
        line = ResultLine(pointer, node, code, test, None)
        if test is not None and test.code not in self._composite:
            line.judged = self._carefully(line, test, exam, _nothing)
        return line

    def raise_problems(self, exam: Examination) -> None:
        """Say what is wrong with values, units and stages, in the name of the clauses that own them."""
        for line in exam.fresh(self.each):
            judged = line.judged
            if judged is not None and judged.problems:
                for part, problem in judged.problems:
                    self._raise(exam, line, judged, part, problem)

    def _raise(self, exam: Examination, line: ResultLine, judged: Judged, part: Part, problem: Problem) -> None:
        clause = self._owners.of(part, problem.code)
        at = self._paths.get(part)
        if clause is None or at is None:
            return
        raw = line.node.get(at)
        pointer, path = f"{line.pointer}/{at}", f"{self.each}.{at}"
        lower, upper = bounds(judged.test.criterion) if part == "value" else (None, None)
        exam.raise_(
            clause,
            problem,
            pointer,
            path,
            found=raw if isinstance(raw, str) else None,
            spoil=judged.reading is None or problem.code in ("COA-E201", "COA-E203", "COA-E109"),
            lower=lower,
            upper=upper,
            unit=judged.test.unit if part == "value" else None,
        )

    def _carefully(self, line: ResultLine, test: TestDef, exam: Examination, of: Of) -> Judged:
        """As judged, but a part that already has a finding is not looked at again, and proves nothing."""
        parts: dict[str, str | None] = {}
        spoiled = []
        lost = exam.plan.absent_columns(exam.document) if exam.document.problems else ()
        for part in _PARTS[1:]:
            at = self._paths.get(part)
            if at is not None and (exam.is_spoiled(f"{line.pointer}/{at}") or f"{self.each}.{at}" in lost):
                spoiled.append(part)
                parts[part] = None
            else:
                parts[part] = self._text(line.node.get(at)) if at is not None else None
        value = parts["value"]
        if value is None:
            spoiled.append("value")
        shown: tuple[tuple[Part, Problem], ...] = ()
        if parts["unit"] is None and test.unit is not None and "unit" in self._paths and "unit" not in spoiled:
            shown = self._above(line, test.unit, exam)
            parts["unit"] = test.unit if shown else None
        judged = self._judge.judge(
            test,
            value or "",
            parts["operator"],
            parts["unit"],
            parts["loq"],
            parts["stage"],
            of,
            with_unit="unit" in self._paths and "unit" not in spoiled,
            with_stage=parts["stage"] is not None,
            with_value="value" not in spoiled and "operator" not in spoiled,
        )
        if shown:
            judged = replace(judged, problems=(*judged.problems, *shown))
        if not spoiled:
            return judged
        kept = tuple((part, problem) for part, problem in judged.problems if problem.code != "COA-E107")
        return Judged(test, None, ResultVerdict.NOT_EVALUATED, f"the {spoiled[0]} could not be read", kept)

    def _above(self, line: ResultLine, agreed: str, exam: Examination) -> tuple[tuple[Part, Problem], ...]:
        """COA-E204 when the header of the value's column names the agreed unit; a JSON file has no headers."""
        if exam.document.format not in ("csv", "xlsx"):
            return ()
        excerpt = exam.document.excerpt(f"{line.pointer}/{self._paths['value']}")
        if excerpt is None or len(excerpt.lines) < 2 or unit_in_header(excerpt.lines[0].cells[excerpt.mark]) != agreed:
            return ()
        return (("unit", only_in_header(agreed)),)

    def _text(self, raw: Raw) -> str | None:
        if isinstance(raw, RawNumber):  # a machine wrote it, with a point whatever the partner's locale
            return raw.replace(".", ",") if self._comma else str(raw)
        return raw if isinstance(raw, str) and raw.strip(" \t") else None

    def _elsewhere(self, lines: Sequence[ResultLine]) -> Of:
        def of(code: str) -> Sequence[Reading]:
            judged = [line.judged for line in lines if line.test is not None and line.test.code == code]
            final = [j for j in judged if j is not None and all(part != "stage" for part, _ in j.problems)]
            readings = [j.reading for j in final if j.reading is not None]
            return readings if len(readings) == len(final) else ()

        return of


def _nothing(_: str) -> Sequence[Reading]:
    return ()


def _leaves(test: TestDef) -> Iterator[Criterion]:
    waiting = [test.criterion]
    while waiting:
        criterion = waiting.pop()
        yield criterion
        waiting.extend(criterion.parts)


_SPECIAL = {
    "COA-E106": "censored", "COA-E109": "requiredTests", "COA-E114": "precision", "COA-E115": "replicates",
}  # fmt: skip


class _Owners:
    """Which clause a problem is raised by: the one on the field that demands it, else the rule about results."""

    def __init__(self, clauses: Sequence[Clause], value_field: Scalar | None) -> None:
        self._rules = {clause.kind: clause for clause in reversed(clauses)}
        self._field = value_field.clauses if value_field is not None else {}

    def of(self, part: Part, code: str) -> Clause | None:
        rules = self._rules
        if part == "unit":
            return rules.get("unitIs") or rules.get("within")
        if part == "stage":
            return rules.get("requiredTests") or rules.get("within")
        first = _SPECIAL.get(code)
        if first in rules and "within" not in rules:
            return rules[first]
        for kind in ("number", "vocabulary"):
            if kind in self._field and code in self._field[kind].codes:
                return self._field[kind]
        if first in rules:
            return rules[first]
        within = rules.get("within")
        if within is not None and code in within.codes:
            return within
        return within or self._field.get("number")
