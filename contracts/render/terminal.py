"""The report for people at a terminal, in the manner of rustc (contracts.md 5.7).

Each finding reads top down: what is wrong, where, the piece of the partner's own file with a mark under it, the clause,
why, and what to do. What the file alone shows comes first with its summary; what only the hub knows follows apart, so
that a partner and the sponsor see the same text for the same file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import groupby

from contracts.codes import Severity
from contracts.finding import Coverage, Excerpt, Finding, Report, Verdict, verdict_of
from contracts.place import Place

_RED, _YELLOW, _BLUE, _DIM, _BOLD, _OFF = "\x1b[91m", "\x1b[33m", "\x1b[94m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_COLOURS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.INFO: _BLUE}
_WIDTH = 120
_NARROWEST = 40
_VERDICTS = {
    Verdict.ACCEPTED: "accepted",
    Verdict.ACCEPTED_WITH_WARNINGS: "accepted with warnings",
    Verdict.REJECTED: "rejected",
    Verdict.DUPLICATE: "duplicate",
}


def terminal(report: Report, *, colour: bool = False, width: int | None = None) -> str:
    """The whole report as lines, ending with a newline. `width` cuts long rows of the file around the mark."""
    pen = _Pen(on=colour)
    room = max(width or _WIDTH, _NARROWEST)
    by_file = [f for f in report.findings if f.clause.by_file]
    beyond = [f for f in report.findings if not f.clause.by_file]
    blocks = [_finding(f, report, pen, room) for f in by_file]
    blocks.append(_summary(report, by_file, pen))
    text = "\n\n".join(blocks)
    after = [_finding(f, report, pen, room) for f in beyond]
    last = _hub_line(report.hub_coverage)
    if after:
        return "\n\n".join([text, *after, last]) + "\n"
    return f"{text}\n{last}\n" if last else f"{text}\n"


def _finding(f: Finding, report: Report, pen: _Pen, room: int) -> str:
    head = pen.paint(f"{f.severity.value}[{f.code}]", _COLOURS[f.severity], bold=True)
    shown = f.excerpt.lines if f.excerpt is not None else ()
    gutter = max([2, *(len(str(line.number)) for line in shown)])
    lines = [f"{head}{pen.bold(f': {f.message}')}", _places(f, pen, " " * gutter)]
    if f.excerpt is not None and shown:
        lines += _window(f, f.excerpt, pen, room, gutter)
    margin = " " * (gutter + 1)
    lines.append(f"{margin}{pen.blue('=')} clause: {_clause(f, report)}")
    if f.excerpt is None and f.expected is not None:
        lines.append(f"{margin}{pen.blue('=')} expected: {f.expected.text}")
    if f.note is not None:
        lines.append(f"{margin}{pen.blue('=')} note: {f.note}")
    if f.fix is not None:
        lines.append(f"{margin}{pen.blue('=')} help: {f.fix.text}")
    return "\n".join(lines)


def _places(f: Finding, pen: _Pen, margin: str) -> str:
    first = f.where[0] if f.where else Place()
    parts = [first.file or "", first.label(), first.pointer or ""]
    if f.count > 1:
        parts[1], parts[2] = _ranges(f.where, f.count), ""
    said = [parts[0], pen.blue(parts[1]) if parts[1] else "", pen.dim(f" {parts[2]}") if parts[2] else ""]
    return f"{margin}{pen.blue('-->')} {'  '.join(part for part in said if part)}".rstrip()


def _ranges(places: Iterable[Place], count: int) -> str:
    """`Results!H5..H24`, `12:8, 19:8 and 3 more`: neighbours in one column close up."""
    listed = list(places)
    labels: list[str] = []
    for _, run in groupby(enumerate(listed), key=lambda pair: _column(pair[1], pair[0])):
        members = [place for _, place in run]
        first, last = members[0], members[-1]
        ends = f"..{last.cell}" if len(members) > 1 and last.cell else ""
        labels += [f"{first.label()}{ends}"] if ends or len(members) == 1 else [m.label() for m in members]
    shown = [label for label in labels if label][:6]
    hidden = count - len(listed) + sum(1 for label in labels[6:] if label)
    return ", ".join(shown) + (f" and {hidden} more" if hidden > 0 else "")


def _column(place: Place, index: int) -> tuple[object, ...]:
    """Equal for cells that follow each other in one column."""
    if place.cell is None or place.line is None:
        return (index,)
    return place.sheet, place.column, place.line - index


def _clause(f: Finding, report: Report) -> str:
    contract = f"{report.contract.id} {report.contract.version}, " if report.contract is not None else ""
    name = f.clause.path.partition(".")[2] if f.clause.id.startswith("auto.") else f.clause.id
    return f"{contract}{name or f.clause.path} (line {f.clause.line})"


def _window(f: Finding, excerpt: Excerpt, pen: _Pen, room: int, gutter: int) -> list[str]:
    rows, start, length = _table(excerpt) if excerpt.mark_from is None else _text(excerpt)
    label = f.expected.text if f.expected is not None else ""
    rows, start, length = _cut(rows, start, length, room - gutter - 3)
    bar, blank = pen.blue("|"), " " * gutter
    lines = [f"{blank} {bar}"]
    for line, row in zip(excerpt.lines, rows, strict=True):
        body = pen.dim(row) if line is not excerpt.lines[-1] else row
        lines.append(f"{pen.blue(f'{line.number:>{gutter}}')} {bar} {body}".rstrip())
    marks = pen.paint(f"{'^' * length} {label}".rstrip(), _COLOURS[f.severity])
    lines.append(f"{blank} {bar} {' ' * start}{marks}")
    lines.append(f"{blank} {bar}")
    return lines


def _table(excerpt: Excerpt) -> tuple[list[str], int, int]:
    """The cells in columns; where the marked cell begins and how wide its text is."""
    count = max(len(line.cells) for line in excerpt.lines)
    cells = [[*map(_visible, line.cells), *[""] * (count - len(line.cells))] for line in excerpt.lines]
    widths = [max(_columns(row[i]) for row in cells) for i in range(count)]
    rows = ["  ".join(_pad(cell, w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    mark = min(excerpt.mark, count - 1)
    start = sum(widths[:mark]) + 2 * mark
    said = _columns(cells[-1][mark])
    return rows, start, said or max(widths[mark], 1)


def _text(excerpt: Excerpt) -> tuple[list[str], int, int]:
    line = excerpt.lines[-1].cells[0]
    begin, end = excerpt.mark_from or 0, excerpt.mark_to or 0
    rows = [_visible(row.cells[0]) for row in excerpt.lines]
    return rows, _columns(_visible(line[:begin])), max(1, _columns(_visible(line[begin:end])))


def _cut(rows: list[str], start: int, length: int, room: int) -> tuple[list[str], int, int]:
    """The same rows around the mark, when they are wider than there is room."""
    if all(_columns(row) <= room for row in rows):
        return rows, start, length
    length = min(length, room - 4)
    left = max(0, min(start - 2, start + length + 12 - room))
    shift = left - (1 if left else 0)
    return [_slice(row, left, room - (1 if left else 0)) for row in rows], start - shift, length


def _slice(row: str, left: int, room: int) -> str:
    """`room` columns of `row` from column `left` on, with an ellipsis where something was left out."""
    out, at = [], 0
    for character in row:
        wide = _columns(character)
        if left <= at and at + wide <= left + room:
            out.append(character)
        at += wide
    text = "".join(out)
    if at > left + room and text:
        text = f"{text[:-1]}…"
    return f"…{text}" if left else text


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)


def _columns(text: str) -> int:
    """How many columns a terminal gives `text`: two for East Asian wide characters, none for marks that combine."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


