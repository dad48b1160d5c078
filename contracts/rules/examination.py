"""Examination: one document on the table. What every rule reads from, and where it says what it found.

A rule asks for values by field and pointer, and raises what is wrong. A field that something was raised about is
spoiled: later rules are silent about it, so that one cause is one finding (contracts.md 4.3, rule 7).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from contracts.codes import Severity
from contracts.context import Context
from contracts.contract import Clause
from contracts.document import Document, Raw
from contracts.finding import Kind
from contracts.place import Place
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan
    from contracts.rules.familiar import Rows
    from contracts.rules.paths import Path
    from contracts.rules.results import ResultLine

Node = dict[str, Raw]
Value = str | int | Decimal | date | datetime | bool | None


@dataclass(slots=True)
class Raised:
    """One thing that a clause found, before it becomes a Finding. `field` is a path in the schema (`results.value`)."""

    clause: Clause
    code: str
    pointer: str
    field: str
    message: str
    problem: Problem
    found: Raw = None
    lower: str | None = None
    upper: str | None = None
    unit: str | None = None
    kind: Kind = Kind.CONTRACT
    severity: Severity | None = None
    """Overrides the clause's and the code's; only for a rule with a parameter that says so."""
    key: tuple[tuple[str, str], ...] | None = None
    """More of the business key than the place alone tells, e.g. the test that is missing."""
    slot_row: int | None = None
    """Row of a schedule that this is about alone; None: the delivery as a whole."""
    personal: bool = False
    place: Place | None = None
    """Where the reader of the file saw it; None: ask the document for the pointer's place."""


