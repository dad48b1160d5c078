"""Which column of a table holds which field: by header, as contracts.md 2.4 says.

In this order: `locator`, `physicalName`, `name`, approved synonyms; exact after trimming ASCII space. A header that
fits only after case folding, or is a synonym not approved yet, is FILE-E205. Fields inside an object or a list are
named by their path (`spec.id` or `spec_id`, `signatories.0.user_id`) or by the published name of domain.md 5.2.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.formats.privacy import Privacy
from contracts.contract import Field, Schema, SourceForm
from contracts.document import FormProblem
from contracts.place import Place

COMPARED = 100  # unknown headers that are named and compared with a missing one; a file with more is another table
_WORDS = re.compile(r"[\s_.-]+")
LISTED = 10  # items of a list that a flat table may name: signatories.0 ... signatories.9

PUBLISHED = {
    "signatories.0.user_id": "signer",
    "signatories.0.role": "signer_role",
    "signatories.0.meaning": "signature_meaning",
    "signatories.0.signed_at": "signed_at",
    "attachments.0.sha256": "pdf_sha256",
}
"""The flat names of the CSV form that partners are offered (domain.md 5.2), where they are no path."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field that a table can hold. `path` leads to it in the record; a `per_row` path starts in the row's object."""

    field: Field
    path: tuple[str, ...]
    per_row: bool
    names: tuple[str, ...]
    required: bool
    cell: str | None = None
    letter: str | None = None

    @property
    def name(self) -> str:
        """What the header should be."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Match:
    """Header index -> column, what is wrong with the header, and the paths of the fields that must have a column."""

    columns: Mapping[int, Column]
    problems: tuple[FormProblem, ...]
    required: frozenset[str]


def rows_field(schema: Schema, form: SourceForm) -> Field | None:
    """The array that the rows fill: named by the form, else the first array of the schema. None: a row is a record."""
    if schema.document_kind != "certificate":
        return None
    arrays = [f for f in schema.fields if f.type == "array"]
    return next((f for f in arrays if f.name == form.rows), arrays[0] if arrays and form.rows is None else None)


def columns(schema: Schema, form: SourceForm) -> list[Column]:
    """Every column that a table of this form may have, in the order of the contract."""
    filled = rows_field(schema, form)
    found: list[Column] = []
    for field in schema.fields:
        if filled is None:
            found += _flatten(field, (), form.format, per_row=True, required=True)
        elif field is filled:
            for inner in field.items.fields if field.items is not None else ():
                found += _flatten(inner, (), form.format, per_row=True, required=True)
        else:
            found += _flatten(field, (), form.format, per_row=False, required=True)
    return found


def match(
    headers: Sequence[str],
    wanted: Sequence[Column],
    place: Callable[[int | None], Place],
    *,
    closed: bool,
    privacy: Privacy,
    supplied: Collection[tuple[str, ...]] = (),
) -> Match:
    """Find the columns. `place(i)` is where header i stands, `place(None)` the header row. `supplied`: paths that have
    a cell of their own. An ambiguous or missing column is left out, so that nothing is read from it."""
    trimmed = [h.strip(" \t") for h in headers]
    at_header: dict[str, list[int]] = {}
    for i, header in enumerate(trimmed):
        at_header.setdefault(header, []).append(i)
    problems: list[FormProblem] = []
    taken: dict[int, Column] = {}
    missing: list[Column] = []
    open_columns = [c for c in wanted if c.path not in supplied and c.cell is None and c.letter is None]
    for column in open_columns:
        at = next((at_header[n][0] for n in column.names if n in at_header and at_header[n][0] not in taken), None)
        if at is None:
            missing.append(column)
        else:
            taken[at] = column
    repeated = {h: found for h, found in at_header.items() if h and len(found) > 1}
    for header, twice in repeated.items():
        column_of = next((taken.pop(i) for i in twice if i in taken), None)
        problems.append(_repeated(header, column_of, place(twice[1])))
    unknown = [i for i, h in enumerate(trimmed) if i not in taken and h and h not in repeated]
    for column in missing:
        at = _nearly(column, trimmed, unknown)
        if at is not None:
            unknown.remove(at)
            problems.append(_unapproved(column, trimmed[at], place(at)))
        elif column.required:
            problems.append(_missing(column, [trimmed[i] for i in unknown], place(None)))
    for i in unknown:
        problems += privacy.name(trimmed[i], "a column", place(i))
    strange = [i for i in unknown if closed and not privacy.name(trimmed[i], "a column", place(i))]
    absent = [column for column in missing if not column.required]
    problems += [_unexpected(trimmed[i], place(i), absent) for i in strange[:COMPARED]]
    if len(strange) > COMPARED:
        problems.append(_more_unexpected(len(strange) - COMPARED, place(strange[COMPARED])))
    problems += _order(taken, open_columns, place)
    return Match(taken, tuple(problems), frozenset(c.field.path for c in wanted if c.required))


def _flatten(field: Field, above: tuple[str, ...], format: str, *, per_row: bool, required: bool) -> Iterator[Column]:
    """The leaves of a field. A leaf is required in a table only when everything above it is required too."""
    presence = field.custom.get("presence")
    needed = required and (field.required if presence is None else presence in ("required", "mustExist"))
    path = (*above, field.name)
    if field.type == "object" and field.fields:
        # An object sent in one cell is read as it is; the engine then says what is wrong with it.
        yield Column(field, path, per_row, _names(field, path, format), required=False)
        for inner in field.fields:
            yield from _flatten(inner, path, format, per_row=per_row, required=needed)
    elif field.type == "array" and field.items is not None:
        for index in range(LISTED):
            for inner in field.items.fields:
                first = needed and index == 0
                yield from _flatten(inner, (*path, str(index)), format, per_row=per_row, required=first)
    else:
        locator = _locator(field, format)
        cell, letter = locator.get("cell"), locator.get("column")
        yield Column(field, path, per_row, _names(field, path, format), needed, cell, letter)


def _locator(field: Field, format: str) -> Mapping[str, str]:
    locator = field.custom.get("locator")
    own = locator.get(format) if isinstance(locator, Mapping) else None
    return {str(k): str(v) for k, v in own.items()} if isinstance(own, Mapping) else {}


def _names(field: Field, path: tuple[str, ...], format: str) -> tuple[str, ...]:
    """Accepted headers, the preferred one first."""
    inner = len(path) > 1
    names = [_locator(field, format).get("header"), field.physical_name]
    if inner:
        names += [".".join(path), "_".join(path), PUBLISHED.get(".".join(path))]
    else:
        names.append(field.name)
    if not any(part.isdigit() and part != "0" for part in path):
        names += field.header_synonyms
    return tuple(dict.fromkeys(n for n in names if n))


def _nearly(column: Column, headers: Sequence[str], among: Sequence[int]) -> int | None:
    """A header that is this column's name in other letters, or a synonym nobody has approved yet."""
    folded = {n.casefold() for n in column.names} | {n.casefold() for n in column.field.pending_synonyms}
    return next((i for i in among if headers[i].casefold() in folded), None)


