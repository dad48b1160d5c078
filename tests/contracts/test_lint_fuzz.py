"""Promise kept here: whatever is done to a contract or its tables, lint answers with problems that name a place, or the
contract can be used. Never with an exception, and never with a problem in the air.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contracts.codes import Severity
from contracts.errors import ContractInvalid
from contracts.lint import lint_contract
from contracts.odcs import CATALOG, load
from contracts.tables import refs_of
from contracts.yamltree import plain, read_yaml
from tests.contracts.test_lint import MemoryRefs

FILES = sorted(CATALOG.glob("*/*.odcs.yaml"))
TABLES = sorted((CATALOG / "refs").glob("*.yaml"))
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 7.5, "", "x", "P1Y", "PT5M", "-PT48H", "2026-02-30", "[pH]", "$.a.b", "^(", "ref",
    [], {}, [[]], [{}], {"ref": "lv_panel"}, {"a": {"b": 1}}, ["a", "a"], "\u202e", 10**30,
)  # fmt: skip
# A contract costs a good tenth of a second; a failing one is not made smaller, because it names its place anyway.
FEW = settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.reuse, Phase.generate)
)


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def tree_of(path: Path) -> Any:
    return plain(read_yaml(path.read_bytes()).root)


def dump(tree: Any) -> bytes:
    return yaml.safe_dump(_writable(tree), allow_unicode=True, sort_keys=False).encode()


def _writable(node: Any) -> Any:
    match node:
        case dict():
            return {key: _writable(value) for key, value in node.items()}
        case list():
            return [_writable(value) for value in node]
        case bool() | int() | str() | None:
            return node
        case _:
            return float(node)


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) of a tree."""
    found: list[tuple[Any, Any]] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        found += [(node, key) for key in keys]
        stack += [node[key] for key in keys]
    return found


def spoil(draw: st.DrawFn, tree: Any) -> None:
    """Between one and four nodes are taken out, doubled, moved or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        holders = places(tree)
        if not holders:
            return
        holder, key = holders[draw(st.integers(0, len(holders) - 1))]
        match draw(st.sampled_from(("take out", "replace", "double", "move"))):
            case "take out":
                del holder[key]
            case "replace":
                holder[key] = draw(st.sampled_from(VALUES))
            case "double" if isinstance(holder, list):
                holder.append(holder[key])
            case _:
                other, place = holders[draw(st.integers(0, len(holders) - 1))]
                with suppress(IndexError):
                    holder[key] = _writable(other[place]) if place in other or isinstance(other, list) else None


def judged(data: bytes, file: str, refs: Any) -> None:
    linted = lint_contract(data, file, refs)
    lines = {file: data.count(b"\n") + 2}
    for problem in linted.problems:
        assert problem.line >= 1, problem
        assert problem.column >= 1, problem
        assert problem.line <= lines.get(problem.file, 10**6), problem
        assert problem.message, problem
        assert problem.help, problem
    errors = [p for p in linted.problems if p.severity is Severity.ERROR]
    if linted.root is not None:
        assert not errors
        assert load(data, file=file, refs=refs).clauses
    else:
        assert linted.problems
        with suppress(ContractInvalid):
            load(data, file=file, refs=refs)
            raise AssertionError("a contract without a tree was loaded")


@FEW
@given(st.data())
def test_a_spoilt_contract_has_a_problem_with_a_place_or_can_be_used(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(FILES))
    tree = tree_of(path)
    data.draw(st.composite(lambda draw: spoil(draw, tree))())
    judged(dump(tree), str(path), refs_of(path))


@FEW
@given(st.data())
def test_a_spoilt_table_has_a_problem_with_a_place_or_can_be_used(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([p for p in FILES if p.name != "schedule.odcs.yaml"]))
    tables = {t.stem: t.read_bytes() for t in TABLES}
    wanted = next(p["value"] for p in tree_of(path)["customProperties"] if p["property"] == "refs")
    name = f"{wanted[0]['name']}@{wanted[0]['version']}"
    tree = tree_of(CATALOG / "refs" / f"{name}.yaml")
    data.draw(st.composite(lambda draw: spoil(draw, tree))())
    tables[name] = dump(tree)
    judged(path.read_bytes(), str(path), MemoryRefs(tables))


@FEW
@given(st.sampled_from(FILES), st.data())
def test_spoilt_bytes_have_a_problem_with_a_place_or_can_be_used(path: Path, data: st.DataObject) -> None:
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.sampled_from(("cut", "flip", "insert", "double"))):
            case "cut":
                del whole[at : at + data.draw(st.integers(1, 200))]
            case "flip":
                whole[at] = data.draw(st.integers(0, 255))
            case "insert":
                whole[at:at] = data.draw(
                    st.sampled_from((b"\x00", b"\t", b": ", b"- ", b"&a ", b"*a", b"!!x ", b"\xff"))
                )
            case _:
                whole[at:at] = whole[at : at + 80]
        if not whole:
            break
    judged(bytes(whole), str(path), refs_of(path))
