"""What is legal and would have no effect here, or another one than its author may think.

A contract that says something which no engine judges lies to both its sides. So lint refuses what cannot be read, and
says of the rest what happens instead. What the standard means as documentation (tags, price, roles, ...) is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.codes import Severity
from contracts.errors import valid_values
from contracts.lint.problems import Problems, customs, entries, items, maps, said, text
from contracts.lint.semantic import check_pattern, properties
from contracts.yamltree import Mapping, Node, plain

# Options of the standard that the engines do not read, and what to write instead.
_IDLE_OPTIONS: AnyMapping[str, tuple[Severity, str]] = {
    "uniqueItems": (Severity.WARNING, "write a rule uniqueKey with each: this array"),
    "minProperties": (Severity.WARNING, "say which keys are required"),
    "maxProperties": (Severity.WARNING, "contentModel closed, the default, accepts listed keys only"),
    "required": (Severity.WARNING, "write required: true on the properties"),
    "defaultTimezone": (Severity.INFO, "no zone is ever assumed: time.zone says which times need no offset"),
}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_ENDS = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    *((low, high) for low in ("minimum", "exclusiveMinimum") for high in ("maximum", "exclusiveMaximum")),
)
_CLASSES = ("public", "internal", "confidential", "restricted")
_TEXT = ("string",)
_DATED = ("date", "timestamp")
# Custom properties that only mean something on fields of these types.
_TYPED: AnyMapping[str, tuple[str, ...]] = {
    "identifier": _TEXT,
    "valueKind": _TEXT,
    "vocabulary": _TEXT,
    "precision": ("date",),
    "dateOrder": _DATED,
    "contentModel": ("object",),
}
# Custom properties of a schema object that only one kind of document reads.
_OF_KIND: AnyMapping[str, str] = {
    "tests": "certificate",
    "tags": "series",
    "qualityMap": "series",
    "phases": "series",
    "rejectAbove": "series",
}
# What a library metric counts, and what it needs to know for that: one of these arguments.
_ARGUMENTS: AnyMapping[str, tuple[str, ...]] = {
    "nullValues": (),
    "missingValues": ("missingValues",),
    "invalidValues": ("validValues", "pattern"),
    "duplicateValues": ("properties",),
    "rowCount": (),
}
_UNITS = ("rows", "percent")


def check_effects(root: Mapping, problems: Problems) -> None:
    """CON-E104, CON-E105 and CON-E117 for what would be read past. The profile is on."""
    for schema in maps(root, "schema"):
        kind = _kind(schema)
        _kinds(schema, kind, problems)
        for rule in maps(schema, "quality"):
            _metric(rule, schema, kind, problems, on_field=False)
    for node, _path in properties(root):
        _type(node, problems)
        _options(node, problems)
        if plain(node.get("unique")) is True:
            _idle("unique", node.key("unique") or node, "write primaryKey: true, or a rule uniqueKey", problems)
        for rule in maps(node, "quality"):
            _metric(rule, node, _kind(next(iter(maps(root, "schema")), root)), problems, on_field=True)


def _kind(schema: Mapping) -> str:
    entry = customs(schema).get("documentKind")
    return str(plain(entry[1])) if entry else ""


def _idle(name: str, at: Node, instead: str, problems: Problems, severity: Severity = Severity.WARNING) -> None:
    problems.add("CON-E117", at, f"{name} is not evaluated", instead, severity)


def _kinds(schema: Mapping, kind: str, problems: Problems) -> None:
    for name, (entry, _value) in customs(schema).items():
        owner = _OF_KIND.get(name)
        if owner is not None and kind in ("certificate", "series", "schedule") and kind != owner:
            at = entry.get("property") or entry
            problems.add("CON-E104", at, f"{name} has no meaning for a {kind}", f"it belongs to {owner} contracts")


def _type(node: Mapping, problems: Problems) -> None:
    kind = text(node, "logicalType") or "string"
    shown = text(node, "classification")
    if shown is not None and shown not in _CLASSES:  # values of a restricted field are kept out of reports
        at = node.get("classification") or node
        problems.add("CON-E105", at, f"classification is {said(shown)}", valid_values(shown, _CLASSES))
    for code in maps(node, "enum") if kind in ("integer", "number") else ():
        if not _is_number(plain(code.get("value"))):
            message = f"code {plain(code.get('value'))} is no {'whole number' if kind == 'integer' else 'number'}"
            problems.add("CON-E105", code, message, "write a number, or logicalType: string")
    if kind in ("map", "vector"):
        advice = "list its keys as properties of an object" if kind == "map" else "write it as an array of numbers"
        problems.add("CON-E105", node.get("logicalType") or node, f"a {kind} is not read", advice)
    inner = node.get("items")
    if isinstance(inner, Mapping) and text(inner, "logicalType") == "array":
        problems.add(
            "CON-E105", inner.get("logicalType") or inner, "a list of lists is not read", "give the inner list a name"
        )
    for name, (entry, _value) in customs(node).items():
        fitting = _TYPED.get(name)
        if fitting is not None and kind not in fitting and not (name == "contentModel" and inner is not None):
            at = entry.get("property") or entry
            problems.add(
                "CON-E105", at, f"{name} has no meaning for the type {kind}", f"it needs {' or '.join(fitting)}"
            )


def _is_number(value: Any) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def _options(node: Mapping, problems: Problems) -> None:
    kind = text(node, "logicalType")
    _crossed(node.get("logicalTypeOptions"), problems)
    for key, value in entries(node.get("logicalTypeOptions")):
        name = str(key.value)
        if name in _IDLE_OPTIONS and plain(value) is not False:
            severity, instead = _IDLE_OPTIONS[name]
            _idle(name, key, instead, problems, severity)
        elif name == "format" and kind == "string":
            _idle("the format of a text", key, "write its pattern", problems)
        elif name in _BOUNDS and kind == "time":
            _idle(f"{name} of a time of day", key, "list the allowed times, or leave it out", problems)
        elif name in _BOUNDS and kind in _DATED:
            _day(name, value, problems)


def _crossed(options: Node | None, problems: Problems) -> None:
    """CON-E105 for bounds that leave nothing between them."""
    if not isinstance(options, Mapping):
        return
    for least, most in _ENDS:
        low, high = plain(options.get(least)), plain(options.get(most))
        try:
            crossed = low > high or (low == high and "exclusive" in least + most)
        except TypeError:
            continue  # one of the two is absent, or its type is the standard's own finding
        if crossed:
            message = f"no value meets {least} {low} and {most} {high}"
            problems.add("CON-E105", options.get(most) or options, message, "write the smaller one as the lower end")


def _day(name: str, value: Node, problems: Problems) -> None:
    try:
        date.fromisoformat(str(plain(value))[:10])
    except ValueError:
        message = f"{name} is {said(plain(value))}, which is no date"
        problems.add("CON-E105", value, message, "write year, month and day: 2026-01-31")


def _metric(rule: Mapping, owner: Mapping, kind: str, problems: Problems, *, on_field: bool) -> None:
    metric = text(rule, "metric")
    if metric is None or metric not in _ARGUMENTS or text(rule, "type") not in (None, "library"):
        return
    at = rule.get("metric") or rule
    if kind == "series" and metric == "duplicateValues":
        advice = "write the rule uniqueKey"
        problems.add("CON-E105", at, f"{metric} is not counted in a series", advice)
        return
    unit = rule.get("unit")
    if unit is not None and plain(unit) not in _UNITS:
        advice = valid_values(str(plain(unit)), _UNITS)
        problems.add("CON-E105", unit, f"{metric} is not counted in {said(plain(unit))}", advice)
    if not on_field and metric in ("nullValues", "missingValues", "invalidValues"):
        problems.add("CON-E105", at, f"{metric} counts the values of one field", "write the rule on a property")
        return
    _arguments(rule, metric, owner, problems, on_field=on_field)


def _arguments(rule: Mapping, metric: str, owner: Mapping, problems: Problems, *, on_field: bool) -> None:
    wanted = () if metric == "duplicateValues" and on_field else _ARGUMENTS[metric]
    given = rule.get("arguments")
    strange = [key for key, _value in entries(given) if key.value not in wanted]
    for key in strange:
        advice = valid_values(str(key.value), wanted) if wanted else "remove it"
        problems.add("CON-E105", key, f"{key.value} is no argument of {metric}", advice)
    if (
        wanted
        and not strange
        and not any(isinstance(given, Mapping) and given.get(name) is not None for name in wanted)
    ):
        at = rule.get("metric") or rule
        problems.add("CON-E105", at, f"{metric} lacks its argument", f"add arguments: {{{wanted[0]}: [...]}}")
    if not isinstance(given, Mapping):
        return
    for name in ("missingValues", "validValues", "properties"):
        listed: Any = given.get(name)
        if name in wanted and listed is not None and not items(listed):
            problems.add("CON-E105", listed, f"{name} is no list of values", "write a list: [a, b]")
    check_pattern(given.get("pattern"), problems)
    names = tuple(str(text(p, "name")) for p in maps(owner, "properties"))
    for field in items(given.get("properties")) if not on_field else ():
        if plain(field) not in names:
            message = f"path {plain(field)} points nowhere"
            problems.add("CON-E110", field, message, valid_values(str(plain(field)), names))
