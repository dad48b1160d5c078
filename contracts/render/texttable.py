"""A CSV or JSON file as a table of texts with the cells that findings point at, for an annotated workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.document import Raw
from contracts.finding import Finding, Report
from contracts.jsontree import read_json

MOST_ROWS = 5_000
AROUND = 2  # rows shown before and after a failing one of a file that is too long to show
MOST_BYTES = 60_000_000
HIDDEN = "***"
_DELIMITERS = ",;\t|"
Cell = tuple[int, int]


@dataclass
class TextTable:
    """Rows of the sheet with their numbers, and per finding the cells it points at."""

    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    marks: dict[int, list[Cell]] = field(default_factory=dict)
    left_out: str = ""


def table_of(report: Report, data: bytes) -> TextTable | None:
    """The table of a text file; None when the bytes are no text that could be shown."""
    if not data or len(data) > MOST_BYTES or b"\x00" in data[:4096]:
        return None
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _json(report, data)
    return _csv(report, data)


def _json(report: Report, data: bytes) -> TextTable | None:
    tree = read_json(data, file=report.delivery.file, max_depth=64)
    if tree.root is None:
        return None
    wanted = {p.pointer: n for n, f in enumerate(report.findings) for p in f.where if p.pointer is not None}
    secret = {p.pointer for f in report.findings if f.found and f.found.redacted for p in f.where}
    table = TextTable([(1, ["pointer", "value"])])
    row = 1
    at: dict[str, int] = {}
    leaves = list(_leaves(tree.root, ""))
    if len(leaves) > MOST_ROWS:
        leaves = [(pointer, value) for pointer, value in leaves if pointer in wanted]
        table.left_out = "; only the marked values of a long file are shown"
    there = {pointer for pointer, _ in leaves}
    # What is missing has no value, so it gets an empty row of its own to carry the mark.
    leaves += [(pointer, "") for pointer in wanted if pointer and pointer not in there]
    for pointer, value in leaves:
        row += 1
        at[pointer] = row
        table.rows.append((row, [pointer, HIDDEN if pointer in secret else value]))
    for number, f in enumerate(report.findings):
        table.marks[number] = [(at[p.pointer], 2) for p in f.where if p.pointer in at and p.pointer is not None]
    return table


def _leaves(node: Raw, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _leaves(inner, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from _leaves(inner, f"{pointer}/{number}")
    else:
        yield pointer, "" if node is None else str(node).lower() if isinstance(node, bool) else str(node)


def _csv(report: Report, data: bytes) -> TextTable | None:
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        content = data.decode("cp1252", errors="replace")
    numbered = {n: f for n, f in enumerate(report.findings) if any(p.line is not None for p in f.where)}
    lines = {p.line for f in numbered.values() for p in f.where if p.line is not None}
    near = {line + step for line in lines for step in range(-AROUND, AROUND + 1)}
    rows: list[tuple[int, list[str]]] = []
    total, hidden = 0, _hidden(report)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=_delimiter(report, content))
    try:
        before = 0
        for cells in reader:
            line, before = before + 1, reader.line_num
            total += 1
            if total <= MOST_ROWS or line in near:
                rows.append((line, cells))
    except csv.Error:
        return None
    if total > MOST_ROWS:
        rows = [(line, cells) for line, cells in rows if line in near or line == 1]
    head = _head_line(report)
    shown = [
        (line, [HIDDEN if i in hidden and line > head else c for i, c in enumerate(cells)]) for line, cells in rows
    ]
    left_out = "; of a long file only the rows around the marks are shown" if total > MOST_ROWS else ""
    known = {line for line, _ in shown}
    marks = {
        number: [(p.line, _column(f)) for p in f.where if p.line is not None and p.line in known]
        for number, f in numbered.items()
    }
    return TextTable(shown, marks, left_out)


def _column(f: Finding) -> int:
    """The column of the failing cell, by the piece of the file that the report shows; else the first."""
    shown = f.excerpt
    return shown.mark + 1 if shown is not None and shown.mark_from is None else 1


def _delimiter(report: Report, content: str) -> str:
    """The one that cuts the header line into the cells that the report shows of it; else the most frequent."""
    head = content.split("\n", 1)[0]
    for f in report.findings:
        if f.excerpt is not None and f.excerpt.mark_from is None and len(f.excerpt.lines) > 1:
            line = f.excerpt.lines[0]
            text = content.split("\n", line.number)[line.number - 1] if line.number <= content.count("\n") + 1 else head
            for one in _DELIMITERS:
                if len(next(csv.reader([text], delimiter=one), [])) == len(line.cells) > 1:
                    return one
    return max(_DELIMITERS, key=head.count)


def _head_line(report: Report) -> int:
    lines = [f.excerpt.lines[0].number for f in report.findings if f.excerpt is not None and len(f.excerpt.lines) > 1]
    return min(lines, default=1)


def _hidden(report: Report) -> frozenset[int]:
    """Columns whose cells the report shows starred, or whose value it redacts."""
    found: set[int] = set()
    for f in report.findings:
        if f.excerpt is None or f.excerpt.mark_from is not None or len(f.excerpt.lines) < 2:
            continue
        found.update(i for i, c in enumerate(f.excerpt.lines[-1].cells) if c.strip() and not c.strip("*"))
        if f.found is not None and f.found.redacted:
            found.add(f.excerpt.mark)
    return frozenset(found)
