"""Structure: is every agreed key there, and nothing else, and is each value what its field says it is?

Walks the document along the contract's fields. What is fine costs one look-up; only what isn't is looked at twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import repeat
from operator import contains
from typing import TYPE_CHECKING

from contracts.contract import Clause, Field
from contracts.document import Raw
from contracts.rules.examination import Examination, Node, Value
from contracts.rules.scalar import Scalar, personal, type_of, wrong_type
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.rules.results import ResultLine
    from contracts.values.personal import PersonalData

_COMPARED = 1000  # keys of an object that are compared with those that are missing
_NAMED = 100  # unknown keys of an object that are named one by one: each is looked up in the file
_SHAPES = 256  # orders of keys that an object remembers


class ObjectPlan:
    """An object: its scalar fields, its structured ones, and whether other keys are allowed."""

    def __init__(
        self,
        path: str,
        scalars: Sequence[Scalar],
        structures: Sequence[StructurePlan],
        closed: Clause | None,
        personal_data: tuple[Clause, PersonalData] | None,
        missing_time: Mapping[str, Clause],
    ) -> None:
        self.path = path
        self._scalars = [(s.name, s, s.expected, s.known) for s in scalars]
        self._structures = structures
        self._closed, self._personal = closed, personal_data
        self._missing_time = missing_time
        self._shapes: dict[tuple[str, ...], tuple[tuple[type, ...], tuple[Mapping[str, Value], ...]]] = {}
        self._names = frozenset([s.name for s in scalars] + [s.field.name for s in structures])
        self._as_text = [s for s in scalars if "storedAsText" in s.clauses]
        self._due = frozenset(s.name for s in scalars if s.must_exist)

    def examine(self, node: Node, pointer: str, exam: Examination) -> None:
        # Most objects of a feed have the same keys in the same order. For keys that were right once, what is left to
        # ask is whether every text is of its type and known: two passes in C instead of a loop in Python.
        if self._as_text and exam.document.facts:  # first: a date's text may be known from a cell that is a text
            self._stored_as_text(node, pointer, exam)
        keys = tuple(node)
        shape = self._shapes.get(keys)
        if shape is not None:
            types, known = shape
            if tuple(map(type, node.values())) == types and all(map(contains, known, node.values())):
                return
        before = len(exam.raised)
        for name, scalar, expected, texts in self._scalars:
            raw = node.get(name)
            if type(raw) is expected and raw in texts:
                continue
            if raw is not None or scalar.must_exist:
                self._look(scalar, raw, node, pointer, exam)
        for structure in self._structures:
            structure.examine(node, pointer, exam)
        if not self._names.issuperset(node):
            self._extra_keys(node, pointer, exam)
        if shape is None and not self._structures and len(exam.raised) == before and len(self._shapes) < _SHAPES:
            self._remember(keys)

    def _stored_as_text(self, node: Node, pointer: str, exam: Examination) -> None:
        for scalar in self._as_text:
            at = f"{pointer}/{scalar.name}"
            fact = exam.document.facts.get(at)
            if fact is not None and fact.kind in ("number", "date") and not exam.is_spoiled(at):
                problem = _not_text("a date" if fact.kind == "date" else "a number")
                clause = scalar.clauses["storedAsText"]
                exam.raise_(clause, problem, at, scalar.path, found=node.get(scalar.name), slot_row=exam.row_of(at))

    def _remember(self, keys: tuple[str, ...]) -> None:
        """These keys, in this order, are all known and complete."""
        by_name = {name: (expected, known) for name, _, expected, known in self._scalars}
        if by_name.keys() >= set(keys):
            types = tuple(by_name[key][0] for key in keys)
            self._shapes[keys] = types, tuple(by_name[key][1] for key in keys)

    def _look(self, scalar: Scalar, raw: Raw, node: Node, pointer: str, exam: Examination) -> None:
        at = f"{pointer}/{scalar.name}"
        if exam.spoiled and at in exam.spoiled:  # the reader of the file has said what is wrong with it
            return
        if scalar.name not in node:
            if not (
                self._missing_elsewhere(scalar, at, exam) or scalar.path in exam.plan.absent_columns(exam.document)
            ):
                exam.raise_(scalar.clauses["required"], _absent(scalar.name, self._names, node), at, scalar.path)
            return
        fact = exam.document.facts.get(at)
        read = scalar.read(raw, fact.kind if fact is not None else None)
        if not isinstance(read, tuple):
            return
        kind, problem = read
        if problem.code == "FILE-E209" and self._missing_elsewhere(scalar, at, exam):
            return
        clause = exam.plan.personal_clause if kind == "personalData" else scalar.clauses.get(kind)
        assert clause is not None
        exam.raise_(
            clause, problem, at, scalar.path, found=raw, personal=kind == "personalData", slot_row=exam.row_of(at)
        )

    def _missing_elsewhere(self, scalar: Scalar, at: str, exam: Examination) -> bool:
        """A missing planned time has a code of its own (SCH-E101), which costs the slot and not the schedule."""
        clause = self._missing_time.get(scalar.path)
        if clause is None:
            return False
        problem = Problem("SCH-E101", "is missing", "a planned time with its offset", "write the planned time")
        exam.raise_(clause, problem, at, scalar.path, slot_row=exam.row_of(at))
        return True

    def _extra_keys(self, node: Node, pointer: str, exam: Examination) -> None:
        meant = sorted(self._names - set(node))
        strange = 0
        for name in node:
            if name in self._names:
                continue
            at = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if self._personal is not None:
                clause, detectors = self._personal
                kind = detectors.in_key(name) or _hidden(node[name], detectors)
                if kind is not None:
                    exam.raise_(clause, personal(kind), at, f"{self.path}.{name}".lstrip("."), personal=True)
                    continue
            strange += 1
            if self._closed is not None and strange <= _NAMED:
                near = get_close_matches(name[:64], meant, n=1, cutoff=0.7)
                self._unexpected(name, at, near, exam, self._closed)
        if self._closed is not None and strange > _NAMED:
            problem = Problem("FILE-E206", "is not expected", "only the agreed keys", "leave the keys out")
            message = f"{strange - _NAMED:,} more keys are not in the contract"
            exam.raise_(self._closed, problem, pointer, self.path, message=message, spoil=False)

    def _unexpected(self, name: str, at: str, near: Sequence[str], exam: Examination, closed: Clause) -> None:
        whose = exam.label(at)
        where = f" of {whose}" if whose else ""
        exam.raise_(
            closed,
            Problem(
                "FILE-E206",
                "is not expected",
                expected="only the agreed keys",
                fix=f"did you mean {near[0]}" if near else "leave the key out, or agree on it in the contract",
            ),
            at,
            f"{self.path}.{name}".lstrip("."),
            message=f"the key {name[:60]}{where} is not in the contract",
        )


class StructurePlan:
    """A field that holds an object or a list."""

    def __init__(
        self,
        field: Field,
        clauses: Mapping[str, Clause],
        inner: ObjectPlan | Scalar | None,
        *,
        item: Mapping[str, Clause],
    ) -> None:
        self.field, self.path = field, field.path
        self._clauses, self._inner, self._item = clauses, inner, item
        low, high = field.options.get("minItems"), field.options.get("maxItems")
        self._low, self._high = int(low) if low is not None else None, int(high) if high is not None else None
        self._required = "required" in clauses

    def examine(self, owner: Node, pointer: str, exam: Examination) -> None:
        name = self.field.name
        node = owner.get(name)
        at = f"{pointer}/{name}"
        if node is None:
            if self._required:
                problem = _absent(name, frozenset(), owner)
                if name in owner:
                    problem = Problem("FILE-E209", "is empty", "a value", "write the value")
                exam.raise_(self._clauses["required"], problem, at, self.path, slot_row=exam.row_of(at))
            return
        if self.field.type == "object":
            if type(node) is not dict:
                exam.raise_(self._clauses["type"], wrong_type("object", node), at, self.path, found=_shown(node))
            elif isinstance(self._inner, ObjectPlan):
                self._inner.examine(node, at, exam)
            return
        if type(node) is not list:
            exam.raise_(self._clauses["type"], wrong_type("array", node), at, self.path, found=_shown(node))
            return
        self._count(node, at, exam)
        if isinstance(self._inner, ObjectPlan):
            self._objects(node, at, self._inner, exam)
        elif self._inner is not None:
            self._values(node, at, self._inner, exam)

    def _objects(self, items: list[Raw], at: str, inner: ObjectPlan, exam: Examination) -> None:
        pointers = exam.plan.pointers(at, len(items))
        known: Sequence[ResultLine | None] | None = None
        if self.path in exam.plan.familiar and exam.is_plain() and set(map(type, items)) == {dict}:
            rows = exam.plan.familiar[self.path].look(items)  # type: ignore[arg-type]
            if rows is not None:
                exam.known_rows[self.path] = rows
                if rows.all_known:
                    return
                known = rows.lines
        for pointer, item, seen in zip(pointers, items, known or repeat(None), strict=False):
            if type(item) is not dict:
                clause = self._item.get("type", self._clauses["type"])
                exam.raise_(clause, wrong_type("object", item), pointer, self.path, found=_shown(item))
            elif seen is None:
                inner.examine(item, pointer, exam)

    def _values(self, items: list[Raw], at: str, inner: Scalar, exam: Examination) -> None:
        for pointer, item in zip(exam.plan.pointers(at, len(items)), items, strict=False):
            read = inner.read(item)
            if isinstance(read, tuple):
                clause = inner.clauses.get(read[0]) or self._clauses["type"]
                exam.raise_(clause, read[1], pointer, self.path, found=_shown(item))

    def _count(self, items: list[Raw], at: str, exam: Examination) -> None:
        few = self._low is not None and len(items) < self._low
        if few or (self._high is not None and len(items) > self._high):
            said = f"{self._low or 0} to {self._high}" if self._high is not None else f"at least {self._low}"
            problem = Problem(
                "FILE-E213", f"has {len(items)} items", f"{said} items", "send the agreed number of items"
            )
            message = f"the list {self.field.name} has {len(items)} items"
            exam.raise_(self._clauses["items"], problem, at, self.path, message=message)


def _absent(name: str, names: frozenset[str], node: Node) -> Problem:
    unknown = [key[:64] for key in node if key not in names] if len(node) <= _COMPARED else []
    near = get_close_matches(name, unknown, n=1, cutoff=0.7) if names else []
    fix = f"rename {near[0]} to {name}" if near else f"add the key {name}"
    return Problem("FILE-E207", "is missing", f"required: {name}", fix)


def _not_text(said: str) -> Problem:
    return Problem(
        "FILE-E305",
        f"is stored as {said}",
        expected="a text cell",
        fix="format the column as text and type the identifier again",
        note="spreadsheets drop leading zeros and turn some identifiers into dates",
    )


def _shown(node: Raw) -> str:
    return node if isinstance(node, str) else type_of(node)


def _hidden(node: Raw, detectors: PersonalData) -> str | None:
    """The kind of personal data anywhere in a part of the tree that the contract doesn't know."""
    if isinstance(node, str):
        return detectors.in_text(node)
    if isinstance(node, dict):
        inner = (detectors.in_key(key) or _hidden(value, detectors) for key, value in node.items())
        return next((kind for kind in inner if kind), None)
    if isinstance(node, list):
        return next((kind for kind in (_hidden(item, detectors) for item in node) if kind), None)
    return None
