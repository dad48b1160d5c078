"""Bad files whose bytes are wrong: another encoding, another content than the name says, cut off, not well formed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial

from contracts.contract import Contract, SourceForm
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.filerecord import form_of, holders, name_of, plain_text
from contracts.kit.good import good
from contracts.kit.write import write

Spoil = Callable[[bytes, SourceForm, Contract], bytes | None]

_TEXTS = ("json", "csv", "ndjson")


def spoiled(contract: Contract, *, code: str, formats: tuple[str, ...], spoil: Spoil) -> Bad | None:
    """A good delivery with something done to its bytes."""
    form = form_of(contract, *formats)
    if form is None:
        return None
    fixed = write(good(contract), form)
    data = spoil(fixed, form, contract)
    return Bad(code, name_of(contract, form), form, data, fixed) if data is not None else None


def _other_encoding(data: bytes, form: SourceForm, _: Contract) -> bytes | None:
    return None if "utf-16" in form.encoding else data.decode(form.encoding[0]).encode("utf-16")


def _latin(contract: Contract) -> Bad | None:
    """A micro sign saved in Latin-1, in a text that nothing else judges."""
    form = form_of(contract, "json", "csv")
    if form is None or "iso-8859-1" in form.encoding or contract.schema.document_kind == "series":
        return None
    draft = good(contract)
    judged = json.dumps([dict(c.params) for c in contract.clauses], default=str)
    free = (
        (node, field)
        for node, fields in holders(draft)
        for field in fields
        if plain_text(field) and node.get(field.name) and f'"{field.name}"' not in judged
    )
    found = next(free, None)
    if found is None:
        return None
    found[0][found[1].name] = "µg/mL"
    fixed = write(draft, form)
    return Bad("FILE-E102", name_of(contract, form), form, fixed.decode().encode("iso-8859-1"), fixed)


def _text_called_workbook(contract: Contract) -> Bad | None:
    """An export as text with the name of a workbook: separated by tabs, or as the contract agrees on text."""
    form = form_of(contract, "xlsx")
    if form is None:
        return None
    draft = good(contract)
    text = form_of(contract, "csv") or SourceForm("csv", delimiter="\t", rows=form.rows)
    return Bad("FILE-E104", name_of(contract, form), form, write(draft, text), write(draft, form))


def _nothing(_: bytes, __: SourceForm, ___: Contract) -> bytes:
    return b""


def _cut(data: bytes, form: SourceForm, _: Contract) -> bytes:
    """Without its end: a JSON text inside a structure, a table inside its last row."""
    end = data.rstrip()
    if form.format == "csv":
        return end[: end.rindex(form.delimiter.encode()) - 1]
    return end[:-2].rstrip()


def _key_twice(data: bytes, _: SourceForm, __: Contract) -> bytes | None:
    first = re.search(rb'"(\w+)": (?:"[^"]*"|[0-9]+),', data)
    return data[: first.end()] + b" " + data[first.start() :] if first is not None else None


def _comma_too_many(data: bytes, _: SourceForm, __: Contract) -> bytes:
    end = data.rindex(b"}")
    return data[:end].rstrip() + b",\n" + data[end:]


def _other_version(data: bytes, form: SourceForm, _: Contract) -> bytes | None:
    if form.schema_version_at is None:
        return None
    return data.replace(f'"{form.schema_version_allowed[0]}"'.encode(), b'"9.0"', 1)


def _deep(data: bytes, _: SourceForm, contract: Contract) -> bytes:
    levels = contract.safety.max_depth
    start = data.index(b"{") + 1
    return data[:start] + b'"more": ' + b"[" * levels + b"]" * levels + b"," + data[start:]


MAKERS: Mapping[str, Maker] = {
    "FILE-E101": partial(spoiled, code="FILE-E101", formats=_TEXTS, spoil=_other_encoding),
    "FILE-E102": _latin,
    "FILE-E104": _text_called_workbook,
    "FILE-E401": partial(spoiled, code="FILE-E401", formats=("json", "csv", "xlsx", "piwebapi"), spoil=_nothing),
    "FILE-E402": partial(spoiled, code="FILE-E402", formats=("json", "csv", "piwebapi"), spoil=_cut),
    "FILE-E404": partial(spoiled, code="FILE-E404", formats=("json",), spoil=_key_twice),
    "FILE-E405": partial(spoiled, code="FILE-E405", formats=("json", "piwebapi"), spoil=_comma_too_many),
    "FILE-E406": partial(spoiled, code="FILE-E406", formats=("json",), spoil=_other_version),
    "FILE-E603": partial(spoiled, code="FILE-E603", formats=("json",), spoil=_deep),
}
