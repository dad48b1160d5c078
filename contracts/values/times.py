"""Dates and instants as partners write them: ISO 8601, or the form the contract names; never a guess.

Certificates speak in COA codes, schedules in SCH codes; `TimeReader` is made for one field and knows which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.contract import TimeRules
from contracts.document import RawNumber
from contracts.values.problem import Problem

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_INSTANT_AND_NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{4,18} ?\[?([A-Za-z][A-Za-z_/+-]*)\]?")
_NUMBERS_FIRST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?:[ T].*)?", re.DOTALL)
_PARTIAL = re.compile(r"(?:19|20)[0-9]{2}(?:-(?:0[1-9]|1[0-2]))?")
_INTEGER = re.compile(r"[0-9]{1,7}(?:\.[0-9]+)?")
_LAST_YEAR = 2098  # 2099-12-31 and 9999-12-31 mean "never", not a day
_FIELDS = {"y": "year", "M": "month", "d": "day", "H": "hour", "m": "minute", "s": "second", "S": "fraction"}


@dataclass(frozen=True, slots=True)
class Codes:
    """Which finding code says what, by the kind of document."""

    ambiguous: str = "COA-E501"
    format: str = "COA-E502"
    implausible: str = "COA-E503"
    serial: str = "COA-E504"
    partial: str = "COA-E508"
    no_zone: str = "COA-E509"
    unknown_zone: str = "COA-E502"
    no_such_local: str = "COA-E509"


CERTIFICATE = Codes()
SCHEDULE = Codes(
    ambiguous="SCH-E103",
    format="SCH-E103",
    implausible="SCH-E103",
    serial="SCH-E103",
    partial="SCH-E103",
    no_zone="SCH-E104",
    unknown_zone="SCH-E105",
    no_such_local="SCH-E106",
)


class TimeReader:
    """Reads the texts of one date or timestamp field.

    `order` settles two-number-first dates (dmy or mdy) where the contract says so; `precision` is the coarsest date
    accepted; `form` is a JDK pattern, None for ISO 8601.
    """

    def __init__(
        self,
        rules: TimeRules,
        codes: Codes,
        *,
        instant: bool,
        form: str | None = None,
        order: str | None = None,
        precision: str = "day",
    ) -> None:
        self._rules, self._codes, self._instant, self._order, self._precision = rules, codes, instant, order, precision
        self._form = None if form is None or _is_iso(form) else _compiled(form)
        self._said = form if self._form is not None and form is not None else None
        self._zone = None if rules.zone == "offset" else ZoneInfo(rules.zone)
        self._shape = self._said or ("2026-11-20T15:04:00+01:00" if instant else "2026-11-20")
        thing = "a date" if not instant else "a time with its offset" if self._zone is None else "a time"
        self.expected = f"{thing}, such as {self._shape}"
        """What must be written, in words."""

    def read(self, raw: str, *, cell_kind: str | None = None) -> date | datetime | Problem:
        """A date, or an aware UTC instant. `cell_kind` is what a spreadsheet calls the cell, when it is one."""
        text = raw.strip(" \t")
        if text in self._rules.placeholders or text[:10] in self._rules.placeholders:
            return self._problem(self._codes.implausible, "is a placeholder, not a date", fix="write the real date")
        if isinstance(raw, RawNumber) or (_INTEGER.fullmatch(text) and not _PARTIAL.fullmatch(text)):
            return self._problem(
                self._codes.serial,
                "is a spreadsheet's day number, not a date",
                fix=_days_meant(text),
                note="the same number is another day in a workbook that counts from 1904",
            )
        value = self._read_instant(text, cell_kind) if self._instant else self._read_date(text, cell_kind)
        return value if isinstance(value, Problem) else self._believable(value)

    def _read_date(self, text: str, cell_kind: str | None) -> date | Problem:
        if cell_kind == "date" and text[10:] in ("T00:00:00", " 00:00:00"):  # spreadsheets have no dates without time
            text = text[:10]
        if self._form is not None:
            parts = _take(self._form, text)
            return parts.date() if parts is not None else self._unread(text)
        if _ISO_DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                return self._problem(self._codes.format, "names a day that does not exist")
        if _PARTIAL.fullmatch(text):
            coarse = "month" if "-" in text else "year"
            if self._precision == coarse or self._precision == "year":
                return date.fromisoformat(f"{text}-01" if coarse == "month" else f"{text}-01-01")
        return self._in_order(text) or self._unread(text)

    def _read_instant(self, text: str, cell_kind: str | None) -> datetime | Problem:
        local: datetime | None = None
        if self._form is not None:
            local = _take(self._form, text)
        elif _ISO_INSTANT.fullmatch(text) or (
            cell_kind == "date" and _ISO_INSTANT.fullmatch(text.replace(" ", "T", 1))
        ):
            try:
                local = datetime.fromisoformat(text)
            except ValueError:
                return self._problem(self._codes.format, "names a time that does not exist")
        if local is None:
            return self._unread(text)
        if local.tzinfo is not None:
            try:
                return local.astimezone(UTC)
            except OverflowError:
                return self._problem(self._codes.implausible, "is outside the plausible range")
        if self._zone is None:
            return self._problem(
                self._codes.no_zone,
                "has no zone offset",
                fix=f"add the offset, such as {text}+01:00 or {text}Z",
                note="without it the same text is up to 26 hours of different instants",
            )
        return self._in_zone(local, self._zone)

    def _in_zone(self, local: datetime, zone: ZoneInfo) -> datetime | Problem:
        early, late = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
        if early.utcoffset() != late.utcoffset():
            there = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
            says = "exists twice" if there else "does not exist"
            either = f"write {early.isoformat()} or {late.isoformat()}, whichever was meant"
            return self._problem(
                self._codes.no_such_local,
                f"is a local time that {says} in {self._rules.zone}",
                fix=either if there else "write the time with its offset, such as +01:00",
            )
        return early.astimezone(UTC)

    def _in_order(self, text: str) -> date | None:
        """A two-number-first date where the contract says which number is the day."""
        found = _NUMBERS_FIRST.fullmatch(text)
        if found is None or self._order is None or len(found[4]) != 4 or len(found[0]) > 10:
            return None
        first, second = int(found[1]), int(found[3])
        day, month = (first, second) if self._order == "dmy" else (second, first)
        try:
            return date(int(found[4]), month, day)
        except ValueError:
            return None

    def _believable(self, value: date | datetime) -> date | datetime | Problem:
        minimum = self._rules.minimum
        if value.year > _LAST_YEAR:
            return self._problem(self._codes.implausible, "is later than any real date")
        if minimum is not None:
            early = value < minimum if isinstance(value, datetime) else value < minimum.date()
            if early:
                return self._problem(self._codes.implausible, f"is before {minimum.date().isoformat()}")
        return value

    def _unread(self, text: str) -> Problem:
        """Why a text that isn't in the agreed form has no reading."""
        numbers = _NUMBERS_FIRST.fullmatch(text)
        if numbers is not None and self._said is None:
            first, second, year = int(numbers[1]), int(numbers[3]), numbers[4]
            either = 1 <= first <= 12 and 1 <= second <= 12 and self._order is None and len(year) == 4
            if either and first != second:  # 12/12/2026 is the same day in either order
                written = re.split("[ T]", text)[0]
                day_first, month_first = f"{year}-{second:02}-{first:02}", f"{year}-{first:02}-{second:02}"
                return self._problem(
                    self._codes.ambiguous,
                    "does not tell the day from the month",
                    fix=f"write {day_first} or {month_first}, whichever was meant",
                    note=f"{written} is {day_first} in one country and {month_first} in another",
                )
        if _PARTIAL.fullmatch(text):
            return self._problem(self._codes.partial, "is only part of a date", fix="write the day as well")
        named = _INSTANT_AND_NAME.fullmatch(text)
        if self._instant and named is not None and named[1] != "Z":
            return self._problem(
                self._codes.unknown_zone,
                f"names the zone {named[1]} instead of an offset" if _is_zone(named[1]) else "names an unknown zone",
                fix="write the offset, such as +01:00",
            )
        return self._problem(self._codes.format, "is not in the agreed format")

    def _problem(self, code: str, says: str, *, fix: str | None = None, note: str | None = None) -> Problem:
        return Problem(code, says, self.expected, fix or f"write it like {self._shape}", note=note)


