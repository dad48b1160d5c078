"""Service levels and support channels: can the due time be computed, and is there somebody to tell?"""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.codes import codes
from contracts.duration import parse_duration
from contracts.errors import valid_values
from contracts.lint.problems import Problems, customs, entries, items, maps, said, text
from contracts.yamltree import Mapping, Node, plain
from contracts.yamltree import Sequence as ListNode

# What the due plan (contracts.due) can compute: each subject's anchors.
ANCHORS: AnyMapping[str, tuple[str, ...]] = {
    "lot": ("slot.planned_start", "slot.planned_end", "slot.planned_final_release", "slot.actual_start"),
    "tag": ("tag.last_good",),
    "feed": ("feed.last_accepted",),
}

# What `appliesWhen` can ask (contracts.due): the state of the batch that runs, and its phase.
FACTS = ("batch", "phase")
BATCH = ("running",)

# Spellings of the standard's `unit` of a service level. m means month there, so minutes are min.
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hr", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}


def check_service(root: Mapping, problems: Problems) -> None:
    channels = {name for channel in maps(root, "support") if (name := text(channel, "id") or text(channel, "channel"))}
    recipes = [customs(schema).get("phases") for schema in maps(root, "schema")]
    phases = tuple(name for recipe in recipes if recipe for phase in items(recipe[1]) if (name := text(phase, "name")))
    for level in maps(root, "slaProperties"):
        ours = {name: value for name, (_entry, value) in customs(level).items()}
        if ours:
            _computable(level, ours, phases, problems)
            _escalation(ours.get("escalate"), channels, problems)
    _routes(root, problems)


def _computable(level: Mapping, ours: dict[str, Node], phases: Sequence[str], problems: Problems) -> None:
    if plain(level.get("id")) is None:
        problems.add("CON-E115", level, "the service level has no id", "add an id; due items are named after it")
    for name in ("subject", "anchor", "leadTime"):
        if name not in ours:
            problems.add(
                "CON-E115", level, f"{name} is missing", f"a due time needs subject, anchor and leadTime; add {name}"
            )
    _anchor(ours, problems)
    zone = plain(ours["timezone"]) if "timezone" in ours else None
    if isinstance(zone, str) and not known_zone(zone):
        problems.add(
            "CON-E115", ours["timezone"], f"time zone {said(zone)} is not known", "an IANA name: Europe/Brussels"
        )
    calendar = plain(ours["calendar"]) if "calendar" in ours else "continuous"
    if calendar != "continuous":
        message = f"calendar {said(calendar)} cannot be counted"
        problems.add("CON-E115", ours["calendar"], message, "only continuous is; write the lead time in hours")
    _facts(ours.get("appliesWhen"), phases, problems)
    _twin(level, ours.get("leadTime"), problems)


def _facts(when: Node | None, phases: Sequence[str], problems: Problems) -> None:
    """CON-E115 for a condition that never holds: then nothing would ever be due."""
    for fact, value in entries(when):
        if fact.value not in FACTS:
            advice = valid_values(str(fact.value), FACTS)
            problems.add("CON-E115", fact, f"nothing is known about {fact.value}", advice)
            continue
        known = BATCH if fact.value == "batch" else phases
        for node in items(value) if isinstance(value, ListNode) else (value,):
            if str(plain(node)) not in known:
                message = f"{fact.value} is never {said(plain(node))}"
                problems.add("CON-E115", node, message, valid_values(str(plain(node)), known))


def _anchor(ours: dict[str, Node], problems: Problems) -> None:
    subject = plain(ours["subject"]) if "subject" in ours else None
    kind = str(subject.get("kind")) if isinstance(subject, dict) else ""
    if kind not in ANCHORS:
        if kind == "slot":
            problems.add("CON-E115", ours["subject"], "nothing is due for a slot", valid_values("", tuple(ANCHORS)))
        return
    anchor = plain(ours["anchor"]) if "anchor" in ours else None
    if isinstance(anchor, str) and anchor not in ANCHORS[kind]:
        message = f"{said(anchor)} is no anchor of a {kind}"
        problems.add("CON-E115", ours["anchor"], message, valid_values(anchor, ANCHORS[kind]))
    if kind == "lot" and isinstance(subject, dict) and "level" not in subject:
        problems.add("CON-E115", ours["subject"], "a lot is due for a level", "add level: L1 or level: L2")


def known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _twin(level: Mapping, lead: Node | None, problems: Problems) -> None:
    """CON-E116 when `value` and `unit`, which a plain ODCS tool shows, say another time than `leadTime`."""
    value, unit = plain(level.get("value")), text(level, "unit")
    length = _length(lead)
    if length is None or unit not in _UNITS or isinstance(value, bool) or value is None:
        return
    try:
        shown = _UNITS[unit] * float(str(value))
    except (ValueError, OverflowError):
        return
    if abs(length) != shown and lead is not None:
        message = f"leadTime is {said(plain(lead))}, but value and unit say {value} {unit}"
        problems.add("CON-E116", lead, message, f"write the same time twice: {value} {unit} is {_iso(shown)}")


def _iso(length: timedelta) -> str:
    """A length as leadTime is written: in the largest unit that needs no fraction, and days as hours."""
    seconds = int(length.total_seconds())
    for unit, size in (("H", 3600), ("M", 60)):
        if seconds % size == 0:
            return f"PT{seconds // size}{unit}"
    return f"PT{seconds}S"


def _length(node: Node | None) -> timedelta | None:
    try:
        return parse_duration(str(plain(node)))
    except ValueError:
        return None


def _escalation(steps: Node | None, channels: set[str], problems: Problems) -> None:
    before: timedelta | None = None
    for step in items(steps):
        if not isinstance(step, Mapping):
            continue
        for target in items(step.get("to")):
            name = plain(target)
            if isinstance(name, str) and name not in channels:
                message = f"support channel {name} does not exist"
                problems.add("CON-E110", target, message, valid_values(name, tuple(channels)))
        at = _length(step.get("at"))
        if at is not None and before is not None and at < before:
            problems.add(
                "CON-E115", step, "the steps of escalate are not in order", "sort them by at, the earliest first"
            )
        before = at if at is not None else before


def _routes(root: Mapping, problems: Problems) -> None:
    routed = False
    for channel in maps(root, "support"):
        entry = customs(channel).get("alertRoute")
        if entry is None:
            continue
        routed = True
        if isinstance(entry[1], Mapping):
            for glob in items(entry[1].get("codes")):
                _glob(plain(glob), glob, problems)
    if not routed:
        at = root.get("support") or root
        message = "nobody is told about a failure"
        problems.add(
            "CON-E105", at, message, "give a support channel an alertRoute, for the partner or for the sponsor"
        )


def _glob(glob: Any, at: Node, problems: Problems) -> None:
    if isinstance(glob, str) and not any(fnmatchcase(code, glob) for code in codes()):
        families = tuple(sorted({re.sub(r"\d.*", "*", code) for code in codes()}))
        problems.add("CON-E105", at, f"no finding has a code like {glob}", valid_values(glob, families))
