"""Canonical records as JSON bodies and back, exactly: what the ledger's `record.body` holds.

A Decimal is its own text (digits and exponent kept), an instant is RFC 3339 in UTC, a date ISO 8601, an enum its
value, a tuple a list. `source` stands beside the record's own fields: who sent it, through which feed, under which
contract. The floor above (`hub.release`) and intake share this file, so that a record has one form only.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from contracts.records import Certificate, Record, Slot
from hub.store.rows import RecordRow

KINDS: Mapping[str, type[Record]] = {"certificate": Certificate, "slot": Slot}
"""Record kind in the ledger -> its type."""


def kind_of(record: Record) -> str:
    return "certificate" if isinstance(record, Certificate) else "slot"


def natural_key(record: Record, partner: str) -> str:
    """What stays the same over all revisions: `<partner>/<certificate_no>`, `<site>/<slot_uid>`.

    A certificate number is unique at its issuer only, so two partners may use the same one.
    """
    if isinstance(record, Certificate):
        return f"{partner}/{record.certificate_no}"
    return f"{record.site}/{record.slot_uid}"


def record_row(record: Record, *, partner: str, feed: str, contract: str, delivery_id: str = "") -> RecordRow:
    """The row to store for a checked record. `contract` is id@version."""
    body = to_body(record)
    body["source"] = {"partner": partner, "feed": feed, "contract": contract}
    return RecordRow(kind=kind_of(record), natural_key=natural_key(record, partner), body=body, delivery_id=delivery_id)


def read_record(row: RecordRow) -> Record:
    """The record that a stored row holds. Raises KeyError on an unknown kind."""
    return from_body(KINDS[row.kind], row.body)


def to_body(record: Record) -> dict[str, Any]:
    """The record's own fields as JSON values, in the order of the type."""
    body = _encode(record)
    assert isinstance(body, dict)
    return body


def from_body(kind: type[Record], body: Mapping[str, Any]) -> Record:
    """The record that `to_body` wrote. Keys that are not fields (`source`) are ignored; an absent field takes its
    default, so that a body from before a field was added still reads."""
    record = _decode(kind, body)
    assert isinstance(record, Certificate | Slot)
    return record


def _encode(value: Any) -> Any:
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case Decimal():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case tuple() | list():
            return [_encode(item) for item in value]
        case _ if is_dataclass(value):
            return {f.name: _encode(getattr(value, f.name)) for f in fields(value)}
    raise TypeError(f"a record holds a {type(value).__name__}, which has no JSON form here")


def _decode(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):  # only `X | None` occurs in records
        return _decode(next(arg for arg in get_args(hint) if arg is not type(None)), value)
    if origin is tuple:
        args = get_args(hint)
        if args[-1] is Ellipsis:
            return tuple(_decode(args[0], item) for item in value)
        return tuple(_decode(arg, item) for arg, item in zip(args, value, strict=True))
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return hint(**{name: _decode(of, value[name]) for name, of in _hints(hint).items() if name in value})
    if hint is Decimal:
        return Decimal(value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is date:
        return date.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return value


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)
