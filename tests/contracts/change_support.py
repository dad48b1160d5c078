"""Two versions of a shipped contract, the newer one made by editing the text of the older one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from contracts.change import Comparison, compare
from contracts.contract import Contract
from contracts.odcs import CATALOG, load
from contracts.tables import FolderRefs, RefFile

Edit = Callable[[str], str]


@dataclass(frozen=True)
class EditedRefs:
    """The shipped reference tables, some with another text."""

    texts: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str, version: str) -> RefFile | None:
        found = FolderRefs((CATALOG / "refs",)).find(name, version)
        if found is None or name not in self.texts:
            return found
        return RefFile(found.file, self.texts[name].encode())

    def known(self) -> tuple[str, ...]:
        return FolderRefs((CATALOG / "refs",)).known()


def path_of(name: str) -> Path:
    partner, _, kind = name.partition("-")
    return CATALOG / partner / f"{kind}.odcs.yaml"


@cache
def text_of(name: str) -> str:
    return path_of(name).read_text()


@cache
def table_text(name: str) -> str:
    (path,) = (CATALOG / "refs").glob(f"{name}@*.yaml")
    return path.read_text()


def made(text: str, **tables: str) -> Contract:
    """The contract of a text; `tables` replace the text of a reference table. Raises ContractInvalid."""
    return load(text.encode(), file="contract.yaml", refs=EditedRefs(tables))


@cache
def shipped(name: str) -> Contract:
    return made(text_of(name))


def edited(text: str, *pairs: tuple[str, str]) -> str:
    """The text with each of these pieces, which must be there, put in the place of the other."""
    for old, new in pairs:
        assert old in text, f"not in the text: {old}"
        text = text.replace(old, new, 1)
    return text


def change(name: str, *pairs: tuple[str, str]) -> Comparison:
    """The shipped contract against itself with these edits."""
    return compare(shipped(name), made(edited(text_of(name), *pairs)))


def table_change(name: str, table: str, *pairs: tuple[str, str]) -> Comparison:
    """The shipped contract against itself with these edits of a reference table."""
    return compare(shipped(name), made(text_of(name), **{table: edited(table_text(table), *pairs)}))
