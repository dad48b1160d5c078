"""Breaches: a JSON Schema's errors in words, each at the node that caused it, with what is valid there."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from contracts.errors import valid_values
from contracts.lint.problems import said, walk
from contracts.yamltree import Mapping, Node, Scalar, plain

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}

_COUNTED = {"Items": ("entry", "entries"), "Properties": ("key", "keys"), "Length": ("character", "characters")}

# Keys that authors put on the wrong level, and where they belong.
_BELONGS = {
    "quality": "a rule belongs on the schema object or a property",
    "properties": "fields belong under a schema object",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach of a JSON Schema: where, what, and what to write. `path` leads to the value or unknown key.

    `follows`: told only when its object has no other breach. `unless`: nor when one of these keys of its object is
    wrong, because what else may stand there hangs on them. `hole`: a fault of the schema and not of the contract, which
    is kept only for what follows from it.
    """

    at: Node
    message: str
    help: str
    path: tuple[str | int, ...]
    unknown: bool = False
    follows: bool = False
    unless: frozenset[str] = frozenset()
    hole: bool = False


def breaches(error: jsonschema_rs.ValidationError, root: Node, schema: AnyMapping[str, Any]) -> list[Breach]:
    """The breaches behind one error: unknown keys one by one, and of alternatives those of the nearest one.

    `schema` is the whole document that was broken; it knows which keys are valid.
    """
    path = tuple(error.instance_path)
    at, key = walk(root, path)
    name = _name(path)
    kind: Any = error.kind  # each kind has attributes of its own, which its type stub does not tell
    value = plain(at)

    def breach(message: str, help: str, where: Node = at, key: str | None = None) -> Breach:
        return Breach(where, message, help, (*path, key) if key is not None else path)

    match kind.name:
        case "required":
            missing = str(kind.property)
            return [breach(f"{missing} is missing", f"add {missing}", key=missing)]
        case "additionalProperties" | "unevaluatedProperties":
            return _unknown_keys([str(name) for name in kind.unexpected], at, path, known_keys(error, value, schema))
        case "anyOf" | "oneOf":
            return _alternatives(error, at, path, root, schema)
        case "not" if isinstance(refused := _refused_key(error, at, schema), Scalar):
            return [breach(f"{refused.value} is not allowed here", "remove it", refused)]
        case "enum":
            options = tuple(str(option) for option in kind.options)
            return [breach(f"{name} is {said(value)}", valid_values(str(value), options))]
        case "const":
            return [breach(f"{name} is {said(value)}", f"write {kind.expected_value}")]
        case "type":
            wanted = " or ".join(_TYPES[t] for t in kind.types)
            return [breach(f"{name} is {_what(value)}", _type_help(name, value, kind.types, wanted))]
        case "pattern":
            return [breach(f"{name} is {said(value)}", f"it must match {kind.pattern}")]
        case "propertyNames":
            inner = str(kind.error.instance)
            return [breach(f"{inner} cannot be a key here", str(kind.error.message), _key_of(at, inner))]
        case "minItems" | "minProperties" | "minLength":
            return [breach(f"{name} has {_count(value, kind.name)}", f"at least {kind.limit}")]
        case "maxItems" | "maxProperties" | "maxLength":
            return [breach(f"{name} has {_count(value, kind.name)}", f"at most {kind.limit}")]
        case "minimum" | "exclusiveMinimum":
            return [breach(f"{name} is {said(value)}", f"at least {kind.limit}")]
        case "maximum" | "exclusiveMaximum":
            return [breach(f"{name} is {said(value)}", f"at most {kind.limit}")]
        case "uniqueItems":
            return [breach(f"{name} holds the same entry twice", "keep one")]
        case "falseSchema":
            return [breach(f"{name} is not allowed here", "remove it", key or at)]
        case _:
            return [breach(f"{name} does not fit: {str(error.message)[:120]}", "see the standard for its forms")]


def _unknown_keys(
    names: list[str],
    at: Node,
    path: tuple[str | int, ...],
    known: tuple[frozenset[str], frozenset[str], frozenset[str]],
) -> list[Breach]:
    here, elsewhere, deciding = known
    found = []
    for name in names:
        follows = name in here
        unless = deciding if name in elsewhere else frozenset[str]()
        listed = sorted(here - set(names)) or sorted(elsewhere)
        advice = _BELONGS.get(name) or (valid_values(name, listed) if listed else "remove it, or mind its spelling")
        at_key = _key_of(at, name)
        found.append(Breach(at_key, f"{name} is not known here", advice, (*path, name), True, follows, unless))
    return found


