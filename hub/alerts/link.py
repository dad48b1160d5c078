"""Alerts about the link and about the hub itself: "we could not look" is never told as "the partner is silent"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from contracts.codes import Action, Severity
from hub.alerts.desk import EMPTY, Desk, cause, with_report
from hub.alerts.fingerprint import HUB, key_of
from hub.alerts.kinds import AlertKind
from hub.alerts.lifecycle import Intent
from hub.alerts.severity import Effect
from hub.alerts.view import Evidence, instant, span
from hub.intake.events import Judged, LinkFailed, LinkWorked, NotJudged, PullBroke, Reverted
from hub.store.rows import OutboxRow


def link_failed(event: LinkFailed, desk: Desk) -> Iterator[Intent]:
    partner, _, kind = event.feed.partition("/")
    code = f" ({event.code})" if event.code else ""
    yield desk.open(
        desk.fingerprint(AlertKind.LINK_DOWN, partner, kind, event.feed),
        about=f"{event.feed} cannot be read",
        # The class of the error, not its message: a message may hold an address or what a server answered.
        what=f"The hub could not read {event.feed}: {event.error}{code}. What the partner has there is unknown.",
        next_step=f"Run: jid pull {partner} --kind {kind}, and look at what it says.",
        reason=f"{event.error}{code}",
        causes=[event.error],
        effect=Effect(),
        view=replace(EMPTY, worst=event.code, evidence=(Evidence(f"feed {event.feed}", None, "jid doctor"),)),
        lasting=True,
    )


def link_worked(event: LinkWorked, desk: Desk) -> Iterator[Intent]:
    partner, _, kind = event.feed.partition("/")
    seen = f"a pull of {event.feed} went through at {instant(desk.now)}"
    yield desk.resolve(desk.fingerprint(AlertKind.LINK_DOWN, partner, kind, event.feed), event.feed, seen)
    yield desk.resolve(desk.fingerprint(AlertKind.HUB_NOT_EVALUATED, partner, kind, event.feed), event.feed, seen)


def reverted(event: Reverted, desk: Desk) -> Iterator[Intent]:
    """The bytes of an earlier revision came again: a take-back and an old file sent twice look alike."""
    partner, _, kind = event.feed.partition("/")
    yield desk.open(
        desk.fingerprint(AlertKind.DELIVERY_CHANGED, partner, kind, key_of(event.source_key)),
        about=f"An earlier version of {event.delivery_id} came again from {desk.name(partner)}",
        what=(
            f"{event.feed} holds the bytes of {event.delivery_id} again, although a later version was delivered. "
            "Nothing new was stored; the later version stands."
        ),
        next_step=f"Ask {desk.name(partner)} whether the later version is taken back.",
        reason=f"the bytes of {event.delivery_id} came again",
        causes=[f"{event.delivery_id} again"],
        effect=Effect(),
        view=replace(
            EMPTY,
            evidence=(Evidence(f"delivery {event.delivery_id}", None, f"jid deliveries show {event.delivery_id}"),),
            sources=(key_of(event.source_key),),
        ),
    )


def engine_fault(event: Judged, desk: Desk) -> Intent:
    """A delivery that our own engine could not judge, or has judged since: the platform's, never the partner's."""
    delivery = event.delivery
    fingerprint = desk.fingerprint(AlertKind.HUB_NOT_EVALUATED, delivery.partner, delivery.kind, delivery.id)
    ours = [f for f in event.report.findings if f.severity is Severity.ERROR and f.action is Action.PLATFORM]
    if not ours:
        return desk.resolve(fingerprint, delivery.id, f"{delivery.id} was judged")
    return desk.open(
        fingerprint,
        about=f"{delivery.id} of {delivery.feed} could not be evaluated",
        what=(
            f"The check of {delivery.id} stopped in our own code or at a limit of ours ({ours[0].code}). "
            "The delivery is kept; nothing is wanted from the partner."
        ),
        next_step=f"Repair the cause and judge it again: jid replay {delivery.id}.",
        reason=f"{ours[0].code} in {delivery.id}",
        causes=[cause(delivery, event.contract)],
        effect=Effect(),
        view=with_report(EMPTY, delivery, event.report, event.contract, delivery.id),
        lasting=True,
    )


def not_judged(event: NotJudged, desk: Desk) -> Intent:
    """The same alert as `engine_fault`: its verdict, when it comes, resolves it."""
    partner, _, kind = event.feed.partition("/")
    return desk.open(
        desk.fingerprint(AlertKind.HUB_NOT_EVALUATED, partner, kind, event.delivery_id),
        about=f"{event.delivery_id} of {event.feed} could not be evaluated",
        what=(
            f"Our own code stopped over {event.delivery_id}: {event.fault}. The delivery is kept, without a verdict; "
            "what came after it was taken. Nothing is wanted from the partner."
        ),
        next_step=f"Repair the cause; the next pull judges it: jid pull {partner} --kind {kind}.",
        reason=f"{event.fault} over {event.delivery_id}",
        causes=[event.fault],
        effect=Effect(),
        view=replace(
            EMPTY,
            evidence=(Evidence(f"delivery {event.delivery_id}", None, f"jid deliveries show {event.delivery_id}"),),
            sources=(event.delivery_id,),
        ),
        lasting=True,
    )


def pull_broke(event: PullBroke, desk: Desk) -> Intent:
    """A bug of ours or of a connector: until a pull comes to its end, what the partner has is unknown."""
    partner, _, kind = event.feed.partition("/")
    return desk.open(
        desk.fingerprint(AlertKind.HUB_NOT_EVALUATED, partner, kind, event.feed),
        about=f"Pulls of {event.feed} break off",
        what=(
            f"A pull of {event.feed} ended in an error that nobody foresaw: {event.fault}. What was received is kept; "
            "what the partner has beyond it is unknown. Nothing is wanted from the partner."
        ),
        next_step=f"Run: jid pull {partner} --kind {kind}, and look at what it says.",
        reason=event.fault,
        causes=[event.fault],
        effect=Effect(),
        view=replace(EMPTY, evidence=(Evidence(f"feed {event.feed}", None, "jid doctor"),)),
        lasting=True,
    )


def not_evaluated(desk: Desk, since: datetime) -> Intent:
    """The hub's own silence: from `since` until now nothing was judged to be late or in time."""
    return desk.open(
        desk.fingerprint(AlertKind.HUB_NOT_EVALUATED, HUB, "watch", "watch"),
        about=f"Nothing was evaluated from {instant(since)} to {instant(desk.now)}",
        what=(
            f"The hub did not evaluate due times for {span(desk.now - since)}. What became due in that time is judged "
            "as soon as its feed has been pulled again; it is not called late before."
        ),
        next_step="Find out why the hub stood still; pull all feeds: jid run --once.",
        reason=f"no evaluation since {instant(since)}",
        causes=[instant(since)],
        effect=Effect(),
    )


