"""Catalog: the contracts of one folder, found by id and version or by feed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.contract import Contract
from contracts.errors import ContractInvalid, LintProblem, UnknownContract

# Reading a contract whole costs a tenth of a second; its name stands in two top-level lines.
_HEAD = re.compile(rb"^(id|version):[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One contract file of a folder, before it is read."""

    id: str
    version: str
    path: Path

    @property
    def order(self) -> tuple[tuple[int, ...], str]:
        """Newest last: versions compare by number, not by text (2.10.0 is after 2.9.0)."""
        numbers = tuple(int(part) for part in re.findall(r"\d+", self.version.partition("-")[0]))
        return numbers, self.version


class Catalog:
    """Contracts by id and version. Each is read and linted at its first use and kept; a Contract never changes."""

    def __init__(self, folder: Path, load: Callable[[Path], Contract]) -> None:
        """Raises ContractInvalid when two files claim the same id and version, or one has none."""
        self.folder = folder
        self._load = load
        self._read: dict[Path, Contract] = {}
        self._entries: dict[tuple[str, str], Entry] = {}
        for path in sorted(folder.rglob("*.odcs.yaml")):
            entry = self._entry(path)
            first = self._entries.setdefault((entry.id, entry.version), entry)
            if first is not entry:
                raise ContractInvalid([_repeated(entry, first)])

    def get(self, wanted: str) -> Contract:
        """`northvale-coa@2.3` is the newest 2.3.x, `northvale-coa` the newest of all. Raises UnknownContract."""
        found = self._matching(wanted)
        if not found:
            raise UnknownContract(wanted, self.names())
        return self._contract(max(found, key=lambda entry: entry.order))

    def matching(self, wanted: str) -> tuple[Contract, ...]:
        """Every version that `get` chooses from, oldest first; empty when there is none."""
        return tuple(self._contract(e) for e in sorted(self._matching(wanted), key=lambda e: e.order))

    def _matching(self, wanted: str) -> list[Entry]:
        name, _, version = wanted.partition("@")
        prefix = version.split(".") if version else []
        return [e for e in self._entries.values() if e.id == name and e.version.split(".")[: len(prefix)] == prefix]

    def names(self) -> tuple[str, ...]:
        """`id@version` of every contract, sorted."""
        return tuple(f"{e.id}@{e.version}" for e in sorted(self._entries.values(), key=lambda e: (e.id, e.order)))

    def all(self) -> tuple[Contract, ...]:
        """Every contract of the folder, read; by id, oldest version first."""
        return tuple(self._contract(e) for e in sorted(self._entries.values(), key=lambda e: (e.id, e.order)))

    def for_feed(self, partner: str, kind: str) -> Contract:
        """The newest contract that binds this feed. Raises UnknownContract."""
        bound = [c for c in self._likely(partner, kind) if c.partner == partner and c.kind == kind]
        if not bound:
            raise UnknownContract(f"{partner}/{kind}", self.names())
        return max(bound, key=lambda contract: Entry(contract.id, contract.version, Path(contract.file)).order)

    def _likely(self, partner: str, kind: str) -> Iterator[Contract]:
        """Those named after the feed if there are any, so that one question doesn't read the whole folder."""
        named = [e for e in self._entries.values() if e.id == f"{partner}-{kind}"]
        return (self._contract(entry) for entry in named or self._entries.values())

    def _contract(self, entry: Entry) -> Contract:
        if entry.path not in self._read:
            self._read[entry.path] = self._load(entry.path)
        return self._read[entry.path]

    def _entry(self, path: Path) -> Entry:
        head = {
            key.decode(): value.decode(errors="replace") for key, value in reversed(_HEAD.findall(path.read_bytes()))
        }
        if head.keys() >= {"id", "version"}:
            return Entry(head["id"], head["version"], path)
        contract = self._load(path)  # written in another style; then its lint problems are told, or its name
        self._read[path] = contract
        return Entry(contract.id, contract.version, path)


def _repeated(entry: Entry, first: Entry) -> LintProblem:
    message = f"{entry.id} {entry.version} is also in {first.path.name}"
    return LintProblem("CON-E106", str(entry.path), 1, 1, message, "raise the version of one of the two")
