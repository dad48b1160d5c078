"""The watch: what time alone changes. Each minute it looks at due items, lots and slots again, opens and resolves
alerts, and sends what waits in the outbox.

    due now, not here, looked at since     -> late
    due now, not looked at since           -> not evaluated: an alert to the platform, never a late partner
    the watch itself stood still           -> "not evaluated from ... to ...", once

Idempotent: two watches at once share a lease, so together they tell once; a second run finds nothing new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contracts.contract import Contract
from contracts.due import DueState
from hub.alerts.book import apply
from hub.alerts.channels import Channel
from hub.alerts.desk import Desk
from hub.alerts.late import failed_after_start, late
from hub.alerts.lifecycle import Intent
from hub.alerts.link import evaluated_again, feed_not_evaluated, not_evaluated
from hub.alerts.outbox import send_due
from hub.alerts.react import make_desk
from hub.alerts.view import instant
from hub.intake.holder import take
from hub.registries import Registries
from hub.release.due import NOT_EVALUATED
from hub.release.evaluate import Touched, evaluate
from hub.settings import Settings
from hub.store import Store, Tx
from hub.store.rows import DueRow

BEAT = "watch"
MISSED = 2
"""Periods without an evaluation that make a gap: one may be a slow tick."""


@dataclass(frozen=True, slots=True)
class WatchResult:
    """One round. `opened` and `resolved` are alert ids; `not_evaluated` names a gap or the feeds nobody looked at."""

    evaluated: int = 0  # due items looked at
    late: int = 0
    opened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    sent: int = 0
    failed: int = 0  # messages that a channel did not take; they are tried again
    not_evaluated: tuple[str, ...] = ()
    skipped: bool = False  # another watch holds the lease


def watch_once(
    store: Store,
    contracts: Mapping[str, Contract],
    settings: Settings,
    channels: Mapping[str, Channel],
    registries: Registries | None = None,
) -> WatchResult:
    """One round of the watch. `contracts`: the one in force for each feed; `registries`: what the sponsor has on file.
    Raises StoreError only."""
    lease = take(store, BEAT)
    if lease is None:
        return WatchResult(skipped=True)
    try:
        with store.transaction(lease) as tx:
            result = _evaluate(tx, contracts, settings, registries)
    finally:
        store.release(lease)
    sent = send_due(
        store, channels, settings
    )  # each message is claimed by itself: a slow channel holds up no evaluation
    return replace(result, sent=sent.sent, failed=sent.failed + sent.dead)


def _evaluate(
    tx: Tx, contracts: Mapping[str, Contract], settings: Settings, registries: Registries | None
) -> WatchResult:
    now = tx.now
    changes = evaluate(tx, contracts, now, Touched(everything=True), registries)
    desk = make_desk(tx, contracts, settings, now, changes)
    gap = _gap(tx.last_beat(BEAT), now, settings.watch.every)
    unseen = _unseen(tx, [row for row in changes.dues if row.state == NOT_EVALUATED], now)
    written = apply(tx, _intents(desk, gap, unseen), settings)
    tx.beat(BEAT)
    return WatchResult(
        evaluated=len(changes.dues),
        late=sum(row.state == DueState.LATE for row in changes.dues),
        opened=written.opened,
        resolved=written.resolved,
        not_evaluated=(*([f"{instant(gap)} to {instant(now)}"] if gap else ()), *unseen),
    )


def _intents(desk: Desk, gap: datetime | None, unseen: Mapping[str, datetime]) -> Iterator[Intent]:
    yield not_evaluated(desk, gap) if gap else evaluated_again(desk)
    for feed, since in unseen.items():
        yield feed_not_evaluated(desk, feed, since)
    yield from failed_after_start(desk)
    yield from late(desk)


def _gap(last: datetime | None, now: datetime, every: timedelta) -> datetime | None:
    """Since when nothing was evaluated, if that is longer than it may be. A hub that never watched has no gap; a clock
    that was set back makes none."""
    return last if last is not None and now - last > MISSED * every else None


def _unseen(tx: Tx, rows: list[DueRow], now: datetime) -> dict[str, datetime]:
    """Feeds that nobody pulled since something of theirs became due, and should have: longest first."""
    found: dict[str, datetime] = {}
    for row in rows:
        feed = tx.feed(row.feed)
        patience = MISSED * feed.every if feed else timedelta()
        if row.due_at is not None and now - row.due_at > patience:
            found[row.feed] = min(found.get(row.feed, row.due_at), row.due_at)
    return dict(sorted(found.items(), key=lambda item: item[1]))
