"""Spans of time as a person writes them: `15m`, `36h`, or ISO 8601 (`PT15M`, `PT6H`, `P1D`). Weeks to seconds only."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_SHORT = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: object) -> timedelta:
    """The span in `text`. Raises ValueError with the valid forms. Months and years have no fixed length: refused."""
    if isinstance(text, timedelta):
        return text
    if isinstance(text, str):
        short = _SHORT.fullmatch(text)
        if short:
            return timedelta(**{_UNITS[short[2]]: float(short[1])})
        iso = _ISO.fullmatch(text)
        if iso and any(iso.groups()):
            weeks, days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
            return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    raise ValueError("not a span of time; write it like 15m, 2h, 30s, 1d or PT15M")


def _positive(text: object) -> timedelta:
    span = parse_duration(text)
    if span <= timedelta(0):
        raise ValueError("must be longer than zero; write it like 15m, 2h, 30s, 1d or PT15M")
    return span


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Period = Annotated[timedelta, BeforeValidator(_positive)]
