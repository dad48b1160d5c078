"""Backtest: what a new version of a contract would have said of the deliveries that came. Writes nothing.

The same function as the judge's, on the same archived bytes, with the history as it was when each delivery came; so the
one who proposes a change and the partner who must follow it talk about the partner's own files.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.change import ClauseFlips, Flip, by_clause, flip_of, would_pass
from contracts.contract import Contract
from hub.intake.judge import inspect_archived
from hub.registries import Registries
from hub.store import BlobMismatch, DeliveryRow, NotFound, Store


@dataclass(frozen=True, slots=True)
class Tested:
    """One delivery under both contracts."""

    delivery: DeliveryRow
    flip: Flip


@dataclass(frozen=True, slots=True)
class Backtest:
    """The newest deliveries of a feed under both contracts, in the order in which they came."""

    feed: str
    tested: tuple[Tested, ...]
    missing: tuple[str, ...] = ()
    """Deliveries whose bytes are gone from the archive."""

    @property
    def sentence(self) -> str:
        return would_pass(one.flip for one in self.tested)

    @property
    def clauses(self) -> tuple[ClauseFlips, ...]:
        return by_clause({one.delivery.id: one.flip for one in self.tested})


def backtest(store: Store, old: Contract, new: Contract, *, last: int, registries: Registries) -> Backtest:
    """Run both contracts over the last deliveries of the new one's feed. Raises OSError, StoreError."""
    feed = f"{new.partner}/{new.kind}"
    with store.reading() as tx:
        deliveries = tx.deliveries(feed=feed, limit=last)
    tested, missing = [], []
    for delivery in deliveries:
        try:
            before, after = (inspect_archived(store, delivery, contract, registries) for contract in (old, new))
        except (NotFound, BlobMismatch):
            missing.append(delivery.id)
            continue
        tested.append(Tested(delivery, flip_of(before.report, after.report)))
    return Backtest(feed, tuple(tested), tuple(missing))
