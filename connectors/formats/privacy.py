"""Personal data in what a file holds beside its values: names of sheets, comments, headers, text around the table.

The engine looks at names of keys and at values (`contracts.values.personal`); what never becomes a value is seen here
only. Rule: contracts.md 2.2 `personalData`. Nothing that was found goes into the finding.
"""

from __future__ import annotations

from connectors.formats.reading import Reading
from contracts.document import FormProblem
from contracts.place import Place
from contracts.values.personal import PersonalData

FIX = "remove it and use the chain-of-identity id"


class Privacy:
    """The detectors that the contract switched on, for texts that become no value."""

    def __init__(self, reading: Reading) -> None:
        detectors = reading.contract.personal_data
        self._personal = PersonalData(detectors) if detectors else None

    def name(self, text: str, what: str, where: Place) -> list[FormProblem]:
        """FILE-E701 when `text`, the name of `what`, asks for personal data or holds it."""
        kind = self._personal.in_key(text) if self._personal is not None else None
        return [] if kind is None else [personal_data(f"{what} holds {kind}", where)]

    def text(self, text: str, what: str, where: Place) -> list[FormProblem]:
        """FILE-E701 when `text`, which stands in `what`, holds personal data."""
        kind = self._personal.in_text(text) if self._personal is not None else None
        return [] if kind is None else [personal_data(f"{what} holds {kind}", where)]


def personal_data(message: str, where: Place, fix: str = FIX) -> FormProblem:
    return FormProblem("FILE-E701", message, where, expected="no personal data", fix=fix)
