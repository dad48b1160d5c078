"""Marks in one sheet of a workbook: a fill and a comment on each failing cell, and nothing else changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.codes import Severity
from contracts.render.ooxml import (
    MAIN,
    RELATION,
    Element,
    NotAWorkbook,
    Package,
    Splice,
    attribute,
    elements,
    into,
    prefix,
    splice,
    text,
)

Cell = tuple[int, int]  # row and column, both from 1
FILLS = {Severity.ERROR: "FFFFC7CE", Severity.WARNING: "FFFFEB9C", Severity.INFO: "FFDDE6EE"}
MOST_COMMENTS = 2_000
_AUTHOR = "jid check"
# After these no comment's drawing may come (order of the children of a worksheet in the standard).
_AFTER_DRAWING = frozenset(
    {"legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst"}
)
_COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_SHAPETYPE = (
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)


@dataclass(frozen=True, slots=True)
class Mark:
    severity: Severity
    comment: str


class Styles:
    """The workbook's cell styles, of which marked copies are made: the same look with another fill."""

    def __init__(self, package: Package, part: str) -> None:
        self._package, self._part = package, part
        self._data = package.part(part)
        tables = {e.name: e for e in elements(self._data, {"fonts", "fills", "cellXfs"}) if e.depth == 1}
        if set(tables) != {"fonts", "fills", "cellXfs"}:
            raise NotAWorkbook
        self._tables = tables
        self._formats = [
            e
            for e in elements(self._data, {"xf"})
            if e.depth == 2 and tables["cellXfs"].inner <= e.start < tables["cellXfs"].close
        ]
        inside = elements(self._data, {"fill", "font"})
        self._counts = {
            "fonts": sum(e.name == "font" and e.depth == 2 for e in inside if _within(e, tables["fonts"])),
            "fills": sum(e.name == "fill" and e.depth == 2 for e in inside if _within(e, tables["fills"])),
            "cellXfs": len(self._formats),
        }
        self._made: dict[str, list[str]] = {name: [] for name in self._tables}
        self._marked: dict[tuple[int, Severity], int] = {}
        self._fills: dict[Severity, int] = {}

    def marked(self, style: int, severity: Severity) -> int:
        """The number of a style that looks like `style` but for its fill."""
        known = self._marked.get((style, severity))
        if known is None:
            fill = self._fill(severity)
            base = self._formats[style] if style < len(self._formats) else None
            if base is None:
                made = f'<{self._p}xf numFmtId="0" fontId="0" fillId="{fill}" borderId="0" applyFill="1"/>'
            else:
                tag = attribute(self._data[base.start : base.inner], "fillId", str(fill))
                made = (attribute(tag, "applyFill", "1") + self._data[base.inner : base.end]).decode()
            known = self._marked[style, severity] = self._add("cellXfs", made)
        return known

    def own(self, *, bold: bool = False, size: int | None = None, wrap: bool = True, link: bool = False) -> int:
        """A style of the report sheet. Its texts stay texts also when somebody edits the cell."""
        font = 0
        if bold or size or link:
            look = "<b/>" * bold + '<u val="single"/>' * link + f'<sz val="{size or 11}"/>'
            colour = '<color rgb="FF0B5567"/>' * link
            font = self._add("fonts", _prefixed(f'<font>{look}{colour}<name val="Calibri"/></font>', self._p))
        inner = f'<{self._p}alignment vertical="top" wrapText="{int(wrap)}"/>'
        head = f'<{self._p}xf numFmtId="49" fontId="{font}" fillId="0" borderId="0"'
        applied = 'applyNumberFormat="1" applyFont="1" applyAlignment="1"'
        return self._add("cellXfs", f'{head} quotePrefix="1" {applied}>{inner}</{self._p}xf>')

    def tint(self, style: int, severity: Severity) -> int:
        """A style of the report sheet with the fill of a mark."""
        made = self._made["cellXfs"][style - self._counts["cellXfs"]]
        fill = f'fillId="{self._fill(severity)}" applyFill="1"'
        return self._add("cellXfs", made.replace('fillId="0"', fill, 1))

    def save(self) -> None:
        changes: list[Splice] = []
        for name, made in self._made.items():
            table = self._tables[name]
            if made:
                start, end, inside = into(self._data, table, "".join(made))
                tag = attribute(self._data[table.start : table.inner], "count", str(self._counts[name] + len(made)))
                if table.empty:
                    raise NotAWorkbook
                changes += [(table.start, table.inner, tag), (start, end, inside)]
        self._package.parts[self._part] = splice(self._data, changes)

    @property
    def _p(self) -> str:
        return prefix(self._data, self._tables["cellXfs"])

    def _fill(self, severity: Severity) -> int:
        if severity not in self._fills:
            look = f'<fgColor rgb="{FILLS[severity]}"/><bgColor indexed="64"/>'
            made = f'<fill><patternFill patternType="solid">{look}</patternFill></fill>'
            self._fills[severity] = self._add("fills", _prefixed(made, self._p))
        return self._fills[severity]

    def _add(self, table: str, made: str) -> int:
        self._made[table].append(made)
        return self._counts[table] + len(self._made[table]) - 1


