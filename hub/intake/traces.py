"""What earlier series of a feed left: the `SeriesHistory` that contract rules ask (contracts/context.py).

Only what deliveries received earlier left counts, so that judging a delivery again asks the same past again. A contract
without such a rule leaves nothing and asks nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from contracts.context import Reference
from contracts.series.trace import FORMAT, SeriesTrace, TraceHistory
from hub.store import DeliveryRow, Store, TraceRow

PRINTS: Final = 200_000
"""Prints that a delivery leaves at most, about 4 MB of text: those of two days of 20 tags at 1 Hz. Of more tags and
batches the rest leaves none, and a copy of them is not seen."""
BEGINNINGS: Final = 5_000
"""Beginnings that a delivery leaves at most, about 500 kB of text: those of 500 tags in ten phases."""


@dataclass(frozen=True)
class LedgerTraces:
    """The past of one series. Reads the ledger when a rule asks and not before."""

    store: Store
    delivery: DeliveryRow
    _printed: dict[str | None, TraceHistory] = field(default_factory=dict)
    _begun: dict[str | None, TraceHistory] = field(default_factory=dict)

    def seen(self, tag: str, prints: Collection[int], batch: str) -> Mapping[str, int]:
        """Batch, other than this one -> how many of these prints of the tag its earlier deliveries left.

        The first batch asked about has a past of its own. A delivery that names more shares one past among the others,
        so that 64 batches are not 64 readings.
        """
        but = batch if batch in self._printed or not self._printed else None
        if but not in self._printed:
            with self.store.reading() as tx:
                rows = tx.printed_before(self.delivery.id, self.delivery.feed, FORMAT, but)
            self._printed[but] = TraceHistory(map(_trace, rows))
        return self._printed[but].seen(tag, prints, batch)

    def reference(self, batch: str | None, phase: str | None, tag: str) -> Reference | None:
        """The first accepted hour of this batch in this phase."""
        if batch not in self._begun:
            with self.store.reading() as tx:
                rows = tx.began_before(self.delivery.id, self.delivery.feed, FORMAT, batch)
            self._begun[batch] = TraceHistory(map(_trace, rows))
        return self._begun[batch].reference(batch, phase, tag)


def rows_of(trace: SeriesTrace) -> tuple[TraceRow, ...]:
    """A trace as the ledger keeps it, a row a batch, no more of it than PRINTS and BEGINNINGS."""
    prints: dict[tuple[str, str], tuple[int, ...]] = {}
    left = PRINTS
    for name, found in trace.prints.items():
        if len(found) <= left:
            prints[name] = found
            left -= len(found)
    # Squares of huge numbers have no end, and JSON no word for that.
    finite = {key: b for key, b in trace.beginnings.items() if math.isfinite(b.mean) and math.isfinite(b.squares)}
    kept = dict(list(finite.items())[:BEGINNINGS])
    rows = []
    for batch in dict.fromkeys([*(batch for batch, _ in prints), *(batch for batch, _, _ in kept)]):
        body = SeriesTrace(
            {name: found for name, found in prints.items() if name[0] == batch},
            {key: begun for key, begun in kept.items() if key[0] == batch},
        ).to_dict()
        rows.append(TraceRow(batch, FORMAT, body["prints"], body["beginnings"]))
    return tuple(rows)


def _trace(row: TraceRow) -> SeriesTrace:
    return SeriesTrace.from_dict({"format": row.format, "prints": row.prints, "beginnings": row.beginnings})
