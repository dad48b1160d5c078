"""The ledger's table versions, applied by alembic. One line of versions, hand-checked, never edited after a release."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

FOLDER = Path(__file__).parent


def configuration(connection: Connection | None = None) -> Config:
    """alembic's configuration without an ini file. With a connection, alembic works inside its transaction."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest version inside the caller's transaction: all of it, or nothing."""
    command.upgrade(configuration(connection), "head")
