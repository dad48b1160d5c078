"""Messages for JSON Schema errors, and the standard's own schema as the first judge of a contract.

The published Python model of the standard accepts nearly every invalid file; its JSON Schema does not.
Rule: contracts.md 1.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from contracts.errors import valid_values
from contracts.lint.problems import Problems, said, walk
from contracts.yamltree import Mapping, Node, plain

VERSIONS = {"v3.1.0": "odcs-3.1.0.schema.json", "v3.2.0": "odcs-3.2.0.schema.json"}
NEWEST = "v3.2.0"

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}

# Keys that authors put on the wrong level, and where they belong.
_BELONGS = {
    "quality": "a rule belongs on the schema object or a property",
    "properties": "fields belong under a schema object",
}


@cache
def standard(version: str) -> jsonschema_rs.Validator:
    """The validator of one version of the standard, from the copy in contracts/schema."""
    text = files("contracts").joinpath(f"schema/{VERSIONS[version]}").read_text(encoding="utf-8")
    return jsonschema_rs.validator_for(json.loads(text))


def check_standard(root: Mapping, problems: Problems) -> None:
    """CON-E102 for every breach of the stated version, CON-E103 for a version or kind that isn't read."""
    version = plain(root.get("apiVersion"))
    told = set()
    if not isinstance(version, str) or version not in VERSIONS:
        at = root.get("apiVersion") or root
        message = "no apiVersion" if version is None else f"apiVersion {said(version)} is not supported"
        problems.add("CON-E103", at, message, valid_values(str(version or ""), tuple(VERSIONS)))
        told.add("apiVersion")
    kind = plain(root.get("kind"))
    if kind != "DataContract":
        at = root.get("kind") or root
        problems.add("CON-E103", at, f"kind {said(kind)} is not a data contract", "write kind: DataContract")
        told.add("kind")
    stated = version if isinstance(version, str) and version in VERSIONS else NEWEST
    found = _breaches_of(root, stated)
    # A key that only a newer version knows is told so: the author wants the version raised, not the key removed.
    newer = {b.path for b in _breaches_of(root, NEWEST)} if stated != NEWEST and found else set()
    for breach in found:
        advice = breach.help
        if breach.unknown and stated != NEWEST and breach.path not in newer:
            advice = f"it came with {NEWEST}: write apiVersion: {NEWEST}, or remove it"
        if breach.path[:1] not in [(key,) for key in told]:
            problems.add("CON-E102", breach.at, breach.message, advice)


def _breaches_of(root: Mapping, version: str) -> list[Breach]:
    return _causes([b for error in standard(version).iter_errors(plain(root)) for b in breaches(error, root)])


def _causes(found: list[Breach]) -> list[Breach]:
    """Without the keys that are "unknown" only because something below them is wrong.

    The standard closes its objects with unevaluatedProperties: a key whose value fails counts as not evaluated.
    """
    deeper = {b.path[:n] for b in found for n in range(len(b.path))}
    return [b for b in found if not (b.unknown and b.path in deeper)]


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach of a JSON Schema: where, what, and what to write. `path` leads to the value or unknown key."""

    at: Node
    message: str
    help: str
    path: tuple[str | int, ...]
    unknown: bool = False


def breaches(error: jsonschema_rs.ValidationError, root: Node, base: tuple[str | int, ...] = ()) -> list[Breach]:
    """The breaches behind one error: unknown keys one by one, and of alternatives those of the nearest one."""
    path = (*base, *error.instance_path)
    at, key = walk(root, path)
    name = str(path[-1]) if path and isinstance(path[-1], str) else "the value"
    kind: Any = error.kind  # each kind has attributes of its own, which its type stub does not tell
    value = plain(at)

    def breach(message: str, help: str, where: Node = at, key: str | None = None) -> Breach:
        return Breach(where, message, help, (*path, key) if key is not None else path)

    match kind.name:
        case "required":
            missing = str(kind.property)
            return [breach(f"{missing} is missing", f"add {missing}", key=missing)]
        case "additionalProperties" | "unevaluatedProperties":
            advice = "remove it, or mind its spelling"
            names = [str(name) for name in kind.unexpected]
            return [
                Breach(_key_of(at, n), f"{n} is not known here", _BELONGS.get(n, advice), (*path, n), unknown=True)
                for n in names
            ]
        case "anyOf" | "oneOf" if any(kind.context):
            # The alternative that fails deepest inside is the one the author meant.
            meant = max((c for c in kind.context if c), key=lambda c: (max(len(e.instance_path) for e in c), -len(c)))
            found = [b for inner in meant for b in breaches(inner, root, base)]
            return found or [breach(f"{name} has no form that is allowed", "see the standard for its forms")]
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
            return [breach(f"{name} is too short", f"at least {kind.limit}")]
        case "maxItems" | "maxProperties" | "maxLength":
            return [breach(f"{name} is too long", f"at most {kind.limit}")]
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
