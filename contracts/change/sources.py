"""The accepted physical forms, and how numbers and times are written, of two contracts against each other."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.change import rows
from contracts.change.spot import Handler, Spot, ignore, limit, members, switch, told, walk
from contracts.contract import Locale, SourceForm, TimeRules


def sources(spot: Spot, old: tuple[SourceForm, ...], new: tuple[SourceForm, ...]) -> None:
    """Forms by their format; of one format several, in their order."""
    before, after = _named(old), _named(new)
    if list(before) != list(after) and before.keys() == after.keys():
        spot.tell("source.order", rows.DOCUMENTATION, f"forms in another order: {', '.join(after)}")
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            spot.tell("source.removed", rows.TIGHTER, f"form {name} removed")
        elif name not in before:
            spot.tell("source.added", rows.WIDER, f"form {name} added")
        else:
            here = Spot(spot.book, f"{spot.path}.{name}", f"form {name}", spot.clauses, spot.old, spot.new)
            walk(here, before[name], after[name], _SOURCE)


def _named(forms: tuple[SourceForm, ...]) -> dict[str, SourceForm]:
    named: dict[str, SourceForm] = {}
    for form in forms:
        several = sum(f.format == form.format for f in forms) > 1 and form.sheet
        name = f"{form.format} {form.sheet}" if several else form.format
        number = 1 + sum(known.partition("#")[0] == name for known in named)
        named[name if number == 1 else f"{name}#{number}"] = form
    return named


_SOURCE: Mapping[str, Handler] = {
    "format": ignore,
    # The order says which encoding is tried first: another order may read other characters.
    "encoding": members("source.encoding", "encoding", added=rows.WIDER, order=rows.UNKNOWN),
    "delimiter": told("source.dialect", "delimiter", rows.MEANING),
    "quote": told("source.dialect", "quote", rows.MEANING),
    "preamble_rows": told("source.dialect", "rows before the header", rows.MEANING),
    "sep_line": told("source.dialect", "sep line", rows.MEANING),
    "trailing_delimiter": told("source.dialect", "trailing delimiter", rows.MEANING),
    "sheet": told("source.sheet", "sheet", rows.MEANING),
    "header_row": told("source.sheet", "header row", rows.MEANING),
    "header_cells": told("source.sheet", "header cells", rows.MEANING),
    "rows": told("source.sheet", "list that the rows fill", rows.MEANING),
    "merged": switch("source.merged", "merged cells", strict="forbid"),
    "hidden": switch("source.hidden", "hidden rows and columns", strict="forbid"),
    "footer": told("source.footer", "row that states the number of rows", rows.MEANING),
    "schema_version_at": told("source.version", "place of the schema version", rows.MEANING),
    "schema_version_allowed": members("source.version", "schema version"),
}


def locale(spot: Spot, old: Locale, new: Locale) -> None:
    """How numbers are written."""
    walk(spot, old, new, _LOCALE)


_LOCALE: Mapping[str, Handler] = {
    "decimal": told("locale.decimal", "decimal mark", rows.MEANING),
    "group": members("locale.group", "group separator", added=rows.WIDER),
    "scientific": switch("locale.scientific", "scientific notation", strict=False),
}


def times(spot: Spot, old: TimeRules, new: TimeRules) -> None:
    """How times are written, and which can be true."""
    walk(spot, old, new, _TIME)


_TIME: Mapping[str, Handler] = {
    "zone": told("time.zone", "time zone", rows.MEANING),
    "base": told("time.base", "time base", rows.MEANING),
    "start": told("time.base", "relative times start at", rows.MEANING),
    "minimum": limit("time.minimum", "earliest time", "more"),
    "placeholders": members("time.placeholder", "placeholder", added=rows.TIGHTER, removed=rows.WIDER),
    "future_tolerance": limit("time.future", "tolerance for the future", "less"),
}
