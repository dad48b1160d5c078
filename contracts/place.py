"""Where something stands: in the partner's own file, in the document tree, and in the contract."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Place:
    """One place, seen as many ways as are known. Every number is 1-based except `row`, which counts series rows from 0.

    A spreadsheet cell has `sheet`, `cell`, `line` (its row) and `column`; a text file has `line` and `column`; a JSON
    or tree value has `pointer` (RFC 6901) and, where the source map was built, `line` and `column` too. `end` closes a
    range of cells (`A4:A16`). A series row has `row`, `tag` and `ts`.
    """

    file: str | None = None
    sheet: str | None = None
    cell: str | None = None
    end: str | None = None
    line: int | None = None
    column: int | None = None
    pointer: str | None = None
    row: int | None = None
    tag: str | None = None
    ts: str | None = None

    def at(self, pointer: str) -> Place:
        """The same file place, seen under another pointer."""
        return replace(self, pointer=pointer)

    def label(self) -> str:
        """How a person reads it: `Results!G5`, `12:8`, `row 17`, or nothing when only the pointer is known."""
        if self.cell is not None:
            cells = f"{self.cell}:{self.end}" if self.end else self.cell
            return f"{self.sheet}!{cells}" if self.sheet else cells
        if self.line is not None:
            return f"{self.line}:{self.column}" if self.column is not None else f"line {self.line}"
        if self.row is not None:
            return f"row {self.row}"
        return ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the contract file: 1-based line and column."""

    line: int
    column: int