def _days_meant(text: str) -> str | None:
    """What a spreadsheet's day number can mean: day 60 is 1900-02-29 there, and some workbooks count from 1904."""
    days = int(text.partition(".")[0]) if _INTEGER.fullmatch(text) else 0
    if not 20_000 <= days <= 80_000:  # 1954 to 2119: no other number is taken for a day
        return None
    from_1900, from_1904 = date(1899, 12, 30) + timedelta(days), date(1904, 1, 1) + timedelta(days)
    return f"write {from_1900} or {from_1904}, whichever was meant"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_iso(form: str) -> bool:
    return form in ("yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssX", "yyyy-MM-dd'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX")


def _compiled(form: str) -> re.Pattern[str]:
    """The regular expression of a JDK date pattern; the loader has refused letters other than `y M d H m s S X`."""
    out, at = [], 0
    while at < len(form):
        letter = form[at]
        run = len(form) - at - len(form[at:].lstrip(letter))
        if letter == "'":
            end = form.find("'", at + 1)
            out.append(re.escape(form[at + 1 : end]) or "'")
            at = end + 1
            continue
        if letter == "X":
            out.append("(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)")
        elif letter in _FIELDS:
            digits = "{1,9}" if letter == "S" else "{1,2}" if run == 1 and letter != "y" else f"{{{max(run, 2)}}}"
            out.append(f"(?P<{_FIELDS[letter]}>[0-9]{digits})")
        else:
            out.append(re.escape(letter * run))
        at += run
    return re.compile("".join(out))


def _take(form: re.Pattern[str], text: str) -> datetime | None:
    """The moment that `text` names, local unless it has an offset."""
    found = form.fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    zone = parts.pop("zone", None)
    fraction = (parts.pop("fraction", None) or "0")[:6].ljust(6, "0")
    whole = {name: int(value) for name, value in parts.items() if value is not None}
    try:
        moment = datetime(  # noqa: DTZ001 - the offset, when there is one, is added below
            whole.get("year", 0), whole.get("month", 1), whole.get("day", 1),
            whole.get("hour", 0), whole.get("minute", 0), whole.get("second", 0), int(fraction),
        )  # fmt: skip
        return moment.replace(tzinfo=_offset(zone)) if zone else moment
    except ValueError:
        return None


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-length if text[0] == "-" else length)


def utc_text(value: date | datetime) -> str:
    """How a report shows a time: `2026-11-20` or `2026-11-20T14:07:12Z`."""
    return value.isoformat().replace("+00:00", "Z")


def as_instant(value: date | datetime) -> datetime:
    """A date as the instant it begins in UTC, so that dates and instants can be compared."""
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def day_written(value: date | datetime, raw: object) -> date:
    """The day of a date, or of a time as its sender wrote it, in its own offset."""
    try:
        return date.fromisoformat(str(raw).strip(" \t")[:10])
    except ValueError:
        return value.date() if isinstance(value, datetime) else value
