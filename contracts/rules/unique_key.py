"""uniqueKey and the primary key: of records with the same key the first stays, every other one is a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.document import Raw
from contracts.rules.examination import Examination, Node, Value
from contracts.rules.paths import Path
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_STATUS = "status"


def unique_key(clause: Clause, plan: Plan) -> Rule:
    """Points at the later record, or at its key when that is one field. Records without a readable key are left out."""
    each = str(clause.params["each"]) if "each" in clause.params else None
    return _rule(clause, plan, each, tuple(clause.params["key"]))


def primary_key(clause: Clause, plan: Plan) -> Rule:
    """The implied clause of a primary key: `auto.certificate.results[].key`, `auto.slots.key`."""
    inner = clause.path.removeprefix(plan.contract.schema.name).strip(".").removesuffix("[]")
    return _rule(clause, plan, inner or None, tuple(clause.params["key"]))


def _rule(clause: Clause, plan: Plan, each: str | None, names: tuple[str, ...]) -> Rule:
    paths = [plan.path(name, each) for name in names]
    excepted = frozenset(str(word) for word in clause.params.get("except", ()))
    status = plan.path(_STATUS, each) if excepted else None
    code = clause.codes[0]
    single = len(names) == 1
    array = each if each is not None else plan.rows_key
    by_slot = each is None and plan.rows_key is not None
    own = by_slot and set(names) <= set(plan.item_keys[array or ""])

    def rule(exam: Examination) -> None:
        frames = exam.entered(each, clause)
        if status is None:
            columns = [exam.column(path, frames, each) for path in paths]
            if len(set(zip(*columns, strict=True))) == len(frames):
                return
        seen: dict[tuple[Value, ...], list[tuple[str, Node]]] = {}
        for pointer, node in frames:
            if status is not None and exam.value(status, pointer, node) in excepted:
                continue
            key = tuple(exam.value(path, pointer, node) for path in paths)
            if any(part is None for part in key):
                continue
            seen.setdefault(key, []).append((pointer, node))
        for key, alike in seen.items():
            if len(alike) > 1:
                # by business key, not by row: the same records are the same finding in whatever order they are sent
                (first, _), *others = sorted(alike, key=lambda one: exam.key(one[0]))
                for pointer, node in others:
                    if by_slot and not own and exam.same_item(pointer, first):
                        continue
                    _again(exam, pointer, node, first, key)

    def _again(exam: Examination, pointer: str, node: Node, first: str, key: tuple[Value, ...]) -> None:
        said = ", ".join(str(part) for part in key)
        hidden = any(_restricted(path) for path in paths)
        at = paths[0].pointer(pointer) if single else pointer
        field = paths[0].field if single else f"{array}[]"
        mine, other = (_named(exam, p) for p in (pointer, first))
        what = ", ".join(names)
        problem = Problem(
            code,
            f"repeats {what}",
            expected=f"{what} once in {array}",
            fix=f"keep one, or tell the two apart by {what}",
        )
        pairs = what if hidden else ", ".join(f"{n} {v}" for n, v in zip(names, key, strict=True))
        message = f"{mine} repeats {pairs} of {other}"
        raw: Raw = paths[0].get(node, exam.root) if single else said
        found = raw if isinstance(raw, str) else said
        # An identity that two slots share is told once here, and not again by the rules that go by identity.
        exam.raise_(
            clause, problem, at, field, message=message, found=found, spoil=single and plan.rows_key is not None
        )

    def _named(exam: Examination, pointer: str) -> str:
        """A slot by its name; a result by its row, for its name is what it repeats."""
        by_row = f"{array} {int(pointer.rpartition('/')[2]) + 1}"
        return (exam.label(paths[0].pointer(pointer)) or by_row) if single and plan.rows_key is not None else by_row

    return rule


def _restricted(path: Path) -> bool:
    return path.scalar is not None and path.scalar.field.classification == "restricted"
