"""The sender: takes messages that wait in the outbox and hands each to its channel, at least once.

A message is claimed for 60 s, sent outside of any transaction, then marked. A sender that dies between sending and
marking leaves the message to the next one, which sends it again under the same id.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub import faults
from hub.alerts.book import apply
from hub.alerts.channels.channel import Channel
from hub.alerts.desk import Desk
from hub.alerts.errors import ChannelError
from hub.alerts.link import undelivered
from hub.alerts.messages import Message
from hub.settings import Settings
from hub.store import Store
from hub.store.rows import OutboxRow

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(hours=48)
CLAIM = timedelta(seconds=60)
ROUND_S = 30.0
"""A round takes up no new message after this: due items are evaluated each minute, also when a mail server hangs."""


@dataclass(frozen=True, slots=True)
class Sent:
    sent: int = 0
    failed: int = 0
    dead: int = 0


def send_due(
    store: Store,
    channels: Mapping[str, Channel],
    settings: Settings,
    *,
    limit: int = 500,
    dice: random.Random | None = None,
) -> Sent:
    """Send the messages whose time has come, up to `limit` and for `ROUND_S`.

    One by one: a claim of many would run out while the first is sent.

    `dice` spreads retries; a test seeds it.
    """
    dice = dice or random.Random()  # noqa: S311  jitter, no secret
    sent = failed = dead = 0
    ends = store.clock.monotonic() + ROUND_S
    for _ in range(limit):
        if store.clock.monotonic() >= ends:
            break
        with store.transaction() as tx:
            claimed = tx.claim_messages(1, CLAIM)
        if not claimed:
            break
        row = claimed[0]
        faults.point("outbox.before_send")
        try:
            reference = _send(channels, row)
        except ChannelError as error:
            died = _failed(store, settings, row, error, dice)
            dead, failed = dead + died, failed + (not died)
            continue
        faults.point("outbox.after_send")
        with store.transaction() as tx:
            tx.message_sent(row.dedupe_key, reference)
        sent += 1
    return Sent(sent, failed, dead)


def backoff(attempts: int, dice: random.Random) -> timedelta:
    """How long to wait after the n-th failed attempt: 30 s doubled each time up to 6 h, of which the upper half is
    random, so that a repaired server is not hit by everything at once."""
    full: timedelta = min(FIRST_WAIT * int(2 ** min(attempts - 1, 20)), LONGEST_WAIT)
    return full / 2 + full / 2 * dice.random()


def _send(channels: Mapping[str, Channel], row: OutboxRow) -> str | None:
    channel = channels.get(row.channel)
    if channel is None:
        raise ChannelError(row.channel, "hub.toml has no channel of this name any more")
    try:
        return channel.send(Message.from_payload(row.payload))
    except ChannelError:
        raise
    except Exception as error:  # a message that no mail can be made of must not hold up the others
        raise ChannelError(row.channel, f"the message could not be made: {type(error).__name__}") from error


def _failed(store: Store, settings: Settings, row: OutboxRow, error: ChannelError, dice: random.Random) -> bool:
    """Note the failure; True when the message is given up, which is an alert of its own."""
    with store.transaction() as tx:
        started = row.created_at or tx.now
        wait = max(backoff(row.attempts, dice), error.retry_after or timedelta())
        if tx.now - started < GIVE_UP_AFTER:
            tx.message_failed(row.dedupe_key, error.message, _not_after(tx.now + wait, started + GIVE_UP_AFTER))
            return False
        tx.message_failed(row.dedupe_key, error.message, None)
        alert = tx.alert(row.alert_id) if row.alert_id else None
        if (
            alert is None or alert.kind != "hub.message_undelivered"
        ):  # else a dead mail would beget a dead mail for ever
            apply(tx, [undelivered(Desk(settings.hub.name, tx.now, {"hub": "the hub"}), row)], settings)
        return True


def _not_after(at: datetime, end: datetime) -> datetime:
    """The last attempt is made when the time is over, not up to 6 h later."""
    return min(at, end)
