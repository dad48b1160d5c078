"""Contract -> clauses: the flat list of everything the data must satisfy, each with its place in the contract.

Author's rules keep their id. What a field says by itself becomes `auto.<path>.<what>`, where the path starts with the
schema object's name and `[]` stands for the items of an array (`auto.certificate.results[].closed`). `kind` of such a
clause is `<what>`; the kinds are the keys of IMPLIED.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from contracts.build import custom, mark, nodes
from contracts.codes import Action, Impact, Severity
from contracts.contract import Clause, Contract, DocumentKind, Field, Schema
from contracts.duration import parse_duration
from contracts.place import Mark
from contracts.rulebook import FAMILIES, ParameterKind, RuleDef, rules
from contracts.tables import decimal
from contracts.yamltree import Mapping as MapNode
from contracts.yamltree import plain

# What a field or an object demands without a rule, and what its breach can raise (contracts.md 2.3, implied clauses).
IMPLIED: Mapping[str, tuple[str, ...]] = {
    "payload": ("FILE-E401", "FILE-E402", "FILE-E403", "FILE-E404", "FILE-E405"),
    "source": (
        "FILE-E101",
        "FILE-E102",
        "FILE-E104",
        "FILE-E105",
        "FILE-E201",
        "FILE-E203",
        "FILE-E204",
        "FILE-E205",
        "FILE-E406",
    ),
    "sheet": ("FILE-E301", "FILE-E302", "FILE-E303", "FILE-E304"),
    "template": ("CON-E205",),
    "safety": ("FILE-E601", "FILE-E602", "FILE-E603", "FILE-E604"),
    "personalData": ("FILE-E701",),
    "closed": ("FILE-E202", "FILE-E206"),
    "key": ("COA-E310", "PAT-E201", "PAT-E202", "SCH-E402"),
    "type": ("FILE-E208",),
    "required": ("FILE-E201", "FILE-E207", "FILE-E209"),
    "text": ("FILE-E210",),
    "bounds": ("FILE-E212",),
    "items": ("FILE-E213",),
    "enum": ("FILE-E211",),
    "number": ("COA-E101", "COA-E103", "COA-E104", "COA-E105", "COA-E111"),
    "time": (
        "COA-E501",
        "COA-E502",
        "COA-E503",
        "COA-E504",
        "COA-E508",
        "COA-E509",
        "SCH-E103",
        "SCH-E104",
        "SCH-E105",
        "SCH-E106",
        "PAT-E106",
        "PAT-E107",
        "PAT-E108",
        "PAT-E109",
        "PAT-E110",
        "PAT-E111",
        "PAT-E112",
    ),
    "vocabulary": ("COA-E108", "FILE-E211"),
    "identifier": ("COA-E401", "COA-E411", "SCH-E401", "PAT-E206"),
    "storedAsText": ("FILE-E305",),
}

# The library metrics of ODCS, and what their breach raises here; duplicateValues raises what a key does.
METRICS: Mapping[str, tuple[str, ...]] = {
    "nullValues": ("FILE-E209",),
    "missingValues": ("FILE-E209",),
    "invalidValues": ("FILE-E211",),
    "duplicateValues": IMPLIED["key"],
    "rowCount": ("FILE-E213",),
}

# Late, soon late, rejected and late, no longer due; a tag's silence and a stale schedule have codes of their own.
_DUE: Mapping[str, tuple[str, ...]] = {
    "lot": ("CON-E301", "CON-E302", "CON-E303", "CON-E304"),
    "slot": ("CON-E301", "CON-E303", "CON-E304"),
    "tag": ("PAT-E101",),
    "feed": ("CON-E301", "CON-E303"),
}

_FILE = frozenset({"file"})


def compile_clauses(contract: Contract, root: MapNode) -> tuple[Clause, ...]:
    """Every clause of a linted contract: rules in file order, what the fields imply, what is due."""
    node = next(iter(nodes(root, "schema")))
    rules_of_author = tuple(_rules(contract.schema, node))
    implied = (c for c in _implied(contract) if not _said_by_author(c, rules_of_author, contract.schema.name))
    return (*rules_of_author, *implied, *_service_levels(contract))


def _said_by_author(clause: Clause, written: tuple[Clause, ...], top: str) -> bool:
    """Whether an author's uniqueKey covers an implied key: one repeated row is one finding, not two."""
    if clause.kind != "key":
        return False
    each = clause.path.removeprefix(top).strip(".").removesuffix("[]") or None
    keys = [set(c.params["key"]) for c in written if c.kind == "uniqueKey" and c.params.get("each") == each]
    return any(key >= set(clause.params["key"]) for key in keys)


