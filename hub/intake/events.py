"""What intake tells the floors above, inside the transaction that stores it. Intake knows nobody who listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from contracts.contract import Contract
from contracts.finding import Report
from contracts.records import Record
from hub.store import Tx
from hub.store.rows import DeliveryRow, Received


@dataclass(frozen=True)
class Judged:
    """A delivery has its verdict. `received` says whether its bytes replaced others under the same key; `named` what it
    calls itself (see Inspection), also when it was rejected and so has no records."""

    delivery: DeliveryRow
    received: Received
    contract: Contract
    report: Report
    records: tuple[Record, ...]
    named: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reverted:
    """A partner sent the bytes of an earlier revision again. Nothing was stored; a person must say what it means."""

    feed: str
    source_key: str
    file: str
    delivery_id: str


@dataclass(frozen=True, slots=True)
class NotJudged:
    """Our own code failed on a delivery. It stays received, and every later pull of the feed tries it again."""

    feed: str
    delivery_id: str
    fault: str  # class of the exception and our line; its text may quote the delivery


@dataclass(frozen=True, slots=True)
class PullBroke:
    """A pull ended in an error that nobody foresaw: a bug of ours or of a connector."""

    feed: str
    fault: str


@dataclass(frozen=True, slots=True)
class LinkFailed:
    """A pull could not reach, sign in to or understand the partner's system: the hub could not look."""

    feed: str
    error: str  # class name of the error
    code: str | None
    message: str
    audience: str


@dataclass(frozen=True, slots=True)
class LinkWorked:
    """A pull went through to its end."""

    feed: str
    deliveries: int


Event = Judged | Reverted | NotJudged | PullBroke | LinkFailed | LinkWorked


class Listener(Protocol):
    """Told of each event within the transaction `tx`; may write through it and must not do anything else."""

    def __call__(self, tx: Tx, event: Event) -> None: ...


Progress = Callable[[str, str, str], None]
"""Told (feed, source key, outcome) after each delivery, for a progress bar."""


def nobody(_tx: Tx, _event: Event) -> None:
    """A listener that does nothing: intake alone, as the crash harness runs it."""
