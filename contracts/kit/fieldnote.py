"""What a person must know to fill in one field: its meaning, its form, its unit, an example, the clauses about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.contract import Contract, Field
from contracts.kit.choices import Choice, choice
from contracts.kit.draft import Draft
from contracts.kit.goodcertificate import NAMED
from contracts.kit.meanings import meaning
from contracts.kit.scalars import scalar

_SHAPES = {"string": "text", "integer": "a whole number", "boolean": "true or false", "object": "a group of fields"}


@dataclass(frozen=True, slots=True)
class FieldNote:
    """`clauses` are the ids of the author's rules that read the field; its own demands stand in `form`."""

    field: Field
    meaning: str | None
    form: str
    unit: str | None
    example: str | None
    choice: Choice | None
    clauses: tuple[str, ...]

    @property
    def required(self) -> bool:
        return self.field.required or self.field.custom.get("presence") in ("required", "mustExist")


def fields_of(fields: tuple[Field, ...]) -> Iterator[Field]:
    """Every field, those inside objects and lists after the one that holds them."""
    for field in fields:
        yield field
        yield from fields_of(field.items.fields if field.items is not None else field.fields)


def note(draft: Draft, field: Field, at: datetime) -> FieldNote:
    """The note of one field; its example is the one of the good delivery, or a value of its own."""
    contract = draft.contract
    found = choice(contract, field)
    example = None
    if field.type not in ("object", "array"):
        said = _said(draft, field)
        example = str(said if said is not None else scalar(contract, field, at))
    return FieldNote(
        field, meaning(field), _form(contract, field), _unit(field), example, found, tuple(_rules(contract, field))
    )


def _said(draft: Draft, field: Field) -> Any:
    """What the good delivery says there: of results the first that is a number. A field that it leaves out is shown
    with what the record says under the same name."""
    values = _values(draft, field.path)
    if field.custom.get("valueKind") == "fromTest":
        values = [value for value in values if any(c.isdigit() for c in str(value))] or values
    if values:
        return values[0]
    same = draft.record.get(field.name)
    return same if isinstance(same, (str, int)) else NAMED.get(field.name)


def _values(draft: Draft, path: str) -> list[Any]:
    """Every value of the good delivery at a path, lists entered."""
    nodes: list[Any] = [draft.record]
    if draft.contract.schema.document_kind != "certificate":
        nodes = list(draft.rows)
    for part in path.split("."):
        here = [node[part] for node in nodes if isinstance(node, Mapping) and part in node]
        nodes = [item for node in here for item in (node if isinstance(node, list) else [node])]
    return nodes


def _form(contract: Contract, field: Field) -> str:
    """How a value is written, in words."""
    options = field.options
    match field.type:
        case "date":
            said = "a date, year first" if _iso(options) else f"a date written {options['format']}"
        case "timestamp":
            zone = contract.schema.time.zone
            offset = "with its offset from UTC" if zone == "offset" else f"with its offset, or local time in {zone}"
            said = f"a time, year first, {offset}" if _iso(options) else f"a time written {options['format']}"
        case "number":
            said = f"a number with a decimal {_mark(contract)}"
        case "array":
            said = "a list"
        case _:
            said = _SHAPES.get(field.type, field.type)
    if field.custom.get("valueKind") in ("numeric", "fromTest"):
        word = ", or the agreed word" if field.custom["valueKind"] == "fromTest" else ""
        said = f"a number with a decimal {_mark(contract)}{word}"
    pattern = options.get("pattern") or (field.custom.get("identifier") or {}).get("pattern")
    parts = [said]
    if pattern:
        parts.append(f"that fits the pattern {pattern}")
    parts += [
        words.format(options[key]).replace(" 1 entries", " 1 entry").replace(" 1 characters", " 1 character")
        for key, words in _BOUNDS.items()
        if key in options
    ]
    if field.custom.get("storedAsText"):
        parts.append("in a text cell")
    return ", ".join(parts)


_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
}


def _mark(contract: Contract) -> str:
    return "comma" if contract.schema.locale.decimal == "," else "point"


def _iso(options: Mapping[str, Any]) -> bool:
    form = str(options.get("format", "yyyy-MM-dd"))
    return form.startswith("yyyy-MM-dd") and (len(form) == len("yyyy-MM-dd") or form[10:13] == "'T'")


def _unit(field: Field) -> str | None:
    if field.custom.get("unit"):
        return str(field.custom["unit"])
    return f"in field {field.custom['unitFrom']}" if field.custom.get("unitFrom") else None


def _rules(contract: Contract, field: Field) -> Iterator[str]:
    """Ids of the rules that name this field in a parameter."""
    for clause in contract.clauses:
        each = clause.params.get("each")
        if clause.id.startswith("auto.") or clause.kind == "due":
            continue
        for value in clause.params.values():
            listed = value if isinstance(value, tuple) else (value,)
            paths = (
                v.removeprefix("$.") if v.startswith("$.") or each is None else f"{each}.{v}"
                for v in listed
                if isinstance(v, str)
            )
            if field.path in paths:
                yield clause.id
                break
