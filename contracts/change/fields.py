"""Fields of two contracts against each other: which there are, their type, whether they must be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contracts.change import rows
from contracts.change.change import At, Effect, Grade
from contracts.change.spot import (
    Handler,
    Spot,
    ignore,
    limit,
    members,
    pattern,
    said,
    switch,
    told,
    walk,
    walk_keys,
)
from contracts.contract import Field

_PRECISION = ("day", "month", "year")


@dataclass(frozen=True)
class Closed:
    """Whether unknown names are refused where a field stands, before and after."""

    old: bool
    new: bool


def compare_fields(spot: Spot, old: Sequence[Field], new: Sequence[Field], closed: Closed) -> None:
    """The fields of one object or row. `spot` is the object's; its name is "" at the top."""
    before, after = {f.name: f for f in old}, {f.name: f for f in new}
    gone = [f for f in old if f.name not in after]
    come = [f for f in new if f.name not in before]
    if len(gone) == 1 and len(come) == 1 and _alike(gone[0], come[0]):
        here = _spot(spot, gone[0], come[0])
        here.tell("field.renamed", rows.MEANING, f"renamed to {come[0].path}")
        gone, come = [], []
    for field in gone:
        _removed(_spot(spot, field, None), field, closed)
    for field in come:
        _added(_spot(spot, None, field), field, closed)
    for name in before.keys() & after.keys():
        if before[name] != after[name] or closed.old != closed.new:
            _field(_spot(spot, before[name], after[name]), before[name], after[name], closed)


def _spot(owner: Spot, old: Field | None, new: Field | None) -> Spot:
    field = new or old
    assert field is not None
    path = f"{owner.path.removesuffix('[]')}.{field.name}"
    names = {path, *([f"{owner.path.removesuffix('[]')}.{old.name}"] if old else [])}
    clauses = tuple(c for p in sorted(names) for c in owner.book.clauses_at(p, below=True))
    book = owner.book
    return Spot(
        book,
        path,
        field.path,
        clauses,
        At(book.old.file, old.mark.line, old.mark.column) if old else None,
        At(book.new.file, new.mark.line, new.mark.column) if new else None,
    )


def _alike(old: Field, new: Field) -> bool:
    """Whether all but the name is the same: then the one that went is the one that came."""
    return _nameless(old) == _nameless(new)


def _nameless(field: Field) -> Field:
    mark = Field("", "", "string", field.mark).mark
    none = replace(mark, line=0, column=0)
    inner = tuple(replace(_nameless(f), name=f.name) for f in field.fields)
    items = _nameless(field.items) if field.items is not None else None
    return replace(field, name="", path="", mark=none, fields=inner, items=items)


def _added(spot: Spot, field: Field, closed: Closed) -> None:
    if _demand(field) > 0:
        # With a closed model files that have it were refused before, so more passes as well as less.
        effect = Effect.BOTH if closed.old and closed.new else Effect.TIGHTENS
        spot.tell("field.added", rows.TIGHTER.with_effect(effect), "new required field")
    elif closed.old:
        spot.tell("field.added", rows.MORE_NAMES, "new optional field")
    else:
        spot.tell("field.added", rows.NAME_TAKEN, "new optional field; the name may be in use with another type")


def _removed(spot: Spot, field: Field, closed: Closed) -> None:
    if not closed.new:
        row = rows.WEAKER
        spot.tell("field.removed", row, "field removed")
        return
    # A file that still has it breaks the closed model, which a partner must know.
    effect = Effect.BOTH if _demand(field) > 0 else Effect.TIGHTENS
    row = replace(rows.WEAKER, effect=effect, producer=Grade.BREAKING)
    spot.tell("field.removed", row, "field removed; a file that still has it is refused, the model is closed")


def _field(spot: Spot, old: Field, new: Field, closed: Closed) -> None:
    handlers = {**_ATTRIBUTES, "options": _options, "custom": _customs}
    walk(spot, old, new, handlers)
    if _demand(old) != _demand(new):
        words = ("optional", "must be there, may be empty", "required")
        row = rows.TIGHTER if _demand(new) > _demand(old) else rows.WEAKER
        own = tuple(clause for clause in spot.clauses if clause.endswith(".required"))
        replace(spot, clauses=own).tell("field.required", row, f"{words[_demand(old)]} -> {words[_demand(new)]}")
    here = Closed(_closed(old, closed.old), _closed(new, closed.new))
    if old.type == new.type == "object":
        tell_closed(spot, here)
        compare_fields(spot, old.fields, new.fields, here)
    if old.items is not None and new.items is not None:
        items = replace(spot, path=f"{spot.path}[]", clauses=spot.book.clauses_at(f"{spot.path}[]"))
        _items(items, old.items, new.items, here)
    elif old.items is not new.items:
        spot.tell("field.items", rows.UNKNOWN, "what its items are is stated only in one version")


def _items(spot: Spot, old: Field, new: Field, closed: Closed) -> None:
    """An array's items: an object's fields, or one plain value."""
    if old.type == new.type == "object":
        walk(spot, old, new, {**_ATTRIBUTES, "options": _options, "custom": _customs})
        here = Closed(_closed(old, closed.old), _closed(new, closed.new))
        tell_closed(spot, here)
        compare_fields(spot, old.fields, new.fields, here)
    else:
        _field(spot, old, new, closed)


