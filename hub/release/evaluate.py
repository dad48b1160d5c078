"""Read what the ledger holds about lots and slots, derive their states again, write what changed.

Called inside the transaction that stored the records, so that no fact stands without what follows from it, and by the
watch, because time alone changes states too: a lot expires, a schedule grows stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from contracts.contract import Contract
from contracts.due import NO_LOT, OFF
from hub.registries import Registries
from hub.release import due as dues
from hub.release.clearance import Freshness, SlotFacts, clearance
from hub.release.files import Planned, certificates_of, newest_slots, open_concerns
from hub.release.lots import CertificateOnFile, LotState, in_force, lot_state
from hub.store import Tx
from hub.store.rows import ClearanceRow, DueRow, LotRow

OVER_AFTER = timedelta(days=7)
"""A slot that ended longer ago than this is history: time alone no longer changes its clearance."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What an event may have changed. `everything`: time passed, so all that is not over is looked at again."""

    lots: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()  # natural keys
    slots: frozenset[str] = frozenset()  # natural keys
    everything: bool = False


@dataclass(frozen=True)
class Changes:
    """What was looked at, and what is new. `lots` and `slots` hold every subject looked at, changed or not."""

    lots: Mapping[str, LotState] = field(default_factory=dict)
    slots: Mapping[str, Planned] = field(default_factory=dict)
    lots_changed: tuple[tuple[LotRow | None, LotRow], ...] = ()
    clearances_changed: tuple[tuple[ClearanceRow | None, ClearanceRow], ...] = ()
    dues: tuple[DueRow, ...] = ()

    def slots_of(self, lot: str) -> list[Planned]:
        """Slots that use the lot and were not called off, the earliest first."""
        found = [p for p in self.slots.values() if p.lot == lot and p.slot.status not in OFF]
        return sorted(found, key=lambda p: (p.slot.planned_start, p.key))


def evaluate(
    tx: Tx,
    contracts: Mapping[str, Contract],
    now: datetime,
    touched: Touched,
    registries: Registries | None = None,
) -> Changes:
    """Derive lots and clearances again and write what differs. `contracts`: the one in force for each feed;
    `registries`: what the sponsor has on file."""
    planned = newest_slots(tx)
    wanted = {key for key in touched.slots if key in planned}
    if touched.everything:
        wanted |= {key for key, p in planned.items() if now - p.slot.planned_end < OVER_AFTER}
    lots = set(touched.lots) | {lot for key in wanted if (lot := planned[key].lot)}
    # A correction may move a certificate or a slot to another lot: the one it left is looked at too.
    lots |= {row.body["lot_number"] for key in touched.certificates for row in tx.record_history("certificate", key)}
    lots |= {row.body["vector_lot"] for key in touched.slots for row in tx.record_history("slot", key)} - {
        None,
        *NO_LOT,
    }
    wanted |= {key for key, p in planned.items() if p.lot in lots}
    if not lots and not wanted and not touched.everything:
        return Changes()
    evaluation = _Evaluation(tx, contracts, now, planned, lots, registries or Registries())
    lots_seen = [evaluation.lot(lot) for lot in sorted(lots)]  # before the slots: a clearance reads the lot's state
    slots_seen = [evaluation.slot(planned[key]) for key in sorted(wanted)]
    return Changes(
        lots=evaluation.states,
        slots={key: planned[key] for key in sorted(wanted)},
        lots_changed=tuple(change for change in lots_seen if change is not None),
        clearances_changed=tuple(change for change in slots_seen if change is not None),
        dues=evaluation.due(by_watch=touched.everything),
    )


