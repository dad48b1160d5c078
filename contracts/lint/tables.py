"""Reference tables, units, tests and tags: found, unchanged, well formed and consistent in themselves."""

from __future__ import annotations

import csv
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from contracts.contract import RefTable
from contracts.errors import valid_values
from contracts.lint.criterion import check_criterion
from contracts.lint.problems import Problems, customs, entries, items, said, text
from contracts.lint.profile import check_durations, check_shape
from contracts.rulebook import profile_schema
from contracts.tables import RefFile, RefSource, read_table
from contracts.yamltree import Mapping, Node, plain, read_yaml
from contracts.yamltree import Sequence as ListNode

Vocabularies = AnyMapping[str, tuple[str, ...]]
"""Vocabulary name -> its canonical words."""

_SECTIONS = ("name", "version", "specification", "labs", "defaults", "tests", "tags", "units", "vocabularies")
_SPECIFICATION = ("id", "version", "effectiveFrom")


@dataclass(frozen=True)
class Table:
    """A reference table that could be parsed; `problems` collects under the table's own file name."""

    ref: RefFile
    root: Mapping
    problems: Problems

    def read(self) -> RefTable:
        """Only after lint found nothing wrong with it."""
        return read_table(self.ref, self.root)


Tables: TypeAlias = AnyMapping[str, Table | None]
"""The tables that a contract lists, by name; None for one that is missing or isn't readable."""


@cache
def unit_table() -> frozenset[str]:
    """Every unit text that a contract may use; annotations belong to it."""
    rows = files("contracts").joinpath("units.csv").read_text(encoding="utf-8").splitlines()
    return frozenset(row["unit"] for row in csv.DictReader(rows))


def check_tables(root: Mapping, refs: RefSource, problems: Problems) -> Tables:
    """The tables named in `refs`. CON-E109 when one is missing, differs or isn't readable."""
    entry = customs(root).get("refs")
    found: dict[str, Table | None] = {}
    for wanted in items(entry[1]) if entry else ():
        name, version = text(wanted, "name"), text(wanted, "version")
        if name is None or version is None or not isinstance(wanted, Mapping):
            continue
        ref = refs.find(name, version)
        if ref is None:
            advice = valid_values(f"{name}@{version}", refs.known())
            problems.add("CON-E109", wanted, f"reference table {name}@{version} is missing", advice)
            found[name] = None
            continue
        _hash(wanted, ref, plain(root.get("status")), problems)
        table = _parsed(name, version, ref)
        found[name] = table
        if table is None:
            problems.add("CON-E109", wanted, f"reference table {name}@{version} is not readable", f"see {ref.file}")
    return found


def _hash(wanted: Mapping, ref: RefFile, status: Any, problems: Problems) -> None:
    stated = text(wanted, "sha256")
    if stated is not None and stated != ref.sha256:
        at = wanted.get("sha256") or wanted
        problems.add("CON-E109", at, f"{ref.file} has another hash than agreed", f"the file's is {ref.sha256}")
    elif stated is None and status == "countersigned":
        advice = f"add sha256: {ref.sha256}"
        problems.add("CON-E109", wanted, "a countersigned contract names no hash of its table", advice)


def _parsed(name: str, version: str, ref: RefFile) -> Table | None:
    tree = read_yaml(ref.data)
    problems = Problems(ref.file)
    if not isinstance(tree.root, Mapping) or tree.problems:
        return None
    root = tree.root
    for key, _value in entries(root):
        if key.value not in _SECTIONS:
            problems.add(
                "CON-E105", key, f"{key.value} is not known in a table", valid_values(str(key.value), _SECTIONS)
            )
    for section, wanted in (("name", name), ("version", version)):
        if plain(root.get(section)) != wanted:
            at = root.get(section) or root
            problems.add(
                "CON-E109", at, f"the table says {section} {said(plain(root.get(section)))}", f'write "{wanted}"'
            )
    for section in ("tests", "tags", "labs"):
        node = root.get(section)
        if node is not None and not isinstance(node, ListNode):
            problems.add("CON-E105", node, f"{section} is no list", "write one entry a line")
    _specification(root.get("specification"), problems)
    for lab in items(root.get("labs")):
        if not isinstance(plain(lab), str):
            problems.add(
                "CON-E105",
                lab,
                f"laboratory {said(plain(lab))} is no text",
                "write its id, in quotes if it is a number",
            )
    for section in ("units", "vocabularies"):
        if (node := root.get(section)) is not None:
            check_shape(("customProperties", section), node, problems)
    defaults = root.get("defaults")
    if defaults is not None and not isinstance(defaults, Mapping):
        problems.add("CON-E105", defaults, "defaults is no mapping", "write {interval: PT5S, ...}, or leave it out")
    check_units(root.get("units"), problems)
    check_tags(items(root.get("tags")), problems, root.get("defaults"))
    return Table(ref, root, problems)


def _specification(node: Node | None, problems: Problems) -> None:
    """The specification that the tests of a table come from: id, version, and the day it came into force."""
    if node is None:
        return
    if not isinstance(node, Mapping):
        problems.add("CON-E105", node, "specification is no mapping", 'write {id: SPEC, version: "3"}')
        return
    for key in ("id", "version"):
        value = plain(node.get(key))
        if value is None or isinstance(value, (dict, list, bool)):
            problems.add("CON-E105", node.get(key) or node, f"{key} of the specification is missing", f"add {key}")
    for name, child in entries(node):
        if name.value not in _SPECIFICATION:
            advice = valid_values(str(name.value), _SPECIFICATION)
            problems.add("CON-E105", name, f"{name.value} is not known in a specification", advice)
        elif name.value == "effectiveFrom" and not _is_date(plain(child)):
            problems.add("CON-E105", child, f"{said(plain(child))} is no date", "write year, month and day: 2026-01-31")


