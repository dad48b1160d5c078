"""Grouping: twenty times the same is one line with a count (contracts.md 5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from contracts.place import Place
from contracts.rules.examination import Raised

FROM = 5  # as many equal findings become one
EACH_ITS_OWN = frozenset({"COA-E203"})
"""Codes of one cause, a column that was left out, whose fix still is another one in each row."""
SHOWN = 20  # places and ranges that a grouped finding lists


def grouped(raised: Iterable[Raised]) -> list[Sequence[Raised]]:
    """Those that share clause, code, field and fix text together when there are five or more, the others alone.

    Units that are missing are together whatever the unit is.
    """
    ordered = sorted(enumerate(raised), key=lambda pair: (*_kind(pair[1]), pair[0]))
    groups: list[Sequence[Raised]] = []
    for _, members in groupby(ordered, key=lambda pair: _kind(pair[1])):
        alike = [one for _, one in members]
        if len(alike) >= FROM:
            groups.append(alike)
        else:
            groups += [[one] for one in alike]
    return groups


def ranges(places: Iterable[Place]) -> tuple[tuple[Place, ...], int]:
    """The first 20 places, neighbours in one column of a sheet closed up to a range, and how many places those are.

    So the mark in a workbook with 300 equal faults reaches all of them, and not only the first twenty.
    """
    closed: list[list[Place]] = []
    for place in places:
        if closed and _follows(closed[-1][-1], place):
            closed[-1].append(place)
        elif len(closed) < SHOWN:
            closed.append([place])
        else:
            break
    shown = tuple(run[0] if len(run) == 1 else replace(run[0], end=run[-1].cell) for run in closed)
    return shown, sum(map(len, closed))


def _follows(above: Place, below: Place) -> bool:
    single = above.cell is not None and below.cell is not None and above.end is None and below.end is None
    if not single or above.line is None or below.line is None:
        return False
    return (above.sheet, above.column, above.line + 1) == (below.sheet, below.column, below.line)


def _kind(one: Raised) -> tuple[str, str, str, str]:
    fix = "" if one.code in EACH_ITS_OWN else one.problem.fix or ""
    return one.clause.id, one.code, one.field, fix
