"""Promise: no edit of a contract goes by unseen. Whatever leaf of a shipped contract or of its tables becomes another
one, as long as the result is a contract, `compare` tells of it; what it cannot judge it calls undetermined. The way
back is the same way: what tightens loosens when it is undone. A contract against itself has no change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

import pytest

from contracts.build import build
from contracts.change import Change, Effect, Grade, Part, compare
from contracts.change.fields import _ATTRIBUTES
from contracts.change.levels import _LEVEL
from contracts.change.panel import _TEST
from contracts.change.sources import _LOCALE, _SOURCE, _TIME
from contracts.change.taglist import _TAG
from contracts.compile import compile_clauses
from contracts.contract import Contract, Field, Locale, RefTable, ServiceLevel, SourceForm, TagDef, TestDef, TimeRules
from contracts.tables import RefFile, read_table
from contracts.yamltree import Digits, Mapping, Node, Scalar, Sequence, read_yaml
from tests.contracts.change_support import made, shipped, table_text, text_of

NAMES = ["northvale-coa", "halden-pat", "brightwater-schedule"]
OF_LIFE = {("version",), ("status",)}


def scalars(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    """Every leaf with its path, once: an alias has the place of what it stands for."""
    match node:
        case Scalar():
            yield path, node
        case Sequence():
            for number, item in enumerate(node):
                yield from scalars(item, (*path, str(number)))
        case Mapping():
            for key, item in node:
                yield from scalars(item, (*path, key))


def others(leaf: Scalar) -> list[object]:
    """What could stand there instead."""
    match leaf.value:
        case bool():
            return [not leaf.value]
        case Digits() as digits:
            return [Digits(int(digits) + 1)] if digits.is_integer else [Digits(f"{digits}1")]
        case str() as text if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return [f"{text}1"]
        case str() as text if re.fullmatch(r"-?P.*\d+[A-Z]", text):
            return [re.sub(r"\d+", lambda m: str(int(m[0]) + 1), text, count=1)]
        case str() as text if text in _WORDS:
            return [word for word in _WORDS[text] if word != text]
        case str() as text if re.match(r"\^.*\$", text):
            return ["^Q[0-9]{3}$"]
        case str() as text:
            return [f"{text} or other"]
    return []


_WORDS: dict[str, list[str]] = {}
for _alike in (
    ["error", "warning", "info"],
    ["open", "closed"],
    ["L1", "L2"],
    ["numeric", "qualitative", "text"],
    ["low", "medium", "high", "critical"],
    ["string", "integer", "number", "date", "timestamp"],
    ["<=", "<"],
    ["measured", "setpoint"],
    ["utf-8", "latin-1"],
    ["America/New_York", "Europe/Brussels", "Europe/Zurich"],
    ["slot.planned_start", "slot.planned_end"],
    [".", ","],
    ["2020-01-01", "2021-01-01"],
    ["json", "csv", "xlsx"],
    ["offset", "Europe/Brussels"],
):
    for _word in _alike:
        _WORDS.setdefault(_word, []).extend(_alike)


def with_leaf(node: Node, leaf: Scalar, value: object) -> Node:
    """The tree with another scalar at the leaf's place."""
    match node:
        case Scalar():
            return replace(node, value=value) if node is leaf else node
        case Sequence():
            return replace(node, items=tuple(with_leaf(item, leaf, value) for item in node))
        case Mapping():
            entries = {name: (key, with_leaf(child, leaf, value)) for name, (key, child) in node.entries.items()}
            return replace(node, entries=entries)


def mutations(text: str) -> Iterator[tuple[tuple[str, ...], object, Mapping]]:
    """(path of a leaf, what stands there instead, the whole tree), for every leaf."""
    root = read_yaml(text.encode()).root
    assert isinstance(root, Mapping)
    for path, leaf in scalars(root):
        for other in others(leaf):
            mutated = with_leaf(root, leaf, other)
            assert isinstance(mutated, Mapping)
            yield path, other, mutated


MIRROR = {
    Effect.TIGHTENS: Effect.LOOSENS,
    Effect.LOOSENS: Effect.TIGHTENS,
}


def mirrored(there: tuple[Change, ...], back: tuple[Change, ...]) -> bool:
    """Whether undoing changes takes back exactly what they did."""
    forth = sorted(MIRROR.get(c.effect, c.effect) for c in there)
    return forth == sorted(c.effect for c in back)


def compiled(root: Mapping, refs: Iterable[RefTable]) -> Contract | None:
    """The contract of a tree; None where a leaf became what nothing can be made of. More than lint would accept."""
    try:
        contract = build(root, file="contract.yaml", sha256="0" * 64, refs=tuple(refs))
        return replace(contract, clauses=compile_clauses(contract, root))
    except (KeyError, ValueError, ArithmeticError, TypeError, AttributeError, StopIteration):
        return None


@pytest.mark.parametrize("name", NAMES)
def test_no_leaf_of_a_contract_changes_unseen(name: str) -> None:
    old, tried = shipped(name), 0
    missed, unmirrored = list[str](), list[str]()
    for path, other, root in mutations(text_of(name)):
        new = compiled(root, old.refs)
        if new is None or path in OF_LIFE:
            continue
        tried += 1
        told = compare(old, new)
        where = f"{'.'.join(path)} -> {other}"
        missed += [where] * (not told.changes)
        unmirrored += [where] * (not mirrored(told.changes, compare(new, old).changes))
    assert missed == []
    assert unmirrored == []
    assert tried > 150  # the mutations are contracts, else this proves nothing


@pytest.mark.parametrize(("name", "table"), [("northvale-coa", "lv_panel"), ("northvale-pat", "br_tags_northvale")])
def test_no_leaf_of_a_reference_table_changes_unseen(name: str, table: str) -> None:
    old, tried = shipped(name), 0
    missed, played_down, unmirrored = list[str](), list[str](), list[str]()
    assert old.tree is not None
    for path, other, root in mutations(table_text(table)):
        try:
            changed = read_table(RefFile("table.yaml", f"{path} {other}".encode()), root)
        except (KeyError, ValueError, ArithmeticError, TypeError):
            continue
        new = compiled(old.tree, [changed])
        if new is None:
            continue
        tried += 1
        told = compare(old, new)
        where = f"{'.'.join(path)} -> {other}"
        missed += [where] * (not told.changes)
        # What a partner must keep never goes for words; `absent: false` is no criterion but reads like one.
        binds = path[0] == "tags" or (path[0] == "tests" and path[-1] not in ("name", "absent", "reportOnly"))
        played_down += [where] * (binds and told.part < Part.MINOR)
        unmirrored += [where] * (not mirrored(told.changes, compare(new, old).changes))
    assert missed == []
    assert played_down == []
    assert unmirrored == []
    assert tried > 100


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_against_itself_has_no_change(name: str) -> None:
    same = compare(shipped(name), made(text_of(name)))
    assert same.changes == ()
    assert same.effect is None
    assert same.producer is same.consumer is Grade.SAFE
    assert same.part is Part.NONE


@pytest.mark.parametrize(
    ("kind", "handlers"),
    [
        (Field, {*_ATTRIBUTES, "options", "custom"}),
        (TestDef, _TEST),
        (TagDef, _TAG),
        (ServiceLevel, _LEVEL),
        (SourceForm, _SOURCE),
        (Locale, _LOCALE),
        (TimeRules, _TIME),
    ],
)
def test_every_attribute_that_is_compiled_has_its_row(kind: type, handlers: set[str]) -> None:
    """A new attribute is undetermined, so breaking, until it has a row of its own."""
    assert {f.name for f in fields(kind)} <= set(handlers)
