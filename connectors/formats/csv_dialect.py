"""Where the table of a delimited text file begins, and with which delimiter: as agreed, or found without doubt.

Rule: contracts.md 2.4. A deviation from the agreed dialect that still leaves one reading only (a `sep=` line, more
preamble rows, another delimiter under which the known headers appear) is FILE-E105; anything else is FILE-E405.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace

from connectors.formats import headers
from connectors.formats.csv_rows import MOST_CELLS, BadQuote, Row, rows
from connectors.formats.privacy import Privacy
from connectors.formats.reading import Reading, Unreadable
from contracts.document import FormProblem
from contracts.place import Place

LOOK_AHEAD = 40  # lines in which a header may hide behind a preamble that the contract doesn't mention
LONGEST = 1 << 16  # characters of a header with quotes that is looked for
DELIMITERS = (",", ";", "\t", "|")
WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The reading that holds for this file. `header` is its row of column names; data follow from line `data_line`."""

    delimiter: str
    quote: str
    header: Row
    data_line: int
    problems: tuple[FormProblem, ...]


def table(lines: list[str], reading: Reading) -> tuple[Dialect, headers.Match]:
    """The dialect of a file whose first lines are `lines`, and which of its columns hold which field."""
    wanted = headers.columns(reading.schema, reading.form)
    dialect = find(lines, reading, {n for c in wanted for n in (*c.names, *c.field.pending_synonyms)})
    header = dialect.header

    def place(index: int | None) -> Place:
        return reading.place(header.line) if index is None else reading.place(*header.start(index))

    if len(header.cells) > MOST_CELLS:
        limit = f"at most {MOST_CELLS:,} columns"
        message = "the header has more columns than a spreadsheet can hold"
        raise Unreadable(FormProblem("FILE-E603", message, reading.place(header.line), expected=limit))
    privacy = Privacy(reading)
    above = (
        problem
        for i, line in enumerate(lines[: header.line - 1])
        for problem in privacy.text(line, "a line above the table", reading.place(i + 1, 1))
    )
    found = headers.match(header.cells, wanted, place, closed=reading.schema.closed, privacy=privacy)
    return replace(dialect, problems=(*dialect.problems, *above)), found


def find(lines: list[str], reading: Reading, known: Collection[str]) -> Dialect:
    """The dialect of a file whose first lines are `lines`. `known` are the headers the contract accepts."""
    form = reading.form
    problems: list[FormProblem] = []
    delimiter, at = form.delimiter, 0
    named = _sep_line(lines[0]) if lines else None
    if named is not None:
        at = 1
        if not form.sep_line:
            problems.append(_other_dialect(reading, 1, "the file starts with a sep= line", "delete the first line"))
        delimiter = named
    elif form.sep_line:
        problems.append(_other_dialect(reading, 1, "the sep= line is missing", f"start the file with sep={delimiter}"))
    at += form.preamble_rows
    expected_at = at
    if _score(lines, at, delimiter, form.quote, known) == 0:
        best = max(
            (
                (_score(lines, i, d, form.quote, known), -i, d)
                for i in range(LOOK_AHEAD)
                for d in (delimiter, *DELIMITERS)
            ),
            key=lambda found: (found[0], found[1]),
        )
        if best[0] >= min(2, len(known)):
            at, delimiter = -best[1], best[2]
    if at != expected_at:
        found = f"the header is in line {at + 1} where line {expected_at + 1} is agreed"
        problems.append(_other_dialect(reading, at + 1, found, f"put the header into line {expected_at + 1}"))
    if delimiter != form.delimiter:
        found = f"cells are separated by {_word(delimiter)} where {_word(form.delimiter)} is agreed"
        problems.append(_other_dialect(reading, at + 1, found, f"export with {_word(form.delimiter)} as separator"))
    if at >= len(lines):
        message = "the file ends before its header"
        raise Unreadable(*problems, FormProblem("FILE-E402", message, reading.place(max(1, len(lines)), 1)))
    try:
        header = next(rows(lines[at:], delimiter, form.quote, first_line=at + 1))
    except BadQuote as bad:
        raise Unreadable(*problems, bad_quote(reading, bad)) from bad
    last = header.starts[-1][0] if header.starts else header.line
    header, last_problem = _trailing(header, reading)
    if last_problem is not None:
        problems.append(last_problem)
    return Dialect(delimiter, form.quote, header, last + 1, tuple(problems))


def bad_quote(reading: Reading, bad: BadQuote) -> FormProblem:
    """FILE-E402 for a quoted cell that never ends, FILE-E405 for quotes with two readings."""
    where = reading.place(bad.line, bad.column)
    if bad.unfinished:
        return FormProblem(
            "FILE-E402",
            "the file ends inside a quoted cell",
            where,
            expected="a closing quote before the end of the file",
            fix="send the file again when its export has finished",
        )
    return FormProblem(
        "FILE-E405",
        "a quote stands where the cell can be read in two ways",
        where,
        expected=f"cells with a quote or delimiter inside enclosed in {reading.form.quote}, inner quotes doubled",
        fix="export again with the quoting of RFC 4180",
    )


def _trailing(header: Row, reading: Reading) -> tuple[Row, FormProblem | None]:
    """The header without the empty cell that a trailing delimiter makes."""
    if len(header.cells) < 2 or header.cells[-1].strip():
        return header, None
    starts = header.starts[:-1] if header.starts is not None else None
    shorter = Row(header.line, header.cells[:-1], starts)
    if reading.form.trailing_delimiter:
        return shorter, None
    problem = _other_dialect(reading, header.line, "rows end with a delimiter", "export without a trailing delimiter")
    return shorter, problem


def _sep_line(line: str) -> str | None:
    """The delimiter that a first line declares. A spreadsheet that saved the file fills it up to the width of a row."""
    text = line.strip("\r\n ").strip('"')
    return text[4] if text.lower().startswith("sep=") and len(text) > 4 and not text[5:].strip(text[4]) else None


def _score(lines: list[str], at: int, delimiter: str, quote: str, known: Collection[str]) -> int:
    """How many known headers stand in the row that begins in this line when it is read with this delimiter."""
    if at >= len(lines) or lines[at].count(delimiter) >= MOST_CELLS:
        return 0
    try:
        row = next(rows(_start(lines, at, quote), delimiter, quote), None)
    except BadQuote:
        return 0
    return sum(cell.strip(" \t") in known for cell in row.cells) if row is not None else 0


def _start(lines: list[str], at: int, quote: str) -> list[str]:
    """The lines that the row in line `at` may take. A quote lets it go on; the end is set, for quotes are slow to read
    and each line is tried as a header with each delimiter."""
    if not quote or quote not in lines[at]:
        return lines[at : at + 1]
    lengths = itertools.accumulate(len(line) for line in lines[at : at + LOOK_AHEAD])
    return lines[at : at + sum(length <= LONGEST for length in lengths)]


def _other_dialect(reading: Reading, line: int, message: str, fix: str) -> FormProblem:
    return FormProblem("FILE-E105", message, reading.place(line, 1), fix=fix)


def _word(delimiter: str) -> str:
    return WORDS.get(delimiter, repr(delimiter))