def _order(
    taken: Mapping[int, Column], wanted: Sequence[Column], place: Callable[[int | None], Place]
) -> list[FormProblem]:
    rank = {id(column): position for position, column in enumerate(wanted)}
    seen = [rank[id(taken[i])] for i in sorted(taken)]
    if seen == sorted(seen):
        return []
    names = ", ".join(wanted[r].name for r in sorted(seen))
    fix = "export the columns in the agreed order; they are found by their names all the same"
    return [FormProblem("FILE-E204", "the columns stand in another order", place(None), expected=names, fix=fix)]


def _repeated(header: str, column: Column | None, where: Place) -> FormProblem:
    return FormProblem(
        "FILE-E203",
        f'column "{header}" is there twice',
        where,
        found=header,
        expected="each column once",
        fix="delete or rename one of the two columns",
        field=column.field.path if column else None,
    )


def _unapproved(column: Column, header: str, where: Place) -> FormProblem:
    return FormProblem(
        "FILE-E205",
        f'column "{header}" looks like "{column.name}" but this name is not agreed{_twins(header, column.name)}',
        where,
        found=header,
        expected=column.name,
        fix=f'name the column "{column.name}"',
        field=column.field.path,
    )


def _twins(header: str, agreed: str) -> str:
    """Letters that nobody can tell apart, such as the two that are written for micro, by their numbers."""
    apart = [(a, b) for a, b in zip(header, agreed, strict=False) if a != b] if len(header) == len(agreed) else []
    if not apart or any(unicodedata.normalize("NFKC", a) != unicodedata.normalize("NFKC", b) for a, b in apart):
        return ""
    (a, b), *_ = apart
    return f": U+{ord(a):04X} where U+{ord(b):04X} is agreed"


def _missing(column: Column, unknown: Sequence[str], where: Place) -> FormProblem:
    near = difflib.get_close_matches(
        column.name.casefold(), [h[:64].casefold() for h in unknown[:COMPARED]], n=1, cutoff=0.6
    )
    hint = next((h for h in unknown if near and h.casefold() == near[0]), None)
    return FormProblem(
        "FILE-E201",
        f'column "{column.name}" is missing' + (f'; found "{hint}"' if hint else ""),
        where,
        found=hint,
        expected=" or ".join(f'"{n}"' for n in column.names),
        fix=f'name the column "{column.name}"' if hint else f'add a column "{column.name}"',
        field=column.field.path,
    )


def _unexpected(header: str, where: Place, absent: Sequence[Column]) -> FormProblem:
    """A column that nobody agreed on. It may be an agreed one that may be left out, under another name: deleting it
    would lose what it says, so that name is told."""
    meant = _meant(header, absent)
    delete = "delete the column, or ask for it to be added to the contract"
    return FormProblem(
        "FILE-E202",
        f'column "{header}" is not in the contract',
        where,
        found=header,
        expected="only the agreed columns",
        fix=f'name it "{meant}" if it is that column; else {delete}' if meant else delete,
    )


def _meant(header: str, absent: Sequence[Column]) -> str | None:
    """The absent column that the header may stand for: the only one there is, or the one that it nearly names, with a
    slip of the pen or with one of its words alone."""
    if len(absent) == 1:
        return absent[0].name
    folded = header[:64].casefold()
    names = {name.casefold(): column.name for column in absent for name in column.names}
    near = difflib.get_close_matches(folded, names, n=1, cutoff=0.7)
    if near:
        return names[near[0]]
    words = set(_WORDS.split(folded)) - {""}
    holding = {meant for name, meant in names.items() if words and words <= set(_WORDS.split(name))}
    return holding.pop() if len(holding) == 1 else None


def _more_unexpected(count: int, where: Place) -> FormProblem:
    return FormProblem(
        "FILE-E202",
        f"{count:,} more columns are not in the contract",
        where,
        expected="only the agreed columns",
        fix="delete the columns, or ask for them to be added to the contract",
    )