def mark_sheet(package: Package, part: str, marks: Mapping[Cell, Mark], styles: Styles) -> None:
    """Fill and comment these cells of the sheet in `part`. Cells and rows that are not there are added, empty."""
    data = package.part(part)
    found = elements(data, {"row", "c", "sheetData", *_AFTER_DRAWING, "legacyDrawing", "worksheet", "AlternateContent"})
    sheet_data = next((e for e in found if e.name == "sheetData" and e.depth == 1), None)
    root = next((e for e in found if e.name == "worksheet" and e.depth == 0), None)
    if sheet_data is None or root is None:
        raise NotAWorkbook
    changes = _fills(data, sheet_data, found, marks, styles)
    legacy = next((e for e in found if e.name == "legacyDrawing" and e.depth == 1), None)
    noted = dict(sorted(marks.items())[:MOST_COMMENTS])
    drawing = _comments(package, part, noted, has_drawing=legacy is not None)
    if drawing is not None:
        after = next(
            (
                e
                for e in found
                if e.depth == 1
                and (e.name in _AFTER_DRAWING or (e.name == "AlternateContent" and e.start > sheet_data.end))
            ),
            None,
        )
        at = after.start if after is not None else root.close
        made = f'<{prefix(data, root)}legacyDrawing xmlns:r="{RELATION}" r:id="{drawing}"/>'
        changes.append((at, at, made.encode()))
    package.parts[part] = splice(data, changes)


def _fills(
    data: bytes, sheet_data: Element, found: Sequence[Element], marks: Mapping[Cell, Mark], styles: Styles
) -> list[Splice]:
    """The changes to rows and cells. A row or cell without a number stands behind the one before it."""
    p = prefix(data, sheet_data)
    rows: dict[int, Element] = {}
    cells: dict[int, list[tuple[int, Element]]] = {}
    row = column = 0
    for e in found:
        if e.name == "row" and e.depth == 2:
            row = int(e.attributes.get("r", row + 1))
            column = 0
            rows[row] = e
        elif e.name == "c" and e.depth == 3:
            column = _column(e.attributes["r"]) if "r" in e.attributes else column + 1
            cells.setdefault(row, []).append((column, e))
    changes: list[Splice] = []
    missing: dict[int, list[tuple[int, str]]] = {}
    for (number, at), mark in sorted(marks.items()):
        there = next((e for c, e in cells.get(number, ()) if c == at), None)
        if there is not None:
            style = styles.marked(int(there.attributes.get("s", 0)), mark.severity)
            tag = attribute(data[there.start : there.inner], "s", str(style))
            changes.append((there.start, there.inner, tag))
        else:
            made = f'<{p}c r="{letters(at)}{number}" s="{styles.marked(0, mark.severity)}"/>'
            missing.setdefault(number, []).append((at, made))
    for number, new in missing.items():
        if number in rows:
            changes += _into_row(data, rows[number], cells.get(number, []), new)
        else:
            made = f'<{p}row r="{number}">{"".join(one for _, one in new)}</{p}row>'
            later = min((n for n in rows if n > number), default=None)
            where = rows[later].start if later is not None else None
            changes.append((where, where, made.encode()) if where is not None else into(data, sheet_data, made))
    return _one_growth(changes)


def _one_growth(changes: list[Splice]) -> list[Splice]:
    """An empty `<sheetData/>` is opened once, however many rows come into it."""
    opened = [c for c in changes if c[0] != c[1] and b"sheetData" in c[2][:40]]
    if len(opened) < 2:
        return changes
    head, _, tail = opened[0][2].partition(b">")
    name = tail[tail.rindex(b"</") :]
    rows = b"".join(c[2].partition(b">")[2].removesuffix(name) for c in opened)
    return [*(c for c in changes if c not in opened), (opened[0][0], opened[0][1], head + b">" + rows + name)]


def _into_row(data: bytes, row: Element, cells: list[tuple[int, Element]], new: list[tuple[int, str]]) -> list[Splice]:
    tag = attribute(data[row.start : row.inner], "spans", None)  # only a hint, and no longer true
    if row.empty:
        name = tag[1:].split(None, 1)[0].rstrip(b"/>").decode()
        made = "".join(one for _, one in new)
        return [(row.start, row.end, tag[:-2].rstrip() + f">{made}</{name}>".encode())]
    changes: list[Splice] = [(row.start, row.inner, tag)]
    for at, made in new:
        later = next((e.start for c, e in cells if c > at), row.close)
        changes.append((later, later, made.encode()))
    return changes


