"""What one result says, once its texts were read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """What one result says. `value` is as sent, `compared` after an agreed conversion and rounding.

    A word has no value; `not_detected` is a word that stands for "below the limit of detection", which is `lod`.
    """

    operator: str = "="
    value: Decimal | None = None
    compared: Decimal | None = None
    word: str | None = None
    not_detected: bool = False
    lod: Decimal | None = None

    @property
    def censored(self) -> bool:
        return self.not_detected or self.operator != "="


Of = Callable[[str], "Sequence[Reading]"]
"""Every reading of another test of the same certificate; none when it is absent or one could not be read."""