class _Evaluation:
    """One pass over some lots and slots; reads what they share once."""

    def __init__(
        self,
        tx: Tx,
        contracts: Mapping[str, Contract],
        now: datetime,
        planned: Mapping[str, Planned],
        lots: set[str],
        registries: Registries,
    ) -> None:
        self.tx, self.contracts, self.now, self.planned, self.registries = tx, contracts, now, planned, registries
        self.made = registries.made
        self.certificates = certificates_of(tx, lots)
        self.waiting = open_concerns(tx, lots, self.certificates)
        self.down = frozenset(a.subject for a in tx.alerts(("open", "acknowledged"), kind="link.down"))
        self.states: dict[str, LotState] = {}
        self.files: dict[str, list[CertificateOnFile]] = {}

    def lot(self, lot: str) -> tuple[LotRow | None, LotRow] | None:
        """Derive one lot. None: nothing is known of it, or nothing changed."""
        partner = self._maker(lot)
        if partner is None:
            return None
        files = [c.file for c in self.certificates.get(lot, ()) if c.partner == partner]
        before = self.tx.lot(lot, partner)
        contract = self.contracts.get(f"{partner}/coa")
        state = lot_state(
            lot,
            partner,
            files,
            contract.schema.tests if contract else (),
            self.now,
            quarantined=[concern for one in self.waiting.get(lot, ()) for concern in one.concerns],
            previous=before,
        )
        self.states[lot], self.files[lot] = state, in_force(files)
        return (before, state.row()) if self.tx.put_lot(state.row()) else None

    def slot(self, one: Planned) -> tuple[ClearanceRow | None, ClearanceRow] | None:
        """Derive one slot's clearance. None: nothing changed."""
        state = self.states.get(one.lot) if one.lot else None
        facts = SlotFacts(
            slot=one.slot,
            slot_version=one.version,
            lot=state,
            certificates=tuple(self.files.get(one.lot or "", ())),
            schedule=self._freshness(f"{one.partner}/schedule"),
            feeds=(self._freshness(f"{state.partner}/coa"),) if state else (),
            quarantined=tuple(dict.fromkeys(w.delivery_id for w in self.waiting.get(one.lot or "", ()))),
            neighbours=tuple(p.slot for p in self.planned.values() if p.slot.site == one.slot.site),
            now=self.now,
            slot_evidence=((f"{one.key}@{one.version}", one.sha256),),
        )
        before = self.tx.clearance(one.key)
        row = clearance(facts)
        return (before, row) if self.tx.put_clearance(row) else None

    def due(self, *, by_watch: bool) -> tuple[DueRow, ...]:
        """The due items of the lots looked at; by the watch also those of feeds, and those nobody needs any more."""
        rows: list[DueRow] = []
        for feed, contract in sorted(self.contracts.items()):
            if contract.kind == "coa":
                mine = {lot for lot, state in self.states.items() if state.partner == contract.partner}
                slots = [p.slot for p in self.planned.values() if p.lot in mine]
                arrivals = [
                    arrival
                    for lot in sorted(mine)
                    for arrival in dues.arrivals_of_lot(lot, self._files(lot), self.waiting.get(lot, ()), contract)
                ]
                known = {lot: at for lot in sorted(mine) if (at := self._made(lot)) is not None}
                rows += dues.lot_dues(contract, slots, arrivals, self.tx.watermark(feed), self.now, known)
            elif by_watch:
                running = self.registries.running(contract.partner, self.now)
                rows += dues.feed_dues(self.tx, contract, self.now, running)
        if by_watch:
            rows += dues.orphans(self.tx, self.contracts, {p.lot for p in self.planned.values() if p.lot})
        return tuple(dues.keep(self.tx, rows, by_watch=by_watch))

    def _made(self, lot: str) -> datetime | None:
        """When the lot's manufacture ended: by the registry, else by its certificates. They know only the day, and at
        noon in UTC it is that day in nearly every zone."""
        if lot in self.made:
            return self.made[lot]
        days = [f.record.mfg_date for f in self._files(lot) if f.record.mfg_date is not None]
        return datetime.combine(max(days), time(12), UTC) if days else None

    def _files(self, lot: str) -> list[CertificateOnFile]:
        partner = self.states[lot].partner
        return [c.file for c in self.certificates.get(lot, ()) if c.partner == partner]

    def _maker(self, lot: str) -> str | None:
        """The partner whose lot this is: who certifies it, else whose schedule names it.

        Two partners may use one lot number; then the schedule's own partner is meant, and without one nobody is.
        """
        certifiers = {c.partner for c in self.certificates.get(lot, ())}
        planners = {p.partner for p in self.planned.values() if p.lot == lot}
        if len(certifiers) == 1:
            return certifiers.pop()
        return next(iter(sorted((certifiers & planners) or (planners if not certifiers else ()))), None)

    def _freshness(self, feed: str) -> Freshness:
        mark = self.tx.watermark(feed)
        return Freshness(feed, mark.last_accepted_at if mark else None, self._limit(feed), feed in self.down)

    def _limit(self, feed: str) -> timedelta | None:
        """How old the feed's newest accepted delivery may be, by its contract."""
        contract = self.contracts.get(feed)
        levels = contract.service_levels if contract else ()
        return next((s.lead_time + s.grace for s in levels if s.anchor == "feed.last_accepted"), None)
