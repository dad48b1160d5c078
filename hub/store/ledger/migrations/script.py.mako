"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

from hub.store.ledger.triggers import freeze_columns, refuse_changes, refuse_deletes
from hub.store.ledger.types import Big, Instant, Json

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
