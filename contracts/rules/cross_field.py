"""crossField: two fields of one record stand in an agreed order (contracts.md 2.3)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Any

from contracts.contract import Clause
from contracts.rules.examination import Examination, Node, Value
from contracts.rules.paths import Path
from contracts.values.problem import Problem
from contracts.values.times import as_instant, day_written, utc_text

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt,
}  # fmt: skip
_SAID = {
    "<": "earlier than", "<=": "not later than", ">=": "not earlier than", ">": "later than",
    "=": "equal to", "!=": "other than",
}  # fmt: skip
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


def cross_field(clause: Clause, plan: Plan) -> Rule:
    """Points at `right`. Silent when either is empty or has a finding already."""
    params = clause.params
    each = str(params["each"]) if "each" in params else None
    left, right = plan.path(str(params["left"]), each), plan.path(str(params["right"]), each)
    op, code = str(params["op"]), str(params["code"])
    holds = _COMPARE[op]
    plus: timedelta | None = params.get("plus")

    def rule(exam: Examination) -> None:
        frames = exam.entered(each, clause)
        if plus is None and not exam.spoiled and _all_hold(exam, frames):
            return
        for pointer, node in frames:
            a, b = exam.value(left, pointer, node), exam.value(right, pointer, node)
            if a is None or b is None or holds(_side(a), _side(b, plus)):
                continue
            # A day has no zone: it is held against the day that was written where the other is a time.
            if plus is None and isinstance(a, date) and isinstance(b, date) and type(a) is not type(b):  # noqa: SIM102
                if holds(day_written(a, left.get(node, exam.root)), day_written(b, right.get(node, exam.root))):
                    continue
            other = left.field.rpartition(".")[2]
            said = f"{_SAID[_MIRROR[op]]} {other}" + (f" less {plus}" if plus else "")
            problem = Problem(
                code,
                f"is {_opposite(op)} {other}",
                expected=f"{said}, which is {_text(a)}",
                fix=f"check both: {other} and {right.field.rpartition('.')[2]}",
            )
            at = right.pointer(pointer)
            exam.raise_(clause, problem, at, right.field, found=_raw(right, node, exam), slot_row=exam.row_of(at))

    def _all_hold(exam: Examination, frames: Sequence[tuple[str, Node]]) -> bool:
        """Whether nothing is wrong, in one pass. False also when a value is absent: then each is looked at."""
        try:
            return all(map(holds, _values(exam, frames, left), _values(exam, frames, right)))
        except TypeError:
            return False

    def _values(exam: Examination, frames: Sequence[tuple[str, Node]], path: Path) -> Iterable[Any]:
        if path.from_root:
            return repeat(_side(exam.value(path, "", exam.root)), len(frames))
        return exam.column(path, frames, each)

    return rule


def _side(value: Value, plus: timedelta | None = None) -> Any:
    if isinstance(value, date):
        moment = as_instant(value)
        return moment + plus if plus is not None else moment
    return value


def _raw(path: Any, node: Any, exam: Examination) -> Any:
    raw = path.get(node, exam.root)
    return raw if isinstance(raw, str) else None


def _text(value: Value) -> str:
    return utc_text(value) if isinstance(value, date) else str(value)


def _opposite(op: str) -> str:
    return {
        "<": "not later than", "<=": "earlier than", ">=": "later than", ">": "not earlier than",
        "=": "different from", "!=": "the same as",
    }[op]  # fmt: skip
