"""Delivery and Cursor: what a transport hands over, and where to read on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next pull starts. Opaque to the hub; `version` is the transport's own format number.

    Values are JSON scalars, lists and objects. A cursor moves only in the transaction that receipts the deliveries it
    stands for (store.md 4, TX A).
    """

    version: int
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the bytes came from, as evidence: URL, path or node; peer fingerprint; selected response headers."""

    uri: str
    peer: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """One thing a partner sent. Carries a byte stream and never parses it.

    `source_key` is the partner's own name for the thing (certificate number and revision, file path, page window),
    never a position or our clock. `file` is the name a person would give the file; a name is metadata, never a path to
    write to. `cursor`, when set, is where the feed may read on once this delivery is receipted. `format` overrides the
    feed's format where one feed mixes them (an SFTP folder with CSV and XLSX).
    """

    source_key: str
    file: str
    body: AsyncIterator[bytes]
    origin: Origin
    source_time: datetime | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None
    format: str | None = None
    cursor: Cursor | None = None
