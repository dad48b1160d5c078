"""Column types that mean the same on SQLite and PostgreSQL.

SQLite tables are STRICT, which knows INTEGER, REAL, TEXT and BLOB only: an instant is text of fixed width there (it
sorts as time does), JSON is canonical text. PostgreSQL has its own types for both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import TypeEngine

Big = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both; a primary key of this type is the row id on SQLite."""


def canonical(value: Any) -> str:
    """One text for equal JSON values: keys sorted by UTF-16 code units, no spaces, shortest escapes (RFC 8785).

    Raises ValueError for NaN and infinity. Numbers keep Python's text, so what is hashed for others to recompute
    (the audit chain) carries its numbers as strings.
    """
    return json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda k: k.encode("utf-16-be"))}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def instant_text(at: datetime) -> str:
    """`2026-11-22T04:50:00.000000Z`: 27 characters, UTC."""
    if at.tzinfo is None:
        raise ValueError(f"an instant needs a zone: {at!r}")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC with microseconds."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return TIMESTAMP(timezone=True) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        text = instant_text(value)
        return value.astimezone(UTC) if dialect.name == "postgresql" else text

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)


class Json(TypeDecorator[Any]):
    """A JSON value, kept in canonical form where the engine has no type of its own for it."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return JSONB() if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        return value if dialect.name == "postgresql" else canonical(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        return json.loads(value) if isinstance(value, str) else value


__all__ = ["Big", "Instant", "Json", "canonical", "instant_text"]
