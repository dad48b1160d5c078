"""Due items from the ledger: what the contracts' due plan says, fed with the slots and arrivals that are stored.

The plan itself is `contracts.due`, pure. Here stands what only the hub knows: which certificates came when and what
they completed, when a feed was last looked at. An item whose due time passed while the hub did not look is
`not_evaluated`, never `late`: what the partner has there is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from contracts.context import BatchFacts
from contracts.contract import Contract, ServiceLevel
from contracts.due import Arrival, Circumstances, DueItem, DueState, due
from contracts.finding import Verdict
from contracts.records import Slot
from hub.release.files import Waiting
from hub.release.lots import CertificateOnFile, in_force, level_of
from hub.store import Tx
from hub.store.rows import DeliveryRow, DueRow, Watermark

NOT_EVALUATED = "not_evaluated"
"""The due time passed and the feed was not pulled since."""

OVERDUE = frozenset({DueState.LATE.value, DueState.REJECTED_PENDING_FIX.value, NOT_EVALUATED})
OWED = OVERDUE | {DueState.PENDING.value, DueState.AT_RISK.value}

BATCH_OVER_AFTER = timedelta(hours=24)
"""A bioreactor that sent nothing for a day is taken to have no batch running: silence is then no lateness."""

_LANDED = (Verdict.ACCEPTED.value, Verdict.ACCEPTED_WITH_WARNINGS.value)


def clause_name(contract: Contract, clause: str) -> str:
    """How a due item names its clause: `northvale-coa#l1_due`."""
    return f"{contract.id}#{clause}"


def arrivals_of_lot(
    lot: str, certificates: Sequence[CertificateOnFile], waiting: Sequence[Waiting], contract: Contract
) -> Iterator[Arrival]:
    """What came for a lot, in the order it came. Certificates combine: each arrival is as complete as all until then.

    Present is enough to be in time: a result that fails came, and is a matter of the lot's state.
    """
    came = sorted((c for c in certificates if c.received_at is not None), key=lambda c: (str(c.received_at), c.key))
    levels: tuple[Literal["L1", "L2"], ...] = ("L1", "L2")
    for n, certificate in enumerate(came, start=1):
        assert certificate.received_at is not None
        valid = in_force(came[:n])
        for name in levels:
            level = level_of(name, contract.schema.tests, valid)
            complete = level.required > 0 and not level.missing
            yield Arrival(
                "lot", lot, certificate.received_at, Verdict.ACCEPTED, certificate.delivery_id, name, complete
            )
    for one in waiting:
        yield Arrival("lot", lot, one.received_at, Verdict.REJECTED, one.delivery_id)


def lot_dues(
    contract: Contract,
    slots: Collection[Slot],
    arrivals: Sequence[Arrival],
    mark: Watermark | None,
    now: datetime,
    made: Mapping[str, datetime] | None = None,
) -> list[DueRow]:
    """The due items of the lots that these slots use. `made` is when a lot's manufacture ended, where that is known."""
    feed = f"{contract.partner}/{contract.kind}"
    items = due(contract, slots, arrivals, now, Circumstances(made=made or {}))
    return [_row(contract, item, feed, mark) for item in items if item.kind == "lot"]


def feed_dues(tx: Tx, contract: Contract, now: datetime, running: Sequence[BatchFacts] | None = None) -> list[DueRow]:
    """The due items of a feed: a schedule's daily refresh, a PAT feed's heartbeat. `running`: the partner's batches
    that run now, by the sponsor's registry; None: it does not say."""
    feed = f"{contract.partner}/{contract.kind}"
    mark, known = tx.watermark(feed), tx.feed(feed)
    newest = next(iter(tx.deliveries(feed=feed, verdicts=_LANDED, limit=1)), None)
    arrivals = [Arrival("feed", feed, newest.received_at, Verdict.ACCEPTED, newest.id)] if newest else []
    items = due(contract, (), arrivals, now, Circumstances(onboarded=known.since if known else None))
    rows = [_row(contract, item, feed, mark) for item in items if item.kind == "feed"]
    for clause in contract.service_levels:
        if clause.subject == "tag":
            every = known.every if known else timedelta()
            rows += _heartbeat(contract, clause, newest, every, mark, now, running)
    return rows


