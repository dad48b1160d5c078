"""Does every name lead somewhere? Paths, vocabularies, units, phases and codes of the schema object and its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.build import instant
from contracts.codes import Impact, codes
from contracts.duration import LENGTHS
from contracts.errors import valid_values
from contracts.lint.contradiction import check_contradictions
from contracts.lint.forms import CELL
from contracts.lint.problems import Problems, customs, entries, items, maps, said, text
from contracts.lint.semantic import properties
from contracts.lint.service import known_zone
from contracts.lint.tables import Tables, Vocabularies, check_tags, check_tests, check_units, vocabulary_names
from contracts.rulebook import ParameterKind, rules
from contracts.rules.lead_time import LOT_ANCHORS
from contracts.yamltree import Mapping, Node, Scalar, plain

_LEVELS = ("L1", "L2", "combined")
# Rules with a parameter whose keys are fields.
_KEYED = {"oneSubject": ("allowed",), "oneOfWhen": ("when", "then"), "usedEqualsAllocated": ("when",)}


@dataclass(frozen=True)
class Scope:
    """What a path can be looked up in: the mapping whose `properties` it starts from."""

    owner: Mapping

    def find(self, path: str) -> Mapping | None:
        """The property at a dotted path, arrays entered by their name; list positions are stepped over."""
        node: Mapping | None = self.owner
        for part in path.split("."):
            if node is None:
                return None
            if part.isdigit() and text(node, "logicalType") == "array":
                continue
            node = _child(node, part)
        return node

    def names(self) -> tuple[str, ...]:
        return tuple(_paths(self.owner, ""))


def _child(node: Mapping, name: str) -> Mapping | None:
    inner = node.get("items")
    owner = inner if isinstance(inner, Mapping) else node
    return next((p for p in maps(owner, "properties") if text(p, "name") == name), None)


def _paths(owner: Mapping, prefix: str) -> Iterator[str]:
    inner = owner.get("items")
    for child in maps(inner if isinstance(inner, Mapping) else owner, "properties"):
        name = text(child, "name")
        if name is not None:
            yield f"{prefix}{name}"
            yield from _paths(child, f"{prefix}{name}.")


def check_references(root: Mapping, tables: Tables, problems: Problems) -> None:
    for schema in maps(root, "schema"):
        words = vocabulary_names(schema, tables)
        _schema_object(schema, tables, words, problems)
        for owner, scope in _owners(schema):
            for name, (_entry, value) in customs(owner).items():
                _property(name, value, scope, words, problems)
            check_contradictions(owner, words, problems)
        for owner in (schema, *(node for node, _path in properties(root))):
            for rule in maps(owner, "quality"):
                _rule(rule, schema, tables, problems)
    _severity(root, problems)
    _personal_data(root, problems)
    _overlap(root, problems)


def _owners(schema: Mapping) -> Iterator[tuple[Mapping, Scope]]:
    """Every property with the object that holds it: a path such as unitFrom starts there."""
    for child in maps(schema, "properties"):
        yield child, Scope(schema)
        inner = child.get("items")
        if isinstance(inner, Mapping):
            yield from _owners(inner)
        yield from _owners(child)


def _schema_object(schema: Mapping, tables: Tables, words: Vocabularies, problems: Problems) -> None:
    ours = {name: value for name, (_entry, value) in customs(schema).items()}
    for name in ("tests", "tags", "units", "vocabularies"):
        value = ours.get(name)
        ref = text(value, "ref") if isinstance(value, Mapping) else None
        if ref is not None and isinstance(value, Mapping):
            _table(name, ref, value.get("ref") or value, tables, problems)
    check_units(ours.get("units"), problems)
    check_tests(items(ours.get("tests")), words, problems)
    check_tags(items(ours.get("tags")), problems)
    phases = {str(plain(phase.get("name"))) for phase in items(ours.get("phases")) if isinstance(phase, Mapping)}
    for tags, where in ((items(ours.get("tags")), problems), *_table_tags(ours.get("tags"), tables)):
        _phases(tags, phases, where)
    _time(ours.get("time"), Scope(schema), problems)
    for form in items(ours.get("source")):
        if isinstance(form, Mapping):
            _source(form, Scope(schema), problems)
    reject = ours.get("rejectAbove")
    for code in items(reject.get("anyOf")) if isinstance(reject, Mapping) else ():
        known_code(code, problems)


def _table_tags(value: Node | None, tables: Tables) -> list[tuple[Any, Problems]]:
    table = tables.get(text(value, "ref") or "") if isinstance(value, Mapping) else None
    return [(items(table.root.get("tags")), table.problems)] if table else []


def _phases(tags: Any, phases: set[str], problems: Problems) -> None:
    for tag in tags:
        for phase in items(tag.get("phases")) if isinstance(tag, Mapping) else ():
            if str(plain(phase)) not in phases:
                message = f"phase {said(plain(phase))} is not in the recipe"
                problems.add("CON-E110", phase, message, valid_values(str(plain(phase)), tuple(phases)))


def _table(section: str, ref: str, at: Node, tables: Tables, problems: Problems) -> None:
    table = tables.get(ref)
    if table is None and ref in tables:
        return  # missing or unreadable: its entry in refs says so
    if table is None:
        problems.add("CON-E109", at, f"table {ref} is not in refs", valid_values(ref, tuple(tables)))
    elif table.root.get(section) is None:
        problems.add("CON-E109", at, f"table {ref} holds no {section}", f"add {section} to {table.problems.file}")


def _time(node: Node | None, scope: Scope, problems: Problems) -> None:
    if not isinstance(node, Mapping):
        return
    zone, minimum, start = text(node, "zone"), text(node, "minimum"), text(node, "start")
    if zone is not None and zone != "offset" and not known_zone(zone):
        problems.add(
            "CON-E105", node.get("zone") or node, f"time zone {said(zone)} is not known", "offset, or an IANA name"
        )
    if minimum is not None:
        try:
            instant(minimum)
        except ValueError:
            at = node.get("minimum") or node
            problems.add(
                "CON-E105", at, f"{said(minimum)} is no date", "a date (2020-01-01), or a time with its offset"
            )
    if start is not None:
        _path(start, node.get("start") or node, (scope,), problems)
    if text(node, "base") == "relative" and start is None:
        problems.add("CON-E105", node, "relative times have no start", "add start: the field with the batch's start")
    for field in maps(scope.owner, "properties") if text(node, "base") == "relative" else ():
        unit = customs(field).get("unit")
        if unit is not None and text(field, "logicalType") == "timestamp" and plain(unit[1]) not in LENGTHS:
            message = f"{said(plain(unit[1]))} is no unit of a length of time"
            problems.add("CON-E105", unit[1], message, valid_values(str(plain(unit[1])), tuple(LENGTHS)))


def _source(form: Mapping, scope: Scope, problems: Problems) -> None:
    rows = text(form, "rows")
    if rows is not None:
        found = scope.find(rows)
        if found is None or text(found, "logicalType") != "array":
            arrays = tuple(
                str(plain(p.get("name"))) for p in maps(scope.owner, "properties") if text(p, "logicalType") == "array"
            )
            problems.add("CON-E110", form.get("rows") or form, f"rows: {rows} is no list", valid_values(rows, arrays))
    taken: dict[str, Scalar] = {}
    for key, cell in entries(form.get("headerCells")):
        _path(str(key.value), key, (scope,), problems)
        where = plain(cell)
        if not isinstance(where, str) or not CELL.fullmatch(where):
            problems.add("CON-E105", cell, f"{said(where)} is no cell", "a column and a row: B1")
        elif where in taken:
            problems.add("CON-E106", cell, f"cell {where} is used twice", f"{taken[where].value} has it already")
        else:
            taken[where] = key


def _property(name: str, value: Node, scope: Scope, words: Vocabularies, problems: Problems) -> None:
    said_value = plain(value)
    if not isinstance(said_value, str):
        return
    match name:
        case "unitFrom":
            _path(said_value, value, (scope,), problems)
        case "vocabulary" if said_value not in words:
            problems.add(
                "CON-E110", value, f"vocabulary {said_value} does not exist", valid_values(said_value, tuple(words))
            )
        case "unit":
            check_units(value, problems)


def _rule(rule: Mapping, schema: Mapping, tables: Tables, problems: Problems) -> None:
    body = rule.get("implementation")
    known = rules().get(text(body, "rule") or "") if text(rule, "engine") == "justindata" else None
    if known is None or not isinstance(body, Mapping):
        return
    document = Scope(schema)
    scopes: tuple[Scope, ...] = (document,)
    each = text(body, "each")
    if each is not None:
        array = document.find(each.removeprefix("$."))
        inner = array.get("items") if array is not None else None
        if not isinstance(inner, Mapping):
            at = body.get("each") or body
            problems.add(
                "CON-E110", at, f"each: {each} is no list of the document", valid_values(each, document.names())
            )
            return
        scopes = (Scope(inner), document)
    for name, node in body:
        match known.parameters.get(name):
            case ParameterKind.PATH if name != "each" and not (name == "level" and plain(node) in _LEVELS):
                _path(plain(node), node, scopes, problems)
            case ParameterKind.PATHS:
                for child in items(node):
                    _path(plain(child), child, scopes, problems)
            case ParameterKind.CODE:
                known_code(node, problems)
        if name in _KEYED.get(known.name, ()):
            for key, _value in entries(node):
                _path(str(key.value), key, scopes, problems)
    _anchor(known.name, body, document, problems)
    limits = text(body, "limits")
    if limits is not None and limits != "tags" and limits not in tables:
        problems.add(
            "CON-E109",
            body.get("limits") or body,
            f"table {limits} is not in refs",
            valid_values(limits, ("tags", *tables)),
        )
    elif limits is not None and limits != "tags":
        _table("tags", limits, body.get("limits") or body, tables, problems)


def _anchor(rule: str, body: Mapping, document: Scope, problems: Problems) -> None:
    """CON-E105 when leadTime is counted from what nobody can know, frozenAfter waits for another event, or a source of
    revisionOrder cannot be one."""
    after, event = text(body, "after"), text(body, "event")
    if rule == "leadTime" and after is not None:
        known = (*LOT_ANCHORS, *(f"slot.{name}" for name in document.names()))
        if after not in known:
            at = body.get("after") or body
            problems.add("CON-E105", at, f"{said(after)} is no anchor of leadTime", valid_values(after, known))
    for source in items(body.get("sources")) if rule == "revisionOrder" else ():
        if not re.fullmatch(r"[^/\s]+/schedule", str(plain(source))):
            problems.add(
                "CON-E105", source, f"{said(plain(source))} is no feed of slots", "write it as partner/schedule"
            )
    if rule == "frozenAfter" and event is not None and event != "clearance":
        at = body.get("event") or body
        problems.add(
            "CON-E105", at, f"{said(event)} is no event that freezes a slot", valid_values(event, ("clearance",))
        )


def _path(path: Any, at: Node, scopes: tuple[Scope, ...], problems: Problems) -> None:
    """CON-E110 when a path leads nowhere: `$.a` from the document, `a` from the item, else the document."""
    if not isinstance(path, str):
        return
    tried = scopes[-1:] if path.startswith("$.") else scopes
    if any(scope.find(path.removeprefix("$.")) is not None for scope in tried):
        return
    problems.add("CON-E110", at, f"path {path} points nowhere", valid_values(path, tried[0].names()))


def known_code(node: Node, problems: Problems) -> None:
    code = plain(node)
    if isinstance(code, str) and code not in codes() and re.fullmatch("[A-Z]+-E[0-9]{3}", code):
        family = tuple(known for known in codes() if known.startswith(code.split("-")[0]))
        problems.add(
            "CON-E105", node, f"finding code {code} does not exist", valid_values(code, family or tuple(codes()))
        )


def _severity(root: Mapping, problems: Problems) -> None:
    entry = customs(root).get("severity")
    for key, levels in entries(entry[1]) if entry else ():
        code = codes().get(str(key.value))
        if code is None:
            known_code(key, problems)
            continue
        impact = text(levels, "impact") or code.impact.value
        if impact == Impact.CRITICAL.value and text(levels, "severity") == "info" and isinstance(levels, Mapping):
            at = levels.get("severity") or levels
            problems.add(
                "CON-E105", at, f"{code.code} has impact critical", "its severity is warning or error, never info"
            )


def _overlap(root: Mapping, problems: Problems) -> None:
    entry = customs(root).get("overlap")
    body = entry[1] if entry else None
    until, former = text(body, "until"), text(body, "withVersion")
    at = (body.get("until") if isinstance(body, Mapping) else None) or root
    if until is not None:
        try:
            instant(until)
        except ValueError:
            problems.add(
                "CON-E105", at, f"{said(until)} is no date", "the last day (2026-12-31), or a time with its offset"
            )
    if former is not None and former == text(root, "version"):
        problems.add("CON-E105", at, "the overlap is with this version itself", "name the former version")


def _personal_data(root: Mapping, problems: Problems) -> None:
    entry = customs(root).get("personalData")
    schemas = maps(root, "schema")
    if entry is None or not isinstance(entry[1], Mapping) or not schemas:
        return
    for path in items(entry[1].get("allow")):
        _path(plain(path), path, (Scope(schemas[0]),), problems)
