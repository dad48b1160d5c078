"""The profile: every custom property's name, place and value, and every rule's `implementation`.

The shapes are in schema/jid-profile-1.schema.json; here is which name may stand where (contracts.md 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import jsonschema_rs

from contracts.duration import parse_duration
from contracts.errors import valid_values
from contracts.lint.breach import breaches
from contracts.lint.problems import Problems, customs, maps, said, text
from contracts.lint.semantic import properties
from contracts.rulebook import profile_schema, rules
from contracts.yamltree import Mapping, Node, Scalar, plain
from contracts.yamltree import Sequence as ListNode

PLACES: dict[str, tuple[str, ...]] = {
    "the root": ("jidProfile", "feed", "refs", "severity", "safety", "personalData", "receipt", "overlap"),
    "a schema object": (
        "documentKind",
        "contentModel",
        "source",
        "locale",
        "time",
        "units",
        "vocabularies",
        "tests",
        "tags",
        "qualityMap",
        "phases",
        "rejectAbove",
    ),
    "a property": (
        "contentModel",
        "locator",
        "presence",
        "storedAsText",
        "identifier",
        "valueKind",
        "unit",
        "unitFrom",
        "vocabulary",
        "precision",
        "dateOrder",
    ),
    "a quality rule": ("action", "impact"),
    "a service level": ("subject", "anchor", "leadTime", "calendar", "timezone", "grace", "escalate", "appliesWhen"),
    "a support channel": ("alertRoute",),
}

_KNOWN = {name for names in PLACES.values() for name in names}
_KINDS = {"coa": "certificate", "pat": "series", "schedule": "schedule"}


def is_on(root: Mapping) -> bool:
    """Whether the file asks for the profile. Any value of jidProfile does; another than 1 is a problem of its own."""
    return "jidProfile" in customs(root)


def check_profile(root: Mapping, problems: Problems) -> None:
    _names(root, "the root", problems)
    schemas = maps(root, "schema")
    for schema in schemas:
        _names(schema, "a schema object", problems)
    for node, _path in properties(root):
        _names(node, "a property", problems)
    for level in maps(root, "slaProperties"):
        _names(level, "a service level", problems)
    for channel in maps(root, "support"):
        _names(channel, "a support channel", problems)
    for owner, kind in _rule_owners(root):
        for rule in maps(owner, "quality"):
            _names(rule, "a quality rule", problems)
            if text(rule, "type") == "custom" and text(rule, "engine") == "justindata":
                _implementation(rule, kind, problems)
    _identity(root, problems)
    _required(root, schemas, problems)


def _rule_owners(root: Mapping) -> list[tuple[Mapping, str | None]]:
    schemas = maps(root, "schema")
    kind = _value(schemas[0], "documentKind") if schemas else None
    return [(owner, kind) for owner in (*schemas, *(node for node, _path in properties(root)))]


def _value(owner: Mapping, name: str) -> Any:
    entry = customs(owner).get(name)
    return plain(entry[1]) if entry else None


def _names(owner: Mapping, place: str, problems: Problems) -> None:
    """CON-E104 for a name that isn't ours or stands in the wrong place, CON-E105 for a value of the wrong shape."""
    for entry in maps(owner, "customProperties"):
        name, value, vendor = text(entry, "property"), entry.get("value"), text(entry, "vendor")
        if name is None or value is None or vendor not in (None, "justindata"):
            continue  # a missing property or value is the standard's own finding; another vendor's is kept and ignored
        at = entry.get("property") or entry
        if name not in _KNOWN:
            message = f"custom property {name} is not known"
            problems.add("CON-E104", at, message, f"{valid_values(name, PLACES[place])}; or name its vendor")
        elif name not in PLACES[place]:
            belongs = " or ".join(where for where, names in PLACES.items() if name in names)
            problems.add(
                "CON-E104", at, f"custom property {name} does not belong on {place}", f"it belongs on {belongs}"
            )
        else:
            check_shape(("customProperties", name), value, problems)
            check_durations(profile_schema()["$defs"]["customProperties"][name], value, problems, name)


def _implementation(rule: Mapping, kind: str | None, problems: Problems) -> None:
    body = rule.get("implementation")
    if not isinstance(body, Mapping):
        if body is not None:
            problems.add("CON-E105", body, "implementation is not a mapping", "write {rule: NAME, parameter: value}")
        return
    name = text(body, "rule")
    if name is None:
        problems.add(
            "CON-E104", body.get("rule") or body, "implementation names no rule", valid_values("", tuple(rules()))
        )
        return
    known = rules().get(name)
    at = body.get("rule") or body
    if known is None:
        fitting = tuple(r.name for r in rules().values() if kind is None or kind in r.kinds)
        problems.add("CON-E104", at, f"rule {name} is not known", valid_values(name, fitting))
        return
    if kind in _KINDS.values() and kind not in known.kinds:
        message = f"rule {name} has no meaning for a {kind}"
        problems.add("CON-E104", at, message, f"it belongs to {' and '.join(known.kinds)} contracts")
    check_shape(("rules", name), body, problems)
    check_durations(profile_schema()["$defs"]["rules"][name], body, problems)