def evaluated_again(desk: Desk) -> Intent:
    fingerprint = desk.fingerprint(AlertKind.HUB_NOT_EVALUATED, HUB, "watch", "watch")
    return desk.resolve(fingerprint, "watch", f"evaluated again in time at {instant(desk.now)}")


def feed_not_evaluated(desk: Desk, feed: str, since: datetime) -> Intent:
    partner, _, kind = feed.partition("/")
    return desk.open(
        desk.fingerprint(AlertKind.HUB_NOT_EVALUATED, partner, kind, feed),
        about=f"{feed} was not pulled since {instant(since)}",
        what=(
            f"Something of {feed} became due at {instant(since)}, and the hub has not looked since. "
            "Whether it is there is unknown; it is not called late."
        ),
        next_step=f"Run: jid pull {partner} --kind {kind}; find out why its pulls stopped.",
        reason=f"not pulled since {instant(since)}",
        causes=[instant(since)],
        effect=Effect(),
        view=replace(EMPTY, due=since, evidence=(Evidence(f"feed {feed}", None, "jid doctor"),)),
        lasting=True,
    )


def undelivered(desk: Desk, message: OutboxRow) -> Intent:
    """A message that no retry could deliver. The channel is the subject: one alert a broken channel."""
    return desk.open(
        desk.fingerprint(AlertKind.HUB_MESSAGE_UNDELIVERED, HUB, "outbox", message.channel),
        about=f"Messages over {message.channel} are not delivered",
        what=f"A message about {message.alert_id or 'the hub'} could not be delivered within 48 h and is given up.",
        next_step=f"Repair the channel {message.channel}; tell the people concerned another way.",
        reason="a message is dead",
        causes=[message.dedupe_key],
        effect=Effect(),
    )
