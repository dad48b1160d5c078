"""Units as agreed texts. `{TU}/mL`, `{IU}/mL` and `/mL` are three units, whatever a unit library thinks of them.

Only what the contract lists is forgiven: a spelling alias, a flagged code, a conversion with its factor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from contracts.contract import Units
from contracts.values.problem import Problem


@dataclass(frozen=True, slots=True)
class UnitReading:
    """How a delivered unit stands to the agreed one. `factor` None: the value may not be compared."""

    factor: Decimal | None
    problem: Problem | None = None


_HEADER = re.compile(r"[^\[(]*[\[(](.+)[\])]")
_SAME = UnitReading(Decimal(1))


def read_unit(text: str | None, agreed: str, units: Units) -> UnitReading:
    """COA-E201, E202, E203, E205, E206, or nothing to say. Compared exactly after trimming."""
    given = text.strip(" \t") if text is not None else ""
    if given == agreed:
        return _SAME
    if not given:
        return UnitReading(None, _write("COA-E203", "is missing", agreed))
    if units.aliases.get(given) == agreed:
        return UnitReading(Decimal(1), _write("COA-E202", f"is an agreed alias of {agreed}", agreed, certain=True))
    if units.flagged.get(given) == agreed:
        says = f"is read as {agreed} but means something else in UCUM"
        return UnitReading(Decimal(1), _write("COA-E206", says, agreed, certain=True))
    factor = units.convert.get((given, agreed))
    if factor is not None:
        says = f"is converted to {agreed} by an agreed factor"
        return UnitReading(factor, Problem("COA-E205", says, f"the unit {agreed}", f"send the result in {agreed}"))
    return UnitReading(
        None,
        Problem(
            "COA-E201",
            "is not the agreed one and may not be converted",
            expected=f"the unit {agreed}",
            fix=f"send the result in {agreed}",
            note=f"{given} would be converted to {agreed} only if the contract listed a factor",
        ),
    )


def _write(code: str, says: str, agreed: str, *, certain: bool = False) -> Problem:
    return Problem(code, says, f"the unit {agreed}", f"write {agreed}", agreed, certain=certain)


def unit_in_header(header: str) -> str | None:
    """The unit that a column's header names in brackets: `Result [ng/mL]`."""
    found = _HEADER.fullmatch(header.strip(" \t"))
    return found[1].strip(" \t") if found is not None else None


def only_in_header(agreed: str) -> Problem:
    """COA-E204. A header speaks for a whole column, and a row that is moved to another file loses it."""
    return Problem(
        "COA-E204",
        "stands only in the header of the column",
        expected=f"the unit {agreed} beside the value",
        fix=f"write {agreed} into the unit of this row",
    )
