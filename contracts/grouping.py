"""Grouping: twenty times the same is one line with a count (contracts.md 5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from contracts.rules.examination import Raised

FROM = 5  # as many equal findings become one
SHOWN = 20  # places that a grouped finding lists


def grouped(raised: Iterable[Raised]) -> list[Sequence[Raised]]:
    """Those that share clause, code, field and fix text together when there are five or more, the others alone."""
    ordered = sorted(enumerate(raised), key=lambda pair: (*_kind(pair[1]), pair[0]))
    groups: list[Sequence[Raised]] = []
    for _, members in groupby(ordered, key=lambda pair: _kind(pair[1])):
        alike = [one for _, one in members]
        if len(alike) >= FROM:
            groups.append(alike)
        else:
            groups += [[one] for one in alike]
    return groups


def _kind(one: Raised) -> tuple[str, str, str, str]:
    return one.clause.id, one.code, one.field, one.problem.fix or ""
