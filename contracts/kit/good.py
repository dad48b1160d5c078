"""good: a delivery that is accepted without a single finding, made from nothing but the contract.

The same contract and the same time give the same delivery; no clock is read. What a rule asks for comes from the
rule's own parameters, the rest from the fields.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contracts.contract import Contract
from contracts.kit.draft import Draft
from contracts.kit.goodcertificate import certificate
from contracts.kit.goodpoints import points
from contracts.kit.goodslots import slots
from contracts.kit.orderly import settle

AT = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
LENGTH = timedelta(minutes=3)


def good(contract: Contract, *, at: datetime = AT, length: timedelta = LENGTH) -> Draft:
    """An accepted delivery. `at` (aware UTC) is when a certificate is issued, a schedule is published, or the first
    point is read; `length` is how long a series lasts. Raises CannotMake when nothing can satisfy the contract."""
    match contract.schema.document_kind:
        case "series":
            return Draft(contract, {"points": points(contract, at, length)})
        case "schedule":
            record = {"slots": slots(contract, at)}
        case _:
            record = certificate(contract, at)
    settle(contract, record)
    return Draft(contract, record)
