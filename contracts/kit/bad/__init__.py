"""Bad files, one a finding code: each fails with just that code and is accepted once its documented fix is applied.

`bad(contract, code)` looks the maker up by code; makers lie beside this file, one module a family. `jid contracts
sample --bad CODE` writes them; the examples of `jid explain CODE` are lines of them, held by the tests to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from contracts.context import Context
from contracts.contract import Contract, SourceForm

__all__ = ["Bad", "Maker", "bad", "codes_of"]

FAMILIES = ("certificate", "file", "schedule", "series", "template")
"""Modules of this package, each with `MAKERS: Mapping[str, Maker]`."""


@dataclass(frozen=True, slots=True)
class Bad:
    """One bad file. `earlier` are deliveries of the same feed before it, oldest first, for findings about history;
    `context` holds what else beyond the file the finding needs. Both are empty for whatever a file alone shows."""

    code: str
    name: str
    form: SourceForm
    data: bytes
    fixed: bytes
    """The same file after doing what the finding's `fix` says."""
    earlier: tuple[bytes, ...] = ()
    context: Context | None = None
    also: tuple[str, ...] = ()
    """Codes that nobody can avoid beside this one: a turned result is an amendment as well."""


Maker = Callable[[Contract], Bad | None]
"""None: this contract has no clause that could raise the code."""


def bad(contract: Contract, code: str) -> Bad | None:
    """The bad file of a code; None when no maker knows the code or the contract cannot raise it."""
    maker = makers().get(code)
    return maker(contract) if maker is not None else None


def codes_of(contract: Contract) -> tuple[str, ...]:
    """The codes of which a bad file can be made from this contract, sorted."""
    return tuple(code for code in sorted(makers()) if bad(contract, code) is not None)


@cache
def makers() -> Mapping[str, Maker]:
    """Every maker by code. A family is imported when the first bad file is asked for."""
    found: dict[str, Maker] = {}
    for family in FAMILIES:
        found |= import_module(f"contracts.kit.bad.{family}").MAKERS
    return found
