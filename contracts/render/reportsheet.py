"""The first sheet of an annotated workbook: verdict, list of findings with links to their cells, what nobody judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from contracts.codes import Severity
from contracts.finding import Finding, Report
from contracts.render import wording
from contracts.render.cellmarks import Styles, letters
from contracts.render.ooxml import MAIN, text
from contracts.render.wording import visible

NAME = "jid report"
_COLUMNS = (
    ("no", 5), ("severity", 10), ("place", 20), ("code", 11), ("what is wrong", 44), ("found", 22), ("expected", 34),
    ("how to fix", 44), ("who acts", 16), ("history", 18),
)  # fmt: skip
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Link:
    """Where a finding's row leads: a sheet of the workbook and a cell in it."""

    sheet: str
    cell: str


def report_sheet(report: Report, links: dict[int, Link], styles: Styles, copied: str) -> bytes:
    """The sheet's XML. `links` by position of the finding in the report; `copied` says what this workbook is.

    Every cell is text and none a formula, also where the partner's own text begins like one.
    """
    plain, head = styles.own(), styles.own(bold=True)
    title, line, link = styles.own(bold=True, size=14, wrap=False), styles.own(wrap=False), styles.own(link=True)
    tints = {severity: styles.tint(plain, severity) for severity in Severity}
    rows: list[list[tuple[str, int]]] = [[(said, line)] for said in _head(report, copied)]
    rows[0] = [(_verdict(report), title)]
    rows += [[], [(name, head) for name, _ in _COLUMNS]]
    table = len(rows)
    hyperlinks: list[str] = []
    ordered = [f for _, some in wording.parts(report.findings) for f in some]
    where = {id(f): n for n, f in enumerate(report.findings)}
    for number, f in enumerate(ordered, 1):
        said = _said(number, f)
        looks = [plain, tints[f.severity], plain, *[plain] * (len(said) - 3)]
        target = links.get(where[id(f)])
        if target is not None:
            looks[2] = link
            name = target.sheet.replace("'", "''")
            leads = quoteattr(visible(f"'{name}'!{target.cell}"))
            hyperlinks.append(f'<hyperlink ref="C{len(rows) + 1}" location={leads} display={quoteattr(said[2])}/>')
        rows.append(list(zip(said, looks, strict=True)))
    end = len(rows)
    rows += _after(report, line, styles.own(bold=True, wrap=False))
    heights = {n: _height([said for said, _ in rows[n - 1]]) for n in range(table + 1, end + 1)}
    return _xml(rows, table, hyperlinks, {1: 22.0, **heights}).encode()


def _height(texts: Sequence[str]) -> float:
    """Points that a row needs for its longest wrapped text: not every program grows a row by itself."""
    lines = max(-(-len(said) // (width - 2)) for said, (_, width) in zip(texts, _COLUMNS, strict=True))
    return 15.0 * max(lines, 1)


def _verdict(report: Report) -> str:
    found = wording.counts(report.findings)
    return f"{wording.verdict(report).capitalize()}{f': {found}' if found else ''}"


def _head(report: Report, copied: str) -> list[str]:
    contract = report.contract
    lines = ["", wording.meaning(report), f"{wording.checks(report)}."]
    since = wording.since(report)
    if since is not None:
        lines.append(f"{wording.sentence(since)}.")
    lines.append(f"File {report.delivery.file}, sha256 {report.delivery.sha256}")
    if contract is not None:
        lines.append(f"Checked against {contract.id} {contract.version}")
    return [*lines, copied]


def _said(number: int, f: Finding) -> list[str]:
    found = ""
    if f.found is not None:
        found = f"hidden ({f.found.type})" if f.found.redacted else f.found.text or ""
    place = wording.places(f) or (f.where[0].pointer if f.where else None) or ""
    return [
        str(number),
        f.severity.value,
        visible(place),
        f.code,
        wording.sentence(f.message),
        found,
        f.expected.text if f.expected is not None else "",
        wording.sentence(f.fix.text) if f.fix is not None else "",
        wording.ACTS[f.action],
        wording.history(f) or "",
    ]


def _after(report: Report, line: int, head: int) -> list[list[tuple[str, int]]]:
    rows: list[list[tuple[str, int]]] = []
    base = report.baseline
    if base is not None and base.fixed:
        rows += [[], [(f"Fixed since {base.previous}", head)]]
        rows += [[(f"{f.code} {f.message}", line)] for f in base.fixed[:_LISTED]]
    for name, clauses in wording.open_ends(report):
        rows += [[], [(f"{name.capitalize()}: {len(clauses)} checks, neither passed nor failed", head)]]
        rows += [[(clause, line)] for clause in clauses[:_LISTED]]
    return rows


def _xml(
    rows: Sequence[Sequence[tuple[str, int]]], table: int, hyperlinks: Sequence[str], heights: dict[int, float]
) -> str:
    widths = "".join(f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, (_, w) in enumerate(_COLUMNS, 1))
    body = "".join(row_xml(number, row, heights.get(number)) for number, row in enumerate(rows, 1) if row)
    view = (
        f'<sheetViews><sheetView workbookViewId="0" tabSelected="1" showGridLines="0"><pane ySplit="{table}" '
        f'topLeftCell="A{table + 1}" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    )
    links = f"<hyperlinks>{''.join(hyperlinks)}</hyperlinks>" if hyperlinks else ""
    page = '<pageSetup orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
    fit = '<sheetPr><tabColor rgb="FF0B5567"/><pageSetUpPr fitToPage="1"/></sheetPr>'
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}">{fit}{view}'
        f"<cols>{widths}</cols><sheetData>{body}</sheetData>{links}{page}</worksheet>"
    )


def row_xml(number: int, cells: Sequence[tuple[str, int | None]], height: float | None = None) -> str:
    """One row of texts, each with its style; an empty text is no cell unless it has a style."""
    made = []
    for column, (said, style) in enumerate(cells, 1):
        look = f' s="{style}"' if style is not None else ""
        if said:
            inside = f'<is><t xml:space="preserve">{text(said[:32_000])}</t></is>'
            made.append(f'<c r="{letters(column)}{number}"{look} t="inlineStr">{inside}</c>')
        elif style is not None:
            made.append(f'<c r="{letters(column)}{number}"{look}/>')
    tall = f' ht="{height}" customHeight="1"' if height is not None else ""
    return f'<row r="{number}"{tall}>{"".join(made)}</row>'
