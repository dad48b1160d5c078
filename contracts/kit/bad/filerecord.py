"""Bad files whose record is wrong: a key too many or too few, a value of another type, pattern, code or bound, an
attachment that is not the one named, personal data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from contracts.contract import Contract, Field, SourceForm
from contracts.document import RawNumber
from contracts.kit.bad import Bad, Maker
from contracts.kit.draft import Draft
from contracts.kit.good import good
from contracts.kit.write import suffix, write

Node = dict[str, Any]
Change = Callable[[Draft], bool]
"""Spoils a draft. False: nothing of the kind is in it."""

PATIENT = "patient: Jane Doe, DOB 1970-01-01"


def form_of(contract: Contract, *formats: str) -> SourceForm | None:
    """The first form of the contract that has one of these formats, in the order in which they are asked for."""
    return next((s for name in formats for s in contract.schema.sources if s.format == name), None)


def name_of(contract: Contract, form: SourceForm) -> str:
    return f"{contract.schema.document_kind}.{suffix(form)}"


def spoiled(contract: Contract, *, code: str, formats: tuple[str, ...], change: Change) -> Bad | None:
    """A good delivery with one change in its record."""
    form = form_of(contract, *formats)
    if form is None or contract.schema.document_kind == "series":
        return None
    draft = good(contract)
    fixed, changed = write(draft, form), draft.copy()
    if not change(changed):
        return None
    return Bad(code, name_of(contract, form), form, write(changed, form), fixed)


def holders(draft: Draft) -> Iterator[tuple[Node, tuple[Field, ...]]]:
    """The objects of a draft with their fields: the first row first, then the document itself."""
    schema = draft.contract.schema
    if schema.document_kind == "schedule":
        yield draft.rows[0], schema.fields
        return
    rows = next(f for f in schema.fields if f.name == "results" or draft.record.get(f.name) is draft.rows)
    yield draft.record, schema.fields
    yield draft.rows[0], rows.items.fields if rows.items is not None else ()


def plain_text(field: Field) -> bool:
    """Whether a field is text that has no form of its own."""
    free = not field.options and not field.enum and not field.custom and field.classification is None
    return field.type == "string" and free and field.primary_key is None


def _in_fields(change: Callable[[Node, Field], bool]) -> Change:
    """Spoil the first field that can be spoiled so."""

    def spoil(draft: Draft) -> bool:
        return any(node.get(f.name) is not None and change(node, f) for node, fs in holders(draft) for f in fs)

    return spoil


def _extra_key(draft: Draft) -> bool:
    node = next(iter(holders(draft)))[0]
    node["remark"] = "sent again"
    return True


def _no_key(node: Node, field: Field) -> bool:
    if not (field.required and plain_text(field)):
        return False
    del node[field.name]
    return True


def _empty(node: Node, field: Field) -> bool:
    if not (field.required and plain_text(field)):
        return False
    node[field.name] = ""
    return True


def _quoted(node: Node, field: Field) -> bool:
    if field.type != "integer":
        return False
    node[field.name] = str(node[field.name])
    return True


def _off_pattern(node: Node, field: Field) -> bool:
    if "pattern" not in field.options or field.type != "string":
        return False
    node[field.name] = f"{node[field.name]}/A"
    return True


def _no_code(node: Node, field: Field) -> bool:
    if not field.enum:
        return False
    node[field.name] = "OK"
    return True


def _too_small(node: Node, field: Field) -> bool:
    if field.type != "integer" or "minimum" not in field.options:
        return False
    node[field.name] = int(field.options["minimum"]) - 1
    return True


def _no_items(node: Node, field: Field) -> bool:
    if field.type != "array" or not field.options.get("minItems"):
        return False
    node[field.name] = []
    return True


def _person(node: Node, field: Field) -> bool:
    if not plain_text(field):
        return False
    node[field.name] = PATIENT
    return True


def _personal(contract: Contract) -> Bad | None:
    if not contract.personal_data:
        return None
    return spoiled(contract, code="FILE-E701", formats=("json", "csv", "xlsx"), change=_in_fields(_person))


def _formula(node: Node, field: Field) -> bool:
    if not (plain_text(field) and field.required):
        return False
    node[field.name] = '=HYPERLINK("http://lab.example")'
    return True


def _number_for_text(node: Node, field: Field) -> bool:
    if not field.custom.get("storedAsText"):
        return False
    node[field.name] = RawNumber("260204")
    return True


# --- attachments


def _evidence(contract: Contract, *, code: str, spoil: Callable[[Node, Mapping[str, str]], None]) -> Bad | None:
    """A delivery with its attachment inside, and the same with the attachment spoiled."""
    clause = next((c for c in contract.clauses if c.kind == "attachment"), None)
    form = form_of(contract, "json")
    if clause is None or form is None or (code != "FILE-E504" and "data" not in clause.params):
        return None
    names = {key: str(clause.params[key]) for key in ("each", "name", "sha256", "data") if key in clause.params}
    draft = good(contract)
    draft.record.setdefault(names["each"], [{}])
    item = draft.record[names["each"]][0]
    if "data" in names:
        lots = [str(draft.record[path.removeprefix("$.")]) for path in clause.params.get("mentions", ())]
        _attach(item, names, f"Signed certificate of {', '.join(lots)}")
    fixed = write(draft, form)
    if code == "FILE-E504":
        draft.record[names["each"]] = []
    else:
        spoil(item, names)
    return Bad(code, name_of(contract, form), form, write(draft, form), fixed)


def _attach(item: Node, names: Mapping[str, str], text: str) -> None:
    item[names["name"]] = "certificate.txt"
    item[names["data"]] = base64.b64encode(text.encode()).decode()
    item[names["sha256"]] = hashlib.sha256(text.encode()).hexdigest()


def _another_hash(item: Node, names: Mapping[str, str]) -> None:
    item[names["sha256"]] = hashlib.sha256(b"the draft before the signature").hexdigest()


def _no_base64(item: Node, names: Mapping[str, str]) -> None:
    item[names["data"]] = f"{item[names['data']][:8]}_{item[names['data']][9:]}"


def _another_lot(item: Node, names: Mapping[str, str]) -> None:
    _attach(item, names, "Signed certificate of LV-0000-99")


def _nothing(item: Node, names: Mapping[str, str]) -> None:
    """No attachment at all: the list itself is emptied."""


_TYPED = ("json",)
_ANY = ("json", "csv", "xlsx")
_SHEETS = ("csv", "xlsx")

MAKERS: Mapping[str, Maker] = {
    "FILE-E206": partial(spoiled, code="FILE-E206", formats=_TYPED, change=_extra_key),
    "FILE-E207": partial(spoiled, code="FILE-E207", formats=_TYPED, change=_in_fields(_no_key)),
    "FILE-E208": partial(spoiled, code="FILE-E208", formats=_TYPED, change=_in_fields(_quoted)),
    "FILE-E209": partial(spoiled, code="FILE-E209", formats=_ANY, change=_in_fields(_empty)),
    "FILE-E210": partial(spoiled, code="FILE-E210", formats=_ANY, change=_in_fields(_off_pattern)),
    "FILE-E211": partial(spoiled, code="FILE-E211", formats=_ANY, change=_in_fields(_no_code)),
    "FILE-E212": partial(spoiled, code="FILE-E212", formats=_ANY, change=_in_fields(_too_small)),
    "FILE-E213": partial(spoiled, code="FILE-E213", formats=_TYPED, change=_in_fields(_no_items)),
    "FILE-E305": partial(spoiled, code="FILE-E305", formats=("xlsx",), change=_in_fields(_number_for_text)),
    "FILE-E501": partial(_evidence, code="FILE-E501", spoil=_another_hash),
    "FILE-E502": partial(_evidence, code="FILE-E502", spoil=_no_base64),
    "FILE-E503": partial(_evidence, code="FILE-E503", spoil=_another_lot),
    "FILE-E504": partial(_evidence, code="FILE-E504", spoil=_nothing),
    "FILE-E604": partial(spoiled, code="FILE-E604", formats=_SHEETS, change=_in_fields(_formula)),
    "FILE-E701": _personal,
}
