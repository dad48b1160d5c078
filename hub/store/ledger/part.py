"""Part: one noun's share of a transaction. `hub.store.tx.Tx` is all of them together."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from hub.store.errors import NotFound


class Part:
    """Statements of one noun on the open connection. `now` is the transaction's one instant."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now

    @property
    def _insert(self) -> type[sqlite.Insert] | type[postgresql.Insert]:
        """The engine's INSERT that knows ON CONFLICT."""
        return postgresql.Insert if self.connection.dialect.name == "postgresql" else sqlite.Insert


def number(id: str, letter: str, noun: str) -> int:
    """`D-17` -> 17. Raises NotFound for anything that is not such an id."""
    head, _, digits = id.partition("-")
    if head != letter or not digits.isascii() or not digits.isdigit():
        raise NotFound(noun, id)
    return int(digits)
