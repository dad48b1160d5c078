"""JSON Schema 2020-12 of a contract's native JSON form: objects are closed where the contract closes them.

A certificate is one object, a schedule `{"slots": [...]}`; of a series it describes one point, a line of NDJSON.
It holds what a schema can hold: keys, types, codes, bounds, counts and patterns. Rules between fields, units, criteria
and the form of numbers in texts stay with `jid check`; a file that passes the schema may still fail there.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.contract import Contract, Field
from contracts.kit.draft import Draft
from contracts.kit.fieldnote import note
from contracts.kit.good import AT, good

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "object": "object", "array": "array"}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength")
_COUNTS = ("minItems", "maxItems", "uniqueItems")
_VISIBLE = r"[^ \t]"
"""Empty is empty also with spaces in it."""


def json_schema(contract: Contract) -> dict[str, Any]:
    """The schema as a JSON object, keys in a fixed order."""
    schema = contract.schema
    draft = good(contract)
    record = _object(draft, schema.fields, closed=schema.closed)
    if schema.document_kind == "schedule":
        record = {
            "type": "object",
            "properties": {"slots": {"type": "array", "items": record}},
            "required": ["slots"],
            "additionalProperties": False,
        }
    return {
        "$schema": DIALECT,
        "$id": f"urn:justindata:contract:{contract.id}:{contract.version}",
        "title": contract.name,
        "$comment": f"made from {contract.id} {contract.version}, sha256 {contract.sha256}; jid check judges the rest",
        **record,
    }


def _object(draft: Draft, fields: tuple[Field, ...], *, closed: bool) -> dict[str, Any]:
    required = [f.name for f in fields if f.required or f.custom.get("presence") in ("required", "mustExist")]
    found: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _field(draft, field, closed=closed) for field in fields},
    }
    if required:
        found["required"] = required
    found["additionalProperties"] = not closed
    return found


def _field(draft: Draft, field: Field, *, closed: bool) -> dict[str, Any]:
    closed = bool(field.custom.get("contentModel", "closed" if closed else "open") == "closed")
    told = note(draft, field, AT)
    match field.type:
        case "object":
            found = _object(draft, field.fields, closed=closed)
        case "array":
            found = {"type": "array"}
            if field.items is not None:
                inner = field.items
                found["items"] = _object(draft, inner.fields, closed=closed) if inner.fields else _scalar(draft, inner)
            found |= {key: _number(field.options[key]) for key in _COUNTS if key in field.options}
            if field.required:
                found["minItems"] = max(1, int(field.options.get("minItems", 1)))
        case _:
            found = _scalar(draft, field)
    if told.meaning:
        found = {"description": told.meaning + (f"; unit: {told.unit}" if told.unit else ""), **found}
    if told.example is not None:
        found["examples"] = [_as_json(field, told.example, draft.contract.schema.locale.decimal)]
    if not field.required or field.custom.get("presence") == "mustExist":
        found = _or_null(found)
    return found


def _scalar(draft: Draft, field: Field) -> dict[str, Any]:
    kind = _TYPES.get(field.type, "string")
    found: dict[str, Any] = {"type": kind}
    found |= {key: _number(field.options[key]) for key in _BOUNDS if key in field.options}
    if field.enum:
        found["enum"] = [int(value) if kind == "integer" else value for value in field.enum]
    pattern = field.options.get("pattern") or (field.custom.get("identifier") or {}).get("pattern")
    if pattern:
        found["pattern"] = pattern
    elif kind == "string" and field.required and not field.enum and field.custom.get("presence") != "mustExist":
        found["pattern"] = _time_pattern(draft.contract, field) or _VISIBLE
    elif (shape := _time_pattern(draft.contract, field)) is not None:
        found["pattern"] = shape
    return found


def _time_pattern(contract: Contract, field: Field) -> str | None:
    """The shape of an ISO date or time; a field with a form of its own has none here."""
    form = str(field.options.get("format", ""))
    order_free = not form or form in ("yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssX", "yyyy-MM-dd'T'HH:mm:ssXXX")
    if not order_free or "dateOrder" in field.custom or field.custom.get("precision", "day") != "day":
        return None
    day = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    if field.type == "date":
        return f"^{day}$"
    if field.type == "timestamp":
        zone = "(?:Z|[+-][0-9]{2}:[0-9]{2})"
        return f"^{day}T[0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\\.[0-9]{{1,9}})?)?{zone}" + (
            "$" if contract.schema.time.zone == "offset" else "?$"
        )
    return None


def _or_null(found: dict[str, Any]) -> dict[str, Any]:
    """An optional field may be null, which says the same as leaving it out."""
    changed = dict(found)
    changed["type"] = [found["type"], "null"]
    if "enum" in found:
        changed["enum"] = [*found["enum"], None]
    return changed


def _as_json(field: Field, text: str, mark: str) -> Any:
    match field.type:
        case "integer":
            return int(text)
        case "number":
            return float(text.replace(mark, "."))
        case "boolean":
            return text in ("True", "true")
        case _:
            return text


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