@dataclass
class Examination:
    """What is known about one document while the rules look at it."""

    plan: Plan
    document: Document
    context: Context
    root: Node
    raised: list[Raised] = field(default_factory=list)
    spoiled: set[str] = field(default_factory=set)
    """Pointers of fields that have a finding, and of objects and arrays that could not be entered."""
    unread: set[str] = field(default_factory=set)
    """Ids of clauses that had nothing to look at, because what they look at could not be entered."""
    broken: set[str] = field(default_factory=set)
    """Ids of clauses whose rule stopped."""
    lacking: set[str] = field(default_factory=set)
    """Ids of clauses that the hub judges and that it did not know enough for here: they still need the hub."""
    hub_unread: bool = False
    """Nothing could be read, so that no clause of the hub was judged either."""
    known_rows: dict[str, Rows] = field(default_factory=dict)
    """Array -> what was known of its rows before (contracts.rules.familiar)."""
    _said: set[tuple[str, str, Any]] = field(default_factory=set)
    _frames: dict[str | None, list[tuple[str, Node]]] = field(default_factory=dict)
    _columns: dict[tuple[str | None, str], Sequence[Value]] = field(default_factory=dict)
    _results: dict[str, list[ResultLine]] = field(default_factory=dict)

    def raise_(
        self,
        clause: Clause,
        problem: Problem,
        pointer: str,
        path: str,
        *,
        message: str | None = None,
        found: Raw = None,
        spoil: bool = True,
        **more: Any,
    ) -> None:
        """Say that `clause` found `problem` at `pointer`. Without `message` the sentence begins with the field's name.

        The same code twice at one pointer is one finding: the first clause that saw it keeps it.
        """
        said = (pointer, problem.code, more.get("key"))
        if said in self._said:
            return
        self._said.add(said)
        if spoil:
            self.spoiled.add(pointer)
        text = message or f"{self.subject(pointer, path)} {problem.says}"
        self.raised.append(Raised(clause, problem.code, pointer, path, text, problem, found, **more))

    def take_back(self, before: int) -> None:
        """Forget what was raised after the first `before`: its rule stopped. Other rules look at those fields again."""
        gone = self.raised[before:]
        del self.raised[before:]
        kept = {one.pointer for one in self.raised}
        self.spoiled -= {one.pointer for one in gone} - kept - self.document.spoiled
        self._said -= {(one.pointer, one.code, one.key) for one in gone}

    def is_plain(self) -> bool:
        """Whether the texts of a row are all that is known about it: no cell has a type, no reader complained."""
        return not self.document.facts and not self.document.problems

    def is_spoiled(self, pointer: str) -> bool:
        """Whether the field at `pointer`, or something around it, already has a finding."""
        if not self.spoiled:
            return False
        while pointer:
            if pointer in self.spoiled:
                return True
            pointer = pointer.rpartition("/")[0]
        return False

    def frames(self, each: str | None) -> list[tuple[str, Node]]:
        """(pointer, object) of everything that a rule with this `each` looks at, in order.

        None means the certificate itself, or each slot of a schedule. Objects that could not be entered are left out.
        """
        known = self._frames.get(each)
        if known is None:
            known = self._frames[each] = self._enter(each)
        return known

    def _enter(self, each: str | None) -> list[tuple[str, Node]]:
        top = self.plan.rows_key
        if each is None and top is None:
            return [("", self.root)]
        node: Raw = self.root
        pointer = ""
        for part in str(top if each is None else each).split("."):
            pointer = f"{pointer}/{part}"
            node = node.get(part) if isinstance(node, dict) else None
        if type(node) is not list:
            return []
        pointers = self.plan.pointers(pointer, len(node))
        if not self.spoiled:
            return list(zip(pointers, node, strict=False))  # type: ignore[arg-type]  # objects, the structure says so
        return [(p, n) for p, n in zip(pointers, node, strict=False) if type(n) is dict and p not in self.spoiled]

    def entered(self, each: str | None, clause: Clause) -> list[tuple[str, Node]]:
        """As `frames`; a clause whose array could not be entered is noted as unread."""
        name = each if each is not None else self.plan.rows_key
        if name is not None and self.spoiled and f"/{name.replace('.', '/')}" in self.spoiled:
            node: Raw = self.root
            for part in name.split("."):
                node = node.get(part) if isinstance(node, dict) else None
            if type(node) is not list:
                self.unread.add(clause.id)
        return self.frames(each)

    def results(self, each: str) -> list[ResultLine]:
        """The judged results of the array `each`, judged once and shared by all rules about tests."""
        known = self._results.get(each)
        if known is None:
            known = self._results[each] = self.plan.result_tables[each].judge(self)
        return known

    def fresh(self, each: str) -> Sequence[ResultLine]:
        """Those of `results` whose texts are new: what a row says by itself was right of all the others."""
        rows = self.known_rows.get(each)
        if rows is not None and rows.all_known:
            return ()
        return [line for line in self.results(each) if not line.familiar]

    def value(self, path: Path, pointer: str, node: Node) -> Value:
        """The value of `path` seen from `node` at `pointer`; None when empty, absent, unread or spoiled."""
        raw = path.get(node, self.root)
        if raw is None or (self.spoiled and self.is_spoiled(path.pointer(pointer))):
            return None
        return path.scalar.value(raw) if path.scalar is not None else None

    def column(self, path: Path, frames: Sequence[tuple[str, Node]], each: str | None) -> Sequence[Value]:
        """`value` of every frame of `each`, in their order. Shared by all rules while nothing is spoiled."""
        if self.spoiled:
            return [self.value(path, pointer, node) for pointer, node in frames]
        place = each, path.field
        known = self._columns.get(place)
        if known is None:
            scalar, name = path.scalar, path.single
            if scalar is None or name is None:
                known = [self.value(path, pointer, node) for pointer, node in frames]
            else:
                rows = self.known_rows.get(each) if each is not None else None
                raws = rows.column(name) if rows is not None else None
                if raws is None:
                    raws = [node.get(name) for _, node in frames]
                known = list(map(scalar.known.get, raws))  # type: ignore[arg-type]  # nothing else is known there
                if not all(known):  # zero, empty, or no longer remembered
                    known = list(map(scalar.value, raws))
            self._columns[place] = known
        return known

    def subject(self, pointer: str, path: str) -> str:
        """How a sentence begins that is about a field: `the value of PH`, `mfg_date`, `the role of signatories 1`."""
        name = path.rpartition(".")[2].removesuffix("[]")
        whose = self.label(pointer)
        if "." in path and whose is None and not self._in_array(path):
            name = path  # a field of an object: spec.version
        said = name if "_" in name or "." in name or name[:1].isupper() else f"the {name}"
        return f"{said} of {whose}" if whose else said

    def _in_array(self, path: str) -> bool:
        field = self.plan.contract.schema.find(path.rpartition(".")[0])
        return field is not None and field.type == "array"

    def label(self, pointer: str) -> str | None:
        """What people call the item that `pointer` is in: its first key (`PH`, a slot), else `signatories 1`."""
        for above, items, number, node in self._items_around(pointer):
            names = self.plan.item_keys.get(items, ())
            raw = node.get(names[0]) if names and isinstance(node, dict) else None
            if names and self.plan.is_restricted(items, names[0]):
                raw = None
            if isinstance(raw, str) and self._may_be_shown(raw) and f"{above}/{names[0]}" != pointer:
                return raw.strip()[:60]
            return f"{items.rpartition('.')[2]} {number + 1}"
        return None

    def key(self, pointer: str) -> tuple[tuple[str, str], ...]:
        """The business key of the place: the document's own key, then the item's."""
        pairs = [(name, self.root.get(name)) for name in self.plan.document_key]
        for _, items, _, node in self._items_around(pointer):
            if isinstance(node, dict):
                pairs += [(name, node.get(name)) for name in self.plan.item_keys.get(items, ())]
        return tuple((name, raw.strip()) for name, raw in pairs if isinstance(raw, str) and self._may_be_shown(raw))

    def _may_be_shown(self, name: str) -> bool:
        """Whether a key says something, and nothing about a person: a report names its places by keys."""
        personal = self.plan.personal
        return bool(name.strip()) and (personal is None or personal.in_text(name) is None)

    def same_item(self, one: str, other: str) -> bool:
        """Whether both are in items of one primary key: such items are told by that key, and once is enough."""
        mine = self.key(one)
        return bool(mine) and mine == self.key(other)

    def row_of(self, pointer: str) -> int | None:
        """The slot of a schedule that `pointer` is in."""
        top = self.plan.rows_key
        if top is None or not pointer.startswith(f"/{top}/"):
            return None
        number = pointer.split("/")[2]
        return int(number) if number.isdigit() else None

    def _items_around(self, pointer: str) -> Iterator[tuple[str, str, int, Raw]]:
        """(pointer, path of the array, index, node) of the innermost array item around `pointer`."""
        node: Raw = self.root
        path: list[str] = []
        here, found = "", None
        for part in pointer.split("/")[1:]:
            here = f"{here}/{part}"
            if isinstance(node, list):
                if not part.isdigit() or int(part) >= len(node):
                    break
                node = node[int(part)]
                found = (here, ".".join(path), int(part), node)
            elif isinstance(node, dict):
                name = part.replace("~1", "/").replace("~0", "~")
                path.append(name)
                node = node.get(name)
            else:
                break
        if found is not None:
            yield found
