"""The partner's own workbook sent back: the failing cells filled and commented, and a first sheet with the list.

People fix where they see the mark. So it is their file, changed in place (`ooxml`): every other cell, formula with its
stored result, style, merged range, rule, picture and sheet is the same as they sent it. Nothing is executed and no
formula is added. Of a CSV or JSON file a workbook is made that holds its rows, or its pointers and values, as texts.

What is added shows restricted values as little as the report does; the copied cells are the partner's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.finding import Finding, Report
from contracts.render import wording
from contracts.render.cellmarks import Cell, Mark, Styles, cells, letters, mark_sheet
from contracts.render.ooxml import (
    MAIN,
    PACKAGE_RELATION,
    RELATION,
    TYPES,
    NotAWorkbook,
    Package,
    attribute,
    elements,
    prefix,
    splice,
)
from contracts.render.reportsheet import NAME, Link, report_sheet, row_xml
from contracts.render.texttable import TextTable, table_of

MOST_BYTES = 100_000_000  # of an original; of a longer one only the report is worth sending back
MOST_MARKED = 5_000  # cells of one finding
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_TABLE = "your file"


@dataclass(frozen=True)
class _Book:
    """A workbook that marks go into: its parts, its sheets by name, and what the reader is told it is."""

    package: Package
    sheets: Mapping[str, str]  # name -> part
    styles: str
    said: str


def annotated(report: Report, original: bytes) -> bytes:
    """The marked workbook. `original` are the bytes that the report is about, of any format.

    A workbook that can't be changed in place (damaged, encrypted, of the strict flavour) gives the report sheet alone.
    """
    try:
        book = _opened(Package.read(original))
        return _marked(book, report, _workbook_marks(report))
    except NotAWorkbook:
        pass
    table = table_of(report, original)
    if table is None:
        said = "The file could not be shown here; this workbook holds the report alone."
        return _marked(_blank(None, said), report, {})
    said = f"A copy of your file as text, with the failing cells marked{table.left_out}. Correct the file itself."
    return _marked(_blank(table, said), report, {n: [(_TABLE, at) for at in some] for n, some in table.marks.items()})


Marks = Mapping[int, list[tuple[str, Cell]]]


def _workbook_marks(report: Report) -> Marks:
    """Per finding its cells. A range that a single finding names (whole rows) is marked at its first cell."""
    made: dict[int, list[tuple[str, Cell]]] = {}
    for number, f in enumerate(report.findings):
        for place in f.where:
            if place.cell is None or place.sheet is None:
                continue
            end = place.end if place.end is not None and f.count > 1 else place.cell
            made.setdefault(number, []).extend((place.sheet, at) for at in cells(place.cell, end)[:MOST_MARKED])
    return made


def _marked(book: _Book, report: Report, marks: Marks) -> bytes:
    styles = Styles(book.package, book.styles)
    by_sheet: dict[str, dict[Cell, list[Finding]]] = {}
    links: dict[int, Link] = {}
    for number, places in marks.items():
        for sheet, at in places:
            if sheet in book.sheets:
                by_sheet.setdefault(sheet, {}).setdefault(at, []).append(report.findings[number])
                links.setdefault(number, Link(sheet, f"{letters(at[1])}{at[0]}"))
    for sheet, there in by_sheet.items():
        mark_sheet(book.package, book.sheets[sheet], {at: _mark(found) for at, found in there.items()}, styles)
    _add_first(book, report_sheet(report, links, styles, book.said))
    styles.save()
    return book.package.write()


def _mark(findings: list[Finding]) -> Mark:
    worst = min(findings, key=lambda f: ("error", "warning", "info").index(f.severity))
    return Mark(worst.severity, "\n\n".join(map(_comment, findings)))


def _comment(f: Finding) -> str:
    lines = [f"{f.severity.value} {f.code}: {f.message}"]
    if f.expected is not None:
        lines.append(f"Expected: {f.expected.text}")
    if f.fix is not None:
        lines.append(f"How to fix: {f.fix.text}")
    lines.append(f"Who acts: {wording.ACTS[f.action]}")
    return "\n".join(lines)


def _opened(package: Package) -> _Book:
    main = next(
        (target for kind, target in package.relations("").values() if kind == "officeDocument"), "xl/workbook.xml"
    )
    data = package.part(main)
    (root,) = (e for e in elements(data, {"workbook"}) if e.depth == 0)
    if MAIN.encode() not in data[root.start : root.inner]:
        raise NotAWorkbook  # the strict flavour has other names for everything
    relations = package.relations(main)
    sheets: dict[str, str] = {}
    for e in elements(data, {"sheet"}):
        relation = next((v for k, v in e.attributes.items() if k.rpartition(":")[2] == "id" and ":" in k), "")
        kind, target = relations.get(relation, ("", ""))
        if kind == "worksheet" and target in package.parts:
            sheets[e.attributes.get("name", "")] = target
    styles = next((target for kind, target in relations.values() if kind == "styles"), None)
    if not sheets or styles is None:
        raise NotAWorkbook
    said = "A copy of your file: the marked cells have a fill and a comment, and nothing else was changed."
    if any("vbaProject" in name for name in package.parts):
        said += " Macros were neither run nor changed."
    return _Book(package, sheets, styles, said)


_SELECTED = re.compile(rb"""(<(?:\w+:)?sheetView\b[^>]*?)\s+tabSelected\s*=\s*["'](?:1|true)["']""")


def _add_first(book: _Book, sheet: bytes) -> None:
    """Put the report before the partner's sheets. Only their place in the order and which one is in front changes."""
    package = book.package
    for part in book.sheets.values():  # two selected sheets would be edited together
        package.parts[part] = _SELECTED.sub(rb"\1", package.parts[part])
    part = package.new_name("xl/worksheets/jidReport{}.xml")
    package.parts[part] = sheet
    package.declare(part=part, kind=_SHEET_TYPE)
    main = next(
        (target for kind, target in package.relations("").values() if kind == "officeDocument"), "xl/workbook.xml"
    )
    relation = package.relate(main, "worksheet", part)
    data = package.part(main)
    found = elements(data, {"sheets", "sheet", "definedName", "workbookView"})
    (sheets,) = (e for e in found if e.name == "sheets" and e.depth == 1)
    named = {e.attributes.get("name", "").lower() for e in found if e.name == "sheet"}
    name, again = NAME, 1
    while name in named:
        again += 1
        name = f"{NAME} {again}"
    number = max((int(e.attributes.get("sheetId", 0)) for e in found if e.name == "sheet"), default=0) + 1
    made = f'<{prefix(data, sheets)}sheet xmlns:r="{RELATION}" name="{name}" sheetId="{number}" r:id="{relation}"/>'
    changes = [(sheets.inner, sheets.inner, made.encode())]
    for e in found:
        tag = data[e.start : e.inner]
        if e.name == "definedName" and "localSheetId" in e.attributes:
            moved = attribute(tag, "localSheetId", str(int(e.attributes["localSheetId"]) + 1))
            changes.append((e.start, e.inner, moved))
        elif e.name == "workbookView":
            changes.append((e.start, e.inner, attribute(attribute(tag, "activeTab", None), "firstSheet", None)))
    package.parts[main] = splice(data, changes)


def _blank(table: TextTable | None, said: str) -> _Book:
    """A workbook of our own with the table as its sheet, every cell a text."""
    rows = table.rows if table is not None else []
    sheet = f'<sheet name="{_TABLE}" sheetId="1" r:id="rId1"/>' if table is not None else ""
    body = "".join(row_xml(number, [(cell, 1) for cell in row]) for number, row in rows)
    widths = "".join(f'<col min="{n}" max="{n}" width="24" customWidth="1"/>' for n in range(1, 41))
    styles = (
        f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/>'
        '</fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" '
        'fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
    parts = {
        TYPES: '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}"/></Types>',
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATION}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheet}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")),
        "xl/styles.xml": styles,
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><cols>{widths}</cols>'
        f"<sheetData>{body}</sheetData></worksheet>",
    }
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    package = Package({name: (head + data).encode() for name, data in parts.items()})
    return _Book(package, {_TABLE: "xl/worksheets/sheet1.xml"}, "xl/styles.xml", said)


def _relations(*targets: tuple[str, str]) -> str:
    made = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATION}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE_RELATION}">{made}</Relationships>'
