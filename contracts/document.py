"""Document: what a partner's file says, as a tree of raw scalars, each value with its place in the source.

A format (in `connectors.formats`) makes a Document from bytes; `contracts` checks it and never sees bytes again.
Scalars are raw: text stays text, a number is a `RawNumber` (the partner's own digits), true, false and null stay
themselves. Nothing is stripped, converted or guessed on the way in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from contracts.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.finding import Excerpt


class RawNumber(str):
    """A number as the partner wrote it (`7.20`, `1E+08`). A str on purpose: converting is the reader's decision.

    Test for it before testing for str.
    """

    __slots__ = ()


Raw: TypeAlias = "str | RawNumber | bool | dict[str, Raw] | list[Raw] | None"
"""A node of the tree. int and float never occur."""


@dataclass(frozen=True, slots=True)
class CellFact:
    """What a spreadsheet said about a cell beyond its value: the facts that rules on stored form need."""

    kind: str  # "text" | "number" | "date" | "bool" | "formula" | "error" | "empty"
    number_format: str | None = None


@dataclass(frozen=True, slots=True)
class FormProblem:
    """Something wrong with the form of the file itself, found while reading it (FILE-*, or a value's raw form).

    `code` is a finding code; the engine adds severity, impact and clause. `rows` lists absolute series rows concerned.
    """

    code: str
    message: str
    where: Place
    found: str | None = None
    expected: str | None = None
    fix: str | None = None
    rows: tuple[int, ...] = ()
    field: str | None = None


@dataclass(frozen=True)
class Document:
    """One delivery as a tree. `root` is None when the file could not be read; then `problems` says why."""

    file: str
    format: str
    root: dict[str, Raw] | None
    locate: Callable[[str], Place]
    """JSON pointer -> place in the source. Cheap for tables; builds the source map on first use for JSON."""
    excerpt: Callable[[str], Excerpt | None] = lambda _pointer: None
    """JSON pointer -> the window of the partner's file that a report shows."""
    facts: Mapping[str, CellFact] = field(default_factory=dict)
    problems: tuple[FormProblem, ...] = ()
    size: int = 0
    spoiled: frozenset[str] = frozenset()
    """Pointers of values that a problem made unreadable beside the one that it names: nobody asks for them again."""


@dataclass(frozen=True, slots=True)
class SeriesBatch:
    """Some consecutive rows of a series. Columns carry the contract's field names.

    `ts` is timestamp[us, UTC], `value` float64, text columns are dictionary<int32, string>. Where a cell could not be
    read as its type it is null here and `problems` names the rows, so that nothing unread can pass.
    """

    rows: pa.RecordBatch
    first_row: int
    problems: tuple[FormProblem, ...] = ()


class SeriesSource(Protocol):
    """A series delivery, read batch by batch and asked afterwards where a row stands.

    Each call of `batches` begins at the first row again: the check reads twice when an answer lies further back than
    what it keeps at hand.
    """

    file: str
    format: str

    def batches(self) -> Iterator[SeriesBatch]: ...

    def locate(self, row: int, field: str | None = None) -> Place: ...

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None: ...
