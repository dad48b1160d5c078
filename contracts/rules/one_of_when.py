"""oneOfWhen: when some fields have certain values, others are required or restricted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contracts.contract import Clause
from contracts.rules.examination import Examination, Value
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def one_of_when(clause: Clause, plan: Plan) -> Rule:
    """Points at the field that `then` names. Raises the code that the clause names."""
    each = str(clause.params["each"]) if "each" in clause.params else None
    code = str(clause.params["code"])
    when = [(plan.path(str(name), each), _words(value)) for name, value in dict(clause.params["when"]).items()]
    then = [(plan.path(str(name), each), demand) for name, demand in dict(clause.params["then"]).items()]
    said = " and ".join(f"{path.field.rpartition('.')[2]} is {' or '.join(words)}" for path, words in when)

    def rule(exam: Examination) -> None:
        for pointer, node in exam.entered(each, clause):
            if not all(_text(exam.value(path, pointer, node)) in words for path, words in when):
                continue
            for path, demand in then:
                at = path.pointer(pointer)
                if exam.is_spoiled(at):
                    continue
                value = exam.value(path, pointer, node)
                problem = _breach(code, demand, value, said)
                if problem is not None:
                    found = None if value is None else str(value)
                    exam.raise_(clause, problem, at, path.field, found=found, slot_row=exam.row_of(at))

    return rule


def _breach(code: str, demand: Any, value: Value, said: str) -> Problem | None:
    if isinstance(demand, Mapping):
        required = demand.get("required", False)
        if required and value is None:
            return Problem(code, f"is missing, required when {said}", f"required when {said}", "add the value")
        if not required and value is not None:
            return Problem(code, f"must be empty when {said}", f"nothing when {said}", "leave the value out")
        return None
    words = _words(demand)
    if value is None or _text(value) in words:
        return None
    return Problem(code, f"is not allowed when {said}", " or ".join(words), f"write {' or '.join(words)}")


def _words(value: Any) -> tuple[str, ...]:
    return tuple(_text(v) for v in value) if isinstance(value, (list, tuple)) else (_text(value),)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
