"""Canonical records: what a checked delivery means, whatever form it came in. Frozen; instants are aware UTC; results
keep the partner's text beside the Decimal. Source of the fields: domain.md 5.1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class ResultVerdict(StrEnum):
    """The hub's own verdict of one result (rule 6.1 of the domain). Never the partner's."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_EVALUATED = "NOT_EVALUATED"


@dataclass(frozen=True, slots=True)
class Result:
    """One result of one test. `raw` is the text as sent; `value` is its Decimal, None for words and unread text."""

    characteristic: str
    level: str | None  # L1, L2, INFO; None: the test is not in the contract
    required: bool
    replicate: int
    method: str | None
    lab: str | None
    stage: str
    raw: str
    operator: str
    value: Decimal | None
    word: str | None
    unit: str | None
    loq: str | None
    criterion_text: str | None
    reported_verdict: str | None
    verdict: ResultVerdict
    reason: str  # why this verdict, one sentence
    tested_from: datetime | None
    tested_to: datetime | None


@dataclass(frozen=True, slots=True)
class Signature:
    user: str
    role: str
    meaning: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate of one lot. Natural key: certificate_no; version: revision."""

    certificate_no: str
    revision: int
    replaces: tuple[str, int] | None
    material_id: str
    lot_number: str
    spec_id: str
    spec_version: str
    purpose: str  # L1, L2, combined
    issued_at: datetime | None
    mfg_date: date | None
    expires_at: datetime | None
    results: tuple[Result, ...]
    disposition: str
    signatures: tuple[Signature, ...]
    attachments: tuple[tuple[str, str], ...]  # (name, sha256)


@dataclass(frozen=True, slots=True)
class Slot:
    """One patient slot in one published schedule. Natural key: (site, slot_uid); version: revision."""

    slot_uid: str
    revision: int
    published_at: datetime
    status: str  # forecast, tentative, confirmed, ready, running, completed, cancelled, held, aborted
    site: str
    suite: str
    product: str
    coi: str
    vector_lot: str | None
    vector_doses: int | None
    planned_start: datetime
    planned_end: datetime
    actual_start: datetime | None
    actual_end: datetime | None
    planned_final_release: datetime | None
    apheresis_collected_at: datetime | None = None
    apheresis_expires_at: datetime | None = None


Record = Certificate | Slot
