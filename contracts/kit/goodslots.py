"""Good slots: three runs one after the other, each with its own identity, planned and not started."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from contracts.contract import Contract, Field
from contracts.kit.scalars import moment, scalar

_DAY = timedelta(days=1)
_SLOTS = 3
_STATUSES = ("confirmed", "tentative", "forecast", "planned")
_PLANNED = frozenset(
    {"apheresis_collected_at", "apheresis_expires_at", "planned_final_release", "vector_lot", "vector_doses"}
)
"""What a planned slot also says although a contract may leave it optional."""

_SAME = frozenset({"suite", "product", "site"})


def slots(contract: Contract, at: datetime) -> list[dict[str, Any]]:
    """The slots of one schedule that is published at `at`."""
    rules = {c.kind: c.params for c in reversed(contract.clauses)}
    length = _length(rules.get("span", {}))
    starts = [at + 10 * _DAY + nth * (length + _DAY) for nth in range(_SLOTS)]
    return [_slot(contract, rules, at, start, start + length, nth) for nth, start in enumerate(starts, start=1)]


def _length(span: Mapping[str, Any]) -> timedelta:
    wished = 10 * _DAY
    shortest: timedelta = span.get("min") or wished
    longest: timedelta = span.get("max") or wished
    return min(max(wished, shortest), longest)


def _slot(
    contract: Contract, rules: Mapping[str, Mapping[str, Any]], at: datetime, start: datetime, end: datetime, nth: int
) -> dict[str, Any]:
    span = rules.get("span", {})
    times = {
        "published_at": at,
        "apheresis_collected_at": start - 3 * _DAY,
        "apheresis_expires_at": start + _DAY,
        "planned_final_release": end + 14 * _DAY,
        str(span.get("start", "planned_start")): start,
        str(span.get("end", "planned_end")): end,
    }
    placeholders = rules.get("noPlaceholder", {})
    wanted = {*_PLANNED, str(placeholders.get("field", "vector_lot"))}
    status = str(rules.get("transitions", rules.get("activeOnce", {})).get("status", "status"))
    taken = {
        word
        for rule in ("transitions", "activeOnce")
        for key in ("final", "active")
        for word in rules.get(rule, {}).get(key, ())
    }
    slot: dict[str, Any] = {}
    for field in contract.schema.fields:
        if not (field.required or field.name in wanted or field.custom.get("presence") in ("required", "mustExist")):
            continue
        if field.name == status:
            slot[field.name] = _status(contract, field, taken)
        elif field.type in ("date", "timestamp"):
            slot[field.name] = moment(contract, field, times.get(field.name, start))
        elif field.name == "site" and contract.site is not None and not field.enum:
            slot[field.name] = contract.site
        else:
            number = 1 if field.type in ("integer", "number") or field.name in _SAME else _number(field, at, nth)
            slot[field.name] = scalar(contract, field, at, number)
    return slot


def _number(field: Field, at: datetime, nth: int) -> int:
    """Identifiers carry year and month, as a partner's series would."""
    patterned = "pattern" in field.options or "identifier" in field.custom
    return int(f"{at:%y%m}{nth:02}") if patterned else nth


def _status(contract: Contract, field: Field, taken: set[str]) -> str:
    """A status of a slot that is still to come."""
    words = field.enum or tuple(contract.schema.vocabularies.get(str(field.custom.get("vocabulary")), _STATUSES))
    open_words = [word for word in words if word not in taken] or list(words)
    return next((word for word in _STATUSES if word in open_words), open_words[0])
