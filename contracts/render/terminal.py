"""The report for people at a terminal, in the manner of rustc (contracts.md 5.7).

Each finding reads top down: what is wrong, where, the piece of the partner's own file with a mark under it, the clause,
why, and what to do. What the file alone shows comes first with its summary; what only the hub knows follows apart, so
that a partner and the sponsor see the same text for the same file.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from contracts.codes import Severity
from contracts.finding import Coverage, Excerpt, Finding, Report, Verdict, verdict_of
from contracts.place import Place
from contracts.render.wording import VERDICTS, checks, clause, counts, history, places, since, visible

_RED, _YELLOW, _BLUE, _DIM, _BOLD, _OFF = "\x1b[91m", "\x1b[33m", "\x1b[94m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_COLOURS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.INFO: _BLUE}
_WIDTH = 120
_NARROWEST = 40


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
    last = "\n".join(_after(report))
    if after:
        return "\n\n".join(part for part in (text, *after, last) if part) + "\n"
    return f"{text}\n{last}\n" if last else f"{text}\n"


def _finding(f: Finding, report: Report, pen: _Pen, room: int) -> str:
    head = pen.paint(f"{f.severity.value}[{f.code}]", _COLOURS[f.severity], bold=True)
    shown = f.excerpt.lines if f.excerpt is not None else ()
    gutter = max([2, *(len(str(line.number)) for line in shown)])
    lines = [f"{head}{pen.bold(f': {visible(f.message)}')}", _places(f, pen, " " * gutter)]
    if f.excerpt is not None and shown:
        lines += _window(f, f.excerpt, pen, room, gutter)
    margin = " " * (gutter + 1)
    lines.append(f"{margin}{pen.blue('=')} clause: {visible(clause(f, report))}")
    if f.excerpt is None and f.expected is not None:
        lines.append(f"{margin}{pen.blue('=')} expected: {visible(f.expected.text)}")
    if f.note is not None:
        lines.append(f"{margin}{pen.blue('=')} note: {visible(f.note)}")
    if f.baseline is not None:
        lines.append(f"{margin}{pen.blue('=')} history: {history(f)}")
    if f.fix is not None:
        lines.append(f"{margin}{pen.blue('=')} help: {visible(f.fix.text)}")
    return "\n".join(lines)


def _places(f: Finding, pen: _Pen, margin: str) -> str:
    first = f.where[0] if f.where else Place()
    parts = [first.file or "", first.label(), first.pointer or ""]
    if f.count > 1:
        parts[1], parts[2] = places(f), ""
    parts = [visible(part) for part in parts]
    said = [parts[0], pen.blue(parts[1]) if parts[1] else "", pen.dim(f" {parts[2]}") if parts[2] else ""]
    return f"{margin}{pen.blue('-->')} {'  '.join(part for part in said if part)}".rstrip()


def _window(f: Finding, excerpt: Excerpt, pen: _Pen, room: int, gutter: int) -> list[str]:
    rows, start, length = _table(excerpt) if excerpt.mark_from is None else _text(excerpt)
    label = visible(f.expected.text) if f.expected is not None else ""
    if label and not label.startswith("required"):
        label = f"expected {label}"
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
    """Verdict, counts and checks of the file, in the words that its sender sees: there the hub has judged nothing."""
    beyond = report.hub_coverage.clauses
    alone = replace(report, hub_coverage=Coverage(beyond, needs_hub=beyond))
    verdict = verdict_of(tuple(by_file))
    said = pen.paint(VERDICTS[verdict], _RED if verdict is Verdict.REJECTED else "", bold=True)
    found = counts(by_file)
    passed, *unsettled = checks(alone).split(", ")
    said = f"{said}: {found}; {passed}" if found else f"{said}: {passed}"
    for one in unsettled:  # neither passed nor failed, so in the colour of a warning and never in that of success
        said += f", {pen.paint(one, _YELLOW)}"
    if report.rows is not None and report.bad_rows:
        said += f"; {report.bad_rows} of {report.rows} rows failed"
    return f"{said}. jid explain {by_file[0].code}" if by_file else said


def _after(report: Report) -> list[str]:
    """What stands below: the checks that need more than the file, and what changed since the delivery before."""
    hub, lines = report.hub_coverage, []
    if judged := _judged(hub):
        lines.append(f"{hub.passed} of {judged} checks with the hub's knowledge passed")
        if hub.could_not_evaluate:
            lines[0] += f", {hub.could_not_evaluate} could not be evaluated"
        if hub.needs_hub:
            word, verb = ("check", "needs") if hub.needs_hub == 1 else ("checks", "need")
            lines[0] += f"; {hub.needs_hub} more {word} {verb} the hub"
    compared = since(report)
    return [*lines, visible(compared)] if compared is not None else lines


def _judged(hub: Coverage) -> int:
    return hub.clauses - hub.needs_hub - hub.switched_off


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
