"""The doors of the language: bytes -> Contract, a file -> Contract, a folder -> Catalog.

A contract with a lint error is not used for anything: `load` raises ContractInvalid with every problem in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path

from contracts.build import build
from contracts.compile import compile_clauses
from contracts.contract import Contract
from contracts.errors import ContractInvalid
from contracts.lint import lint_contract
from contracts.shelf import Catalog
from contracts.tables import FolderRefs, RefSource, refs_of

__all__ = ["Catalog", "FolderRefs", "load", "load_catalog", "load_file"]

CATALOG = Path(__file__).parent / "catalog"


def load(data: bytes, *, file: str, refs: RefSource) -> Contract:
    """The compiled contract of `data`. `file` only names it in messages. Raises ContractInvalid."""
    linted = lint_contract(data, file, refs)
    if linted.root is None:
        raise ContractInvalid(linted.problems)
    contract = build(linted.root, file=file, sha256=hashlib.sha256(data).hexdigest(), refs=linted.tables)
    return replace(contract, clauses=compile_clauses(contract, linted.root))


def load_file(path: Path) -> Contract:
    """The contract in a file; its reference tables lie in `refs/` beside it or in the folder above."""
    return load(path.read_bytes(), file=str(path), refs=refs_of(path))


def load_catalog(folder: Path | None = None) -> Catalog:
    """The contracts of a folder, by default those shipped in contracts/catalog. A contract is read when asked for.

    The shipped ones never change, so they are read once a process.
    """
    return _shipped() if folder is None else Catalog(folder, load_file)


@cache
def _shipped() -> Catalog:
    return Catalog(CATALOG, load_file)