def _identity(root: Mapping, problems: Problems) -> None:
    """CON-E105 for a name that cannot stand in a file name, a command or an address: reports, kits and the hub put it
    there."""
    ours = customs(root)
    feed = ours["feed"][1] if "feed" in ours else None
    version = root.get("version")
    for name, node in (
        ("id", root.get("id")),
        *((name, feed.get(name)) for name in ("partner", "site") if isinstance(feed, Mapping)),
    ):
        value = plain(node)
        if node is not None and isinstance(value, str) and not _NAME.fullmatch(value):
            message = f"{name} is {said(value)}"
            problems.add("CON-E105", node, message, "letters, digits, and . _ - after the first: northvale-coa")
    if version is not None and isinstance(said_version := plain(version), str) and not _VERSION.fullmatch(said_version):
        problems.add("CON-E105", version, f"version is {said(said_version)}", "three numbers: 2.3.0")


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?")


def _required(root: Mapping, schemas: list[Mapping], problems: Problems) -> None:
    ours = customs(root)
    if "feed" not in ours:
        at = root.get("customProperties") or root
        problems.add("CON-E105", at, "feed is missing", "add {property: feed, value: {partner: NAME, kind: coa}}")
    if len(schemas) != 1:
        at = root.get("schema") or root
        message = f"the contract describes {len(schemas)} kinds of record"
        problems.add("CON-E105", at, message, "a feed delivers one kind: write exactly one schema object")
    for schema in schemas:
        kind = customs(schema).get("documentKind")
        if kind is None:
            at = schema.get("customProperties") or schema
            problems.add("CON-E105", at, "documentKind is missing", "add certificate, series or schedule")
            continue
        feed_kind = text(ours["feed"][1], "kind") if "feed" in ours else None
        wanted = _KINDS.get(feed_kind or "")
        if wanted is not None and plain(kind[1]) in _KINDS.values() and plain(kind[1]) != wanted:
            message = f"documentKind is {plain(kind[1])} and the feed's kind is {feed_kind}"
            problems.add("CON-E116", kind[1], message, f"write {wanted}, or bind another feed")


@cache
def shape(group: str, name: str) -> jsonschema_rs.Validator:
    """The validator of one entry of the profile: ("customProperties", "source"), ("TestDef", "")."""
    defs = profile_schema()["$defs"]
    # Without the other entries, which none refers to: the whole profile takes three times as long to make ready.
    others: dict[str, Any] = {"customProperties": {}, "rules": {}}
    own = {group: {name: defs[group][name]}} if name else {}
    path = f"#/$defs/{group}/{name}".rstrip("/")
    return jsonschema_rs.validator_for({**profile_schema(), "$defs": {**defs, **others, **own}, "$ref": path})


def check_shape(entry: tuple[str, str], node: Node, problems: Problems) -> bool:
    """CON-E105 for every breach of a shape of the profile. True when there is none."""
    sound = True
    whole = {**profile_schema(), "$ref": f"#/$defs/{entry[0]}/{entry[1]}".rstrip("/")}
    for error in shape(*entry).iter_errors(plain(node)):
        for breach in breaches(error, node, whole):
            sound = False
            problems.add(
                "CON-E105", breach.at, breach.message.replace("the value", entry[1] or entry[0], 1), breach.help
            )
    return sound


def check_durations(schema: dict[str, Any], node: Node, problems: Problems, name: str = "the duration") -> None:
    """CON-E105 for a duration with years or months, which no clock can count, and for one that runs backwards."""
    each_duration(schema, node, lambda at, key: _duration(at, key, problems), name)


# A time before another one: all other durations are lengths.
_BACKWARDS = frozenset(("leadTime", "at", "plus", "from"))


def _duration(node: Scalar, name: str, problems: Problems) -> None:
    try:
        length = parse_duration(str(node.value))
    except ValueError:
        message = f"duration {said(node.value)} has no fixed length"
        problems.add("CON-E105", node, message, "write weeks, days, hours, minutes and seconds: P14D, PT48H, PT5M")
        return
    if length < timedelta(0) and name not in _BACKWARDS:
        problems.add("CON-E105", node, f"{name} is negative", "write how long it is, without a minus")


def each_duration(
    schema: dict[str, Any], node: Node, visit: Callable[[Scalar, str], None], name: str = "the duration"
) -> None:
    """Every scalar of `node` that `schema` says is a well-formed duration, with the key that it stands under."""
    if "$ref" in schema:
        each_duration(profile_schema()["$defs"][schema["$ref"].rpartition("/")[2]], node, visit, name)
    for branch in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        each_duration(branch, node, visit, name)
    if str(schema.get("pattern", "")).startswith("^-?P") and isinstance(node, Scalar):
        if jsonschema_rs.is_valid(schema, plain(node)):
            visit(node, name)
    elif isinstance(node, ListNode):
        for child in node.items:
            each_duration(schema.get("items", {}), child, visit, name)
    elif isinstance(node, Mapping):
        for key, child in node:
            each_duration(schema.get("properties", {}).get(key, {}), child, visit, key)
