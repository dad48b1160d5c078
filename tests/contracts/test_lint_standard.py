"""Promise kept here: what breaks the Open Data Contract Standard is told at its cause and nowhere else; what the
standard allows is let through, also what we do not use.

The standard brings its own invalid examples; each kind of them has a case here, in our own words. `@` marks the place
that lint must name. The profile is off in these files: the standard alone judges.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.codes import Severity
from contracts.errors import LintProblem
from contracts.lint import lint
from contracts.lint.schema import document
from contracts.odcs import load
from contracts.yamltree import plain, read_yaml
from tests.contracts.test_lint import SOUND, MemoryRefs, marked

HEAD = "apiVersion: v3.2.0\nkind: DataContract\nid: lot-genealogy\nversion: 1.0.0\nstatus: active\n"

FIELD = (
    HEAD
    + """\
schema:
  - name: lots
    properties:
      - name: titre
        logicalType: number
"""
)


def rule(text: str) -> str:
    """One quality rule of a field, given as the lines of its entry."""
    first, *rest = text.splitlines()
    return (
        FIELD + f"        quality:\n          - {first}\n" + "".join(f"            {line}\n" for line in rest)
    ).replace("- @", "- @")


def server(text: str) -> str:
    first, *rest = text.splitlines()
    return HEAD + f"servers:\n  - {first}\n" + "".join(f"    {line}\n" for line in rest)


def errors(text: str) -> list[LintProblem]:
    return [p for p in lint(text.encode(), "x.yaml", MemoryRefs()) if p.severity is Severity.ERROR]


E102 = "CON-E102"
ONE_CAUSE = [
    # the head
    ("an unknown key", HEAD + "@stauts: draft\n", E102, "stauts is not known here", "did you mean status? valid: "),
    (
        "a version nobody knows",
        HEAD.replace(": v3.2.0", ": @v9.0"),
        "CON-E103",
        'apiVersion "v9.0" is not supported',
        "did you mean v3.2.0? valid: v3.1.0, v3.2.0",
    ),
    (
        "another kind",
        HEAD.replace(": DataC", ": @DataPro").replace("Proontract", "Product"),
        "CON-E103",
        'kind "DataProduct" is not a data contract',
        "write kind: DataContract",
    ),
    ("no id", "@" + HEAD.replace("id: lot-genealogy\n", ""), E102, "id is missing", "add id"),
    (
        "a quality rule on the contract",
        HEAD + "@quality: [{type: text}]\n",
        E102,
        "quality is not known here",
        "a rule belongs on the schema object or a property",
    ),
    # codes
    (
        "a code twice",
        FIELD + "        enum:\n          @- value: high\n          - value: high\n",
        E102,
        "enum holds the same entry twice",
        "keep one",
    ),
    ("an empty list of codes", FIELD + "        enum: @[]\n", E102, "enum has no entries", "at least 1"),
    (
        "a code without its value",
        FIELD + "        enum:\n          - @description: above the limit\n",
        E102,
        "value is missing",
        "add value",
    ),
    # synonyms
    (
        "a synonym without its word",
        FIELD + "        synonyms:\n          - @source: header\n",
        E102,
        "synonym is missing",
        "add synonym",
    ),
    # quality
    (
        "an unknown dimension",
        rule("metric: nullValues\nmustBe: 0\ndimension: @pretty"),
        E102,
        'dimension is "pretty"',
        "valid: accuracy, completeness, conformity, consistency, coverage, timeliness, uniqueness",
    ),
    (
        "an unknown metric",
        rule("metric: @nullValuse\nmustBe: 0"),
        E102,
        'metric is "nullValuse"',
        "did you mean nullValues? valid: duplicateValues, invalidValues, missingValues, nullValues, rowCount",
    ),
    (
        "an unknown kind of rule",
        rule("type: @regex\nmustBe: 0"),
        E102,
        'type is "regex"',
        "valid: custom, library, sql, text",
    ),
    (
        "a custom rule that does nothing",
        rule("@type: custom\nengine: soda"),
        E102,
        "implementation is missing",
        "add implementation",
    ),
    (
        "a key of no rule",
        rule("type: text\n@element: titre"),
        E102,
        "element is not known here",
        "valid: authoritativeDefinitions, businessImpact, ",
    ),
    ("a library rule without its metric", rule("@type: library\nmustBe: 0"), E102, "metric is missing", "add metric"),
    (
        "a library rule that compares with nothing",
        rule("@metric: nullValues"),
        E102,
        "mustBe or mustNotBe is missing",
        "add one of mustBe, mustNotBe, mustBeGreaterThan, ",
    ),
    (
        "two comparisons in one rule",
        rule("metric: nullValues\nmustBe: 0\n@mustBeLessThan: 5"),
        E102,
        "mustBe and mustBeLessThan exclude each other",
        "keep one of them",
    ),
    (
        "an interval of one number",
        rule("metric: rowCount\nmustBeBetween: @[5]"),
        E102,
        "mustBeBetween has 1 entry",
        "at least 2",
    ),
    ("an SQL rule without its query", rule("@type: sql\nmustBe: 0"), E102, "query is missing", "add query"),
    # relationships
    (
        "a field's relationship with a start",
        FIELD + "        relationships:\n          - @from: lots.titre\n            to: assays.titre\n",
        E102,
        "from is not allowed here",
        "remove it",
    ),
    (
        "an object's relationship without its start",
        HEAD + "schema:\n  - name: lots\n    relationships:\n      - @to: assays.titre\n",
        E102,
        "from is missing",
        "add from",
    ),
    # fields
    (
        "an unknown type",
        FIELD.replace("Type: number", "Type: @decimal"),
        E102,
        'logicalType is "decimal"',
        "valid: array, boolean, date, integer, map, number, ",
    ),
    ("a field without a name", FIELD.replace("- name: titre\n        ", "- @"), E102, "name is missing", "add name"),
    (
        "a map without its block",
        FIELD.replace("- name: titre\n        logicalType: number", "- @name: titre\n        logicalType: map"),
        E102,
        "map is missing",
        "add map",
    ),
    (
        "a map without the type of its keys",
        FIELD.replace("number", "map") + "        map:\n          @value: {logicalType: string}\n",
        E102,
        "key is missing",
        "add key",
    ),
    (
        "a map without the type of its values",
        FIELD.replace("number", "map") + "        map:\n          @key: {logicalType: string}\n",
        E102,
        "value is missing",
        "add value",
    ),
    (
        "a vector of no length",
        FIELD.replace("number", "vector") + "        logicalTypeOptions:\n          @elementType: float32\n",
        E102,
        "dimensions is missing",
        "add dimensions",
    ),
    (
        "a flag that is text",
        FIELD + '        deprecated: @"perhaps"\n',
        E102,
        'deprecated is the text "perhaps"',
        "it must be true or false",
    ),
    (
        "a field of an array's items that is unknown",
        FIELD.replace("number", "array")
        + "        items:\n          logicalType: object\n"
        + "          properties:\n            - {name: run, @lenght: 3}\n",
        E102,
        "lenght is not known here",
        "valid: ",
    ),
    # servers
    (
        "an unknown server",
        server("server: lake\ntype: @mongodb"),
        E102,
        'type is "mongodb"',
        "valid: api, athena, azure, ",
    ),
    (
        "a server that lacks what its type needs",
        server("@server: lake\ntype: s3"),
        E102,
        "location is missing",
        "add location",
    ),
    ("a server without a type", server("@server: lake\nhost: db.example"), E102, "type is missing", "add type"),
    (
        "a server with a key of another type",
        server("server: lake\ntype: s3\nlocation: s3://lots\n@host: db.example"),
        E102,
        "host is not known here",
        "valid: ",
    ),
    (
        "an encoding that is a number",
        server("server: lake\ntype: s3\nlocation: s3://lots\nencoding: @65001"),
        E102,
        "encoding is the number 65001",
        'write it in quotes: encoding: "65001"',
    ),
    # service levels, custom properties
    (
        "a service level without its value",
        HEAD + "slaProperties:\n  - @property: latency\n    unit: h\n",
        E102,
        "value is missing",
        "add value",
    ),
    (
        "a definition without its type",
        HEAD
        + "slaProperties:\n  - property: latency\n    value: 4\n    authoritativeDefinitions:\n      - @url: https://example.org/latency\n",
        E102,
        "type is missing",
        "add type",
    ),
    (
        "a vendor that is a number",
        HEAD + "customProperties:\n  - {property: shelf, value: cold, vendor: @7}\n",
        E102,
        "vendor is the number 7",
        'write it in quotes: vendor: "7"',
    ),
]


@pytest.mark.parametrize(
    ("text", "code", "message", "help"), [case[1:] for case in ONE_CAUSE], ids=[c[0] for c in ONE_CAUSE]
)
def test_what_breaks_the_standard_is_one_error_at_its_cause(text: str, code: str, message: str, help: str) -> None:
    text, line, column = marked(text)
    (found,) = errors(text)
    assert (found.code, found.line, found.column, found.message) == (code, line, column, message)
    assert found.help.startswith(help), found.help


def test_each_cause_is_told_when_there_are_several() -> None:
    text = server("server: lake\ntype: s3\nlocatoin: s3://lots\nencoding: 65001") + FIELD.removeprefix(HEAD).replace(
        "logicalType: number",
        "logicalType: numbr\n        quality:\n          - {metric: nullValues, mustBe: 0, mustNotBe: 1}",
    )
    assert [(p.line, p.message) for p in errors(text)] == [
        (7, "location is missing"),
        (9, "locatoin is not known here"),
        (10, "encoding is the number 65001"),
        (15, 'logicalType is "numbr"'),
        (17, "mustBe and mustNotBe exclude each other"),
    ]


def test_a_contract_of_an_older_version_is_refused_for_use_and_otherwise_only_told() -> None:
    old = HEAD.replace("v3.2.0", "v3.0.2")
    (told,) = [p for p in lint(old.encode(), "x.yaml", MemoryRefs()) if p.code == "CON-E103"]
    assert (told.severity, told.line, told.column) == (Severity.WARNING, 1, 13)
    used = old + "customProperties:\n  - {property: jidProfile, value: 1}\n"
    (refused,) = [p for p in lint(used.encode(), "x.yaml", MemoryRefs()) if p.code == "CON-E103"]
    assert refused.severity is Severity.ERROR


WHOLE = Path(__file__).parent / "standard" / "every_section.odcs.yaml"


def keys_of(node: Any) -> set[str]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return (set(node) if isinstance(node, dict) else set()).union(*(keys_of(child) for child in inner))


def test_the_whole_standard_is_let_through() -> None:
    found = lint(WHOLE.read_bytes(), WHOLE.name)
    assert [p for p in found if p.severity is Severity.ERROR] == []
    told = {(p.code, p.severity) for p in found}
    assert told == {
        ("CON-E104", Severity.INFO),  # the profile is off
        ("CON-E113", Severity.WARNING),
        ("CON-E114", Severity.WARNING),
        ("CON-E117", Severity.INFO),  # the intervals
    }


def test_the_file_above_leaves_no_key_of_the_standard_out() -> None:
    """The oracle is the standard's own schema: every key that it names anywhere but in the kinds of servers."""
    definitions = {k: v for k, v in document("v3.2.0")["$defs"].items() if k != "ServerSource"}

    def named(part: Any) -> set[str]:
        if isinstance(part, list):
            return set().union(*map(named, part))
        if not isinstance(part, dict):
            return set()
        own = part.get("properties") or {}
        return set(own).union(*map(named, part.values())) if isinstance(own, dict) else set()

    wanted = named(definitions) | set(document("v3.2.0")["properties"])
    rare = {"elementType", "embeddingModel", "embeddingModelVersion", "normalized", "rule"}  # of a vector; an old name
    assert wanted - keys_of(plain(read_yaml(WHOLE.read_bytes()).root)) <= rare


