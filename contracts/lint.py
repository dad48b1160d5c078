"""Is this a contract that can be used? All problems in one go, each with its place and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.build import custom
from contracts.contract import RefTable
from contracts.errors import LintProblem
from contracts.tables import RefSource, read_table
from contracts.yamltree import Mapping, read_yaml


@dataclass(frozen=True)
class ReadContract:
    root: Mapping | None
    tables: tuple[RefTable, ...]
    problems: tuple[LintProblem, ...]


def read_contract(data: bytes, file: str, refs: RefSource) -> ReadContract:
    tree = read_yaml(data)
    problems = [LintProblem("CON-E101", file, p.line, p.column, p.message, p.help) for p in tree.problems]
    root = tree.root
    if not isinstance(root, Mapping) or problems:
        return ReadContract(None, (), tuple(problems))
    tables = []
    for wanted in custom(root).get("refs", ()):
        ref = refs.find(wanted["name"], wanted["version"])
        if ref is None:
            problems.append(LintProblem("CON-E109", file, 1, 1, f"no table {wanted['name']}", ", ".join(refs.known())))
            continue
        table = read_yaml(ref.data)
        assert table.root is not None
        tables.append(read_table(ref, table.root))
    return ReadContract(None if problems else root, tuple(tables), tuple(problems))