def _rules(schema: Schema, node: MapNode) -> Iterator[Clause]:
    yield from _quality(schema.document_kind, node, schema.name)
    yield from _field_quality(schema.document_kind, node, schema.name)


def _field_quality(kind: DocumentKind, owner: MapNode, path: str) -> Iterator[Clause]:
    for child in nodes(owner, "properties"):
        here = f"{path}.{plain(child.get('name'))}"
        yield from _quality(kind, child, here)
        yield from _field_quality(kind, child, here)
        items = child.get("items")
        if isinstance(items, MapNode):
            yield from _quality(kind, items, f"{here}[]")
            yield from _field_quality(kind, items, f"{here}[]")


def _quality(kind: DocumentKind, owner: MapNode, path: str) -> Iterator[Clause]:
    for number, node in enumerate(nodes(owner, "quality")):
        clause = _quality_clause(kind, node, path, number)
        if clause is not None:
            yield clause


def _quality_clause(kind: DocumentKind, node: MapNode, path: str, number: int) -> Clause | None:
    body = plain(node)
    sort = body.get("type", "library")
    clause_id = body.get("id") or body.get("name") or f"auto.{path}.quality.{number}"
    severity = Severity(body["severity"]) if "severity" in body else None
    ours = custom(node)
    impact = Impact(ours["impact"]) if "impact" in ours else None
    action = Action(ours["action"]) if "action" in ours else None
    where = f"{path}.quality.{clause_id}"
    if sort == "text":
        return None
    if sort == "custom" and body.get("engine") == "justindata":
        implementation = body["implementation"]
        rule = rules()[implementation["rule"]]
        params = {key: _parameter(rule, key, value) for key, value in implementation.items() if key != "rule"}
        codes = rule.codes_for(kind, params)
        needs = rule.needs_for(params)
        return Clause(clause_id, rule.name, where, params, codes, severity, impact, action, needs, mark(node))
    if sort == "library":
        metric = body["metric"]
        params = {k: v for k, v in body.items() if k.startswith("mustBe") or k in ("arguments", "unit")}
        params["field"] = path
        codes = _of_family(METRICS[metric], kind)
        return Clause(clause_id, metric, where, params, codes, severity, impact, action, _FILE, mark(node))
    # Rules of another engine are kept, so that they are counted as not run instead of being forgotten.
    code = "CON-E114" if sort == "sql" else "CON-E113"
    params = {"engine": body.get("engine", sort)}
    return Clause(clause_id, "foreign", where, params, (code,), severity, impact, action, _FILE, mark(node))


def _parameter(rule: RuleDef, key: str, value: Any) -> Any:
    match rule.parameters[key]:
        case ParameterKind.DURATION:
            return parse_duration(value)
        case ParameterKind.DECIMAL:
            return decimal(value)
        case _:
            return tuple(value) if isinstance(value, list) else value


def _of_family(codes: tuple[str, ...], kind: DocumentKind) -> tuple[str, ...]:
    return tuple(code for code in codes if code.startswith((FAMILIES[kind], "FILE", "CON")))


