"""Traces: what accepted series left for later ones of their feed. Nothing is updated, the newest report counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, insert, select

from hub.store.ledger.part import Part, number
from hub.store.ledger.tables import series_trace
from hub.store.rows import DeliveryRow, TraceRow

BATCHES: Final = 20
"""Batches, the newest first, whose prints are looked through."""
PRINTS: Final = 1_000_000
"""Prints that are looked through, the newest first: nine days of 20 tags at 1 Hz (20 MB of text, read in 0.6 s, 140 MB
of memory)."""
DELIVERIES: Final = 2_000
"""Deliveries of one batch, the oldest first, whose beginnings are looked through: three weeks, one every 15 minutes."""


class Traces(Part):
    def printed_before(self, delivery_id: str, feed: str, format: str, but: str | None = None) -> list[TraceRow]:
        """The prints of the feed's newest batches, by deliveries received before this one, oldest first. `but` is left
        out: a batch of two weeks would fill all the room there is."""
        query = _before(delivery_id, feed, format, series_trace.c.prints).where(series_trace.c.batch.is_not(None))
        if but is not None:
            query = query.where(series_trace.c.batch != but)
        newest = query.order_by(series_trace.c.delivery.desc(), series_trace.c.id.desc())
        found: list[TraceRow] = []
        batches: set[str | None] = set()
        total = 0
        with self.connection.execute(newest.execution_options(yield_per=20)) as rows:
            for row in rows:
                batches.add(row.batch)
                total += sum(len(prints) for *_, prints in row.prints)
                if len(batches) > BATCHES or (found and total > PRINTS):
                    break
                found.append(TraceRow(row.batch, format, row.prints, ()))
        return found[::-1]

    def began_before(self, delivery_id: str, feed: str, format: str, batch: str | None) -> list[TraceRow]:
        """How the phases of a batch began, by deliveries received before this one, oldest first."""
        query = _before(delivery_id, feed, format, series_trace.c.beginnings).where(_is(batch))
        oldest = query.order_by(series_trace.c.delivery, series_trace.c.id).limit(DELIVERIES)
        return [TraceRow(batch, format, (), row.beginnings) for row in self.connection.execute(oldest)]


def put_traces(part: Part, row: DeliveryRow, report_id: int, traces: Sequence[TraceRow]) -> None:
    """Keep what a delivery left, with the report that accepted it."""
    values = [
        {
            "feed": row.feed,
            "delivery": number(row.id, "D", "delivery"),
            "report": report_id,
            "batch": one.batch,
            "format": one.format,
            "prints": list(one.prints),
            "beginnings": list(one.beginnings),
        }
        for one in traces
    ]
    if values:
        part.connection.execute(insert(series_trace), values)


def _before(delivery_id: str, feed: str, format: str, column: ColumnElement[Any]) -> Select[Any]:
    """(batch, column) of each earlier delivery of the feed, as its newest report left them."""
    again = series_trace.alias()
    newest = select(func.max(again.c.report)).where(again.c.feed == feed, again.c.delivery == series_trace.c.delivery)
    return select(series_trace.c.batch, column).where(
        series_trace.c.feed == feed,
        series_trace.c.delivery < number(delivery_id, "D", "delivery"),
        series_trace.c.format == format,
        series_trace.c.report == newest.scalar_subquery(),
    )


def _is(batch: str | None) -> ColumnElement[bool]:
    return series_trace.c.batch.is_(None) if batch is None else series_trace.c.batch == batch
