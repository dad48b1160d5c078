"""ListConnector: a connector without a network, for tests of everything above connectors.

It is no mock: it keeps the protocol's promises (stable order, resumable from any cursor, ConnectorError only), so a
test that passes with it passes with a real transport.

    connector = ListConnector([sent("COA-1:1", b"{...}", file="COA-1_r1.json"), sent("COA-2:1", b"{...}")])
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.connector import CheckLine
from connectors.delivery import Cursor, Delivery, Origin
from connectors.errors import ConnectorError, CursorNotUnderstood


@dataclass(frozen=True, slots=True)
class Sent:
    """What a partner is pretended to have sent. May be pulled any number of times."""

    source_key: str
    data: bytes
    file: str
    source_time: datetime | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None
    format: str | None = None


def sent(
    source_key: str,
    data: bytes,
    *,
    file: str | None = None,
    source_time: datetime | None = None,
    window_from: datetime | None = None,
    window_to: datetime | None = None,
    format: str | None = None,
) -> Sent:
    """`file` is the source key when left out."""
    return Sent(source_key, data, file or source_key, source_time, window_from, window_to, format)


class ListConnector:
    """Yields `deliveries` in order; the cursor counts them. `error`, when given, is raised after the last one.

    `until` leaves out what has a later `source_time`. Bodies come in pieces of `chunk_bytes`. `pulls` lists the
    cursors it was asked with, `closed` tells whether it was let go.
    """

    def __init__(
        self, deliveries: Sequence[Sent], *, error: ConnectorError | None = None, chunk_bytes: int = 64 * 1024
    ) -> None:
        self.deliveries = list(deliveries)
        self.error = error
        self.pulls: list[Cursor | None] = []
        self.closed = False
        self._chunk_bytes = chunk_bytes

    async def check(self) -> list[CheckLine]:
        if self.error is not None:
            return [CheckLine("connect", "failed", self.error.message)]
        return [CheckLine("connect", "ok", f"{len(self.deliveries)} deliveries")]

    async def pull(self, cursor: Cursor | None, until: datetime | None) -> AsyncIterator[Delivery]:
        self.pulls.append(cursor)
        start = 0
        if cursor is not None:
            if cursor.version != 1 or not isinstance(cursor.value.get("taken"), int):
                raise CursorNotUnderstood("list", "not a cursor of ListConnector")
            start = cursor.value["taken"]
        for index, given in enumerate(self.deliveries[start:], start + 1):
            if until is not None and given.source_time is not None and given.source_time > until:
                continue
            yield Delivery(
                source_key=given.source_key,
                file=given.file,
                body=self._body(given.data),
                origin=Origin(f"list:{given.source_key}"),
                source_time=given.source_time,
                window_from=given.window_from,
                window_to=given.window_to,
                format=given.format,
                cursor=Cursor(1, {"taken": index}),
            )
        if self.error is not None:
            raise self.error

    def cursor_at(self, moment: datetime) -> Cursor:
        earlier = (given.source_time is not None and given.source_time < moment for given in self.deliveries)
        return Cursor(1, {"taken": next((i for i, early in enumerate(earlier) if not early), len(self.deliveries))})

    async def close(self) -> None:
        self.closed = True

    async def _body(self, data: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(data), self._chunk_bytes):
            yield data[start : start + self._chunk_bytes]
