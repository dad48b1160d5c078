"""Draft: one delivery as a tree of plain values, before it becomes bytes in one of the agreed forms."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from contracts.contract import Contract


@dataclass(frozen=True)
class Draft:
    """A delivery that somebody may still change. `record` is made of dict, list, str, int, bool and None.

    A certificate is its own object. A schedule is `{"slots": [...]}` and a series `{"points": [...]}`, one dict a row.
    Decimals and times are text as the contract wants them written; nothing is a float.
    """

    contract: Contract
    record: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> Draft:
        """The same, to be changed without touching this one."""
        return Draft(self.contract, copy.deepcopy(self.record))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The slots of a schedule, the points of a series, the results of a certificate."""
        found = next(name for name in ("slots", "points", "results") if name in self.record)
        rows: list[dict[str, Any]] = self.record[found]
        return rows
