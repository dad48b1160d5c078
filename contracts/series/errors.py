"""Errors of contracts.series.

ContractsError
  SourceChanged        a second reading of the same delivery gave other rows            platform
"""

from __future__ import annotations

from typing import ClassVar

from contracts.codes import Action
from contracts.errors import ContractsError


class SourceChanged(ContractsError):
    """The answers that need both readings stay open; the report says which."""

    audience: ClassVar[Action] = Action.PLATFORM

    def __init__(self, first: int, second: int) -> None:
        self.first, self.second = first, second
        super().__init__(f"the file had {first} rows when it was first read and {second} the second time")
