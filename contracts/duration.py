"""ISO 8601 durations (`PT5M`, `P14D`, `-PT48H`) as timedelta. Years and months have no fixed length and are refused."""

from __future__ import annotations

import re
from datetime import timedelta

LENGTHS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
"""Units of a length of time as a field may name them, in microseconds."""

_FORM = re.compile(
    r"(?P<sign>-)?P(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,11})(?:\.(?P<fraction>\d{1,6}))?S)?)?"
)


def parse_duration(text: str) -> timedelta:
    """The length of time that `text` names. Raises ValueError for anything else, also for years and months."""
    parts = _parts(text)
    fraction = (parts["fraction"] or "0").ljust(6, "0")
    lengths = {name: int(parts[name] or 0) for name in ("weeks", "days", "hours", "minutes", "seconds")}
    length = timedelta(**lengths, microseconds=int(fraction))
    return -length if parts["sign"] else length


def calendar_days(text: str) -> int:
    """The days that `text` names as weeks and days, with its sign. Raises ValueError like parse_duration.

    A day is not always 24 hours: whoever counts in a zone with clock changes needs the days apart from the hours.
    """
    parts = _parts(text)
    days = 7 * int(parts["weeks"] or 0) + int(parts["days"] or 0)
    return -days if parts["sign"] else days


def _parts(text: str) -> dict[str, str | None]:
    form = _FORM.fullmatch(text)
    if form is None or text.endswith("P"):
        raise ValueError(f"{text!r} is not a duration such as PT5M, P14D or -PT48H")
    return form.groupdict()


def format_duration(length: timedelta) -> str:
    """How a person says it: `36 h`, `2 d 4 h`, `5 min`. Sign is left to the sentence around it."""
    seconds = abs(int(length.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, secs = divmod(rest, 60)
    if days and days < 3:  # hours are what a slot is planned in: 36 h reads better than 1 d 12 h
        days, hours = 0, hours + 24 * days
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (secs, "s")]
    said = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(said[:2]) or "0 s"
