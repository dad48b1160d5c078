"""The standard's own schema as the first judge of a contract.

The published Python model of the standard accepts nearly every invalid file; its JSON Schema does not.
Rule: contracts.md 1.2.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from contracts.codes import Severity
from contracts.errors import valid_values
from contracts.lint.breach import Breach, breaches
from contracts.lint.problems import Problems, said, walk
from contracts.yamltree import Mapping, Node, plain

VERSIONS = {"v3.1.0": "odcs-3.1.0.schema.json", "v3.2.0": "odcs-3.2.0.schema.json"}
NEWEST = "v3.2.0"
# What the standard's own schema of 3.1.0 still calls valid. Read only to be told about: see `check_standard`.
_OLDER = ("v3.0.0", "v3.0.1", "v3.0.2")


@cache
def standard(version: str) -> jsonschema_rs.Validator:
    """The validator of one version of the standard, from the copy in contracts/schema."""
    return jsonschema_rs.validator_for(document(version))


@cache
def document(version: str) -> dict[str, Any]:
    """The JSON Schema of one version of the standard."""
    text = files("contracts").joinpath(f"schema/{VERSIONS[version]}").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def check_standard(root: Mapping, problems: Problems, *, ours: bool) -> None:
    """CON-E102 for every breach of the stated version, CON-E103 for a version or kind that isn't read.

    A contract of 3.0.x that doesn't ask for our profile is valid in the eyes of the standard, so that it only is warned
    of; with the profile it is refused.
    """
    version = plain(root.get("apiVersion"))
    told = set()
    stated = version if isinstance(version, str) and version in VERSIONS else NEWEST
    if not isinstance(version, str) or version not in VERSIONS:
        at = root.get("apiVersion") or root
        message = "no apiVersion" if version is None else f"apiVersion {said(version)} is not supported"
        older = version in _OLDER
        severity = Severity.WARNING if older and not ours else None
        stated = "v3.1.0" if older else NEWEST
        problems.add("CON-E103", at, message, valid_values(str(version or ""), tuple(VERSIONS)), severity)
        told.add("apiVersion")
    kind = plain(root.get("kind"))
    if kind != "DataContract":
        at = root.get("kind") or root
        problems.add("CON-E103", at, f"kind {said(kind)} is not a data contract", "write kind: DataContract")
        told.add("kind")
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
    schema = document(version)
    found = []
    for error in standard(version).iter_errors(plain(root)):
        owner = _untyped(error, root)
        if owner is None:
            found += breaches(error, root, schema)
        else:
            found.append(Breach(root, "", "", owner, hole=True))
    return _causes(found)


def _untyped(error: jsonschema_rs.ValidationError, root: Node) -> tuple[str | int, ...] | None:
    """The path of a property without logicalType, when the error only says what some logicalType would ask for.

    Every branch of the schema applies to such a property at once, so that it lacks a `map` and its options fit none;
    the text of the standard leaves logicalType open (CON-E112 is about its options).
    """
    steps = error.schema_path
    if "SchemaBaseProperty" not in steps or "then" not in steps:
        return None
    path = tuple(error.instance_path)
    for block in ("logicalTypeOptions", "map"):
        if block in path:
            path = path[: len(path) - 1 - path[::-1].index(block)]
    owner, _key = walk(root, path)
    return path if isinstance(owner, Mapping) and owner.get("logicalType") is None else None


def _causes(found: list[Breach]) -> list[Breach]:
    """Without what follows from another breach in the same object or below it.

    The standard closes its objects with unevaluatedProperties: where one branch of such an object fails, all its keys
    count as unknown, also those that it names.
    """
    sound = [b for b in found if not b.follows]
    wrong = {b.path for b in sound}
    inside = {b.path[:n] for b in sound for n in range(len(b.path))}
    holders = inside | {b.path for b in sound if not b.unknown}

    def led(b: Breach) -> bool:
        owner = b.path[:-1] if b.unknown else b.path
        by_inner = b.unknown and b.path in inside
        return by_inner or (b.follows and owner in holders) or any((*owner, key) in wrong for key in b.unless)

    return [b for b in found if not b.hole and not led(b)]
