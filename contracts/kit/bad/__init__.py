"""Bad files, one a finding code: each fails with just that code and is accepted once its documented fix is applied.

`bad(contract, code)` looks the maker up by code; makers lie beside this file, one module a family. Shown by
`jid contracts sample --bad CODE` and by `jid explain CODE`; the tests hold that every message and every fix is true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contracts.context import Context
from contracts.contract import Contract, SourceForm

__all__ = ["Bad", "Maker"]


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
