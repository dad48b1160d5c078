"""What follows from an event, inside the transaction that stores it: derived states first, then alerts.

So there is no alert for a fact that was rolled back, and no fact without its alert.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contracts.contract import Contract
from contracts.finding import Verdict
from contracts.records import Certificate, Slot
from hub.alerts.book import Written, apply
from hub.alerts.certificates import changed_certificate, judged_certificate
from hub.alerts.desk import Desk
from hub.alerts.late import failed_after_start, late
from hub.alerts.lifecycle import ACTIVE, Intent
from hub.alerts.link import engine_fault, link_failed, link_worked, not_judged, pull_broke, reverted
from hub.alerts.schedules import judged_schedule
from hub.alerts.series import judged_series
from hub.alerts.severity import SeverityTable
from hub.alerts.subject import About, about
from hub.intake.events import Event, Judged, LinkFailed, LinkWorked, NotJudged, PullBroke, Reverted
from hub.registries import Registries
from hub.release.due import clause_name
from hub.release.evaluate import Changes, Touched, evaluate
from hub.settings import Settings
from hub.store import Tx
from hub.store.bodies import natural_key
from hub.store.rows import AlertRow, DueRow


@dataclass(frozen=True)
class Reactions:
    """The listener that the hub gives to intake. `contracts`: the one in force for each feed (`northvale/coa`);
    `registries`: what the sponsor has on file."""

    contracts: Mapping[str, Contract]
    settings: Settings
    registries: Registries = field(default_factory=Registries)

    def __call__(self, tx: Tx, event: Event) -> None:
        react(tx, event, self.contracts, self.settings, tx.now, self.registries)


def react(
    tx: Tx,
    event: Event,
    contracts: Mapping[str, Contract],
    settings: Settings,
    now: datetime,
    registries: Registries | None = None,
) -> Written:
    """Derive again what the event touches, and write the alerts that follow from it."""
    it = about(event, _known_lots(tx, event)) if isinstance(event, Judged) else None
    changes = Changes()
    if isinstance(event, Judged) and it:
        changes = evaluate(tx, contracts, now, _touched(event, it), registries)
    desk = make_desk(tx, contracts, settings, now, changes)
    intents = list(_intents(tx, event, it, desk))
    return apply(tx, intents, settings)


def make_desk(tx: Tx, contracts: Mapping[str, Contract], settings: Settings, now: datetime, changes: Changes) -> Desk:
    """The desk for one round of decisions, with the due items of every lot that was looked at."""
    levels = {
        clause_name(contract, clause.id): clause.level
        for contract in contracts.values()
        for clause in contract.service_levels
        if clause.subject == "lot" and clause.level is not None
    }
    dues: dict[str, list[DueRow]] = {lot: [] for lot in changes.lots}
    for lot in dues:
        dues[lot] = [row for clause in levels if (row := tx.due(clause, lot)) is not None]
    return Desk(
        hub=settings.hub.name,
        now=now,
        names={p.id: p.name for p in tx.partners()} | {"hub": "the hub"},
        table=SeverityTable(settings.severity.critical_before_slot, settings.severity.high_before_slot),
        changes=changes,
        dues=dues,
        levels=levels,
    )


def _intents(tx: Tx, event: Event, it: About | None, desk: Desk) -> Iterator[Intent]:
    match event:
        case Judged() if it is not None:
            yield from _judged(tx, event, it, desk)
            yield from failed_after_start(desk)
            yield from late(desk)
        case NotJudged():
            yield not_judged(event, desk)
        case PullBroke():
            yield pull_broke(event, desk)
        case LinkFailed():
            yield from link_failed(event, desk)
        case LinkWorked():
            yield from link_worked(event, desk)
        case Reverted():
            yield from reverted(event, desk)


def _judged(tx: Tx, event: Judged, it: About, desk: Desk) -> Iterator[Intent]:
    delivery = event.delivery
    if event.report.verdict is Verdict.DUPLICATE:
        return
    yield engine_fault(event, desk)
    match delivery.kind:
        case "coa":
            yield from judged_certificate(event, it, desk)
            yield from changed_certificate(event, it, desk)
        case "pat":
            yield from judged_series(event, it, desk, _active(tx, delivery.partner, "pat."))
        case "schedule":
            yield from judged_schedule(event, it, desk, _active(tx, delivery.partner, "schedule."))


def _active(tx: Tx, partner: str, kinds: str) -> tuple[AlertRow, ...]:
    return tuple(a for a in tx.alerts(ACTIVE, partner=partner) if a.kind.startswith(kinds))


def _known_lots(tx: Tx, event: Judged) -> frozenset[str]:
    """Lots that the ledger knows of this partner: an id that a rejected delivery names is shown only if it is one."""
    return frozenset(row.lot for row in tx.lots(partner=event.delivery.partner))


def _touched(event: Judged, it: About) -> Touched:
    """What the event may have changed. A rejected delivery changes no record, but waits in quarantine for its lot."""
    if event.report.verdict is Verdict.REJECTED:
        return Touched(lots=frozenset({it.lot} if it.lot else ()))
    partner = event.delivery.partner
    return Touched(
        certificates=frozenset(natural_key(r, partner) for r in event.records if isinstance(r, Certificate)),
        slots=frozenset(natural_key(r, partner) for r in event.records if isinstance(r, Slot)),
    )