def _comments(package: Package, part: str, marks: Mapping[Cell, Mark], *, has_drawing: bool) -> str | None:
    """Write the comments. Returns the relation id of a new drawing that the sheet must name, None when it names one."""
    relations = package.relations(part)
    there = next((target for kind, target in relations.values() if kind == "comments"), None)
    drawing = next((target for kind, target in relations.values() if kind == "vmlDrawing"), None)
    new = dict(marks)
    if there is not None and there in package.parts:
        package.parts[there], new = _added(package.parts[there], marks)
    else:
        there = package.new_name("xl/commentsJid{}.xml")
        package.parts[there] = _new_comments(marks).encode()
        package.relate(part, "comments", there)
        package.declare(part=there, kind=_COMMENTS)
    shapes = "".join(_shape(number, cell) for number, cell in enumerate(sorted(new), 1))
    if has_drawing and drawing in package.parts:
        old = package.parts[drawing]
        at = old.rfind(b"</xml>")
        if at >= 0:
            kind = "" if b"_x0000_t202" in old else _SHAPETYPE
            package.parts[drawing] = old[:at] + (kind + shapes).encode() + old[at:]
        return None
    made = package.new_name("xl/drawings/vmlDrawingJid{}.vml")
    spaces = 'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    head = f'<xml {spaces} xmlns:x="urn:schemas-microsoft-com:office:excel">'
    package.parts[made] = f"{head}{_SHAPETYPE}{shapes}</xml>".encode()
    package.declare(extension="vml", kind=_VML)
    return package.relate(part, "vmlDrawing", made)


def _added(data: bytes, marks: Mapping[Cell, Mark]) -> tuple[bytes, dict[Cell, Mark]]:
    """Comments added to those there are; a cell that has one keeps it, and ours stands below. Also: the new cells."""
    found = elements(data, {"authors", "author", "commentList", "comment", "text"})
    authors = next((e for e in found if e.name == "authors"), None)
    listed = next((e for e in found if e.name == "commentList"), None)
    if authors is None or listed is None:
        raise NotAWorkbook
    p = prefix(data, listed)
    number = sum(e.name == "author" for e in found)
    changes = [into(data, authors, f"<{p}author>{_AUTHOR}</{p}author>")]
    new = dict(marks)
    for e in found:
        if e.name == "comment" and (at := _cell(e.attributes.get("ref", ""))) in new:
            mark = new.pop(at)
            inside = next((t for t in found if t.name == "text" and _within(t, e)), None)
            if inside is not None:
                run = f'<{p}r><{p}t xml:space="preserve">\n\n{text(mark.comment)}</{p}t></{p}r>'
                changes.append(into(data, inside, run))
    made = "".join(_comment(at, mark, number, p) for at, mark in sorted(new.items()))
    if made:
        changes.append(into(data, listed, made))
    return splice(data, changes), new


def _new_comments(marks: Mapping[Cell, Mark]) -> str:
    listed = "".join(_comment(at, mark, 0, "") for at, mark in sorted(marks.items()))
    authors = f"<authors><author>{_AUTHOR}</author></authors>"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return f'{head}<comments xmlns="{MAIN}">{authors}<commentList>{listed}</commentList></comments>'


def _comment(at: Cell, mark: Mark, author: int, p: str) -> str:
    said = f'<{p}text><{p}r><{p}t xml:space="preserve">{text(mark.comment)}</{p}t></{p}r></{p}text>'
    return f'<{p}comment ref="{letters(at[1])}{at[0]}" authorId="{author}">{said}</{p}comment>'


def _shape(number: int, at: Cell) -> str:
    row, column = at[0] - 1, at[1] - 1
    style = "position:absolute;width:260pt;height:110pt;z-index:1;visibility:hidden"
    anchor = f"{column + 1}, 15, {max(row - 1, 0)}, 10, {column + 5}, 15, {max(row - 1, 0) + 7}, 4"
    data = (
        f'<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData>"
    )
    return (
        f'<v:shape id="_x0000_s{70000 + number}" type="#_x0000_t202" style="{style}" fillcolor="#ffffe1" '
        f'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow color="black" obscured="t"/>'
        f'<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"/>{data}</v:shape>'
    )


def letters(column: int) -> str:
    """1 -> A, 27 -> AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def _cell(ref: str) -> Cell | None:
    match = _REF.fullmatch(ref)
    return (int(match[2]), _column(ref)) if match is not None else None


def cells(first: str, last: str) -> list[Cell]:
    """Every cell from `first` to `last` (`G5`, `G19`)."""
    a, b = _cell(first), _cell(last)
    if a is None or b is None:
        return []
    return [(row, column) for row in range(a[0], b[0] + 1) for column in range(a[1], b[1] + 1)]


def _column(ref: str) -> int:
    total = 0
    for letter in ref.rstrip("0123456789"):
        total = total * 26 + ord(letter) - 64
    return total


def _within(inner: Element, outer: Element) -> bool:
    return outer.inner <= inner.start < outer.close


def _prefixed(made: str, p: str) -> str:
    return re.sub(r"<(/?)", rf"<\1{p}", made) if p else made
