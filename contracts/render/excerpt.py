"""The piece of the partner's file that a page shows: a sheet with its own row and column headers, or a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.codes import Severity
from contracts.finding import Excerpt, Finding
from contracts.render.markup import Markup, tag, text

MOST_ROWS = 40
LEADING = 3  # columns that say which row it is
AROUND = 1  # columns shown beside a marked one


@dataclass
class Sheet:
    """All excerpts of one sheet laid over each other. `marks`: (row, column) -> numbers of the findings there."""

    name: str | None
    lettered: bool
    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    heads: set[int] = field(default_factory=set)
    marks: dict[tuple[int, int], list[tuple[int, Severity]]] = field(default_factory=dict)

    def add(self, number: int, finding: Finding, excerpt: Excerpt) -> None:
        columns = excerpt.columns or tuple(range(1, len(excerpt.lines[-1].cells) + 1))
        for line in excerpt.lines:
            row = self.rows.setdefault(line.number, {})
            for column, cell in zip(columns, line.cells, strict=False):
                known = row.get(column)
                # Where one finding hides a value no other one shows it.
                row[column] = cell if known is None or cell.count("*") > known.count("*") else known
        self.heads.update(line.number for line in excerpt.lines[:-1])
        if excerpt.mark < len(columns):
            at = (excerpt.lines[-1].number, columns[excerpt.mark])
            self.marks.setdefault(at, []).append((number, finding.severity))


def sheets(numbered: Sequence[tuple[int, Finding]]) -> list[Sheet]:
    """The tables that the findings point into, in the order of their first finding."""
    found: dict[str | None, Sheet] = {}
    for number, finding in numbered:
        excerpt = finding.excerpt
        if excerpt is None or excerpt.mark_from is not None or not excerpt.lines or not finding.where:
            continue
        name = finding.where[0].sheet
        sheet = found.setdefault(name, Sheet(name, bool(excerpt.columns)))
        sheet.add(number, finding, excerpt)
    return list(found.values())


def table(sheet: Sheet) -> Markup:
    """A spreadsheet as its owner knows it: letters above, numbers at the left, the failing cells marked."""
    rows = sorted(sheet.rows)[:MOST_ROWS]
    columns = _columns(sheet)
    skipped = tag("th", "…", class_="skip", aria_label="columns left out")
    head = [skipped if c is None else tag("th", _letter(c) if sheet.lettered else str(c), scope="col") for c in columns]
    body = [tag("tr", tag("th", aria_label="row"), *head)]
    for row in rows:
        cells = [tag("td", "…", class_="skip") if c is None else _cell(sheet, row, c) for c in columns]
        kind = "head" if row in sheet.heads else None
        body.append(tag("tr", tag("th", str(row), scope="row"), *cells, class_=kind))
    name = f"sheet {sheet.name}" if sheet.name else "the table"
    made = tag("table", *body, class_="sheet")
    return tag("div", made, class_="scroll", tabindex="0", role="region", aria_label=f"{name} of your file")


def lines(finding: Finding, excerpt: Excerpt) -> Markup:
    """The failing line of a text file with the failing piece marked."""
    made = []
    for line in excerpt.lines:
        cell = line.cells[0] if line.cells else ""
        begin, end = excerpt.mark_from or 0, excerpt.mark_to or 0
        if line is excerpt.lines[-1] and end > begin:
            shown = text(cell[:begin].lstrip(), tag("mark", cell[begin:end]), cell[end:])
        else:
            shown = text(cell.strip())
        made.append(tag("div", tag("b", str(line.number)), shown, class_=f"line {finding.severity.value}"))
    return text(*made)


def marked(excerpt: Excerpt) -> str:
    """The text of the marked cell of a table."""
    cells = excerpt.lines[-1].cells if excerpt.lines else ()
    return cells[excerpt.mark] if excerpt.mark < len(cells) else ""


def _cell(sheet: Sheet, row: int, column: int) -> Markup:
    cell = sheet.rows[row].get(column, "")
    marks = sheet.marks.get((row, column))
    if marks is None:
        return tag("td", cell)
    worst = min((severity for _, severity in marks), key=list(Severity).index)
    links = [text(" ", tag("a", str(n), class_="n", href=f"#f{n}", aria_label=f"finding {n}")) for n, _ in marks]
    return tag("td", tag("span", cell, class_="v"), *links, class_=worst.value)


def _columns(sheet: Sheet) -> list[int | None]:
    """The columns that are shown, None where some are left out: those that name the row, and those around a mark."""
    there = sorted({column for row in sheet.rows.values() for column in row})
    wanted = set(there[:LEADING])
    for _, marked in sheet.marks:
        at = there.index(marked)
        wanted.update(there[max(at - AROUND, 0) : at + AROUND + 1])
    shown: list[int | None] = []
    for before, column in zip([None, *there], there, strict=False):
        if column in wanted:
            shown.append(column)
        elif before is None or before in wanted:
            shown.append(None)
    return [*there] if len(there) <= len(shown) + 1 else shown


def _letter(column: int) -> str:
    """1 -> A, 27 -> AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