def _implied(contract: Contract) -> Iterator[Clause]:
    schema = contract.schema

    def clause(what: str, path: str, place: Mark, params: Mapping[str, Any] | None = None) -> Clause:
        codes = _of_family(IMPLIED[what], schema.document_kind)
        return Clause(f"auto.{path}.{what}", what, path, params or {}, codes, None, None, None, _FILE, place)

    top, at = schema.name, schema.mark
    yield clause("payload", top, at)
    yield clause("source", top, at)
    if any(source.format == "xlsx" for source in schema.sources):
        yield clause("sheet", top, at)
        yield clause("template", top, at)
    yield clause("safety", top, at)
    if contract.personal_data:
        yield clause("personalData", top, at, {"detectors": contract.personal_data})
    if schema.closed:
        yield clause("closed", top, at)
    # The key of a certificate is the whole document's identity; only rows can repeat a key within one delivery.
    key = _key(schema.fields)
    if key and schema.document_kind != "certificate":
        yield clause("key", top, at, {"key": key})
    for field in schema.fields:
        for what, path, params in _of_field(field, f"{top}.{field.name}", schema.closed):
            found = clause(what, path, _mark_of(field, path), params)
            if what == "identifier" and schema.document_kind == "schedule" and params["scheme"] != "coi":
                # SCH-E401 is about the patient's own chain of identity; a lot's number is a text with a pattern here.
                found = replace(found, codes=("FILE-E210",))
            # A number in a schedule or series has no code of its own form: `type` speaks for it.
            if found.codes:
                yield found


def _mark_of(field: Field, path: str) -> Mark:
    """The place of the field that `path` ends in, below `field`."""
    here: Field | None = field
    for part in path.split(".")[2:]:
        here = here.child(part.removesuffix("[]")) if here is not None else None
    if here is None:
        return field.mark
    return here.items.mark if path.endswith("[]") and here.items is not None else here.mark


def _of_field(field: Field, path: str, closed: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(what, path, parameters) of everything that one field demands, its children included."""
    yield "type", path, {"type": field.type}
    if field.required or field.custom.get("presence") in ("required", "mustExist"):
        yield "required", path, {"empty_allowed": field.custom.get("presence") == "mustExist"}
    for what, keys in (
        ("text", ("pattern", "minLength", "maxLength")),
        ("bounds", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
        ("items", ("minItems", "maxItems", "uniqueItems")),
    ):
        params = {key: field.options[key] for key in keys if key in field.options}
        if params:
            yield what, path, params
    if field.enum:
        yield "enum", path, {"values": field.enum}
    if field.type in ("number", "integer") or field.custom.get("valueKind") in ("numeric", "fromTest"):
        yield "number", path, {}
    if field.type in ("date", "timestamp", "time"):
        yield "time", path, dict(field.options)
    if "vocabulary" in field.custom or field.custom.get("valueKind") in ("qualitative", "fromTest"):
        yield "vocabulary", path, {"vocabulary": field.custom.get("vocabulary")}
    if "identifier" in field.custom:
        yield "identifier", path, dict(field.custom["identifier"])
    if field.custom.get("storedAsText"):
        yield "storedAsText", path, {}
    closed = field.custom.get("contentModel", "closed" if closed else "open") == "closed"
    if field.type == "object":
        if closed:
            yield "closed", path, {}
        for child in field.fields:
            yield from _of_field(child, f"{path}.{child.name}", closed)
    if field.items is not None:
        yield from _of_items(field.items, f"{path}[]", path, closed)


def _of_items(items: Field, path: str, owner: str, closed: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The fields of an array's items keep the array's path (`results.value`); only the item itself is `results[]`."""
    for what, where, params in _of_field(items, path, closed):
        yield what, where.replace(f"{path}.", f"{owner}.", 1), params
    key = _key(items.fields)
    if key:
        yield "key", path, {"key": key}


def _key(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """The primary key's fields by position."""
    return tuple(
        f.name for f in sorted((f for f in fields if f.primary_key is not None), key=lambda f: f.primary_key or 0)
    )


def _service_levels(contract: Contract) -> Iterator[Clause]:
    """What is due (contracts.due judges it): no delivery can break these, so no delivery is judged by them."""
    for level in contract.service_levels:
        codes = ("SCH-E201",) if level.subject == "feed" and contract.kind == "schedule" else _DUE[level.subject]
        params = {"subject": level.subject, "level": level.level, "anchor": level.anchor}
        needs = frozenset({"schedule", "clock"})
        yield Clause(level.id, "due", f"slaProperties.{level.id}", params, codes, None, None, None, needs, level.mark)
