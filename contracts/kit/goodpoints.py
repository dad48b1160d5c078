"""Good points: every agreed tag at its interval, in order of time, inside its range and alive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from contracts.contract import Contract, Field, TagDef
from contracts.document import RawNumber
from contracts.kit.scalars import moment, scalar

_SECOND = timedelta(seconds=1)
_WAVE = (0, 1, 2, 1)
"""A value moves by one step a point and comes back: a sensor that is alive and nowhere near its limits."""

_FEWEST = 3


def points(contract: Contract, start: datetime, length: timedelta) -> list[dict[str, Any]]:
    """The points of [start, start + length), by time, then in the order of the agreed tags."""
    rules = {c.kind: c.params for c in reversed(contract.clauses)}
    made: list[tuple[datetime, int, TagDef, Decimal]] = []
    for rank, tag in enumerate(contract.schema.tags):
        for nth, (at, value) in enumerate(_readings(tag, start, length)):
            made.append((at, rank, tag, value))
            if nth + 1 >= _FEWEST and at + (tag.interval or _SECOND) >= start + length:
                break
    made.sort(key=lambda point: point[:2])
    row = _Row(contract, rules, start)
    return [row.of(at, tag, value) for at, _, tag, value in made]


def _readings(tag: TagDef, start: datetime, length: timedelta) -> Iterator[tuple[datetime, Decimal]]:
    interval = tag.interval or _SECOND
    count = max(_FEWEST, -(-length // interval))
    middle, step = _middle(tag), _step(tag)
    for nth in range(count):
        yield start + nth * interval, middle + step * _WAVE[nth % len(_WAVE)]


def _middle(tag: TagDef) -> Decimal:
    if tag.low is not None and tag.high is not None:
        middle = (tag.low + tag.high) / 2
    elif tag.low is not None:
        middle = tag.low + 10
    else:
        middle = tag.high - 10 if tag.high is not None else Decimal(10)
    return middle.quantize(Decimal(1).scaleb(-3)).normalize() + 0


def _step(tag: TagDef) -> Decimal:
    """More than the noise floor, so that it counts as a change, and less than the fastest agreed change."""
    if tag.kind == "setpoint":
        return Decimal(0)
    room = (tag.high - tag.low) / 20 if tag.low is not None and tag.high is not None else Decimal(1)
    step = min(tag.noise_floor * 2 if tag.noise_floor is not None else room / 10, room)
    if tag.max_rate is not None:
        seconds = Decimal((tag.interval or _SECOND).total_seconds())
        step = min(step, tag.max_rate * seconds / 2)
    return step


class _Row:
    """Makes one point as the contract's fields ask for it."""

    def __init__(self, contract: Contract, rules: Mapping[str, Mapping[str, Any]], start: datetime) -> None:
        self._contract, self._start = contract, start
        self._mark = contract.schema.locale.decimal
        self._relative = contract.schema.time.base == "relative"
        self._key = str(rules.get("knownTags", {}).get("key", "tag"))
        self._ts = str(rules.get("timestamps", {}).get("ts", "ts"))
        self._value = str(rules.get("finite", {}).get("value", "value"))
        self._quality = str(rules.get("qualityCodes", {}).get("field", "quality"))
        self._unit = str(rules.get("unitIs", {}).get("unit", "unit"))
        self._phase = str(rules.get("batchContext", {}).get("phase", "phase"))
        self._constant = {f.name: value for f in contract.schema.fields if (value := self._plain(f)) is not None}

    def of(self, at: datetime, tag: TagDef, value: Decimal) -> dict[str, Any]:
        own = {
            self._key: tag.tag,
            self._value: RawNumber(f"{value:f}".replace(".", self._mark)),
            self._unit: tag.unit or None,
        }
        row: dict[str, Any] = {}
        for field in self._contract.schema.fields:
            if self._relative and field.name == self._ts:
                row[field.name] = RawNumber((at - self._start) // _SECOND)
            elif field.type == "timestamp" and field.name == self._contract.schema.time.start:
                row[field.name] = moment(self._contract, field, self._start)
            elif field.type == "timestamp":
                if field.required or field.name == self._ts:
                    row[field.name] = moment(self._contract, field, at)
            else:
                found = own.get(field.name, self._constant.get(field.name))
                if found is not None:
                    row[field.name] = found
        return row

    def _plain(self, field: Field) -> Any:
        """What stands in every row."""
        if field.name == self._quality:
            return next((code for code, word in self._contract.schema.quality_map.items() if word == "GOOD"), "GOOD")
        if field.name == self._phase:
            return next(iter(self._contract.schema.phases), None)
        if field.name in (self._key, self._value, self._unit) or field.type == "timestamp":
            return None
        if not field.required and "identifier" not in field.custom:
            return None
        number = int(f"{self._start:%y%m}0001") if field.type == "string" and "identifier" in field.custom else 1
        return scalar(self._contract, field, self._start, number)
