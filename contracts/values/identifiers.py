"""Identifiers of lots, batches and people's chains of identity: exact or refused, never folded and never merged.

A near match is only ever a hint. Characters that look like others, or like nothing, are a finding of their own: two
lots that a person can't tell apart are the worst thing this system can mix up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.pattern import Pattern, compile_pattern
from contracts.values.problem import Problem

_INVISIBLE = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp", "Co", "Cn"})
# What people and scanners mix up, towards digits and towards letters.
_TO_DIGITS = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1", "S": "5", "B": "8", "Z": "2"})
_LOOKALIKES = str.maketrans("–—‐‑−_АВЕКМНОРСТХ", "------ABEKMHOPCTX")  # dashes, and Cyrillic capitals
_STANDS = {"[0-9]": "0", r"\d": "0", "[A-Z]": "A", "[A-Z0-9]": "A", "[0-9A-Z]": "A"}
_CLASS = re.compile(r"(\[0-9\]|\\d|\[A-Z\]|\[A-Z0-9\]|\[0-9A-Z\])(?:\{([0-9]{1,2})(?:,[0-9]{0,2})?\})?")
_OPERATOR = re.compile(r"[\\()\[\]{}.*+?|^$]")
_MOD37 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"


class Identifier:
    """The rules of one identifier field: `pattern`, `ascii`, `checksum`, `nearMatch` as the contract has them."""

    def __init__(self, body: Mapping[str, Any], *, malformed: str, confusable: str) -> None:
        self.scheme = str(body.get("scheme", "identifier"))
        self._text = body.get("pattern")
        self._pattern: Pattern | None = compile_pattern(self._text) if self._text else None
        self._ascii = body.get("ascii", True)
        self._mod37 = body.get("checksum") == "mod37-2"
        self._near = bool(body.get("nearMatch", False))
        self._malformed, self._confusable = malformed, confusable
        self.form = f"an identifier of the form {shape(self._text)}" if self._text else None
        """How it must look, in words."""

    def read(self, text: str) -> Problem | None:
        """What is wrong with `text` as this identifier; None: nothing. ASCII space around it doesn't count."""
        text = text.strip(" \t")
        strange = next((c for c in text if self._is_strange(c)), None)
        if strange is not None:
            name = unicodedata.name(strange, "a control character").lower()
            plain = self._candidate(text)
            return Problem(
                self._confusable,
                f"holds the character U+{ord(strange):04X} ({name})",
                expected="plain letters, digits and dashes",
                fix=f"type it again; did you mean {plain}" if plain else "type it again with plain characters",
                note="two identifiers that look alike must not be two lots",
            )
        if self._pattern is not None and not self._pattern.matches(text):
            plain = self._candidate(text) if self._near else None
            return Problem(
                self._malformed,
                "is malformed",
                expected=self.form or "an identifier",
                fix=f"did you mean {plain}" if plain else "copy the identifier from the label",
                note="a near match is only a hint; the hub never merges two identifiers" if plain else None,
            )
        if self._mod37 and not mod37_2(text):
            says, expected = "has a check character that does not fit", "a valid check character (ISO 7064)"
            return Problem(self._malformed, says, expected, fix="scan or type the identifier again")
        return None

    def _is_strange(self, character: str) -> bool:
        if character.isascii():
            return not character.isprintable()
        return bool(self._ascii) or unicodedata.category(character) in _INVISIBLE

    def _candidate(self, text: str) -> str | None:
        """The nearest spelling that fits the pattern, for a hint."""
        if self._pattern is None or len(text) > 64:
            return None
        visible = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE).translate(_LOOKALIKES)
        prefix, dash, rest = visible.partition("-")
        for candidate in (visible, visible.upper(), f"{prefix.upper()}{dash}{rest.translate(_TO_DIGITS)}"):
            if candidate != text and self._pattern.matches(candidate):
                return candidate
        return None


def shape(pattern: str) -> str:
    """A pattern as people write it: `LV-0000-00` where the pattern is one plain run of classes, else itself.

    A digit stands as 0, a letter as A, and each as often as it must at least.
    """
    body = pattern.removeprefix("^").removesuffix("$")
    shown = _CLASS.sub(lambda one: _STANDS[one[1]] * int(one[2] or 1), body)
    return f"{shown} ({pattern})" if shown.isascii() and not _OPERATOR.search(shown) and shown != body else pattern


def near(text: str, known: Iterable[str]) -> str | None:
    """The one known identifier that differs from `text` by case, dashes, look-alikes or a single edit."""
    flat = _flat(text)
    hits = [k for k in known if abs(len(k) - len(text)) <= 1 and (_flat(k) == flat or _one_edit(k, text))]
    return hits[0] if len(hits) == 1 else None


def _flat(text: str) -> str:
    return text.translate(_LOOKALIKES).upper().translate(_TO_DIGITS).replace("-", "").replace(" ", "")


def _one_edit(a: str, b: str) -> bool:
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    return a[at:] == b[at + 1 :] or (len(a) == len(b) and a[at + 1 :] == b[at + 1 :])


def mod37_2(text: str) -> bool:
    """ISO/IEC 7064, MOD 37-2: the last character is the check character of those before it."""
    value = 0
    for character in text[:-1].replace("-", ""):
        place = _MOD37.find(character)
        if place < 0 or place == 36:
            return False
        value = (value + place) * 2 % 37
    return len(text) > 1 and (value + _MOD37.find(text[-1])) % 37 == 1
