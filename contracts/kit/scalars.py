"""Good values of single fields: what a field's type, codes, pattern, bounds and words ask for."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from contracts.contract import Contract, Field, Locale
from contracts.document import RawNumber
from contracts.errors import CannotMake
from contracts.kit.matching import matching
from contracts.pattern import compile_pattern
from contracts.values.identifiers import mod37_2

_CHECK = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_FORM = re.compile(r"'((?:[^']|'')*)'|(y+|M+|d+|H+|m+|s+|S+|X+)|(.)", re.DOTALL)


def scalar(contract: Contract, field: Field, at: datetime, number: int = 1) -> Any:
    """A value that the field takes. `number` tells one record's from another's; `at` is the time of a time field."""
    if field.enum:
        return int(field.enum[0]) if field.type == "integer" else field.enum[0]
    match field.type:
        case "integer":
            return int(_within_bounds(field, Decimal(number)))
        case "number":
            return RawNumber(spelled(_within_bounds(field, Decimal(number)), contract.schema.locale))
        case "boolean":
            return True
        case "date" | "timestamp" | "time":
            return moment(contract, field, at)
        case _:
            return _text(contract, field, number)


def moment(contract: Contract, field: Field, at: datetime) -> str:
    """An instant (aware UTC) as this field writes it: ISO 8601 with Z, or the form that the contract names."""
    form = field.options.get("format")
    rules = contract.schema.time
    if not form or (form.startswith(("yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd")) and field.type != "date"):
        if field.type == "date":
            return at.date().isoformat()
        return at.isoformat(timespec="seconds").replace("+00:00", "Z")
    local = at.astimezone(ZoneInfo(rules.zone)) if rules.zone != "offset" else at
    return _FORM.sub(lambda found: _piece(found, local), form)


def spelled(value: Decimal, locale: Locale, decimals: int | None = None) -> str:
    """A number as the partner writes it: with its decimal mark, and with a power of ten only where that is allowed."""
    if decimals is not None:
        text = f"{value:.{decimals}f}"
    elif value and not -4 <= value.adjusted() <= 6 and locale.scientific:
        text = f"{value.normalize():E}"
    else:
        text = f"{value:f}"
    return text.replace(".", locale.decimal)


def _piece(found: re.Match[str], at: datetime) -> str:
    quoted, letters, other = found.groups()
    if quoted is not None:
        return quoted.replace("''", "'") or "'"
    if letters is None:
        return str(other)
    width = len(letters)
    match letters[0]:
        case "y":
            return f"{at.year:04}" if width != 2 else f"{at.year % 100:02}"
        case "S":
            return f"{at.microsecond:06}"[:width].ljust(width, "0")
        case "X":
            return "Z" if not at.utcoffset() else at.isoformat()[-6:]
        case letter:
            value = {"M": at.month, "d": at.day, "H": at.hour, "m": at.minute, "s": at.second}[letter]
            return f"{value:0{width}}"


def _within_bounds(field: Field, wished: Decimal) -> Decimal:
    options = field.options
    step = options.get("multipleOf")
    low, high = options.get("minimum"), options.get("maximum")
    if options.get("exclusiveMinimum") is not None:
        low = options["exclusiveMinimum"] + (step or 1)
    if options.get("exclusiveMaximum") is not None:
        high = options["exclusiveMaximum"] - (step or 1)
    value = max(wished, low) if low is not None else wished
    value = min(value, high) if high is not None else value
    if step is not None:
        value = (value / step).to_integral_value(ROUND_CEILING) * step
    if (low is not None and value < low) or (high is not None and value > high):
        value = (low + high) / 2 if low is not None and high is not None else value
    return Decimal(value)


def _text(contract: Contract, field: Field, number: int) -> str:
    shortest, longest = int(field.options.get("minLength", 0)), int(field.options.get("maxLength", 256))
    vocabulary = field.custom.get("vocabulary")
    if vocabulary is not None:
        return next(iter(contract.schema.vocabularies[vocabulary]))
    identifier = field.custom.get("identifier") or {}
    pattern = field.options.get("pattern") or identifier.get("pattern")
    if pattern is not None:
        made = matching(pattern, number, at_least=shortest, at_most=longest)
        return _checked(made, pattern, number) if identifier.get("checksum") == "mod37-2" else made
    if field.custom.get("valueKind") == "numeric":
        return spelled(Decimal(number), contract.schema.locale)
    plain = f"{field.name.upper().replace('_', '-')}-{number}"
    text = plain.ljust(shortest, "0")
    return text if len(text) <= longest else text[len(text) - longest :]


def _checked(text: str, pattern: str, number: int) -> str:
    """The same with its ISO 7064 MOD 37-2 check character in the last place."""
    for nth in range(number, number + 1000):
        body = matching(pattern, nth)[:-1]
        for character in _CHECK:
            if mod37_2(body + character) and compile_pattern(pattern).matches(body + character):
                return body + character
    raise CannotMake(f"an identifier with a check character for {pattern}, such as {text}")
