"""Words with an agreed meaning: a vocabulary maps every accepted wording to one canonical word.

Compared after trimming, NFC and case folding; nothing else is forgiven (contracts.md 4.3, rule 12).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches

from contracts.values.problem import Problem

_PENDING = frozenset(
    {"pending", "tbd", "tba", "to be determined", "to be announced", "to follow", "in progress", "ongoing", "in test",
     "outstanding", "not yet available", "negative to date", "no growth to date"}
)  # fmt: skip
_JUDGEMENTS = frozenset(
    {"pass", "passed", "passes", "fail", "failed", "fails", "ok", "complies", "conforms", "compliant", "conform",
     "meets criteria", "meets criterion", "meets specification", "meets spec", "within specification", "within limits"}
)  # fmt: skip


def fold(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip(" \t")).casefold()


def is_pending(text: str) -> bool:
    """Whether a text says that there is no result yet: `pending`, `TBD`, a line of dashes."""
    said = fold(text)
    return said in _PENDING or not said.strip("-–—_. ")


def is_judgement(text: str) -> bool:
    """Whether a text says how a result was judged instead of what was found."""
    return fold(text) in _JUDGEMENTS


class Vocabulary:
    """One vocabulary: canonical word -> accepted wordings."""

    def __init__(self, name: str, words: Mapping[str, tuple[str, ...]]) -> None:
        self.name = name
        self.canonical = tuple(words)
        self._by_wording = {fold(wording): word for word, listed in words.items() for wording in (word, *listed)}

    def read(self, text: str) -> str | None:
        """The canonical word, None when nobody agreed on this wording."""
        return self._by_wording.get(fold(text))

    def unknown(self, text: str, code: str) -> Problem:
        """The problem of a wording that isn't listed, with the nearest listed one as a hint."""
        near = get_close_matches(fold(text)[:64], self._by_wording, n=1, cutoff=0.75)
        listed = ", ".join(self.canonical[:6])
        fix = f"write {near[0]}" if near else f"write {listed.replace(', ', ' or ')}" if listed else None
        return Problem(
            code,
            "is not in the agreed vocabulary",
            expected=f"a word of the vocabulary {self.name}: {listed}",
            fix=f"{fix}, or agree on this word in the contract" if fix else None,
        )
