"""Outcome: how one delivery ended, and PullResult: how one pull of a feed ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    FAILED = "failed"  # the hub could not judge it: infrastructure, never the partner's data


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """One delivery's way through intake."""

    id: str
    source_key: str
    file: str
    outcome: Outcome
    errors: int = 0
    warnings: int = 0
    rows: int = 0  # PAT rows that may land
    bad_rows: int = 0
    codes: tuple[str, ...] = ()
    reason: str | None = None


Status = Literal["pulled", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class PullResult:
    """One pull of one feed. `status` pulled, also with rejected deliveries; skipped is a result, not a failure.

    `reason` is a class name or one word for machines; `message` is for whoever must act (`audience`).
    """

    partner: str
    kind: str
    status: Status
    deliveries: tuple[DeliveryOutcome, ...] = ()
    landed_rows: int = 0
    reason: str | None = None
    message: str | None = None
    audience: str | None = None

    @property
    def feed(self) -> str:
        return f"{self.partner}/{self.kind}"

    def count(self, *outcomes: Outcome) -> int:
        return sum(d.outcome in outcomes for d in self.deliveries)
