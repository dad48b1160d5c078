"""Rows of a delimited text file, strictly read, each cell with the line and column where it starts.

RFC 4180 with the contract's delimiter and quote. The standard library's reader gives no columns and repairs quotes in
silence; a certificate needs neither. Not for long series: those go through Arrow (`csv_series`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MOST_CELLS = 16_384  # columns that a spreadsheet has; a row is not taken apart further than one cell beyond them


class BadQuote(ValueError):
    """Quotes that can be read in more than one way, or a quoted cell that never ends."""

    def __init__(self, line: int, column: int, *, unfinished: bool) -> None:
        self.line, self.column, self.unfinished = line, column, unfinished
        super().__init__(f"{line}:{column}")


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `starts` holds (line, column) of each cell when quotes moved them, else it is None and computed."""

    line: int
    cells: tuple[str, ...]
    starts: tuple[tuple[int, int], ...] | None = None

    def start(self, index: int) -> tuple[int, int]:
        """1-based line and column of a cell; of a missing one, where the row ends."""
        if self.starts is not None:
            return self.starts[min(index, len(self.starts) - 1)]
        before = self.cells[:index]
        return self.line, 1 + sum(len(cell) + 1 for cell in before) - (len(before) < index)

    @property
    def blank(self) -> bool:
        return all(not cell.strip(" \t") for cell in self.cells)


def lines_of(text: str) -> list[str]:
    """Physical lines as an editor counts them (LF, CR LF or CR), without a last empty one."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return lines


def rows(lines: list[str], delimiter: str, quote: str, *, first_line: int = 1) -> Iterator[Row]:
    """The records from `lines`, which begin at line `first_line` of the file. Raises BadQuote."""
    index = 0
    while index < len(lines):
        line = lines[index]
        if not quote or quote not in line:
            yield Row(first_line + index, tuple(line.split(delimiter, MOST_CELLS)))
            index += 1
            continue
        row, index = _quoted(lines, index, delimiter, quote, first_line)
        yield row


def _quoted(lines: list[str], index: int, delimiter: str, quote: str, first_line: int) -> tuple[Row, int]:
    """One record that has a quote in its first line. A quoted cell may go over several lines."""
    cells: list[str] = []
    starts: list[tuple[int, int]] = []
    opened = first_line + index
    line, at = lines[index], 0
    while True:
        starts.append((first_line + index, at + 1))
        if not line.startswith(quote, at):
            end = line.find(delimiter, at)
            cell = line[at:] if end < 0 else line[at:end]
            if quote in cell:
                raise BadQuote(first_line + index, at + 1 + cell.index(quote), unfinished=False)
            cells.append(cell)
        else:
            parts: list[str] = []
            at += 1
            while True:
                end = line.find(quote, at)
                if end < 0:
                    parts += [line[at:], "\n"]
                    index += 1
                    if index == len(lines):
                        raise BadQuote(*starts[-1], unfinished=True)
                    line, at = lines[index], 0
                elif line.startswith(quote, end + 1):
                    parts.append(line[at : end + 1])
                    at = end + 2
                else:
                    parts.append(line[at:end])
                    break
            cells.append("".join(parts))
            after = end + 1
            if after < len(line) and not line.startswith(delimiter, after):
                raise BadQuote(first_line + index, after + 1, unfinished=False)
            end = after if after < len(line) else -1
        if end < 0 or len(cells) > MOST_CELLS:
            return Row(opened, tuple(cells), tuple(starts)), index + 1
        at = end + len(delimiter)
