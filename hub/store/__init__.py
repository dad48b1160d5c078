"""The central store: archive (raw bytes), ledger (SQL), lake (PAT points). `Store` is the only door to them.

Imported by `hub.intake`, `hub.release`, `hub.alerts`, `hub.watch` and `hub.hub`; by `cli` for reading. It parses
nothing that a partner sent, knows no rule of a contract and no Prefect, and reads no clock but the one it is given.
"""

from hub.store.archive import Archive
from hub.store.errors import (
    BlobMismatch,
    CursorMoved,
    LakeBusy,
    LakeMismatch,
    LeaseLost,
    LedgerBusy,
    LedgerRefused,
    LedgerUnsafe,
    LedgerVersion,
    NotFound,
    StoreError,
    StoreFault,
    StoreFull,
)
from hub.store.lake import Durable, Lake
from hub.store.rows import (
    AlertEventRow,
    AlertRow,
    AuditRow,
    Blob,
    BreakerRow,
    ClearanceRow,
    DeliveryRow,
    DueRow,
    FeedRow,
    Judgement,
    Lease,
    LotRow,
    OutboxRow,
    PartnerRow,
    PublishRow,
    QuarantineRow,
    Receipt,
    Received,
    RecordRow,
    Unfinished,
    Watermark,
)
from hub.store.store import ANY_CURSOR, Store
from hub.store.tx import Tx
from hub.store.views import Views

__all__ = [
    "ANY_CURSOR",
    "AlertEventRow",
    "AlertRow",
    "Archive",
    "AuditRow",
    "Blob",
    "BlobMismatch",
    "BreakerRow",
    "ClearanceRow",
    "CursorMoved",
    "DeliveryRow",
    "DueRow",
    "Durable",
    "FeedRow",
    "Judgement",
    "Lake",
    "LakeBusy",
    "LakeMismatch",
    "Lease",
    "LeaseLost",
    "LedgerBusy",
    "LedgerRefused",
    "LedgerUnsafe",
    "LedgerVersion",
    "LotRow",
    "NotFound",
    "OutboxRow",
    "PartnerRow",
    "PublishRow",
    "QuarantineRow",
    "Receipt",
    "Received",
    "RecordRow",
    "Store",
    "StoreError",
    "StoreFault",
    "StoreFull",
    "Tx",
    "Unfinished",
    "Views",
    "Watermark",
]
