"""Scalar: everything a field demands of its own text, whatever stands beside it.

Type, emptiness, words, identifier, pattern, form of a number, bounds, form of a time: pure functions of one text. So a
text that passed once passes again, and the scalar remembers it with its value. That memory is what lets five thousand
certificates a second through: most texts of a feed (methods, units, stages, limits, days) come again and again.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from contracts.contract import Clause, Field, Schema
from contracts.document import Raw, RawNumber
from contracts.pattern import compile_pattern
from contracts.rules.examination import Value
from contracts.values.identifiers import Identifier
from contracts.values.number import EXACT, Number, plain, read_number
from contracts.values.problem import Problem
from contracts.values.times import CERTIFICATE, SCHEDULE, TimeReader
from contracts.values.words import Vocabulary

if TYPE_CHECKING:
    from contracts.values.personal import PersonalData

_REMEMBERED = 8192  # texts a field remembers; at 100 bytes each that is under a megabyte
_LONGEST = 256  # characters of a text that is remembered: an attachment is read again
_INTEGER = re.compile(r"-?[0-9]{1,31}")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")
_CODES_SHOWN = 8
_TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "date": "a date", "timestamp": "a time", "time": "a time of day", "object": "an object", "array": "a list",
}  # fmt: skip
_BOOLEANS = {"true": True, "false": False}


class Scalar:
    """One field that holds a single value, ready to read its texts.

    `typed` says that the file's format has types of its own (JSON): there a number in quotes is not a number. In CSV
    and spreadsheets everything may come as text.
    """

    def __init__(
        self,
        field: Field,
        schema: Schema,
        clauses: Mapping[str, Clause],
        *,
        typed: bool,
        vocabularies: Mapping[str, Vocabulary],
        personal: PersonalData | None,
    ) -> None:
        self.field, self.path, self.name = field, field.path, field.name
        self.clauses = clauses
        self.empty_allowed = field.custom.get("presence") == "mustExist"
        self.required = field.required or field.custom.get("presence") == "required"
        self.must_exist = self.required or self.empty_allowed
        self.typed = typed
        numeric = field.type in ("integer", "number")
        self.expected: type = bool if field.type == "boolean" and typed else RawNumber if numeric and typed else str
        """The type of a raw scalar that needs no second look."""
        self.known: dict[str, Value] = {}
        """Texts that passed, with their values."""
        self._locale = schema.locale
        self._enum = frozenset(field.enum)
        self._limits = _day_limits(field) if field.type in ("date", "timestamp") else {}
        self._identifier = self._make_identifier()
        pattern = field.options.get("pattern")
        self._pattern = compile_pattern(str(pattern)) if pattern else None
        word_list = field.custom.get("vocabulary")
        self._vocabulary = vocabularies.get(str(word_list)) if word_list else None
        self._numeric_text = field.custom.get("valueKind") == "numeric" and not numeric
        self._time = self._make_time(schema)
        self._personal = personal
        self._convert = self._converter()

    def value(self, raw: Raw) -> Value:
        """The value of a raw scalar, None when it is empty or was refused.

        Whether its form is right was said when the structure was walked, where the kind of a cell is known; here the
        date of a spreadsheet's date cell is read as what it is.
        """
        if type(raw) is self.expected and raw in self.known:
            return self.known[raw]
        read = self.read(raw)
        if isinstance(read, tuple) and self._time is not None:
            read = self.read(raw, "date")
        return None if isinstance(read, tuple) else read

    def is_right(self, raw: Raw) -> bool:
        """Whether `raw` is a value, whatever cell it stands in."""
        read = self.read(raw)
        return read is not None and not isinstance(read, tuple)

    def read(self, raw: Raw, cell_kind: str | None = None) -> Value | tuple[str, Problem]:
        """The value, or (kind of the clause that is broken, the problem). None: empty, and that is allowed."""
        if not isinstance(raw, str):
            return self._read_untexted(raw)
        text = raw.strip(" \t")
        if not text:
            return ("required", self._empty()) if self.required and not self.empty_allowed else None
        if self._personal is not None and self._may_hide_people(raw):
            kind = self._personal.in_text(raw)
            if kind is not None:
                return "personalData", personal(kind)
        value = self._convert(raw, text, cell_kind)
        if self._enum and not isinstance(value, (str, tuple)) and not self._listed(value, text):
            return self._not_listed()
        # A date cell may hold what no text may, and the next file may hold the same as text.
        if not isinstance(value, tuple) and type(raw) is self.expected and cell_kind != "date" and len(raw) <= _LONGEST:
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            self.known[raw] = value
        return value

    def _may_hide_people(self, raw: str) -> bool:
        return not isinstance(raw, RawNumber) and raw not in self._enum and raw not in self.known

    def _read_untexted(self, raw: Raw) -> Value | tuple[str, Problem]:
        if raw is None:
            return ("required", self._empty()) if self.required and not self.empty_allowed else None
        if isinstance(raw, bool) and self.field.type == "boolean":
            return raw if not self._enum or str(raw).lower() in self._enum else self._not_listed()
        return "type", wrong_type(self.field.type, raw)

    def _converter(self) -> Callable[[str, str, str | None], Value | tuple[str, Problem]]:
        match self.field.type:
            case "integer" | "number":
                return self._number
            case "date" | "timestamp":
                return self._moment
            case "boolean":
                return self._boolean
            case _:
                return self._text

    def _number(self, raw: str, text: str, _: str | None) -> Value | tuple[str, Problem]:
        from_machine = isinstance(raw, RawNumber)
        if self.typed and not from_machine:
            return "type", wrong_type(self.field.type, raw)
        if from_machine:
            value = plain(text)
            if value is None:
                return self._by_clause("number", Problem("COA-E111", "is too large or too small", "a number"))
        else:
            number = read_number(text, self._locale)
            if isinstance(number, Problem):
                return self._by_clause("number", number)
            if number.operator is not None:
                return self._by_clause(
                    "number", Problem("COA-E101", "carries an operator", "a number and nothing else")
                )
            value = number.value
        if self.field.type == "integer":
            return self._bounds(int(value)) if _INTEGER.fullmatch(str(value)) else ("type", wrong_type("integer", raw))
        return self._bounds(value)

    def _by_clause(self, kind: str, problem: Problem) -> tuple[str, Problem]:
        """A problem that the kind of document has no code for is a wrong type (schedules hold no measurements)."""
        clause = self.clauses.get(kind)
        if clause is not None and problem.code in clause.codes:
            return kind, problem
        return "type", Problem("FILE-E208", problem.says, problem.expected, problem.fix, problem.replacement)

    def _bounds(self, value: Decimal | int) -> Value | tuple[str, Problem]:
        options = self.field.options
        low, high = options.get("minimum"), options.get("maximum")
        above, below = options.get("exclusiveMinimum"), options.get("exclusiveMaximum")
        step = options.get("multipleOf")
        outside = (
            (low is not None and value < low)
            or (high is not None and value > high)
            or (above is not None and value <= above)
            or (below is not None and value >= below)
        )
        if outside:
            return "bounds", Problem(
                "FILE-E212", "is outside the agreed bounds", said_bounds(options), "check the number"
            )
        if step is not None and EXACT.remainder(Decimal(value), Decimal(step)):
            says = f"is not a multiple of {step}"
            return "bounds", Problem("FILE-E212", says, f"a multiple of {step}", "check the number")
        return value

    def _moment(self, raw: str, _: str, cell_kind: str | None) -> Value | tuple[str, Problem]:
        assert self._time is not None
        value = self._time.read(raw, cell_kind=cell_kind)
        if isinstance(value, Problem):
            return "time", value
        for option, limit in self._limits.items():
            # A day is held against a day: a limit's own time of day, and the zone of the value, play no part.
            day = value.date() if isinstance(value, datetime) else value
            if not _WITHIN[option](day, limit):
                problem = Problem(
                    "FILE-E212", "is outside the agreed bounds", said_bounds(self.field.options), "check the date"
                )
                return "bounds", problem
        return value

    def _boolean(self, raw: str, text: str, _: str | None) -> Value | tuple[str, Problem]:
        if self.typed or text.lower() not in _BOOLEANS:
            return "type", wrong_type("boolean", raw)
        return _BOOLEANS[text.lower()]

    def _text(self, raw: str, text: str, _: str | None) -> Value | tuple[str, Problem]:
        if isinstance(raw, RawNumber) and self.typed:
            return "type", wrong_type(self.field.type, raw)
        if self.field.type == "time" and not _CLOCK.fullmatch(text):
            return "type", Problem("FILE-E208", "is not a time of day", "a time such as 14:30", "write it like 14:30")
        if self._enum and text not in self._enum:
            return self._not_listed()
        if self._identifier is not None:
            problem = self._identifier.read(text)
            if problem is not None:
                return "identifier", problem
        shape = self._shape(text)
        if shape is not None:
            return "text", shape
        if self._numeric_text:
            number = plain(text) if isinstance(raw, RawNumber) else read_number(text, self._locale)
            if isinstance(number, Problem):
                return self._by_clause("number", number)
            return number.value if isinstance(number, Number) else number
        if self._vocabulary is not None:
            word = self._vocabulary.read(text)
            if word is None:
                codes = self.clauses["vocabulary"].codes
                coded = "FILE-E211" if "FILE-E211" in codes and not self.field.custom.get("valueKind") else codes[0]
                return "vocabulary", self._vocabulary.unknown(text, coded)
            return word
        return text

    def _listed(self, value: Value, text: str) -> bool:
        """Whether a number, a date or a truth is one of the codes. 1 and 1.0 are the same number."""
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            return any(number == value for number in map(plain, self.field.enum) if number is not None)
        return text.lower() in self._enum

    def _not_listed(self) -> tuple[str, Problem]:
        listed = _codes(self.field)
        return "enum", Problem("FILE-E211", "is not one of the agreed codes", listed, f"write {listed}")

    def _shape(self, text: str) -> Problem | None:
        low, high = self.field.options.get("minLength"), self.field.options.get("maxLength")
        if (low is not None and len(text) < int(low)) or (high is not None and len(text) > int(high)):
            expected = f"text of {low or 0} to {high} characters" if high is not None else f"at least {low} characters"
            return Problem("FILE-E210", f"has {len(text)} characters", expected, "check the text")
        if self._pattern is not None and not self._pattern.matches(text):
            says = "does not match the agreed pattern"
            return Problem("FILE-E210", says, f"text that matches {self._pattern.text}", "write it as agreed")
        return None

    def _empty(self) -> Problem:
        """What must be written, as exactly as the contract says it, so that filling in the cell is enough."""
        if self.field.enum:
            said = _codes(self.field)
            return Problem("FILE-E209", "is empty", f"required: {said}", f"write {said}")
        if self._time is not None:
            said = self._time.expected
        elif self._identifier is not None and self._identifier.form is not None:
            said = self._identifier.form
        elif self._pattern is not None:
            said = f"text that matches {self._pattern.text}"
        else:
            said = _TYPES[self.field.type]
        fix = "write the value; when it is not known yet, agree with the sponsor that it may be empty"
        return Problem("FILE-E209", "is empty", f"required: {said}", fix)

    def _make_identifier(self) -> Identifier | None:
        body = self.field.custom.get("identifier")
        clause = self.clauses.get("identifier")
        if body is None or clause is None:
            return None
        malformed = clause.codes[0]
        return Identifier(body, malformed=malformed, confusable="COA-E411" if "COA-E411" in clause.codes else malformed)

    def _make_time(self, schema: Schema) -> TimeReader | None:
        if self.field.type not in ("date", "timestamp"):
            return None
        custom: Mapping[str, Any] = self.field.custom
        form = self.field.options.get("format")
        return TimeReader(
            schema.time,
            SCHEDULE if schema.document_kind == "schedule" else CERTIFICATE,
            instant=self.field.type == "timestamp",
            form=str(form) if form else None,
            order=custom.get("dateOrder"),
            precision=str(custom.get("precision", "day")),
        )


_WITHIN: Mapping[str, Callable[[date, date], bool]] = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}


def _day_limits(field: Field) -> dict[str, date]:
    """The bounds of a date field, as days. Lint has seen that they are dates."""
    found = {key: field.options[key] for key in _WITHIN if key in field.options}
    return {key: date.fromisoformat(str(limit)[:10]) for key, limit in found.items()}


def _codes(field: Field) -> str:
    """The agreed codes, the first eight of many; those that are left out are counted."""
    more = len(field.enum) - _CODES_SHOWN
    return " or ".join(field.enum[:_CODES_SHOWN]) + (f" or {more} more of the contract" if more > 0 else "")


def instant(value: Value) -> datetime | None:
    """A time as an instant, None when it is none."""
    return value if isinstance(value, datetime) else None


def wrong_type(due: str, raw: Raw) -> Problem:
    """FILE-E208 for a raw scalar or structure in the wrong place."""
    is_type = type_of(raw)
    fix = f"write {_TYPES[due]}"
    replacement = None
    if due == "string" and isinstance(raw, RawNumber):
        fix, replacement = f'write it in quotes: "{raw}"', f'"{raw}"'
    elif due in ("integer", "number") and isinstance(raw, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", raw.strip()):
        fix, replacement = f"write it without quotes: {raw.strip()}", raw.strip()
    return Problem("FILE-E208", f"is {is_type} where {_TYPES[due]} is due", _TYPES[due], fix, replacement)


def type_of(raw: Raw) -> str:
    """What a raw node is, in words."""
    if raw is None:
        return "nothing"
    if isinstance(raw, bool):
        return "true or false"
    if isinstance(raw, RawNumber):
        return "a number"
    return "text" if isinstance(raw, str) else "a list" if isinstance(raw, list) else "an object"


def said_bounds(options: Mapping[str, Any]) -> str:
    words = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }
    return "a number " + " and ".join(f"{said} {options[key]}" for key, said in words.items() if key in options)


def personal(kind: str) -> Problem:
    """FILE-E701. Nothing of the text goes into it."""
    return Problem(
        "FILE-E701",
        f"holds {kind}",
        expected="no personal data",
        fix="remove it and use the chain-of-identity id",
        note="the hub does not show, store or forward what it found here",
    )