def _summary(report: Report, by_file: list[Finding], pen: _Pen) -> str:
    verdict = verdict_of(tuple(by_file))
    said = pen.paint(_VERDICTS[verdict], _RED if verdict is Verdict.REJECTED else "", bold=True)
    counts = [
        f"{n} {word if n == 1 or severity is Severity.INFO else word + 's'}"
        for severity, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "info"))
        if (n := sum(f.count for f in by_file if f.severity is severity))
    ]
    checks = report.coverage
    judged = checks.clauses - checks.needs_hub - checks.switched_off
    unread = f", {checks.could_not_evaluate} not evaluated" if checks.could_not_evaluate else ""
    counted = f"{', '.join(counts)}; " if counts else ""
    rows = f"; {report.bad_rows} of {report.rows} rows failed" if report.rows is not None and report.bad_rows else ""
    explain = f". jid explain {by_file[0].code}" if by_file else ""
    return f"{said}: {counted}{checks.passed} of {judged} checks passed{unread}{rows}{explain}"


def _hub_line(hub: Coverage) -> str:
    """What became of the checks that need more than the file."""
    judged = hub.clauses - hub.needs_hub - hub.switched_off
    lines = []
    if judged:
        lines.append(f"{hub.passed} of {judged} checks with the hub's knowledge passed")
    if hub.needs_hub:
        word = "check" if hub.needs_hub == 1 else "checks"
        lines.append(f"{hub.needs_hub} more {word} {'needs' if hub.needs_hub == 1 else 'need'} the hub")
    return "; ".join(lines)


class _Pen:
    """Colours, or none of them."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def paint(self, text: str, colour: str, *, bold: bool = False) -> str:
        if not self._on or not text:
            return text
        return f"{_BOLD if bold else ''}{colour}{text}{_OFF}"

    def blue(self, text: str) -> str:
        return self.paint(text, _BLUE)

    def dim(self, text: str) -> str:
        return self.paint(text, _DIM)

    def bold(self, text: str) -> str:
        return self.paint(text, _BOLD)