def branches() -> list[tuple[str, str]]:
    found = document("v3.2.0")["$defs"]["Server"]["allOf"]
    return [(b["if"]["properties"]["type"]["const"], b["then"]["$ref"].rpartition("/")[2]) for b in found if "if" in b]


@pytest.mark.parametrize(("kind", "name"), branches(), ids=[kind for kind, _ in branches()])
def test_every_kind_of_server_is_let_through_and_misses_what_it_needs(kind: str, name: str) -> None:
    needed = document("v3.2.0")["$defs"]["ServerSource"][name].get("required", ())
    options = document("v3.2.0")["$defs"]["ServerSource"][name]["properties"]
    values = {key: "5432" if "port" in key.lower() else _value_of(options[key]) for key in needed}
    whole = server("\n".join(["server: lake", f"type: {kind}", *(f"{key}: {value}" for key, value in values.items())]))
    assert errors(whole) == []
    for key, value in values.items():
        (missing,) = errors(whole.replace(f"    {key}: {value}\n", ""))
        assert (missing.message, missing.line, missing.column) == (f"{key} is missing", 7, 5)


def _value_of(option: dict[str, Any]) -> str:
    return option["enum"][0] if "enum" in option else option.get("pattern", "https://.*").strip("^.*") + "example.org"


def test_a_team_may_be_a_list_as_it_was_before() -> None:
    for version in ("v3.1.0", "v3.2.0"):
        text = HEAD.replace("v3.2.0", version) + "team:\n  - {username: avogel, role: owner}\n"
        assert errors(text) == []


