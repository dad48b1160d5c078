"""The agreed tags of two contracts against each other, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contracts.change import rows
from contracts.change.change import At, Effect
from contracts.change.rows import Row
from contracts.change.spot import Book, Handler, Spot, ignore, limit, members, switch, told, walk
from contracts.change.tree import in_table, table_of
from contracts.contract import Contract, RefTable, TagDef

_JUDGE: Mapping[str, tuple[str, ...]] = {
    "unit": ("unitIs",),
    "low": ("rangeByKey",),
    "high": ("rangeByKey",),
    "phases": ("rangeByKey",),
    "looks_like": ("rangeByKey", "unitIs"),
    "interval": ("samplingInterval",),
    "max_gap": ("maxGap",),
    "heartbeat": ("due",),
    "sentinels": ("sentinels",),
    "noise_floor": ("stuck",),
    "stuck_after": ("stuck",),
    "max_rate": ("rate",),
    "min_good_percent": ("qualityCodes",),
}


def compare_tags(book: Book) -> None:
    """Tags added, removed and changed; their ranges are those that rangeByKey holds a value against."""
    old, new = _agreed(book.old), _agreed(book.new)
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) == new.get(name):
            continue
        spot = Spot(
            book,
            f"{book.new.schema.name}.tags.{name}",
            name,
            book.clauses("knownTags"),
            _at(book.old, name) if name in old else None,
            _at(book.new, name) if name in new else None,
        )
        if name not in new:
            _removed(spot)
        elif name not in old:
            _added(spot)
        else:
            walk(spot, old[name], new[name], _TAG)


def _agreed(contract: Contract) -> dict[str, TagDef]:
    """The tags by name, with the ranges of the table that the rule names in place of their own."""
    table = _limits(contract)
    ranges = {tag.tag: tag for tag in table.tags} if table is not None else {}
    return {
        tag.tag: replace(tag, low=ranges[tag.tag].low, high=ranges[tag.tag].high) if tag.tag in ranges else tag
        for tag in contract.schema.tags
    }


def _limits(contract: Contract) -> RefTable | None:
    """The reference table that `limits` of rangeByKey names; None when the tags hold their ranges themselves."""
    named = next((c.params.get("limits") for c in contract.clauses if c.kind == "rangeByKey"), None)
    return next((table for table in contract.refs if table.name == named), None)


def _at(contract: Contract, tag: str, *inside: str) -> At | None:
    table = _limits(contract) if inside == ("range",) else None
    if table is None or tag not in {known.tag for known in table.tags}:
        table = table_of(contract, "tags")
    return in_table(contract, table, "tags", tag, *inside)


def _added(spot: Spot) -> None:
    known, complete = _closed(spot.book.new)
    if complete:
        effect = Effect.BOTH if known else Effect.TIGHTENS
        spot.tell("tag.added", rows.TIGHTER.with_effect(effect), "new tag; a file without it is incomplete")
    else:
        spot.tell("tag.added", rows.MORE_NAMES if known else rows.NAME_TAKEN, "new tag")


def _removed(spot: Spot) -> None:
    known, complete = _closed(spot.book.old)
    if known:
        row = Row(Effect.BOTH if complete else Effect.TIGHTENS, *_BREAKS_BOTH)
        spot.tell("tag.removed", row, "tag removed; a file that still has it holds an unknown tag")
    else:
        spot.tell("tag.removed", rows.WEAKER, "tag removed")


_BREAKS_BOTH = (rows.MEANING.producer, rows.MEANING.consumer, rows.MEANING.part)


def _closed(contract: Contract) -> tuple[bool, bool]:
    """Whether unknown tags are refused, and whether every tag must be there."""
    rules = [clause for clause in contract.clauses if clause.kind == "knownTags"]
    return bool(rules), any(clause.params.get("complete") for clause in rules)


def _judged(handler: Handler) -> Handler:
    def handle(spot: Spot, old: Any, new: Any) -> None:
        book, tag, key = spot.book, spot.name, _KEYS.get(spot.word, spot.word)
        clauses = book.clauses(*_JUDGE.get(spot.word, ("knownTags",)))
        handler(Spot(book, spot.path, tag, clauses, _at(book.old, tag, key), _at(book.new, tag, key)), old, new)

    return handle


_KEYS: Mapping[str, str] = {
    "low": "range",
    "high": "range",
    "max_gap": "maxGap",
    "noise_floor": "noiseFloor",
    "stuck_after": "stuckAfter",
    "max_rate": "maxRate",
    "min_good_percent": "minGoodPercent",
    "looks_like": "looksLike",
}


def _limit(what: str, word: str, tighter: Any, none: Any = "off") -> Handler:
    return limit(what, word, tighter, none=none, loose=rows.WIDER_LIMIT)


_TAG: Mapping[str, Handler] = {
    "tag": ignore,
    **{
        name: _judged(handler)
        for name, handler in {
            "name": told("tag.name", "our name", rows.MEANING),
            "unit": told("tag.unit", "unit", rows.MEANING),
            "low": _limit("tag.range", "lower limit", "more"),
            "high": _limit("tag.range", "upper limit", "less"),
            "kind": told("tag.kind", "kind", rows.MEANING),
            "interval": told("tag.interval", "interval", rows.MEANING),
            "max_gap": limit("tag.gap", "largest gap", "less"),
            "heartbeat": limit("tag.heartbeat", "heartbeat", "less"),
            "sentinels": members("tag.sentinel", "sentinel", added=rows.TIGHTER, removed=rows.WIDER),
            "noise_floor": limit("tag.stuck", "smallest change", "more"),
            "stuck_after": limit("tag.stuck", "stuck after", "less"),
            "max_rate": _limit("tag.rate", "fastest change", "less"),
            "phases": told("tag.phases", "phases", rows.MEANING),
            "critical": switch("tag.critical", "critical", loose=rows.QUIETER),
            # A tag without its own falls back on the rule's maxBadPercent.
            "min_good_percent": _limit("tag.good", "least good points in percent", "more", "elsewhere"),
            "aliases": members("tag.alias", "alias", added=rows.MORE_NAMES),
            "looks_like": told("tag.other_unit", "values of another unit", rows.UNKNOWN),
        }.items()
    },
}
