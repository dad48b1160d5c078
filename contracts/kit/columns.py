"""The columns of a table that holds a draft: which field, under which header, in the order of the contract.

Headers are what a reader of the contract looks for first: the locator's, the physical name, the field's own path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.contract import Field, Schema, SourceForm
from contracts.kit.draft import Draft

Cell = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One leaf of the record. `per_row` paths start in a row's object, the others in the document."""

    field: Field
    path: tuple[str, ...]
    per_row: bool
    header: str
    cell: str | None = None
    letter: str | None = None

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    def of(self, record: Mapping[str, Any], row: Mapping[str, Any]) -> Cell:
        """The value in one row; None where the draft says nothing."""
        node: Any = row if self.per_row else record
        if len(self.path) == 1:  # nearly every cell of a long series
            node = node.get(self.path[0])
        else:
            for part in self.path:
                if isinstance(node, list):
                    node = node[int(part)] if int(part) < len(node) else None
                else:
                    node = node.get(part) if isinstance(node, dict) else None
        return node if isinstance(node, (str, int)) or node is None else str(node)


def rows_of(schema: Schema, form: SourceForm) -> str | None:
    """The array of a certificate that the rows fill; None: a row is a record of its own."""
    if schema.document_kind != "certificate":
        return None
    arrays = [f.name for f in schema.fields if f.type == "array"]
    return form.rows if form.rows in arrays else next(iter(arrays), None)


def all_columns(schema: Schema, form: SourceForm, lengths: Mapping[str, int] | None = None) -> list[Column]:
    """Every column that a table of this form may have. `lengths`: how many items of a document's list get columns."""
    rows = rows_of(schema, form)
    found: list[Column] = []
    for field in schema.fields:
        if rows is None:
            found += _leaves(field, (), form.format, lengths or {}, per_row=True)
        elif field.name == rows:
            for inner in field.items.fields if field.items is not None else ():
                found += _leaves(inner, (), form.format, lengths or {}, per_row=True)
        else:
            found += _leaves(field, (), form.format, lengths or {}, per_row=False)
    return found


def columns(draft: Draft, form: SourceForm) -> list[Column]:
    """The columns of this draft: the required ones, and those with something in them."""
    lengths = {name: len(value) for name, value in draft.record.items() if isinstance(value, list)}
    return [
        column
        for column in all_columns(draft.contract.schema, form, lengths)
        if column.field.required or any(column.of(draft.record, row) is not None for row in draft.rows)
    ]


def _leaves(
    field: Field, above: tuple[str, ...], format: str, lengths: Mapping[str, int], *, per_row: bool
) -> Iterator[Column]:
    path = (*above, field.name)
    if field.type == "object":
        for inner in field.fields:
            yield from _leaves(inner, path, format, lengths, per_row=per_row)
    elif field.type == "array":
        for nth in range(lengths.get(field.name, 1)):
            for inner in field.items.fields if field.items is not None else ():
                yield from _leaves(inner, (*path, str(nth)), format, lengths, per_row=per_row)
    else:
        locator = field.custom.get("locator")
        own = locator.get(format) if isinstance(locator, Mapping) else None
        own = own if isinstance(own, Mapping) else {}
        inner_name = ".".join(path) if above else field.name
        header = str(own.get("header") or field.physical_name or inner_name)
        yield Column(field, path, per_row, header, own.get("cell"), own.get("column"))
