"""Connector: the one seam between the hub and a CDMO's system. Two methods; `connectors.testing` ships a real fake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from connectors.delivery import Cursor, Delivery


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of `jid partners check`: what was tried, whether it worked, what was seen or what to do."""

    what: str
    state: Literal["ok", "warning", "failed"]
    detail: str


class Connector(Protocol):
    """A transport bound to one feed.

    `pull` yields deliveries in a stable order and may be stopped at any point; the hub then asks again with the last
    cursor that it stored. It raises `connectors.errors.ConnectorError` only. `until` (aware UTC) closes a window for
    backfills; None means "up to now". Read a delivery's body before you ask for the next delivery: its bytes are let
    go of then.

        async for delivery in connector.pull(cursor, until=None):
            async for chunk in delivery.body: ...

    `cursor_at` is the cursor of somebody who has everything before a moment and nothing after it: a pull by hand
    that starts there passes it in place of the stored one. `check` never raises; it tries the connection and says
    what it saw.
    """

    async def check(self) -> list[CheckLine]: ...

    def pull(self, cursor: Cursor | None, until: datetime | None) -> AsyncIterator[Delivery]: ...

    def cursor_at(self, moment: datetime) -> Cursor: ...

    async def close(self) -> None: ...
