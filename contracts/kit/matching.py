"""A text that a contract's pattern accepts, made from the pattern itself.

Knows what `contracts.pattern` lets through: classes, groups, alternatives, counts. The first alternative and the
smallest count are taken, digits before letters, so that an example looks like a number of the partner's series.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

from contracts.errors import CannotMake
from contracts.pattern import compile_pattern

_CLASSES = {
    "d": string.digits,
    "w": string.digits + string.ascii_uppercase + string.ascii_lowercase + "_",
    "s": " ",
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_LIKED = string.digits + string.ascii_uppercase + string.ascii_lowercase + "-_./ "
_PRINTABLE = _LIKED + "".join(c for c in string.punctuation if c not in _LIKED)
_LONGEST = 256

Spots = list[str]
"""The characters that may stand at each position, best first."""


def matching(pattern: str, number: int = 1, *, at_least: int = 0, at_most: int = _LONGEST) -> str:
    """The `number`-th text that fits: its digits count up from the right. Raises CannotMake when none is found."""
    for more in range(_LONGEST):
        spots = _Reader(pattern, more).read()
        if len(spots) >= at_least:
            break
    text = _counted(spots, number)
    if not at_least <= len(text) <= at_most or not compile_pattern(pattern).matches(text):
        raise CannotMake(f"a text for the pattern {pattern}", "give an example in the contract, or a simpler pattern")
    return text


def _counted(spots: Spots, number: int) -> str:
    out = []
    for allowed in reversed(spots):
        number, digit = divmod(number, len(allowed))
        out.append(allowed[digit])
    return "".join(reversed(out))


@dataclass
class _Reader:
    """Recursive descent over one pattern; `more` is added to every count that is open above."""

    text: str
    more: int
    at: int = 0

    def read(self) -> Spots:
        return self._alternatives()

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _alternatives(self) -> Spots:
        first = self._sequence()
        while self._peek() == "|":
            self.at += 1
            self._sequence()
        return first

    def _sequence(self) -> Spots:
        out: Spots = []
        while self._peek() not in ("", "|", ")"):
            piece = self._piece()
            low, high = self._count()
            times = min(low + self.more, high)
            if len(piece) == 1 and times > 1:
                out += _run(piece[0], times)
            else:
                out += piece * min(times, _LONGEST)
        return out

    def _piece(self) -> Spots:
        char = self._peek()
        self.at += 1
        match char:
            case "^" | "$":
                return []
            case "(":
                return self._group()
            case "[":
                return [self._class()]
            case ".":
                return [_LIKED]
            case "\\":
                return self._escape()
            case _:
                return [char]

    def _group(self) -> Spots:
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self.text.startswith("?<", self.at):
            self.at = self.text.index(">", self.at) + 1
        inner = self._alternatives()
        self.at += 1
        return inner

    def _escape(self) -> Spots:
        letter = self._peek()
        self.at += 1
        if letter in "bB":
            return []
        if letter.lower() in _CLASSES:
            return [_allowed(_CLASSES[letter.lower()], negated=letter.isupper())]
        return [self._escaped(letter)]

    def _escaped(self, letter: str) -> str:
        width = {"x": 2, "u": 4}.get(letter)
        if width is not None:
            digits = self.text[self.at : self.at + width]
            self.at += width
            return chr(int(digits, 16))
        return _CONTROLS.get(letter, letter)

    def _class(self) -> str:
        negated = self._peek() == "^"
        self.at += negated
        found = ""
        while self._peek() != "]":
            low = self._member()
            if len(low) == 1 and self._peek() == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self._member()
                found += "".join(map(chr, range(ord(low), ord(high) + 1)))
            else:
                found += low
        self.at += 1
        return _allowed(found, negated=negated)

    def _member(self) -> str:
        char = self._peek()
        self.at += 1
        if char != "\\":
            return char
        letter = self._peek()
        self.at += 1
        return _CLASSES.get(letter) or self._escaped(letter)

    def _count(self) -> tuple[int, int]:
        low, high = 1, 1
        match self._peek():
            case "*":
                low, high = 0, _LONGEST
            case "+":
                low, high = 1, _LONGEST
            case "?":
                low, high = 0, 1
            case "{":
                end = self.text.index("}", self.at)
                first, comma, last = self.text[self.at + 1 : end].partition(",")
                low, high = int(first), int(last) if last else _LONGEST if comma else int(first)
                self.at = end
            case _:
                return low, high
        self.at += 1
        if self._peek() == "?":  # lazy: the same texts
            self.at += 1
        return low, high


def _allowed(characters: str, *, negated: bool) -> str:
    if negated:
        return "".join(c for c in _PRINTABLE if c not in characters)
    liked = "".join(c for c in _LIKED if c in characters)
    return liked or characters


def _run(allowed: str, times: int) -> Spots:
    """Some letters, then digits, where both may stand: it reads as an identifier and not as a number."""
    digits = "".join(c for c in allowed if c in string.digits)
    letters = "".join(c for c in allowed if c in string.ascii_letters)
    if not digits or not letters:
        return [allowed] * times
    front = times // 4
    return [letters] * front + [digits] * (times - front)
