"""A contract file is read strictly: text stays text, digits stay digits, nothing is guessed, nothing can blow up.

Promise: contracts.md 1.3. Every node knows its line and column.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from time import process_time

import pytest
import yaml

from contracts import yamltree
from contracts.odcs import CATALOG
from contracts.yamltree import Digits, Mapping, Node, Scalar, Sequence, plain, read_yaml

SHIPPED = sorted([*CATALOG.rglob("*.yaml"), *(CATALOG.parent / "pages").rglob("*.yaml")])


def tree(text: str) -> Mapping:
    read = read_yaml(text.encode())
    assert read.problems == ()
    assert isinstance(read.root, Mapping)
    return read.root


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-10-03", "2026-10-03"),
        ("007", "007"),
        ("0o17", "0o17"),
        ("12:30:45", "12:30:45"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("True", "True"),
        (".inf", ".inf"),
        ("+1", "+1"),
        ("1_000", "1_000"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"12"', "12"),
        ("12", 12),
        ("-3", -3),
    ],
)
def test_a_scalar_is_what_it_looks_like(written, read):
    value = plain(tree(f"a: {written}\n").get("a"))
    assert value == read
    assert type(value) is type(read)


def test_a_number_keeps_its_digits():
    root = tree("{a: 6.90, b: 1E+08}")
    assert plain(root) == {"a": Decimal("6.90"), "b": Decimal("1E+8")}
    assert str(plain(root)["a"]) == "6.90"
    assert isinstance(root.get("b").value, Digits)
    assert root.get("b").value == "1E+08"


def test_every_key_and_scalar_knows_its_place():
    root = tree("first: 1\nlist:\n  - {x: ä, y: 2}\n")
    assert (root.key("list").line, root.key("list").column) == (2, 1)
    entry = root.get("list").items[0]
    assert (entry.line, entry.column) == (3, 5)
    assert (entry.key("y").line, entry.key("y").column) == (3, 12)
    assert (entry.get("y").line, entry.get("y").column) == (3, 15)


def test_anchors_are_allowed():
    assert plain(tree("a: &x {b: 1}\nc: *x\n")) == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "repeated"),
        ("a: {b: 1, b: 2}\n", 1, 11, "repeated"),
        ("a: &x {b: 1}\n<<: *x\n", 2, 1, "merge"),
        ("a: !!python/object:os.system x\n", 1, 4, "tag"),
        ("a: !!str 1\n", 1, 4, "tag"),
        ("a: *nowhere\n", 1, 4, "anchor"),
        ("a: &x [*x]\n", 1, 8, "anchor"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
        ("a: [1, 2\n", 2, 1, "expected"),
        ("a: b: c\n", 1, 5, "mapping values"),
        ("? [a]\n: 1\n", 1, 3, "key"),
        ("a: 1\nb: \x07\n", 2, 4, "U+0007"),
        ("a: 1\nb: x\u2028y\n", 2, 5, "U+2028"),
        ("a: [1,\t2]\n", 1, 7, "\\t"),
        ("'😀': 1\n'😀': 2\n", 2, 1, "repeated"),
        ("{a: '😀', a: 2}\n", 1, 10, "repeated"),
        ("[" * 40, 1, 33, "deep"),
        ("a: 1e999999999\n", 1, 4, "quantity"),
        ("a: " + "9" * 100, 1, 4, "quantity"),
        ("", 1, 1, "empty"),
    ],
)
def test_what_is_not_read_is_told_at_its_place(text, line, column, says):
    problem = read_yaml(text.encode()).problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert says in problem.message
    assert problem.help


def test_every_repeated_key_is_told():
    problems = read_yaml(b"a: 1\na: 2\nb: {c: 1, c: 2, c: 3}\n").problems
    assert [(p.line, p.column) for p in problems] == [(2, 1), (3, 11), (3, 17)]


def test_bytes_that_are_no_text_are_told_at_their_place():
    (problem,) = read_yaml(b"a: 1\nb: \xe4\n").problems
    assert (problem.line, problem.column) == (2, 4)


def test_aliases_cannot_multiply_without_end():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (problem,) = read_yaml("\n".join(lines).encode()).problems
    assert "aliases" in problem.message


def test_a_file_beyond_the_size_limit_is_not_parsed():
    (problem,) = read_yaml(b"a: " + b"x" * 1_000_001).problems
    assert "bytes" in problem.message


def scalars(node: Node | None) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Sequence():
            for child in node:
                yield from scalars(child)
        case Mapping():
            for key, value in node.entries.values():
                yield key
                yield from scalars(value)


def test_places_in_every_way_of_writing():
    text = """\
# a comment
top:
  - plain text
    that goes on
  - 'quoted: ''1'''
  - "ä 😀 \\t"
  - {k: 1.50, 😀: true, "q": ~}
  - |
    lines
    more
  -
  - &anchor [a]
last: *anchor
"""
    found = [(s.value, s.line, s.column) for s in scalars(tree(text))]
    assert found == [
        ("top", 2, 1),
        ("plain text that goes on", 3, 5),
        ("quoted: '1'", 5, 5),
        ("ä 😀 \t", 6, 5),
        ("k", 7, 6),
        ("1.50", 7, 9),
        ("😀", 7, 15),
        (True, 7, 18),
        ("q", 7, 24),
        (None, 7, 29),
        ("lines\nmore\n", 8, 5),
        (None, 11, 4),
        ("a", 12, 14),
        ("last", 13, 1),
        ("a", 12, 14),
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_in_a_shipped_file_each_scalar_stands_at_its_place(path: Path) -> None:
    """The file itself is the oracle: at the place of a scalar stand its first letters."""
    read = read_yaml(path.read_bytes())
    assert read.problems == ()
    lines = path.read_text(encoding="utf-8").splitlines()
    words = {True: "true", False: "false"}
    seen = 0
    for scalar in scalars(read.root):
        there = lines[scalar.line - 1][scalar.column - 1 :]
        if there[:1] not in ("'", '"', "|", ">", "&") and scalar.value is not None:
            text = words[scalar.value] if isinstance(scalar.value, bool) else scalar.value
            assert there.startswith(text[: len(there)]), scalar
            seen += 1
    assert seen >= 5


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML came without its compiled parser")
def test_a_machine_without_the_compiled_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = sorted(CATALOG.rglob("*.yaml"))
    compiled = [read_yaml(path.read_bytes()) for path in contracts]
    monkeypatch.setattr(yamltree, "_PARSERS", yamltree._PYTHON)
    assert [read_yaml(path.read_bytes()) for path in contracts] == compiled


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{" * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "[\n" * 100_000,
        "\n".join(" " * depth + "a:" for depth in range(1000)),
    ],
    ids=["brackets", "braces", "dashes", "question marks", "lines of brackets", "indents"],
)
def test_depth_is_refused_before_it_costs_anything(text: str) -> None:
    began = process_time()
    (problem,) = read_yaml(text.encode()).problems
    assert "deep" in problem.message
    assert process_time() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "x" * 900_000,
        'a: "' + "\\U0001F600" * 90_000 + '"',
        "a: |\n" + " x\n" * 300_000,
        "\n" * 900_000,
        "&a " * 300_000,
        "".join(f"%TAG !a{n}! b\n" for n in range(50_000)),
    ],
    ids=["word", "escapes", "lines", "nothing", "anchors", "directives"],
)
def test_a_megabyte_of_one_thing_costs_no_more_than_its_length(text: str) -> None:
    began = process_time()
    read_yaml(text.encode())
    assert process_time() - began < 5
