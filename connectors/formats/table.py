"""From a table to a Document: rows become the records of the contract, each pointer keeps the cell it came from.

Shared by CSV and XLSX. A certificate's own fields (its number, its lot) stand in cells of their own or are repeated in
every row; they are folded into one value, and rows that disagree about it are a finding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from connectors.formats.headers import Column
from connectors.formats.reading import Reading
from contracts.contract import Field
from contracts.document import CellFact, Document, FormProblem, Raw, RawNumber
from contracts.finding import Excerpt, ExcerptLine
from contracts.place import Place

HIDDEN = "***"  # shown in an excerpt for a cell that the contract restricts or doesn't know
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# What a spreadsheet would run when the file is opened there: =CMD|..., =HYPERLINK(..., @SUM(..., a reference with `!`.
# The operators of results (=, <=) and signed numbers stay harmless.
FORMULA = re.compile(r"[=+\-@]\s*(?:[A-Za-z][A-Za-z0-9_.]*\s*[(|]|[^\s]+!)")


class Grid(Protocol):
    """The cells of one table, by row index (0 = first row after the header) and column index."""

    def value(self, row: int, column: int) -> Raw: ...

    def text(self, row: int, column: int) -> str:
        """The cell as a person sees it, for excerpts. Row -1 is the header."""
        ...

    def place(self, row: int, column: int) -> Place: ...

    def span(self, first: int, last: int) -> Place:
        """Some whole rows, for the pointers of a list or one of its items."""
        ...

    def line(self, row: int) -> int: ...

    def fact(self, row: int, column: int) -> CellFact | None: ...


@dataclass(frozen=True, slots=True)
class Single:
    """A field with a cell of its own outside the table, and the line of the file it stands in."""

    column: Column
    value: Raw
    place: Place
    fact: CellFact | None
    line: ExcerptLine
    mark: int


@dataclass
class Table:
    """A table that has been found: where the columns are, and how many rows there are. `build` makes the Document."""

    reading: Reading
    grid: Grid
    columns: Mapping[int, Column]
    rows: int
    width: int
    into: str
    """Name of the list that the rows fill: `results` of a certificate, `slots` of a schedule."""
    into_required: bool = True
    singles: tuple[Single, ...] = ()
    problems: list[FormProblem] = field(default_factory=list)
    covered: Callable[[Place], bool] = lambda _place: False
    """Whether the cell at a place lost its value to a merged one."""

    _cells: dict[str, tuple[int, int]] = field(default_factory=dict)
    _single_at: dict[str, Single] = field(default_factory=dict)
    _facts: dict[str, CellFact] = field(default_factory=dict)

    def build(self, size: int) -> Document:
        """The Document. Its closures keep this table alive, so places cost nothing until somebody asks."""
        root: dict[str, Raw] = {}
        for single in self.singles:
            self._put_single(root, single)
        for index, column in sorted(self.columns.items()):
            if not column.per_row:
                self._fold(root, index, column)
        _prune(root, self.reading.schema.fields)
        root[self.into] = [self._record(row) for row in range(self.rows)]
        return Document(
            self.reading.file,
            self.reading.form.format,
            root,
            self.locate,
            self.excerpt,
            self._facts,
            tuple(self._with_pointers()),
            size,
            frozenset(pointer for pointer, at in self._cells.items() if self.covered(self.grid.place(*at))),
        )

    def locate(self, pointer: str) -> Place:
        """The cell of a pointer; of a list its rows, of an object its first cell, of what is absent what is near."""
        parts = pointer.split("/")
        while len(parts) > 1:
            at = "/".join(parts)
            if at in self._cells:
                return self.grid.place(*self._cells[at]).at(pointer)
            if at in self._single_at:
                return self._single_at[at].place.at(pointer)
            if parts[1] == self.into and len(parts) == 3 and parts[2].isdigit() and int(parts[2]) < self.rows:
                return self.grid.span(int(parts[2]), int(parts[2])).at(pointer)
            if parts[1] == self.into and len(parts) == 2:
                return self.grid.span(0, self.rows - 1).at(pointer)
            inner = next((p for p in (*self._single_at, *self._cells) if p.startswith(at + "/")), None)
            if inner is not None:
                return self.locate(inner).at(pointer)
            parts.pop()
        return Place(file=self.reading.file, pointer=pointer)

    def excerpt(self, pointer: str) -> Excerpt | None:
        """Header row and failing row, the failing cell marked. Cells nobody may see stay hidden."""
        if pointer in self._single_at:
            single = self._single_at[pointer]
            beside = (single.place.column or 0) - single.mark  # a label stands right beside its cell
            columns = tuple(beside + i for i in range(len(single.line.cells))) if single.place.cell else ()
            excerpt = Excerpt((single.line,), single.mark, columns=columns)
            return None if _restricted(single.column.field) else excerpt
        if pointer not in self._cells:
            return None
        row, mark = self._cells[pointer]
        columns = tuple(at.column or 0 for i in range(self.width) if (at := self.grid.place(row, i)).cell is not None)
        return Excerpt((self._line(-1), self._line(row)), mark, columns=columns)

    def _line(self, row: int) -> ExcerptLine:
        cells = (self.grid.text(row, i) if row < 0 or self._open(i) else HIDDEN for i in range(self.width))
        return ExcerptLine(self.grid.line(row), tuple(cells))

    def _open(self, index: int) -> bool:
        column = self.columns.get(index)
        return column is not None and not _restricted(column.field)

    def _record(self, row: int) -> Raw:
        record: dict[str, Raw] = {}
        above = f"/{self.into}/{row}"
        for index, column in self.columns.items():
            if column.per_row:
                value = scalar(self.grid.value(row, index), column.field)
                self._note(above, column.path, row, index)
                _put(record, column, value)
        _prune(record, self.reading.schema.fields)
        return record

    def _fold(self, root: dict[str, Raw], index: int, column: Column) -> None:
        """One value for the whole delivery from a column that repeats it. Empty repeats say nothing."""
        values = [scalar(self.grid.value(row, index), column.field) for row in range(self.rows)]
        said = [row for row, value in enumerate(values) if value is not None]
        first = said[0] if said else 0
        if self.rows:
            self._note("", column.path, first, index)
        _put(root, column, values[first] if said else None)
        other = next((row for row in said if values[row] != values[first]), None)
        if other is not None:
            self.problems.append(self._disagree(column, values[first], values[other], self.grid.place(other, index)))

    def _disagree(self, column: Column, first: Raw, other: Raw, where: Place) -> FormProblem:
        hidden = _restricted(column.field)
        identity = column.field.primary_key is not None or column.field.critical or "identifier" in column.field.custom
        return FormProblem(
            "COA-E403" if identity or column.field.name == "material_id" else "FILE-E405",
            f"the rows disagree about {column.name}",
            where.at("/" + "/".join(column.path)),
            found=None if hidden else str(other),
            expected=None if hidden else f"{first}, as in the first row",
            fix="send one file for each certificate, with the same value in every row",
            field=column.field.path,
        )

    def _put_single(self, root: dict[str, Raw], single: Single) -> None:
        pointer = "/" + "/".join(single.column.path)
        self._single_at[pointer] = single
        if single.fact is not None:
            self._facts[pointer] = single.fact
        _put(root, single.column, scalar(single.value, single.column.field))

    def _note(self, above: str, path: tuple[str, ...], row: int, index: int) -> None:
        pointer = f"{above}/{'/'.join(path)}"
        self._cells[pointer] = (row, index)
        fact = self.grid.fact(row, index)
        if fact is not None:
            self._facts[pointer] = fact

    def _with_pointers(self) -> Iterator[FormProblem]:
        """A problem found at a cell also gets the pointer of the value it spoils, so that no rule judges it again."""
        if not self.problems:
            return
        at = {_key(self.grid.place(row, index)): pointer for pointer, (row, index) in self._cells.items()}
        at |= {_key(single.place): pointer for pointer, single in self._single_at.items()}
        for problem in self.problems:
            pointer = problem.where.pointer or at.get(_key(problem.where))
            yield problem if pointer is None else replace(problem, where=problem.where.at(pointer))


def scalar(value: Raw, field: Field) -> Raw:
    """A cell as the tree holds it: empty is null; text in a numeric or boolean column is what the contract calls it.

    Digits are never changed: `RawNumber` is the same text. Whatever is not plainly a number stays text and is judged.
    """
    if not isinstance(value, str) or isinstance(value, RawNumber):
        return value
    text = value.strip(" \t")
    if not text:
        return None
    if field.type in ("integer", "number") and NUMBER.fullmatch(text):
        return RawNumber(text)
    if field.type == "boolean" and text in ("true", "false", "TRUE", "FALSE"):
        return text in ("true", "TRUE")
    return value


def formula_text(value: Raw) -> bool:
    """Whether a text would run as a formula when a spreadsheet opens the file (FILE-E604)."""
    return isinstance(value, str) and value[:1] in ("=", "+", "-", "@") and FORMULA.match(value) is not None


def formula_problem(where: Place) -> FormProblem:
    return FormProblem(
        "FILE-E604",
        "the cell holds text that a spreadsheet would run",
        where,
        expected="plain values",
        fix="replace the cell by its value",
    )


def list_name(filled: Field | None) -> str:
    """Where the rows go: the array of a certificate, `slots` for a schedule."""
    return filled.name if filled is not None else "slots"


def _key(where: Place) -> tuple[str | None, int | None, int | None, str | None]:
    return where.sheet, where.line, where.column, where.end


def _restricted(field: Field) -> bool:
    return field.classification in ("restricted", "confidential")


def _put(target: dict[str, Raw], column: Column, value: Raw) -> None:
    """Set a value at its path. An empty cell of an optional field is an absent key: a table cannot say less."""
    if value is None and not (column.field.required or column.field.custom.get("presence") == "mustExist"):
        return
    node: dict[str, Raw] = target
    *above, last = column.path
    for part, following in zip(above, column.path[1:], strict=True):
        if part.isdigit():
            continue
        inner = node.get(part)
        if following.isdigit():
            items = inner if isinstance(inner, list) else []
            while len(items) <= int(following):
                items.append({})
            node[part] = items
            item = items[int(following)]
            assert isinstance(item, dict)
            node = item
        else:
            if not isinstance(inner, dict):
                inner = {}
                node[part] = inner
            node = inner
    node[last] = value


def _prune(target: dict[str, Raw], fields: Iterable[Field]) -> None:
    """Take away objects and list items of which every cell was empty: the table had nothing to say about them."""
    for name in list(target):
        node = target[name]
        if isinstance(node, dict):
            _prune(node, ())
            if all(v is None for v in node.values()):
                del target[name]
        elif isinstance(node, list) and all(isinstance(item, dict) for item in node):
            known = next((f for f in fields if f.name == name), None)
            if known is None or known.type != "array":
                continue
            # From the end only: an index is part of the pointer that leads to the cell.
            while node and isinstance(node[-1], dict) and all(v is None for v in node[-1].values()):
                node.pop()
            if not node and not known.required:
                del target[name]