def _heartbeat(
    contract: Contract,
    clause: ServiceLevel,
    last: DeliveryRow | None,
    every: timedelta,
    mark: Watermark | None,
    now: datetime,
    running: Sequence[BatchFacts] | None,
) -> Iterator[DueRow]:
    """The heartbeat of all tags of a feed as one item, counted from the last delivery that was accepted, or from the
    start of the batch that runs.

    `every`, the time between our own pulls, is added: what waits there for us is not silent. Where no registry says
    whether a batch runs, the data itself does: a silence of a day ends the expectation. Phases that a clause names are
    not known here, so every phase of a running batch counts.
    """
    if running is None or "batch" not in clause.applies_when:
        started, over = None, last is None or now - last.received_at > BATCH_OVER_AFTER
    else:
        started, over = (running[0].started_at if running else None), not running
    anchors = [at for at in (last.received_at if last is not None else None, started) if at is not None]
    name, feed = clause_name(contract, clause.id), f"{contract.partner}/{contract.kind}"
    if not anchors:
        if running is not None:  # a batch that ended without a delivery is owed no more
            yield DueRow(name, feed, feed, None, DueState.NOT_EXPECTED.value)
        return
    evidence = last.id if last is not None else None
    due_at = max(anchors) + every + clause.lead_time + clause.grace
    if over:
        state = DueState.NOT_EXPECTED.value
    elif now <= due_at:
        state = DueState.PENDING.value
    else:
        state = DueState.LATE.value if _looked_since(mark, due_at) else NOT_EVALUATED
    yield DueRow(name, feed, feed, due_at, state, evidence)


def _row(contract: Contract, item: DueItem, feed: str, mark: Watermark | None) -> DueRow:
    state = item.state.value
    if item.state is DueState.LATE and item.due_at is not None and not _looked_since(mark, item.due_at):
        state = NOT_EVALUATED
    anchor = f"{item.anchor_slot} rev {item.anchor_revision}" if item.anchor_slot else None
    return DueRow(
        clause=clause_name(contract, item.clause),
        subject=item.subject,
        feed=feed,
        due_at=item.due_at,
        state=state,
        evidence=item.satisfied_by or item.rejected_by or anchor,
    )


def _looked_since(mark: Watermark | None, due_at: datetime) -> bool:
    return mark is not None and mark.last_pulled_at is not None and mark.last_pulled_at >= due_at


def keep(tx: Tx, rows: Sequence[DueRow], *, by_watch: bool) -> list[DueRow]:
    """Write the items that changed; returns every item's newest state.

    Only the watch finds an item late: while a pull runs, the certificate may be the next one on the wire. What is late
    already may be called so by everybody.
    """
    kept = []
    for row in rows:
        before = tx.due(row.clause, row.subject)
        fresh = before is None or before.state not in OVERDUE
        if not by_watch and fresh and row.state in (DueState.LATE.value, NOT_EVALUATED):
            kept += [before] if before is not None else []
            continue
        tx.put_due(row)
        kept.append(row)
    return kept


def orphans(tx: Tx, contracts: Mapping[str, Contract], lots: Collection[str]) -> list[DueRow]:
    """Items that are still owed for lots that no slot uses any more: nobody needs them, so they are cancelled."""
    clauses = {
        clause_name(contract, clause.id): f"{contract.partner}/{contract.kind}"
        for contract in contracts.values()
        for clause in contract.service_levels
        if clause.subject == "lot"
    }
    return [
        DueRow(row.clause, row.subject, row.feed, row.due_at, DueState.CANCELLED.value, "no slot uses the lot")
        for row in tx.dues()
        if row.clause in clauses and row.state in OWED and row.subject not in lots
    ]