def test_a_property_without_a_type_needs_nothing_that_a_type_would_need() -> None:
    """The schema asks for a map and a vector's length there; the text of the standard leaves the type open."""
    assert errors(FIELD.replace("        logicalType: number\n", "        physicalType: numeric\n")) == []
    options = FIELD.replace("logicalType: number", "@logicalTypeOptions: {maxLength: 3}")
    text, line, column = marked(options)
    (told,) = errors(text)
    assert (told.code, told.line, told.column) == ("CON-E112", line, column)


def test_what_nobody_evaluates_is_kept_where_the_profile_is_on() -> None:
    """Documentation of the standard takes nothing away from a contract, and whoever shows the contract finds it."""
    body = plain(read_yaml(WHOLE.read_bytes()).root)
    kept = ("tenant", "domain", "dataProduct", "tags", "price", "roles", "team", "servers", "slaDefaultElement")
    text = SOUND + "".join(f"{key}: {json.dumps(body[key], default=float)}\n" for key in kept)
    assert [p for p in lint(text.encode(), "x.yaml", MemoryRefs()) if p.severity is Severity.ERROR] == []
    contract = load(text.encode(), file="x.yaml", refs=MemoryRefs())
    assert contract.tree is not None
    assert keys_of(plain(contract.tree)) >= {"priceAmount", "replacedByUsername", "secondLevelApprovers", *kept}
