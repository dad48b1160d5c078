"""Familiar rows: rows of an array that came before with the very same texts, in a document without any finding.

What a clause says about a row follows from that row's own texts, times apart: form, words, unit, criterion, verdict,
approved method. So the same row again, whatever document it is in, is as faultless as it was; only its times, which are
new in every certificate, are read again. A panel's rows repeat all the time, and one look-up for a whole row instead of
some forty questions is what brings a certificate to a fifth of a millisecond. Rules that compare rows with each other,
with the document or with the past don't ask here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from contracts.document import Raw, RawNumber

if TYPE_CHECKING:
    from contracts.rules.results import ResultLine
    from contracts.rules.scalar import Scalar

Node = dict[str, Raw]

_ROWS = 16_384  # at about half a kilobyte each
_SCALARS = frozenset({str, RawNumber, bool, type(None)})


class Familiar:
    """The rows of one array that were faultless. `times` are the fields that are read anew in every row."""

    def __init__(self, times: Sequence[Scalar]) -> None:
        self._times = {scalar.name: scalar for scalar in times}
        self._shapes: dict[tuple[object, ...], _Shape] = {}
        self._count = 0

    def look(self, node: Node) -> ResultLine | None:
        """The faultless row that had these texts before; None: nothing is known, or a time is wrong."""
        # A number and the text of its digits are equal as texts, so the types belong to what must be the same.
        shape = self._shapes.get((*node, *map(type, node.values())))
        if shape is None:
            return None
        known = shape.rows.get(shape.texts(node))
        if known is None:
            return None
        for name, values, scalar in shape.times:
            raw = node[name]
            if raw not in values and scalar.value(raw) is None:
                return None
        return known

    def remember(self, node: Node, line: ResultLine) -> None:
        """These texts are faultless, and `line` is what was made of them."""
        types = tuple(map(type, node.values()))
        if not _SCALARS.issuperset(types) or len(node) - len(self._times.keys() & node.keys()) < 2:
            return
        if self._count >= _ROWS:
            self._shapes.clear()
            self._count = 0
        shape = self._shapes.setdefault((*node, *types), _Shape(node, self._times))
        shape.rows[shape.texts(node)] = line
        self._count += 1


class _Shape:
    """Rows with the same keys in the same order, and values of the same types."""

    __slots__ = ("rows", "texts", "times")

    def __init__(self, node: Node, times: dict[str, Scalar]) -> None:
        self.texts: Callable[[Node], Any] = itemgetter(*(name for name in node if name not in times))
        self.times = [(name, times[name].known, times[name]) for name in node if name in times]
        self.rows: dict[Any, ResultLine] = {}
