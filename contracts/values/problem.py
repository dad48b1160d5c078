"""Problem: why a text has no value, or what is odd about it. The engine adds place, clause and severity."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`says` completes a sentence that begins with the field: "the value of PH" + "uses a decimal comma"."""

    code: str
    says: str
    expected: str | None = None
    fix: str | None = None
    replacement: str | None = None
    note: str | None = None
    certain: bool = False
