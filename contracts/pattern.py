"""Patterns of a contract: ECMA-262 as JSON Schema writes them, run by an engine with linear time.

A pattern meets text that a stranger wrote, so an engine that backtracks is a way to stop the hub (contracts.md 4.3,
rule 11). What such an engine alone can do, look-around and back references, is refused by lint (CON-E107).
"""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

from contracts.errors import PatternRefused

# ECMA-262's classes, spelled out: the engine's own \d and \w take every script's digits and letters, and its \s
# doesn't know the byte order mark.
_CLASSES = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}",
}
_LINE_ENDS = r"[^\n\r\x{2028}\x{2029}]"


class Pattern:
    """A pattern that is ready to run. `matches` searches anywhere, as JSON Schema does; anchor with ^ and $."""

    __slots__ = ("_run", "text")

    def __init__(self, text: str) -> None:
        """Raises PatternRefused when `text` is no pattern, or none with a linear-time form."""
        self.text = text
        translated = _translate(text)
        try:
            self._run = SchemaValidator(core_schema.str_schema(pattern=translated, regex_engine="rust-regex"))
        except SchemaError as error:
            reason = str(error).strip().splitlines()[-1].removeprefix("error: ").strip()
            raise PatternRefused(text, reason) from None

    def matches(self, text: str) -> bool:
        return bool(self._run.isinstance_python(str(text)))

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """The Pattern of `text`, made once. Raises PatternRefused."""
    return Pattern(text)


def same_pattern(one: str, other: str) -> bool:
    """Whether two patterns are the same program for the engine, as `[0-9]` and `\\d` are. False proves nothing.

    Raises PatternRefused.
    """
    return one == other or _translate(one) == _translate(other)


def _translate(text: str) -> str:
    out: list[str] = []
    inside = False  # of a character class
    at = 0
    while at < len(text):
        char = text[at]
        following = text[at + 1] if at + 1 < len(text) else ""
        if char == "\\":
            if not following:
                raise PatternRefused(text, "it ends with a backslash")
            out.append(_escape(text, following, inside=inside))
            at += 2
            continue
        if inside:
            if char == "]":
                inside = False
                out.append(char)
            elif char == "[" or (char in "&~-" and following == char):  # operators there, plain characters in ECMA
                out.append("\\" + char)
            else:
                out.append(char)
        elif char == "[":
            inside = True
            out.append(char)
            if text[at + 1 : at + 2] == "]" or text[at + 1 : at + 3] == "^]":
                raise PatternRefused(text, "an empty character class matches nothing, or everything")
        elif char == ".":
            out.append(_LINE_ENDS)
        elif char == "(" and following == "?" and text[at + 2 : at + 3] not in (":", "<", "=", "!"):
            raise PatternRefused(text, "flags inside a pattern are not ECMA-262")
        else:
            out.append(char)
        at += 1
    return "".join(out)


def _escape(text: str, letter: str, *, inside: bool) -> str:
    lower = letter.lower()
    if lower in _CLASSES:
        negated = letter != lower
        if negated:
            return f"[^{_CLASSES[lower]}]"
        return _CLASSES[lower] if inside else f"[{_CLASSES[lower]}]"
    if letter in "bB":
        if inside:
            return r"\x08"
        return r"(?-u:\b)" if letter == "b" else r"(?-u:\B)"
    if letter in "/<>":  # plain characters in ECMA; the engine has words of its own for some
        return letter if letter == "/" else rf"\x{ord(letter):02X}"
    if letter in "AzZpPKG":
        raise PatternRefused(text, rf"\{letter} is not ECMA-262")
    return "\\" + letter
