"""One delivery, from bytes to store: receive, judge, land, recover, replay. Plain Python; knows no Prefect.

Imports the store, connectors and contracts. Tells the floors above through events and never calls them by name.
"""

from hub.intake.events import (
    Event,
    Judged,
    LinkFailed,
    LinkWorked,
    Listener,
    NotJudged,
    Progress,
    PullBroke,
    Reverted,
    nobody,
)
from hub.intake.judge import Judge, Staged
from hub.intake.landing import land
from hub.intake.outcome import DeliveryOutcome, Outcome, PullResult
from hub.intake.pull import Pull
from hub.intake.recover import recover
from hub.intake.replay import ReplayResult, replay

__all__ = [
    "DeliveryOutcome",
    "Event",
    "Judge",
    "Judged",
    "LinkFailed",
    "LinkWorked",
    "Listener",
    "NotJudged",
    "Outcome",
    "Progress",
    "Pull",
    "PullBroke",
    "PullResult",
    "ReplayResult",
    "Reverted",
    "Staged",
    "land",
    "nobody",
    "recover",
    "replay",
]
