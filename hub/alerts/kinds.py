"""The kinds of alerts: what each is about, who must act, who else is told. Kinds never share words with each other's
group: a contract failure is a data problem, a specification failure is a quality event, and a fault of the link or of
the hub is neither ("we could not look" is not "the partner is silent")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Audience = Literal["partner", "quality", "platform"]
"""Whom a kind is for. `partner` becomes `partner:<id>` when an alert of that partner is made."""


class AlertKind(StrEnum):
    COA_CONTRACT_FAILURE = "coa.contract_failure"
    COA_SPEC_FAILURE = "coa.spec_failure"
    COA_LATE = "coa.late"
    PAT_CONTRACT_FAILURE = "pat.contract_failure"
    PAT_GAP = "pat.gap"
    PAT_EXCURSION = "pat.excursion"
    PAT_SUSPECT = "pat.suspect"
    PAT_LATE = "pat.late"
    SCHEDULE_CONTRACT_FAILURE = "schedule.contract_failure"
    SCHEDULE_MOVED = "schedule.moved"
    SCHEDULE_CONFLICT = "schedule.conflict"
    SCHEDULE_LATE = "schedule.late"
    DELIVERY_CHANGED = "delivery.changed"
    LOT_FAILED_AFTER_START = "lot.failed_after_start"
    LINK_DOWN = "link.down"
    HUB_NOT_EVALUATED = "hub.not_evaluated"
    HUB_MESSAGE_UNDELIVERED = "hub.message_undelivered"


@dataclass(frozen=True, slots=True)
class KindRule:
    """`acts`: exactly one team must act. `told`: every audience that gets a message, the acting one included."""

    acts: Audience
    told: tuple[Audience, ...]
    title: str


KINDS: Mapping[AlertKind, KindRule] = {
    AlertKind.COA_CONTRACT_FAILURE: KindRule("partner", ("partner", "quality"), "certificate broke the contract"),
    AlertKind.COA_SPEC_FAILURE: KindRule("quality", ("quality",), "result out of specification"),
    AlertKind.COA_LATE: KindRule("partner", ("partner", "quality"), "certificate is late"),
    AlertKind.PAT_CONTRACT_FAILURE: KindRule("partner", ("partner", "platform"), "process data broke the contract"),
    AlertKind.PAT_GAP: KindRule("partner", ("partner", "quality"), "gap in process data"),
    AlertKind.PAT_EXCURSION: KindRule("quality", ("quality", "partner"), "process value outside its agreed range"),
    AlertKind.PAT_SUSPECT: KindRule("partner", ("partner", "quality"), "process data is suspect"),
    AlertKind.PAT_LATE: KindRule("partner", ("partner", "quality"), "process data is late"),
    AlertKind.SCHEDULE_CONTRACT_FAILURE: KindRule("partner", ("partner", "quality"), "schedule broke the contract"),
    AlertKind.SCHEDULE_MOVED: KindRule("quality", ("quality",), "slot changed"),
    AlertKind.SCHEDULE_CONFLICT: KindRule("quality", ("quality", "partner"), "slots conflict"),
    AlertKind.SCHEDULE_LATE: KindRule("partner", ("partner", "quality"), "schedule is late"),
    AlertKind.DELIVERY_CHANGED: KindRule("quality", ("quality", "platform", "partner"), "delivery was changed"),
    AlertKind.LOT_FAILED_AFTER_START: KindRule("quality", ("quality",), "lot fails after a run began"),
    AlertKind.LINK_DOWN: KindRule("platform", ("platform",), "partner's system cannot be read"),
    AlertKind.HUB_NOT_EVALUATED: KindRule("platform", ("platform", "quality"), "a period was not evaluated"),
    AlertKind.HUB_MESSAGE_UNDELIVERED: KindRule("platform", ("platform",), "a message could not be delivered"),
}

LATE_KINDS = frozenset({AlertKind.COA_LATE, AlertKind.PAT_LATE, AlertKind.SCHEDULE_LATE})


def audience(of: Audience, partner: str) -> str:
    """The audience as an alert carries it: quality, platform or partner:<id>."""
    return f"partner:{partner}" if of == "partner" else of
