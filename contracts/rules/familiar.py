"""Familiar rows: rows of an array that came before with the very same texts, in a document without any finding.

What a clause says about a row follows from that row's own texts, times apart: form, words, unit, criterion, verdict,
approved method. So the same row again, whatever document it is in, is as faultless as it was; only its times, which are
new in every certificate, are read again. A panel's rows repeat all the time, and one look-up for a whole row instead of
some forty questions is what brings a certificate to a fifth of a millisecond. Rules that compare rows with each other,
with the document or with the past don't ask here.

The rows of one certificate are laid out like those of the last: the same keys in the same order, row by row. A layout
remembers where each column stands in the flat list of all values, so that a column is taken out in one pass in C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from contracts.document import Raw, RawNumber

if TYPE_CHECKING:
    from contracts.rules.results import ResultLine
    from contracts.rules.scalar import Scalar

Node = dict[str, Raw]

_ROWS = 16_384  # at about half a kilobyte each
_LONGEST = 4096  # characters of a row that is worth remembering
_SHAPES = 1024
_LAYOUTS = 64
_LARGEST = 512  # rows of an array that is worth a layout
_SCALARS = frozenset({str, RawNumber, bool, type(None)})


class Familiar:
    """The rows of one array that were faultless. `times` are the fields that are read anew in every row.

    `names` are the keys that the contract knows: rows with any other key leave nothing behind, or a file of invented
    keys would stay in memory.
    """

    def __init__(self, times: Sequence[Scalar], names: Iterable[str]) -> None:
        self._times = {scalar.name: scalar for scalar in times}
        self._names = frozenset(names)
        self._shapes: dict[tuple[object, ...], _Shape] = {}
        self._layouts: dict[tuple[object, ...], _Layout] = {}
        self._count = 0

    def look(self, items: Sequence[Node]) -> Rows | None:
        """For each row the faultless one that had these texts before; None: nothing is known, or a time is wrong.

        None instead of Rows: some of these rows were never faultless, with keys that the contract doesn't know or more
        than a text under one.
        """
        values = list(chain.from_iterable(map(dict.values, items)))
        # A number and the text of its digits are equal as texts, so the types belong to what must be the same.
        key = (*map(tuple, items), *map(type, values))
        layout = self._layouts.get(key)
        if layout is None:
            if not all(map(self._names.issuperset, items)) or not _SCALARS.issuperset(map(type, values)):
                return None
            layout = _Layout(items, self._shape, self._times)
            if len(items) <= _LARGEST:
                if len(self._layouts) >= _LAYOUTS:
                    self._layouts.clear()
                self._layouts[key] = layout
        lines = [rows.get(texts(item)) if rows else None for rows, texts, item in zip(*layout.rows, items, strict=True)]
        for name, row_numbers, scalar in layout.times:
            raws = layout.column(name, values)
            if None in map(scalar.known.get, raws):  # type: ignore[arg-type]  # nothing else is known there
                for number, raw in zip(row_numbers, raws, strict=True):
                    if not scalar.is_right(raw):
                        lines[number] = None
        return Rows(lines, values, layout)

    def remember(self, node: Node, line: ResultLine) -> None:
        """These texts are faultless, and `line` is what was made of them."""
        if not _SCALARS.issuperset(map(type, node.values())) or len(node) - len(self._times.keys() & node.keys()) < 2:
            return
        if not self._names.issuperset(node) or sum(len(v) for v in node.values() if isinstance(v, str)) > _LONGEST:
            return
        if self._count >= _ROWS:
            self._shapes.clear()
            self._layouts.clear()
            self._count = 0
        shape = self._shape(node)
        shape.rows[shape.texts(node)] = line
        self._count += 1

    def _shape(self, node: Node) -> _Shape:
        key = (*node, *map(type, node.values()))
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
                self._layouts.clear()
            shape = self._shapes[key] = _Shape([name for name in node if name not in self._times])
        return shape


class Rows:
    """The rows of one array in one document: what was known of each, and their values column by column."""

    __slots__ = ("_layout", "_values", "all_known", "lines")

    def __init__(self, lines: list[ResultLine | None], values: list[Raw], layout: _Layout) -> None:
        self.lines, self._values, self._layout = lines, values, layout
        self.all_known = None not in lines

    def column(self, name: str) -> Sequence[Raw] | None:
        """What every row holds under `name`; None when a row has no such key."""
        return self._layout.column(name, self._values) if name in self._layout.complete else None


class _Shape:
    """Rows with the same keys in the same order, and values of the same types."""

    __slots__ = ("rows", "texts")

    def __init__(self, names: Sequence[str]) -> None:
        self.texts: Callable[[Node], Any] = itemgetter(*names) if names else tuple
        self.rows: dict[Any, ResultLine] = {}


class _Layout:
    """Rows of the same shapes one after the other: where each column stands in the flat list of their values."""

    __slots__ = ("_columns", "complete", "rows", "times")

    def __init__(self, items: Sequence[Node], shape_of: Callable[[Node], _Shape], times: dict[str, Scalar]) -> None:
        shapes = [shape_of(item) for item in items]
        self.rows = [shape.rows for shape in shapes], [shape.texts for shape in shapes]
        places: dict[str, list[int]] = {}
        owners: dict[str, list[int]] = {}
        at = 0
        for number, item in enumerate(items):
            for name in item:
                places.setdefault(name, []).append(at)
                owners.setdefault(name, []).append(number)
                at += 1
        self.complete = frozenset(name for name, where in places.items() if len(where) == len(items))
        self._columns = {name: itemgetter(*where, where[0]) for name, where in places.items()}
        """One place more than there are, because a getter of a single place gives the value and no tuple."""
        self.times = [(name, owners[name], times[name]) for name in places if name in times]

    def column(self, name: str, values: list[Raw]) -> Sequence[Raw]:
        found: tuple[Raw, ...] = self._columns[name](values)
        return found[:-1]