def _name(path: tuple[str | int, ...]) -> str:
    return path[-1] if path and isinstance(path[-1], str) else "the value"


def _alternatives(
    error: jsonschema_rs.ValidationError,
    at: Node,
    path: tuple[str | int, ...],
    root: Node,
    schema: AnyMapping[str, Any],
) -> list[Breach]:
    """Of several forms none or more than one fits. The one that fails deepest inside is the one the author meant."""
    kind: Any = error.kind
    name = _name(path)
    asked = [alternative.get("required", ()) for alternative in schema_at(schema, error.schema_path)]
    failed = [context for context in kind.context if context]
    if len(failed) < len(kind.context):
        present = [key for keys, context in zip(asked, kind.context, strict=True) if not context for key in keys]
        if len(present) < 2:
            message = f"{name} fits more than one form"
            return [Breach(at, message, "see the standard for its forms", path, follows=True)]
        message = f"{' and '.join(present)} exclude each other"
        return [Breach(_key_of(at, present[-1]), message, "keep one of them", path)]
    single = [keys[0] for keys in asked if len(keys) == 1]
    if len(single) == len(failed) and all(e.kind.name == "required" for context in failed for e in context):
        return [Breach(at, f"{' or '.join(single[:2])} is missing", f"add one of {', '.join(single)}", path)]
    meant = max(failed, key=lambda c: (max(len(e.instance_path) for e in c), -len(c)))
    found = [b for inner in meant for b in breaches(inner, root, schema)]
    return found or [Breach(at, f"{name} has no form that is allowed", "see the standard for its forms", path)]


def _refused_key(error: jsonschema_rs.ValidationError, at: Node, schema: AnyMapping[str, Any]) -> Scalar | None:
    """The key that a `not: {required: [key]}` forbids."""
    refused = schema_at(schema, error.schema_path)
    keys: list[str] = list(refused.get("required", ())) if isinstance(refused, dict) else []
    return at.key(keys[0]) if isinstance(at, Mapping) and len(keys) == 1 else None


def schema_at(schema: AnyMapping[str, Any], path: Iterable[str | int]) -> Any:
    """The part of a schema at an error's schema path; an empty mapping when there is none."""
    part: Any = schema
    for step in path:
        try:
            part = part[step]
        except (KeyError, IndexError, TypeError):
            return {}
    return part


def known_keys(
    error: jsonschema_rs.ValidationError, value: Any, schema: AnyMapping[str, Any]
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The keys that the closed object of `error` knows: those valid for this value; those of branches that don't
    apply to it; and the keys that decide which branches apply."""
    here: set[str] = set()
    elsewhere: set[str] = set()
    deciding: set[str] = set()

    def collect(part: Any, into: set[str], depth: int) -> None:
        if not isinstance(part, dict) or depth > 12:
            return
        into.update(part.get("properties", ()))
        if isinstance(ref := part.get("$ref"), str):
            collect(schema_at(schema, ref.removeprefix("#/").split("/")), into, depth + 1)
        for word in ("allOf", "anyOf", "oneOf"):
            for branch in part.get(word, ()):
                collect(branch, into, depth + 1)
        if "if" in part:
            deciding.update(part["if"].get("properties", ()))
            holds = jsonschema_rs.is_valid({**part["if"], "$defs": schema.get("$defs", {})}, value)
            collect(part.get("then"), into if holds else elsewhere, depth + 1)
            collect(part.get("else"), elsewhere if holds else into, depth + 1)

    collect(schema_at(schema, tuple(error.schema_path)[:-1]), here, 0)
    return frozenset(here), frozenset(elsewhere - here), frozenset(deciding)


def _count(value: Any, kind: str) -> str:
    one, many = _COUNTED[kind[3:]]
    return f"{len(value) or 'no'} {one if len(value) == 1 else many}"


def _key_of(at: Node, name: str) -> Node:
    key = at.key(name) if isinstance(at, Mapping) else None
    return key or at


def _what(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return said(value).lower()
        case str():
            return f"the text {said(value)}"
        case list():
            return "a list"
        case AnyMapping():
            return "a mapping"
        case _:
            return f"the number {value}"


def _type_help(name: str, value: Any, types: list[str], wanted: str) -> str:
    if "string" in types and value is not None and not isinstance(value, (list, dict)):
        return f'write it in quotes: {name}: "{str(value).lower() if isinstance(value, bool) else value}"'
    return f"it must be {wanted}"
