"""Every table of the ledger, in one MetaData. What may never change is refused by triggers (`INSERT_ONLY`, `FROZEN`).

`hub/store/ledger/migrations` makes these tables; a test holds the two against each other.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from hub.store.ledger.types import Big, Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True)


def _id() -> Column[int]:
    return Column("id", Big, primary_key=True)


def _must(name: str, type_: Any, *args: SchemaItem, **kw: Any) -> Column[Any]:
    return Column(name, type_, *args, nullable=False, **kw)


def _one_of(column: str, *words: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(w) for w in words)})", name=column)


def _count(column: str) -> CheckConstraint:
    return CheckConstraint(f"{column} >= 0", name=column)


# Who: synced from the partner files at start.
partner = _table("partner", Column("id", Text, primary_key=True), _must("name", Text), _must("sites", Json))
feed = _table(
    "feed",
    Column("id", Text, primary_key=True),  # northvale/coa
    _must("partner", Text, ForeignKey("partner.id")),
    _must("kind", Text),
    _must("connector", Text),
    _must("contract", Text),  # id@range
    _must("every_s", Big),
    _must("since", Instant),  # onboarding: a feed that never delivered is late counted from here
    _one_of("kind", "coa", "pat", "schedule"),
)

# What came.
blob = _table(
    "blob", Column("sha256", Text, primary_key=True), _must("size", Big), _must("stored_at", Instant), _count("size")
)
delivery = _table(
    "delivery",
    _id(),
    _must("feed", Text),
    _must("source_key", Text),
    _must("sha256", Text, ForeignKey("blob.sha256")),
    _must("revision", Big),
    _must("file", Text),
    Column("format", Text),
    _must("origin", Json),  # uri, peer, headers
    Column("window_from", Instant),
    Column("window_to", Instant),
    _must("received_at", Instant),
    Column("source_time", Instant),
    Column("source_offset", Text),  # the zone offset that source_time carried
    Column("clock_offset_ms", Big),
    Column("same_bytes_as", Big, ForeignKey("delivery.id")),
    Column("trace_id", Text),
    _must("state", Text),
    UniqueConstraint("feed", "source_key", "sha256"),
    UniqueConstraint("feed", "source_key", "revision"),
    Index(None, "feed", "sha256"),
    Index(None, "state"),
    _one_of("state", "received", "judged"),
)
cursor = _table(
    "cursor",
    Column("feed", Text, primary_key=True),
    _must("version", Big),
    _must("value", Json),
    _must("lease_token", Big),
    _must("moved_at", Instant),
)
watermark = _table(
    "watermark",
    Column("feed", Text, primary_key=True),
    Column("event_time_max", Instant),
    Column("last_received_at", Instant),
    Column("last_accepted_at", Instant),
    Column("last_pulled_at", Instant),
)

# What it was judged to be.
report = _table(
    "report",
    _id(),
    _must("delivery", Big, ForeignKey("delivery.id")),
    _must("contract", Text),  # empty when the delivery could not be brought under a contract
    _must("version", Text),
    _must("engine", Text),
    _must("verdict", Text),
    _must("errors", Big),
    _must("warnings", Big),
    Column("rows", Big),
    _must("bad_rows", Big),
    _must("sha256", Text),  # of body
    _must("body", LargeBinary),  # justindata-report/1 as JSON bytes
    _must("at", Instant),
    UniqueConstraint("delivery", "contract", "version", "engine"),
    _count("errors"),
    _count("warnings"),
    _count("bad_rows"),
)
finding = _table(
    "finding",
    Column("report", Big, ForeignKey("report.id"), primary_key=True),
    Column("n", Big, primary_key=True),
    _must("code", Text),
    _must("clause", Text),
    _must("severity", Text),
    _must("impact", Text),
    Column("place", Text),
    Column("found", Text),
    Column("expected", Text),
    _must("count", Big),
    Index(None, "code"),
)
quarantine = _table(
    "quarantine",
    _id(),
    _must("delivery", Big, ForeignKey("delivery.id")),
    _must("report", Big, ForeignKey("report.id")),
    _must("scope", Text),
    _must("why", Text),
    _must("rows", Big),
    Column("evidence", Text),  # archive name of the failing rows
    _must("state", Text),
    _must("at", Instant),
    Column("who", Text),
    Column("changed_at", Instant),
    Index(None, "delivery"),
    Index(None, "state"),
    _one_of("scope", "delivery", "record", "rows"),
    _one_of("state", "open", "replayed", "waived", "refused"),
    _count("rows"),
)
record = _table(
    "record",
    _id(),
    _must("kind", Text),
    _must("natural_key", Text),
    _must("version", Big),
    _must("delivery", Big, ForeignKey("delivery.id")),
    _must("body", Json),
    _must("sha256", Text),  # of the canonical body
    Column("supersedes", Big),
    Column("reason", Text),
    _must("received_at", Instant),
    UniqueConstraint("kind", "natural_key", "version"),
    Index(None, "delivery"),
)
# What an accepted series left for later ones of its feed (contracts.series.trace): a row a batch it names.
series_trace = _table(
    "series_trace",
    _id(),
    _must("feed", Text),  # the delivery's, so that the newest are found without sorting all
    _must("delivery", Big, ForeignKey("delivery.id")),
    _must("report", Big, ForeignKey("report.id")),
    Column("batch", Text),  # empty: its rows name none
    _must("format", Text),
    _must("prints", Json),
    _must("beginnings", Json),
    Index(None, "feed", "delivery"),
    Index(None, "feed", "batch", "delivery"),
)

# The bridge to the lake.
publish = _table(
    "publish",
    Column("feed", Text, primary_key=True),
    Column("seq", Big, primary_key=True),
    _must("state", Text),
    _must("at", Instant),
    Column("published_at", Instant),
    Column("version", Big),
    Column("rows", Big),
    _must("files", Json),
    _must("engines", Json),
    Index(None, "state"),
    _one_of("state", "intent", "published"),
)
publish_member = _table(
    "publish_member",
    Column("feed", Text, primary_key=True),
    Column("seq", Big, primary_key=True),
    Column("n", Big, primary_key=True),
    _must("report", Big, ForeignKey("report.id"), unique=True),
)

# What people are told.
alert = _table(
    "alert",
    _id(),
    _must("fingerprint", Text),
    _must("kind", Text),
    _must("severity", Text),
    _must("state", Text),
    _must("audience", Text),
    Column("partner", Text),
    _must("subject", Text),
    _must("opened_at", Instant),
    _must("updated_at", Instant),
    Column("due_at", Instant),
    _must("openings", Big),
    Column("owner", Text),
    _must("view", Json),
    Index(None, "fingerprint"),
    _one_of("severity", "critical", "high", "normal", "info"),
    _one_of("state", "open", "acknowledged", "resolved", "closed"),
)
Index(
    "uq_alert_active_fingerprint",
    alert.c.fingerprint,
    unique=True,
    sqlite_where=alert.c.state.in_(["open", "acknowledged"]),
    postgresql_where=alert.c.state.in_(["open", "acknowledged"]),
)
alert_event = _table(
    "alert_event",
    _id(),
    _must("alert", Big, ForeignKey("alert.id")),
    _must("at", Instant),
    _must("actor", Text),
    Column("from_state", Text),
    _must("to_state", Text),
    _must("reason", Text),
    Column("evidence", Text),
    Index(None, "alert"),
)
outbox = _table(
    "outbox",
    _id(),
    _must("dedupe_key", Text, unique=True),
    Column("alert", Big, ForeignKey("alert.id")),
    _must("channel", Text),
    _must("recipient", Text),
    _must("payload", Json),
    _must("status", Text),
    _must("attempts", Big),
    _must("next_at", Instant),
    Column("lease_until", Instant),
    Column("provider_ref", Text),
    Column("last_error", Text),
    _must("created_at", Instant),
    Column("sent_at", Instant),
    Index(None, "status", "next_at"),
    Index(None, "alert"),
    _one_of("status", "waiting", "sent", "dead"),
)

# What the data means: each row is one derived state, the newest counts.
lot = _table(
    "lot",
    _id(),
    _must("lot", Text),
    _must("partner", Text),
    _must("state", Text),
    _must("body", Json),
    _must("at", Instant),
    Index(None, "partner", "lot"),
)
clearance = _table(
    "clearance",
    _id(),
    _must("slot", Text),
    _must("outcome", Text),
    _must("body", Json),
    _must("at", Instant),
    Index(None, "slot"),
    _one_of("outcome", "GO", "GO_PROVISIONAL", "NO_GO", "PENDING"),
)
due = _table(
    "due",
    _id(),
    _must("clause", Text),
    _must("subject", Text),
    _must("feed", Text),
    Column("due_at", Instant),
    _must("state", Text),
    Column("evidence", Text),
    _must("at", Instant),
    Index(None, "clause", "subject"),
)

# How the hub itself runs.
lease = _table(
    "lease",
    Column("name", Text, primary_key=True),
    _must("holder", Text),
    _must("token", Big),
    _must("expires_at", Instant),
)
breaker = _table(
    "breaker",
    Column("partner", Text, primary_key=True),
    _must("failures", Big),
    Column("opened_at", Instant),
    Column("cooldown_until", Instant),
    _count("failures"),
)
heartbeat = _table("heartbeat", Column("name", Text, primary_key=True), _must("at", Instant))
audit = _table(
    "audit",
    Column("seq", Big, primary_key=True),
    _must("at", Instant),
    _must("actor", Text),
    _must("action", Text),
    _must("object", Text),
    _must("body", Json),
    _must("prev_hash", Text, unique=True),  # a chain can't fork
    _must("hash", Text),
    Index(None, "object"),
)

INSERT_ONLY = (blob, report, finding, record, series_trace, publish_member, alert_event, lot, clearance, due, audit)
"""Rows of these are never changed and never deleted."""

FROZEN: dict[Table, tuple[str, ...]] = {
    delivery: ("state",),
    quarantine: ("state", "who", "changed_at"),
    publish: ("state", "published_at", "version", "rows", "files", "engines"),
    alert: ("severity", "state", "audience", "updated_at", "due_at", "openings", "owner", "view"),
}
"""Rows of these are never deleted, and only the columns named here may change."""
