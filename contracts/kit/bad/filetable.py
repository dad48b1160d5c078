"""Bad files whose table is wrong: another separator, a column missing, unknown, twice, moved or renamed, a footer that
counts something else."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from contracts.contract import Contract, Field, SourceForm
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.filerecord import form_of, name_of
from contracts.kit.columns import Column, columns
from contracts.kit.good import good
from contracts.kit.write import write

Rows = list[list[str]]
Spoil = Callable[[Rows, Column, int], bool]
"""Changes the header and rows of a table. The column, at that index, is one that must be there and is no key."""


def spoiled(contract: Contract, *, code: str, spoil: Spoil) -> Bad | None:
    """A good CSV delivery with something done to its table."""
    form = form_of(contract, "csv")
    if form is None:
        return None
    draft = good(contract)
    fixed = write(draft, form)
    wanted = columns(draft, form)
    needed = [i for i, c in enumerate(wanted) if c.per_row and c.field.required and _is_plain(c.field)]
    if not needed:
        return None
    lead = form.preamble_rows + form.sep_line
    lines = fixed.decode(form.encoding[0]).splitlines()
    rows = list(csv.reader(lines[lead:], delimiter=form.delimiter, quotechar=form.quote))
    if not spoil(rows, wanted[needed[-1]], needed[-1]):
        return None
    return Bad(code, name_of(contract, form), form, _bytes(lines[:lead], rows, form), fixed)


def _is_plain(field: Field) -> bool:
    return field.primary_key is None and field.type not in ("timestamp", "date")


def _bytes(lead: list[str], rows: Rows, form: SourceForm) -> bytes:
    out = io.StringIO(newline="")
    out.writelines(f"{line}\r\n" for line in lead)
    csv.writer(out, delimiter=form.delimiter, quotechar=form.quote, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(form.encoding[0])


def _other_separator(contract: Contract) -> Bad | None:
    form = form_of(contract, "csv")
    if form is None:
        return None
    draft, other = good(contract), ";" if form.delimiter != ";" else ","
    return Bad(
        "FILE-E105", name_of(contract, form), form, write(draft, replace(form, delimiter=other)), write(draft, form)
    )


def _left_out(rows: Rows, _: Column, at: int) -> bool:
    for row in rows:
        del row[at]
    return True


def _unknown(rows: Rows, _: Column, __: int) -> bool:
    for number, row in enumerate(rows):
        row.append("remark" if number == 0 else "")
    return True


def _twice(rows: Rows, _: Column, at: int) -> bool:
    for row in rows:
        row.append(row[at])
    return True


def _moved(rows: Rows, _: Column, at: int) -> bool:
    for row in rows:
        row.insert(0, row.pop(at))
    return at > 0


def _renamed(rows: Rows, column: Column, at: int) -> bool:
    """The name in capitals, or a synonym that is still to be agreed."""
    rows[0][at] = rows[0][at].upper()
    return rows[0][at] != column.header


def _alias(contract: Contract) -> Bad | None:
    """A synonym that is proposed and not agreed yet; without one, a name in other letters."""
    form = form_of(contract, "csv")
    draft = good(contract)
    waiting = [c for c in columns(draft, form) if c.field.pending_synonyms] if form is not None else []
    if form is None or not waiting:
        return spoiled(contract, code="FILE-E205", spoil=_renamed)
    fixed = write(draft, form)
    header, column = fixed.split(b"\r\n", 1)[0], waiting[0]
    alias = column.field.pending_synonyms[0]
    names = [alias if name == column.header else name for name in header.decode().split(form.delimiter)]
    return Bad(
        "FILE-E205", name_of(contract, form), form, fixed.replace(header, form.delimiter.join(names).encode(), 1), fixed
    )


def _another_count(contract: Contract) -> Bad | None:
    form = form_of(contract, "csv")
    if form is None or form.footer is None:
        return None
    draft = good(contract)
    fixed, count = write(draft, form), len(draft.rows)
    before, _, after = fixed.rpartition(f"{form.footer}{form.delimiter}{count}".encode())
    wrong = f"{form.footer}{form.delimiter}{count + 1}".encode()
    return Bad("FILE-E403", name_of(contract, form), form, before + wrong + after, fixed)


MAKERS: Mapping[str, Maker] = {
    "FILE-E105": _other_separator,
    "FILE-E201": partial(spoiled, code="FILE-E201", spoil=_left_out),
    "FILE-E202": partial(spoiled, code="FILE-E202", spoil=_unknown),
    "FILE-E203": partial(spoiled, code="FILE-E203", spoil=_twice),
    "FILE-E204": partial(spoiled, code="FILE-E204", spoil=_moved),
    "FILE-E205": _alias,
    "FILE-E403": _another_count,
}
