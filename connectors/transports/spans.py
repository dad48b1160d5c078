"""A JSON page cut into its items: the items' own bytes, and the few values around them that lead to the next page.

Nothing is written again, so what is archived is what was sent, down to a space or a number's last zero. Only the
shape around the items is judged here; what is inside an item is for the reader in `contracts`, also where it isn't
quite JSON (NaN, a repeated key, bytes that are not UTF-8). Paths are `$` and names: `$.data`, `$.page.next`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder
from typing import Any

from connectors.errors import BadAnswer

_PATH = re.compile(r"\$(\.[^.\[\]*\s]+)*")
_SPACE = re.compile(r"[ \t\r\n]*")

# Numbers keep their text: `1.0` in a file name is not `1`. strict=False leaves raw control characters to the reader.
_decoder = JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


@dataclass(frozen=True, slots=True)
class Item:
    """`data` is a slice of the page. `value` is the same item parsed, its numbers as text; for names and times only."""

    data: bytes
    value: Any


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the page stops making sense (1-based). `truncated`: it ends there, nothing wrong was found before."""

    line: int
    column: int
    truncated: bool


@dataclass(slots=True)
class Page:
    """`items` are those that were whole. `values` are the wanted scalars that the page has. `broken`: None is good."""

    items: list[Item] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    broken: Broken | None = None


def is_path(text: str) -> bool:
    return _PATH.fullmatch(text) is not None


def cut(data: bytes, items: str, wanted: Sequence[str] = ()) -> Page:
    """The page's items at path `items`, and its values at the paths `wanted`.

    Raises BadAnswer when the page is JSON but has no list there, or has it twice.
    """
    # surrogateescape turns any bytes into text and back into the same bytes.
    scan = _Scan(data.decode("utf-8", "surrogateescape"), items, wanted)
    try:
        scan.run()
    except _Stopped as stopped:
        scan.page.broken = stopped.broken
    except JSONDecodeError as error:
        scan.page.broken = scan.broken_at(error.pos, unterminated=error.msg.startswith("Unterminated"))
    except RecursionError:
        scan.page.broken = scan.broken_at(scan.at, unterminated=False)
    else:
        if not scan.found:
            raise BadAnswer(f"the answer has no list at {items}", evidence=data)
    return scan.page


class _Stopped(Exception):
    def __init__(self, broken: Broken) -> None:
        self.broken = broken
        super().__init__()


class _Scan:
    def __init__(self, text: str, items: str, wanted: Sequence[str]) -> None:
        self.text, self.at = text, 1 if text.startswith("\ufeff") else 0
        self.items, self.wanted = items, frozenset(wanted)
        self.page, self.found = Page(), False

    def run(self) -> None:
        self._value("$")
        self._space()
        if self.at != len(self.text):
            raise _Stopped(self.broken_at(self.at, unterminated=False))

    def broken_at(self, at: int, *, unterminated: bool) -> Broken:
        line = self.text.count("\n", 0, at) + 1
        # A cut literal (`tru`) or escape (`\\u00`) is reported where it starts, a few characters before the end.
        truncated = unterminated or len(self.text.rstrip()) - at < 6
        return Broken(line, at - self.text.rfind("\n", 0, at), truncated)

    def _value(self, path: str) -> None:
        self._space()
        sign = self.text[self.at : self.at + 1]
        if path == self.items:
            if sign == "[":
                self._list()
                return
            value, self.at = _decoder.raw_decode(self.text, self.at)
            raise BadAnswer(f"the answer has no list at {path}", evidence=self._bytes(0, len(self.text)))
        below = path + "."
        if sign == "{" and any(goal.startswith(below) for goal in (self.items, *self.wanted)):
            self._object(path)
            return
        value, self.at = _decoder.raw_decode(self.text, self.at)
        if path in self.wanted and not isinstance(value, dict | list):
            self.page.values[path] = value

    def _object(self, path: str) -> None:
        self.at += 1
        seen: set[str] = set()
        if self._takes("}"):
            return
        while True:
            self._space()
            if self.text[self.at : self.at + 1] != '"':
                raise _Stopped(self.broken_at(self.at, unterminated=False))
            key, self.at = _decoder.raw_decode(self.text, self.at)
            name = f"{path}.{key}"
            if key in seen and any(f"{goal}.".startswith(f"{name}.") for goal in (self.items, *self.wanted)):
                # One of two lists would be lost without a word.
                raise BadAnswer(f"the answer has {name} twice", evidence=self._bytes(0, len(self.text)))
            seen.add(key)
            self._needs(":")
            self._value(name)
            if self._takes("}"):
                return
            self._needs(",")

    def _list(self) -> None:
        self.found = True
        self.at += 1
        if self._takes("]"):
            return
        while True:
            self._space()
            start = self.at
            value, end = _decoder.raw_decode(self.text, start)
            if end == len(self.text) and not isinstance(value, dict | list):
                # A number that the cut went through still reads as a number.
                raise _Stopped(self.broken_at(end, unterminated=True))
            self.at = end
            self.page.items.append(Item(self._bytes(start, end), value))
            if self._takes("]"):
                return
            self._needs(",")

    def _space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def _takes(self, sign: str) -> bool:
        self._space()
        if self.text.startswith(sign, self.at):
            self.at += 1
            return True
        return False

    def _needs(self, sign: str) -> None:
        if not self._takes(sign):
            raise _Stopped(self.broken_at(self.at, unterminated=False))

    def _bytes(self, start: int, end: int) -> bytes:
        return self.text[start:end].encode("utf-8", "surrogateescape")
