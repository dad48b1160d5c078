"""The doors of the language: bytes -> Contract, a file -> Contract, a folder -> Catalog.

A contract with a lint error is not used for anything: `load` raises ContractInvalid with every problem in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from contracts.build import build
from contracts.compile import compile_clauses
from contracts.contract import Contract
from contracts.errors import ContractInvalid
from contracts.lint import read_contract
from contracts.shelf import Catalog
from contracts.tables import RefFile, RefSource

__all__ = ["Catalog", "FolderRefs", "load", "load_catalog", "load_file"]

CATALOG = Path(__file__).parent / "catalog"


@dataclass(frozen=True)
class FolderRefs:
    """Reference tables as files `<name>@<version>.yaml` in folders; the first folder that has one wins."""

    folders: tuple[Path, ...]

    def find(self, name: str, version: str) -> RefFile | None:
        for folder in self.folders:
            path = folder / f"{name}@{version}.yaml"
            # A name comes from a contract that somebody else may have written: it must not lead out of the folder.
            if path.parent == folder and path.is_file():
                return RefFile(str(path), path.read_bytes())
        return None

    def known(self) -> tuple[str, ...]:
        return tuple(sorted({path.stem for folder in self.folders for path in folder.glob("*@*.yaml")}))


def load(data: bytes, *, file: str, refs: RefSource) -> Contract:
    """The compiled contract of `data`. `file` only names it in messages. Raises ContractInvalid."""
    read = read_contract(data, file, refs)
    if read.root is None:
        raise ContractInvalid(read.problems)
    contract = build(read.root, file=file, sha256=hashlib.sha256(data).hexdigest(), refs=read.tables)
    return replace(contract, clauses=compile_clauses(contract, read.root))


def load_file(path: Path) -> Contract:
    """The contract in a file; its reference tables lie in `refs/` beside it or in the folder above."""
    return load(path.read_bytes(), file=str(path), refs=refs_of(path))


def refs_of(path: Path) -> FolderRefs:
    """Where the reference tables of a contract file are looked for."""
    folders = (path.parent / "refs", path.parent.parent / "refs")
    return FolderRefs(tuple(folder for folder in folders if folder.is_dir()))


def load_catalog(folder: Path | None = None) -> Catalog:
    """The contracts of a folder, by default those shipped in contracts/catalog. A contract is read when asked for."""
    return Catalog(folder or CATALOG, load_file)
