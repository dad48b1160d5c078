"""Service levels of two contracts against each other: what is due, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.change import rows
from contracts.change.change import At
from contracts.change.spot import Book, Handler, Spot, ignore, limit, said, told, undetermined, walk
from contracts.contract import Contract, ServiceLevel


def compare_levels(book: Book) -> None:
    """Service levels by their id."""
    old = {level.id: level for level in book.old.service_levels}
    new = {level.id: level for level in book.new.service_levels}
    for name in dict.fromkeys((*old, *new)):
        spot = Spot(
            book,
            f"slaProperties.{name}",
            name,
            (name,),
            _at(book.old, old.get(name)),
            _at(book.new, new.get(name)),
        )
        if name not in new:
            spot.tell("due.removed", rows.WEAKER, "nothing is due by it any more")
        elif name not in old:
            spot.tell("due.added", rows.TIGHTER, f"new: due {said(new[name].lead_time)} from {new[name].anchor}")
        else:
            _level(spot, old[name], new[name])


def _at(contract: Contract, level: ServiceLevel | None) -> At | None:
    return None if level is None else At(contract.file, level.mark.line, level.mark.column)


def _level(spot: Spot, old: ServiceLevel, new: ServiceLevel) -> None:
    # The same time in days and in hours differs only where the clocks change: days are told with their hours.
    same = replace(new, lead_days=old.lead_days) if old.lead_time != new.lead_time else new
    walk(spot, old, same, _LEVEL)


def _lead(spot: Spot, old: timedelta, new: timedelta) -> None:
    row = rows.TIGHTER if new < old else rows.WIDER
    word = "earlier" if new < old else "later"
    spot.tell("due.time", row, f"due {said(abs(new - old))} {word}, {_hours(old)} -> {_hours(new)}")


def _hours(length: timedelta) -> str:
    """In whole hours where it can: two times in different units are hard to compare."""
    hours, rest = divmod(length, timedelta(hours=1))
    return said(length) if rest else f"{hours} h"


def _days(spot: Spot, _old: Any, _new: Any) -> None:
    spot.tell("due.days", rows.UNKNOWN, "the same time, counted in days instead of hours or the other way round")


_LEVEL: Mapping[str, Handler] = {
    "id": ignore,
    "mark": ignore,
    "subject": told("due.subject", "subject", rows.MEANING),
    "level": told("due.subject", "level", rows.MEANING),
    "anchor": told("due.anchor", "counted from", rows.MEANING),
    "lead_time": _lead,
    "lead_days": _days,
    "grace": limit("due.grace", "grace", "less"),
    "timezone": told("due.zone", "time zone", rows.MEANING),
    "applies_when": undetermined,
    "escalate": told("due.escalation", "who is told when", rows.HANDLING),
}
