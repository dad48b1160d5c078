"""compare: every change from one contract to another, the gravest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.change import rows
from contracts.change.change import Change, Comparison
from contracts.change.fields import Closed, compare_fields, tell_closed
from contracts.change.levels import compare_levels
from contracts.change.panel import compare_panels
from contracts.change.plain import compare_plain
from contracts.change.rules import compare_rules
from contracts.change.sources import locale, sources, times
from contracts.change.spot import Book, Handler, Spot, ignore, limit, members, said, told, undetermined
from contracts.change.taglist import compare_tags
from contracts.change.tree import in_object, place
from contracts.change.words import critical_phases, phases, quality_map, safety, units, vocabularies
from contracts.contract import Contract, RefTable


def compare(old: Contract, new: Contract) -> Comparison:
    """What a file, a reader and a reviewer meet when `new` takes the place of `old`."""
    book = Book(old, new)
    _contract(book)
    _object(book)
    compare_panels(book)
    compare_tags(book)
    compare_rules(book)
    compare_levels(book)
    _rest(book)
    compare_plain(book)
    return Comparison(new.id, old.version, new.version, tuple(sorted(book.changes, key=_order)))


def _order(change: Change) -> tuple[object, ...]:
    return -change.part, not change.breaking, change.path, change.what, change.text


def _contract(book: Book) -> None:
    spot = Spot(book, "contract", "")
    for name, handler in _CONTRACT.items():
        before, after = getattr(book.old, name), getattr(book.new, name)
        if before != after:
            key = _NAMES.get(name, name)
            where = ("customProperties", key, "value") if name in _NAMES else (name,)
            at = Spot(
                book, key, key, book.clauses(*_KINDS.get(name, ())), place(book.old, *where), place(book.new, *where)
            )
            handler(at, before, after)
    for attribute in spot.book.old.__dataclass_fields__:
        if attribute not in _CONTRACT and attribute not in _ELSEWHERE:
            before, after = getattr(book.old, attribute), getattr(book.new, attribute)
            if before != after:
                undetermined(Spot(book, attribute, attribute, word=attribute), before, after)


def _refs(spot: Spot, old: tuple[RefTable, ...], new: tuple[RefTable, ...]) -> None:
    before, after = {t.name: t for t in old}, {t.name: t for t in new}
    for name in dict.fromkeys((*before, *after)):
        a, b = before.get(name), after.get(name)
        if a is None or b is None:
            spot.tell("table", rows.DOCUMENTATION, f"reference table {name} {'added' if a is None else 'removed'}")
            continue
        if a.version != b.version:
            text = f"reference table {name} {a.version} -> {b.version}, compared row by row"
            spot.tell("table", rows.DOCUMENTATION, text)
        if a.specification != b.specification:
            ids = [" ".join(str(part) for part in t or ("none",) if part) for t in (a.specification, b.specification)]
            judged = Spot(spot.book, spot.path, "specification", spot.book.clauses("specMatches"), spot.old, spot.new)
            judged.tell("table.specification", rows.MEANING_LIMIT, f"{ids[0]} -> {ids[1]}")


_CONTRACT: Mapping[str, Handler] = {
    "id": told("contract.id", "id", rows.MEANING),
    "partner": told("contract.feed", "partner", rows.MEANING),
    "kind": told("contract.feed", "kind", rows.MEANING),
    "site": told("contract.feed", "site", rows.MEANING),
    "api_version": told("contract.standard", "version of the standard", rows.DOCUMENTATION),
    "status": told("contract.status", "status", rows.LIFE_CYCLE),
    "overlap": told("contract.overlap", "former version accepted", rows.LIFE_CYCLE),
    "refs": _refs,
    "safety": safety,
    "personal_data": members("personal", "detector", added=rows.TIGHTER, removed=rows.WEAKER),
    "personal_data_allow": members("personal.allowed", "allowed place", added=rows.WIDER),
    "receipt": told("contract.receipt", "receipt", rows.HANDLING),
}
_NAMES: Mapping[str, str] = {
    "partner": "feed",
    "kind": "feed",
    "site": "feed",
    "overlap": "overlap",
    "refs": "refs",
    "safety": "safety",
    "personal_data": "personalData",
    "personal_data_allow": "personalData",
    "receipt": "receipt",
}
_KINDS: Mapping[str, tuple[str, ...]] = {
    "safety": ("safety",),
    "personal_data": ("personalData",),
    "personal_data_allow": ("personalData",),
}
_ELSEWHERE = frozenset(
    {"version", "name", "file", "sha256", "schema", "clauses", "service_levels", "support", "severity", "tree"}
)
"""Compared by somebody else, or no part of the agreement. Support channels are documentation (contracts.md 6.1)."""


def _object(book: Book) -> None:
    """The schema object: everything but tests and tags."""
    old, new = book.old.schema, book.new.schema
    for attribute in old.__dataclass_fields__:
        handler = _SCHEMA.get(attribute, undetermined)
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after and handler is not ignore:
            key = _PROPERTIES.get(attribute, attribute)
            clauses = book.clauses(*_JUDGES.get(attribute, ()))
            at = (in_object(book.old, key), in_object(book.new, key))
            handler(Spot(book, f"{new.name}.{key}", key, clauses, *at, word=attribute), before, after)
    spot = Spot(
        book,
        new.name,
        "",
        book.clauses_at(new.name),
        in_object(book.old, "contentModel"),
        in_object(book.new, "contentModel"),
    )
    closed = Closed(old.closed, new.closed)
    tell_closed(spot, closed)
    compare_fields(spot, old.fields, new.fields, closed)


def _name(spot: Spot, old: str, new: str) -> None:
    spot.tell("object.name", rows.HANDLING, f"{old} -> {new}; its findings look new")


_SCHEMA: Mapping[str, Handler] = {
    "name": _name,
    "document_kind": told("object.kind", "kind of document", rows.MEANING),
    "mark": ignore,
    "fields": ignore,
    "closed": ignore,
    "tests": ignore,
    "tags": ignore,
    "sources": sources,
    "locale": locale,
    "time": times,
    "units": units,
    "vocabularies": vocabularies,
    "quality_map": quality_map,
    "phases": phases,
    "phase_aliases": members("phase.alias", "word for a phase", added=rows.MORE_NAMES),
    "critical_phases": critical_phases,
    "reject_bad_rows_percent": limit(
        "reject.percent", "bad rows that reject, in percent:", "less", loose=rows.WIDER_LIMIT
    ),
    "reject_any_of": members("reject.code", "rejected by any", added=rows.TIGHTER, removed=rows.WIDER),
}
_PROPERTIES: Mapping[str, str] = {
    "sources": "source",
    "quality_map": "qualityMap",
    "phase_aliases": "phases",
    "critical_phases": "phases",
    "reject_bad_rows_percent": "rejectAbove",
    "reject_any_of": "rejectAbove",
    "document_kind": "documentKind",
}
_JUDGES: Mapping[str, tuple[str, ...]] = {
    "sources": ("source", "sheet"),
    "locale": ("number",),
    "time": ("time", "timestamps"),
    "units": ("unitIs", "within"),
    "vocabularies": ("vocabulary", "within"),
    "quality_map": ("qualityCodes",),
    "phases": ("batchContext", "rangeByKey"),
    "critical_phases": ("batchContext",),
}


def _rest(book: Book) -> None:
    """Clauses that differ although no change speaks of them: whatever that is, it is not to be missed."""
    spoken = {clause for change in book.changes for clause in change.clauses}
    old, new = ({c.id: _judged(c) for c in side.clauses} for side in (book.old, book.new))
    renamed = book.old.schema.name != book.new.schema.name
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name) and name not in spoken and not renamed:
            spot = Spot(book, name, name, (name,))
            spot.tell("undetermined", rows.UNKNOWN, f"clause {said(old.get(name))} -> {said(new.get(name))}")


def _judged(clause: Any) -> tuple[object, ...]:
    return clause.kind, dict(clause.params), clause.codes, clause.needs