def _closed(field: Field, inherited: bool) -> bool:
    return bool(field.custom.get("contentModel", "closed" if inherited else "open") == "closed")


def tell_closed(spot: Spot, closed: Closed) -> None:
    """An object opened or closed."""
    if closed.old != closed.new:
        row = rows.TIGHTER if closed.new else rows.WIDER
        words = "open -> closed, unknown names are refused" if closed.new else "closed -> open, unknown names pass"
        spot.tell("object.closed", row, words)


def _demand(field: Field) -> int:
    """0 optional, 1 must be there and may be empty, 2 must be there and filled."""
    presence = field.custom.get("presence")
    if presence == "mustExist":
        return 1
    return 2 if field.required or presence == "required" else 0


def _options(spot: Spot, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    walk_keys(spot, old, new, _OPTIONS)


def _by(what: str, handler: Handler, *more: str) -> Handler:
    """With only those clauses of the field which judge by the attribute."""

    def handle(spot: Spot, old: Any, new: Any) -> None:
        own = tuple(clause for clause in spot.clauses if clause.rpartition(".")[2] in (what, *more))
        handler(replace(spot, clauses=own or spot.clauses), old, new)

    return handle


_ATTRIBUTES: Mapping[str, Handler] = {
    "name": ignore,
    "path": ignore,
    "mark": ignore,
    "required": ignore,
    "fields": ignore,
    "items": ignore,
    "type": told("field.type", "type", rows.MEANING),
    "physical_name": told("field.header", "header", rows.MEANING),
    "enum": _by("enum", members("field.code", "code", empty_is_off=True)),
    "header_synonyms": members("field.alias", "column alias", added=rows.MORE_NAMES),
    "pending_synonyms": members(
        "field.alias.pending", "alias not approved yet", added=rows.DOCUMENTATION, removed=rows.DOCUMENTATION
    ),
    "primary_key": told("field.key", "place in the key", rows.MEANING),
    "critical": switch("field.critical", "critical data element", loose=rows.QUIETER),
    "description": ignore,  # documentation
    "classification": told("field.classification", "classification", rows.HANDLING),
}


_OPTIONS: Mapping[str, Handler] = {
    "pattern": _by("text", pattern("field.pattern", "pattern")),
    "minLength": _by("text", limit("field.length", "fewest characters", "more")),
    "maxLength": _by("text", limit("field.length", "most characters", "less")),
    "minimum": _by("bounds", limit("field.range", "lower limit", "more"), "time"),
    "exclusiveMinimum": _by("bounds", limit("field.range", "lower limit, not included,", "more"), "time"),
    "maximum": _by("bounds", limit("field.range", "upper limit", "less"), "time"),
    "exclusiveMaximum": _by("bounds", limit("field.range", "upper limit, not included,", "less"), "time"),
    "multipleOf": _by("bounds", told("field.step", "multiple of", rows.UNKNOWN)),
    "minItems": _by("items", limit("field.items", "fewest items", "more")),
    "maxItems": _by("items", limit("field.items", "most items", "less")),
    "uniqueItems": _by("items", switch("field.items", "every item once")),
    "format": told("field.format", "format", rows.MEANING),
    "timezone": told("field.timezone", "carries its zone", rows.MEANING),
    "defaultTimezone": told("field.timezone", "zone", rows.MEANING),
}


def _customs(spot: Spot, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    walk_keys(spot, old, new, _CUSTOM)


def _identifier(spot: Spot, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
    if old is None or new is None:
        row = rows.TIGHTER if old is None else rows.WIDER
        spot.tell("field.identifier", row, f"identifier {said(old)} -> {said(new)}")
    else:
        walk_keys(spot, {"ascii": True, **old}, {"ascii": True, **new}, _IDENTIFIER)


_IDENTIFIER: Mapping[str, Handler] = {
    "scheme": told("field.identifier", "identifier scheme", rows.MEANING),
    "pattern": pattern("field.pattern", "pattern"),
    "checksum": limit("field.identifier", "check character", "more"),
    "nearMatch": told("field.identifier.hint", "hint at a near match", rows.DOCUMENTATION),
    "ascii": switch("field.identifier", "only plain letters and digits"),
}


def _precision(spot: Spot, old: str | None, new: str | None) -> None:
    before, after = (_PRECISION.index(p or "day") for p in (old, new))
    row = rows.TIGHTER if after < before else rows.WIDER
    spot.tell("field.precision", row, f"coarsest date {said(old)} -> {said(new)}")


_CUSTOM: Mapping[str, Handler] = {
    "presence": ignore,
    "contentModel": ignore,
    "identifier": _by("identifier", _identifier),
    "valueKind": told("field.kind", "how the value is read", rows.MEANING),
    "unit": told("field.unit", "unit", rows.MEANING),
    "unitFrom": told("field.unit", "field with the unit", rows.MEANING),
    "vocabulary": told("field.vocabulary", "vocabulary", rows.MEANING),
    "precision": _precision,
    "dateOrder": told("field.format", "order of day and month", rows.MEANING),
    "storedAsText": _by("storedAsText", switch("field.text", "must be a text cell")),
    "locator": told("field.header", "place in the file", rows.MEANING),
}
