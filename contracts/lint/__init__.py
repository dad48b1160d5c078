"""Is this a contract that can be used? All problems in one go, each with file, line, column and what to write instead.

In this order: YAML (yamltree), the standard's schema of the stated version (schema), what the standard leaves open
(semantic), the profile's names and shapes (profile), what would have no effect (effect), the forms of files (forms),
reference tables (tables), every name that must lead somewhere (references), rules of a series (series), service levels
and channels (service). A later judge runs also when an earlier one complained, and leaves alone what has not the shape
it needs. Imported by `odcs` and the command line; reads no file but through `refs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contracts.codes import Severity
from contracts.contract import RefTable
from contracts.errors import LintProblem
from contracts.lint.effect import check_effects
from contracts.lint.forms import check_forms
from contracts.lint.problems import Problems, items, maps
from contracts.lint.profile import check_profile, is_on
from contracts.lint.references import check_references
from contracts.lint.schema import check_standard
from contracts.lint.semantic import check_semantics
from contracts.lint.series import check_series
from contracts.lint.service import check_service
from contracts.lint.tables import Tables, check_tables, check_tests, vocabulary_names
from contracts.tables import RefSource, refs_of
from contracts.yamltree import Mapping, read_yaml

__all__ = ["LintedContract", "lint", "lint_contract"]


@dataclass(frozen=True)
class LintedContract:
    """A file after lint. `root` and `tables` are there only if the contract can be used."""

    root: Mapping | None
    tables: tuple[RefTable, ...]
    problems: tuple[LintProblem, ...]


def lint(data: bytes, file: str, refs: RefSource | None = None) -> list[LintProblem]:
    """Every problem of a contract file, by place. `refs` None: reference tables lie in `refs/` beside the file.

    A file of the standard that doesn't ask for the profile is judged by the standard alone.
    """
    return list(lint_contract(data, file, refs or refs_of(Path(file))).problems)


def lint_contract(data: bytes, file: str, refs: RefSource) -> LintedContract:
    """Lint, and keep what was read. Reference tables are judged with it, under their own file names."""
    problems = Problems(file)
    tree = read_yaml(data)
    for problem in tree.problems:
        problems.found.append(
            LintProblem("CON-E101", file, problem.line, problem.column, problem.message, problem.help)
        )
    root = tree.root
    if not isinstance(root, Mapping):
        if root is not None:
            problems.add("CON-E101", root, "the file is no mapping", "start with apiVersion: v3.2.0")
        return LintedContract(None, (), problems.sorted())
    ours = is_on(root)
    check_standard(root, problems, ours=ours)
    check_semantics(root, problems, ours=ours)
    if not ours:
        at = root.get("customProperties") or root
        advice = "the hub uses it only with {property: jidProfile, value: 1} in customProperties"
        problems.add("CON-E104", at, "the profile is not switched on", advice, Severity.INFO)
        return LintedContract(None, (), problems.sorted())
    check_profile(root, problems)
    check_effects(root, problems)
    check_forms(root, problems)
    tables = check_tables(root, refs, problems)
    readable = [table for table in tables.values() if table is not None]
    _panels(root, tables)
    check_references(root, tables, problems)
    check_series(root, problems)
    check_service(root, problems)
    found = (*problems.sorted(), *(p for table in readable for p in table.problems.sorted()))
    if any(p.severity is Severity.ERROR for p in found):
        return LintedContract(None, (), found)
    return LintedContract(root, tuple(table.read() for table in readable), found)


def _panels(root: Mapping, tables: Tables) -> None:
    """The tests of tables, which need the words of the contract that uses them."""
    for schema in maps(root, "schema"):
        words = vocabulary_names(schema, tables)
        for table in filter(None, tables.values()):
            check_tests(items(table.root.get("tests")), words, table.problems, shapes=True)
