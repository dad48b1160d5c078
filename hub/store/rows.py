"""The ledger's nouns as frozen dataclasses: what callers give to the store and get back. No SQL here.

Ids are text: deliveries `D-1`, alerts `A-1` (numbers grow, gaps are possible). Instants are aware UTC. `body` and
`view` hold JSON values only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from contracts.finding import Report

DeliveryState = Literal["received", "judged"]
AlertState = Literal["open", "acknowledged", "resolved", "closed"]
AlertSeverity = Literal["critical", "high", "normal", "info"]


@dataclass(frozen=True, slots=True)
class Blob:
    """One archived object: the sha256 of the uncompressed bytes is its name."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for one name (a feed, the sender, the watch) until `expires_at`, proven by `token`."""

    name: str
    holder: str
    token: int
    expires_at: datetime
    ttl: timedelta = timedelta(minutes=2)  # each transaction under the lease moves expires_at to its now + ttl


@dataclass(frozen=True, slots=True)
class Receipt:
    """What TX A writes for one delivery whose bytes are in the archive already."""

    feed: str  # "northvale/coa"
    source_key: str
    blob: Blob
    file: str
    format: str | None
    origin_uri: str
    origin_peer: str | None = None
    origin_headers: Mapping[str, str] = field(default_factory=dict)
    source_time: datetime | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None
    trace_id: str | None = None
    clock_offset_ms: int | None = None  # partner's clock minus ours, where the transport could tell


@dataclass(frozen=True, slots=True)
class Received:
    """How TX A placed a receipt. `id` is the stored delivery; of a duplicate, the first one with these bytes.

    `revision` counts contents under one source key from 1. `changed`: same key, other bytes than before. `reverted`:
    same key, the bytes of an earlier revision (`duplicate` is set too: nothing new is stored). `same_bytes_as`: another
    key's delivery of the feed with these bytes.
    """

    id: str
    duplicate: bool
    revision: int
    changed: bool = False
    reverted: bool = False
    same_bytes_as: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    id: str
    feed: str
    partner: str
    kind: str
    source_key: str
    sha256: str
    size: int
    file: str
    format: str | None
    revision: int
    received_at: datetime
    state: DeliveryState
    origin_uri: str
    source_time: datetime | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None
    verdict: str | None = None  # of its newest report
    contract: str | None = None  # id@version of its newest report
    errors: int = 0
    warnings: int = 0
    rows: int | None = None
    trace_id: str | None = None
    bad_rows: int = 0
    same_bytes_as: str | None = None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A canonical record to store, or one that is stored. `version` grows per (kind, natural_key).

    The natural key is unique over all partners: two partners may use one certificate number, so it starts with what
    keeps them apart (`northvale/COA-0000012`, `NV-BOS/S-17`).
    """

    kind: str  # "certificate" | "slot"
    natural_key: str
    body: Mapping[str, Any]
    delivery_id: str = ""
    version: int = 0
    supersedes: int | None = None
    reason: str | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    delivery_id: str
    scope: Literal["delivery", "record", "rows"]
    why: str
    rows: int = 0
    evidence: str | None = None  # archive name of the failing rows, when scope is rows
    state: Literal["open", "replayed", "waived", "refused"] = "open"
    at: datetime | None = None
    who: str | None = None


@dataclass(frozen=True, slots=True)
class TraceRow:
    """What one accepted series left of one batch (None: rows without one), in the lists of `SeriesTrace.to_dict`."""

    batch: str | None
    format: str
    prints: Sequence[Any]
    beginnings: Sequence[Any]


@dataclass(frozen=True)
class Judgement:
    """What TX B writes for one delivery."""

    delivery_id: str
    report: Report
    records: tuple[RecordRow, ...] = ()
    quarantine: tuple[QuarantineRow, ...] = ()
    replayed: bool = False
    traces: tuple[TraceRow, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishRow:
    """One publish of a PAT feed to the lake: intent first, published when the commit is durable."""

    feed: str
    seq: int
    state: Literal["intent", "published"]
    members: tuple[str, ...]  # delivery ids, in fixed order
    version: int | None = None
    rows: int | None = None
    files: tuple[tuple[str, int, str], ...] = ()  # path, size, sha256


@dataclass(frozen=True, slots=True)
class Watermark:
    feed: str
    event_time_max: datetime | None
    last_received_at: datetime | None
    last_accepted_at: datetime | None
    last_pulled_at: datetime | None = None  # begin of the last pull that came to its end, also when it brought nothing


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """A partner as its file names it; `sites` are its site codes."""

    id: str
    name: str
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed as its partner's file describes it. `since`: when the hub first knew it (set by the store)."""

    id: str  # "northvale/coa"
    partner: str
    kind: str
    connector: str
    contract: str  # id@range
    every: timedelta
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """A partner's circuit breaker: survives the process. Open until `cooldown_until`."""

    partner: str
    failures: int
    opened_at: datetime | None = None
    cooldown_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a crash or a stop left between two steps; each may be repeated safely."""

    received: tuple[DeliveryRow, ...]  # receipted, not judged
    intents: tuple[PublishRow, ...]  # promised to the lake, not marked published
    unpublished: tuple[str, ...]  # PAT feeds with accepted deliveries that no publish has as member


@dataclass(frozen=True, slots=True)
class AuditRow:
    seq: int
    at: datetime
    actor: str
    action: str
    object: str
    body: Mapping[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert. At most one open or acknowledged alert a fingerprint."""

    id: str
    fingerprint: str
    kind: str
    severity: AlertSeverity
    state: AlertState
    audience: str  # who must act: quality, platform, partner:<id>
    partner: str | None
    subject: str
    opened_at: datetime
    due_at: datetime | None
    view: Mapping[str, Any]  # the view model of experience.md 2.2
    openings: int = 1
    owner: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertEventRow:
    alert_id: str
    at: datetime
    actor: str
    from_state: str | None
    to_state: str
    reason: str
    evidence: str | None = None  # delivery id, report hash or other evidence


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message for one recipient. `dedupe_key` is the message id on every retry."""

    dedupe_key: str
    alert_id: str | None
    channel: str
    recipient: str
    payload: Mapping[str, Any]
    status: Literal["waiting", "sent", "dead"] = "waiting"
    attempts: int = 0
    next_at: datetime | None = None
    last_error: str | None = None
    created_at: datetime | None = None
    sent_at: datetime | None = None
    provider_ref: str | None = None


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot's newest derived state. `evidence` are record keys with their hashes."""

    lot: str
    partner: str
    material: str | None
    state: str
    l1_passed: int
    l1_required: int
    l2_passed: int
    l2_required: int
    reasons: tuple[str, ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClearanceRow:
    """A slot's newest clearance: the outcome and the checks it follows from."""

    slot: str  # "<site>/<slot_uid>"
    outcome: Literal["GO", "GO_PROVISIONAL", "NO_GO", "PENDING"]
    checks: tuple[Mapping[str, Any], ...]  # {id, result, reason}
    slot_version: int
    lot: str | None
    evidence: tuple[tuple[str, str], ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueRow:
    """The newest state of one due item."""

    clause: str  # contract id + clause id
    subject: str
    feed: str
    due_at: datetime | None
    state: str
    evidence: str | None = None
    at: datetime | None = None
