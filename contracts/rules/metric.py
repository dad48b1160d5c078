"""The library metrics of ODCS: how many values are empty, invalid or repeated, and how many records there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from contracts.contract import Clause
from contracts.pattern import compile_pattern
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def metric(clause: Clause, plan: Plan) -> Rule:
    """Counts, or percentages with `unit: percent`, held against `mustBe...`; both ends of a range belong to it."""
    name = plan.contract.schema.name
    field = str(clause.params["field"]).removeprefix(name).strip(".")
    each, last = _array_of(plan, field)
    path = plan.path(last, each) if last else None
    listed: Any = dict(clause.params.get("arguments") or {})
    missing = frozenset(str(v) for v in listed.get("missingValues", ()))
    valid = frozenset(str(v) for v in listed.get("validValues", ()))
    pattern = compile_pattern(str(listed["pattern"])) if "pattern" in listed else None
    keys = [plan.path(str(key), each) for key in listed.get("properties", ())]

    def is_valid(text: str) -> bool:
        return (not valid or text in valid) and (pattern is None or pattern.matches(text))

    def rule(exam: Examination) -> None:
        frames = exam.entered(each, clause)
        raw = [path.get(node, exam.root) for _, node in frames] if path is not None else []
        texts = [r.strip(" \t") if isinstance(r, str) else None for r in raw]
        match clause.kind:
            case "rowCount":
                count = len(frames)
            case "nullValues":
                count = sum(not t for t in texts)
            case "missingValues":
                count = sum(not t or t in missing for t in texts)
            case "invalidValues":
                count = sum(1 for t in texts if t and not is_valid(t))
            case _ if keys:
                rows = Counter(tuple(str(key.get(node, exam.root)).strip(" \t") for key in keys) for _, node in frames)
                count = sum(n - 1 for n in rows.values())
            case _:
                count = sum(n - 1 for n in Counter(t for t in texts if t).values())
        measured = Decimal(count)
        if clause.params.get("unit") == "percent" and frames:
            measured = Decimal(count) * 100 / len(frames)
        if not holds(clause.params, measured):
            at = f"/{(each or plan.rows_key or field).replace('.', '/')}"
            says = f"{clause.kind} is {measured.normalize():f}"
            problem = Problem(clause.codes[0], says, limits_said(clause.params), "send the data as agreed")
            exam.raise_(clause, problem, at, field, message=f"{says} for {field or name}", spoil=False)

    return rule


def _array_of(plan: Plan, field: str) -> tuple[str | None, str | None]:
    if not field or field.endswith("[]"):
        return field.removesuffix("[]") or None, None
    found = plan.contract.schema.find(field)
    if found is not None and found.type == "array":
        return field, None
    owner, _, last = field.rpartition(".")
    above = plan.contract.schema.find(owner) if owner else None
    return (owner, last) if above is not None and above.type == "array" else (None, field)


def holds(params: Mapping[str, Any], x: Decimal) -> bool:
    checks = {
        "mustBe": lambda v: x == v,
        "mustNotBe": lambda v: x != v,
        "mustBeGreaterThan": lambda v: x > v,
        "mustBeGreaterOrEqualTo": lambda v: x >= v,
        "mustBeLessThan": lambda v: x < v,
        "mustBeLessOrEqualTo": lambda v: x <= v,
    }
    for key, value in params.items():
        if key in checks and not checks[key](Decimal(str(value))):
            return False
        if key in ("mustBeBetween", "mustNotBeBetween"):
            inside = Decimal(str(value[0])) <= x <= Decimal(str(value[1]))
            if inside is not (key == "mustBeBetween"):
                return False
    return True


def limits_said(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in params.items() if key.startswith("must"))
