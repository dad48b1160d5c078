"""Names: the words of a batch or phase column as small numbers that are the same in every chunk."""

from __future__ import annotations

from typing import Final

import numpy as np

from contracts.series.rules import Ints

MOST: Final = 64
"""Words told apart. One delivery names a batch or two; a file of noise must not grow the state."""


class Names:
    def __init__(self) -> None:
        self.words: list[str] = []
        self.beyond = False
        """More words came than are told apart: what asks about them has no answer."""
        self._number: dict[str, int] = {}

    def numbers(self, words: list[str | None]) -> Ints:
        """The number of each word; -1 for none, and for those beyond the first MOST."""
        return np.array([self._of(word) for word in words], np.int64)

    def _of(self, word: str | None) -> int:
        name = word.strip(" ") if word is not None else ""
        if not name:
            return -1
        if name not in self._number:
            if len(self.words) == MOST:
                self.beyond = True
                return -1
            self._number[name] = len(self.words)
            self.words.append(name)
        return self._number[name]