def _is_date(value: Any) -> bool:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def vocabulary_names(schema: Mapping, tables: Tables) -> Vocabularies:
    """The vocabularies of a schema object, its own or those of the table it refers to."""
    entry = customs(schema).get("vocabularies")
    node: Node | None = entry[1] if entry else None
    ref = text(node, "ref")
    if ref is not None and (table := tables.get(ref)) is not None:
        node = table.root.get("vocabularies")
    return {
        str(key.value): tuple(str(word.value) for word, _synonyms in entries(words))
        for key, words in entries(node)
        if isinstance(words, Mapping)
    }


def check_units(node: Node | None, problems: Problems) -> None:
    """CON-E108 for every unit, of a `units` mapping or alone, that isn't in the unit table. Aliases may be anything."""
    if not isinstance(node, Mapping):
        if node is not None:
            _unit(node, problems)
        return
    for section in ("aliases", "flagged"):
        for key, _listed in entries(node.get(section)):
            _unit(key, problems)
    for conversion in items(node.get("convert")):
        for end in ("from", "to"):
            unit = conversion.get(end) if isinstance(conversion, Mapping) else None
            if unit is not None:
                _unit(unit, problems)


def _unit(node: Node, problems: Problems) -> None:
    unit = plain(node)
    if isinstance(unit, str) and unit not in unit_table():
        problems.add(
            "CON-E108", node, f"unit {said(unit)} is not in the unit table", valid_values(unit, tuple(unit_table()))
        )


def check_tests(tests: Sequence[Node], words: Vocabularies, problems: Problems, *, shapes: bool = False) -> None:
    """The TestDefs of a panel. `shapes`: also their form (a contract's own tests are judged with their property)."""
    names: dict[str, Node] = {}
    shaped = [t for t in tests if not shapes or check_shape(("TestDef", ""), t, problems)]
    sound = [t for t in shaped if isinstance(t, Mapping)]
    for test in sound if shapes else ():
        check_durations(_of("TestDef"), test, problems)
    for test in sound:
        for node in (test.get("code"), *items(test.get("aliases"))):
            _once(node, "test code", names, problems)
    kinds = {
        str(plain(node)): str(plain(test.get("valueKind")))
        for test in reversed(sound)
        for node in (test.get("code"), *items(test.get("aliases")))
    }
    for test in sound:
        if (unit := test.get("unit")) is not None:
            _unit(unit, problems)
        _ordered(test.get("physical"), problems)
        _test_words(test, words, problems)
        if (criterion := test.get("criterion")) is not None:
            check_criterion(criterion, test, kinds, problems)


def _test_words(test: Mapping, words: Vocabularies, problems: Problems) -> None:
    """A qualitative test needs a vocabulary that knows the words of its criterion."""
    named, criterion = text(test, "vocabulary"), test.get("criterion")
    if named is not None and named not in words:
        at = test.get("vocabulary") or test
        problems.add("CON-E110", at, f"vocabulary {named} does not exist", valid_values(named, tuple(words)))
        return
    if not isinstance(criterion, Mapping) or text(test, "valueKind") != "qualitative":
        return
    if plain(criterion.get("absent")) is True and named is None and "absent" not in words:
        problems.add("CON-E110", criterion, "vocabulary absent does not exist", valid_values("absent", tuple(words)))
    known = {word for name, listed in words.items() for word in listed if named in (None, name)}
    for word in items(criterion.get("oneOf")):
        if str(plain(word)) not in known:
            message = f"word {said(plain(word))} is in no vocabulary"
            problems.add("CON-E110", word, message, valid_values(str(plain(word)), tuple(known)))


def _of(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = profile_schema()["$defs"][name]
    return schema


def check_tags(tags: Sequence[Node], problems: Problems, defaults: Node | None = None) -> None:
    """The TagDefs of a list; `defaults` of a table stand in for what a tag leaves out."""
    names: dict[str, Node] = {}
    shared = defaults if isinstance(defaults, Mapping) else None
    if shared is not None:
        check_shape(("TagDef", ""), shared, problems)
        check_durations(_of("TagDef"), shared, problems)
    for tag in tags:
        if not isinstance(tag, Mapping):
            problems.add(
                "CON-E105", tag, "a tag is no mapping", "write {tag: NAME, name: ours, unit: U, range: [low, high]}"
            )
            continue
        check_shape(("TagDef", ""), tag, problems)
        check_durations(_of("TagDef"), tag, problems)
        for key in ("tag", "name", "unit", "range"):
            if tag.get(key) is None and (shared is None or shared.get(key) is None):
                problems.add("CON-E105", tag, f"{key} is missing", f"add {key}")
        for node in (tag.get("tag"), *items(tag.get("aliases"))):
            _once(node, "tag", names, problems)
        for unit in (tag.get("unit"), *(key for key, _range in entries(tag.get("looksLike")))):
            if unit is not None:
                _unit(unit, problems)
        _ordered(tag.get("range"), problems)


def _once(node: Node | None, noun: str, names: dict[str, Node], problems: Problems) -> None:
    if node is None:
        return
    name = str(plain(node))
    if name in names:
        problems.add("CON-E106", node, f"{noun} {name} is there twice", f"the first is on line {names[name].line}")
    names.setdefault(name, node)


def _ordered(node: Node | None, problems: Problems) -> None:
    """CON-E105 for an interval whose lower end lies above its upper end: nothing could be inside."""
    try:
        low, high = (Decimal(str(plain(end))) for end in items(node))
    except (ValueError, InvalidOperation):
        return  # not two numbers: the shape says so
    if low > high and node is not None:
        problems.add(
            "CON-E105", node, f"the range starts at {low} and ends at {high}", "write the smaller number first"
        )
