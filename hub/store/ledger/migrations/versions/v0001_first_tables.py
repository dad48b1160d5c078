"""The first tables: everything of hub/store/ledger/tables.py at version 0.1.0, and the triggers that refuse changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

from hub.store.ledger.triggers import freeze_columns, refuse_changes, refuse_deletes
from hub.store.ledger.types import Big, Instant, Json

revision = "0001"
down_revision = None

INSERT_ONLY = (
    "blob",
    "report",
    "finding",
    "record",
    "publish_member",
    "alert_event",
    "lot",
    "clearance",
    "due",
    "audit",
)
FROZEN = {
    "delivery": [
        "id",
        "feed",
        "source_key",
        "sha256",
        "revision",
        "file",
        "format",
        "origin",
        "window_from",
        "window_to",
        "received_at",
        "source_time",
        "source_offset",
        "clock_offset_ms",
        "same_bytes_as",
        "trace_id",
    ],
    "quarantine": ["id", "delivery", "report", "scope", "why", "rows", "evidence", "at"],
    "publish": ["feed", "seq", "at"],
    "alert": ["id", "fingerprint", "kind", "partner", "subject", "opened_at"],
}


def upgrade() -> None:
    _tables()
    dialect = op.get_bind().dialect.name
    for table in INSERT_ONLY:
        for statement in refuse_changes(dialect, table):
            op.execute(statement)
    for table, columns in FROZEN.items():
        for statement in [*refuse_deletes(dialect, table), *freeze_columns(dialect, table, columns)]:
            op.execute(statement)


def _tables() -> None:
    op.create_table(
        "alert",
        sa.Column("id", Big, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("openings", Big, nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("view", Json(), nullable=False),
        sa.CheckConstraint("severity IN ('critical', 'high', 'normal', 'info')", name=op.f("ck_alert_severity")),
        sa.CheckConstraint("state IN ('open', 'acknowledged', 'resolved', 'closed')", name=op.f("ck_alert_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_alert_fingerprint"), "alert", ["fingerprint"], unique=False)
    op.create_index(
        "uq_alert_active_fingerprint",
        "alert",
        ["fingerprint"],
        unique=True,
        sqlite_where=text("state IN ('open', 'acknowledged')"),
        postgresql_where=text("state IN ('open', 'acknowledged')"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", Big, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        sa.UniqueConstraint("prev_hash", name=op.f("uq_audit_prev_hash")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_audit_object"), "audit", ["object"], unique=False)
    op.create_table(
        "blob",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", Big, nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.CheckConstraint("size >= 0", name=op.f("ck_blob_size")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob")),
        sqlite_strict=True,
    )
    op.create_table(
        "breaker",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("failures", Big, nullable=False),
        sa.Column("opened_at", Instant(), nullable=True),
        sa.Column("cooldown_until", Instant(), nullable=True),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_breaker_failures")),
        sa.PrimaryKeyConstraint("partner", name=op.f("pk_breaker")),
        sqlite_strict=True,
    )
    op.create_table(
        "clearance",
        sa.Column("id", Big, nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('GO', 'GO_PROVISIONAL', 'NO_GO', 'PENDING')", name=op.f("ck_clearance_outcome")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearance")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_clearance_slot"), "clearance", ["slot"], unique=False)
    op.create_table(
        "cursor",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("version", Big, nullable=False),
        sa.Column("value", Json(), nullable=False),
        sa.Column("lease_token", Big, nullable=False),
        sa.Column("moved_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_cursor")),
        sqlite_strict=True,
    )
    op.create_table(
        "due",
        sa.Column("id", Big, nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_due_clause_subject"), "due", ["clause", "subject"], unique=False)
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
        sqlite_strict=True,
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", Big, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
        sqlite_strict=True,
    )
    op.create_table(
        "lot",
        sa.Column("id", Big, nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_lot_partner_lot"), "lot", ["partner", "lot"], unique=False)
    op.create_table(
        "partner",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sites", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner")),
        sqlite_strict=True,
    )
    op.create_table(
        "publish",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("version", Big, nullable=True),
        sa.Column("rows", Big, nullable=True),
        sa.Column("files", Json(), nullable=False),
        sa.Column("engines", Json(), nullable=False),
        sa.CheckConstraint("state IN ('intent', 'published')", name=op.f("ck_publish_state")),
        sa.PrimaryKeyConstraint("feed", "seq", name=op.f("pk_publish")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_publish_state"), "publish", ["state"], unique=False)
    op.create_table(
        "watermark",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("event_time_max", Instant(), nullable=True),
        sa.Column("last_received_at", Instant(), nullable=True),
        sa.Column("last_accepted_at", Instant(), nullable=True),
        sa.Column("last_pulled_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_watermark")),
        sqlite_strict=True,
    )
    op.create_table(
        "alert_event",
        sa.Column("id", Big, nullable=False),
        sa.Column("alert", Big, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_alert_event_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_event")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_alert_event_alert"), "alert_event", ["alert"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", Big, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("revision", Big, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("origin", Json(), nullable=False),
        sa.Column("window_from", Instant(), nullable=True),
        sa.Column("window_to", Instant(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("source_time", Instant(), nullable=True),
        sa.Column("source_offset", sa.Text(), nullable=True),
        sa.Column("clock_offset_ms", Big, nullable=True),
        sa.Column("same_bytes_as", Big, nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('received', 'judged')", name=op.f("ck_delivery_state")),
        sa.ForeignKeyConstraint(["same_bytes_as"], ["delivery.id"], name=op.f("fk_delivery_same_bytes_as")),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_delivery_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("feed", "source_key", "revision", name=op.f("uq_delivery_feed_source_key_revision")),
        sa.UniqueConstraint("feed", "source_key", "sha256", name=op.f("uq_delivery_feed_source_key_sha256")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_delivery_feed_sha256"), "delivery", ["feed", "sha256"], unique=False)
    op.create_index(op.f("ix_delivery_state"), "delivery", ["state"], unique=False)
    op.create_table(
        "feed",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("every_s", Big, nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.CheckConstraint("kind IN ('coa', 'pat', 'schedule')", name=op.f("ck_feed_kind")),
        sa.ForeignKeyConstraint(["partner"], ["partner.id"], name=op.f("fk_feed_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sqlite_strict=True,
    )
    op.create_table(
        "outbox",
        sa.Column("id", Big, nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("alert", Big, nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", Big, nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.CheckConstraint("status IN ('waiting', 'sent', 'dead')", name=op.f("ck_outbox_status")),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_outbox_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_dedupe_key")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_outbox_alert"), "outbox", ["alert"], unique=False)
    op.create_index(op.f("ix_outbox_status_next_at"), "outbox", ["status", "next_at"], unique=False)
    op.create_table(
        "record",
        sa.Column("id", Big, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=False),
        sa.Column("version", Big, nullable=False),
        sa.Column("delivery", Big, nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("supersedes", Big, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name=op.f("fk_record_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("kind", "natural_key", "version", name=op.f("uq_record_kind_natural_key_version")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_record_delivery"), "record", ["delivery"], unique=False)
    op.create_table(
        "report",
        sa.Column("id", Big, nullable=False),
        sa.Column("delivery", Big, nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("errors", Big, nullable=False),
        sa.Column("warnings", Big, nullable=False),
        sa.Column("rows", Big, nullable=True),
        sa.Column("bad_rows", Big, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("bad_rows >= 0", name=op.f("ck_report_bad_rows")),
        sa.CheckConstraint("errors >= 0", name=op.f("ck_report_errors")),
        sa.CheckConstraint("warnings >= 0", name=op.f("ck_report_warnings")),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name=op.f("fk_report_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint(
            "delivery", "contract", "version", "engine", name=op.f("uq_report_delivery_contract_version_engine")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "finding",
        sa.Column("report", Big, nullable=False),
        sa.Column("n", Big, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.Column("count", Big, nullable=False),
        sa.ForeignKeyConstraint(["report"], ["report.id"], name=op.f("fk_finding_report")),
        sa.PrimaryKeyConstraint("report", "n", name=op.f("pk_finding")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_finding_code"), "finding", ["code"], unique=False)
    op.create_table(
        "publish_member",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("n", Big, nullable=False),
        sa.Column("report", Big, nullable=False),
        sa.ForeignKeyConstraint(["report"], ["report.id"], name=op.f("fk_publish_member_report")),
        sa.PrimaryKeyConstraint("feed", "seq", "n", name=op.f("pk_publish_member")),
        sa.UniqueConstraint("report", name=op.f("uq_publish_member_report")),
        sqlite_strict=True,
    )
    op.create_table(
        "quarantine",
        sa.Column("id", Big, nullable=False),
        sa.Column("delivery", Big, nullable=False),
        sa.Column("report", Big, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("rows", Big, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("who", sa.Text(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.CheckConstraint("scope IN ('delivery', 'record', 'rows')", name=op.f("ck_quarantine_scope")),
        sa.CheckConstraint("state IN ('open', 'replayed', 'waived', 'refused')", name=op.f("ck_quarantine_state")),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_quarantine_rows")),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name=op.f("fk_quarantine_delivery")),
        sa.ForeignKeyConstraint(["report"], ["report.id"], name=op.f("fk_quarantine_report")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_quarantine_delivery"), "quarantine", ["delivery"], unique=False)
    op.create_index(op.f("ix_quarantine_state"), "quarantine", ["state"], unique=False)
