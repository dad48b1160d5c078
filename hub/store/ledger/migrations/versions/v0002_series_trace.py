"""What accepted series leave for later ones: the table series_trace. Deliveries from before have left none; judged
again under a newer contract they do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.store.ledger.triggers import refuse_changes
from hub.store.ledger.types import Big, Json

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "series_trace",
        sa.Column("id", Big, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("delivery", Big, nullable=False),
        sa.Column("report", Big, nullable=False),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("prints", Json(), nullable=False),
        sa.Column("beginnings", Json(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name=op.f("fk_series_trace_delivery")),
        sa.ForeignKeyConstraint(["report"], ["report.id"], name=op.f("fk_series_trace_report")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_trace")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_series_trace_feed_delivery"), "series_trace", ["feed", "delivery"], unique=False)
    op.create_index(
        op.f("ix_series_trace_feed_batch_delivery"), "series_trace", ["feed", "batch", "delivery"], unique=False
    )
    for statement in refuse_changes(op.get_bind().dialect.name, "series_trace"):
        op.execute(statement)
