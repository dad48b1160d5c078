"""From archived bytes to a verdict: a function of (bytes, contract, what the ledger knew before), called again by
recovery, replay and backtest (TX B)."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.edition import Edition, judged
from connectors.formats.reading import line_of
from connectors.inspection import Inspection, Rows, inspect
from contracts.baseline import against, subject
from contracts.codes import Severity
from contracts.contract import Contract
from contracts.finding import DeliveryRef, Report, Verdict
from contracts.records import Record
from hub import faults
from hub.clock import Clock
from hub.intake.events import Judged, Listener, NotJudged
from hub.intake.knowledge import context_of
from hub.intake.traces import rows_of
from hub.registries import Registries
from hub.store import (
    BlobMismatch,
    DeliveryRow,
    Judgement,
    Lease,
    NotFound,
    QuarantineRow,
    Received,
    RecordRow,
    Store,
    StoreError,
    Tx,
)
from hub.store.bodies import record_row
from hub.telemetry import span

log = logging.getLogger(__name__)

STAGED_ROWS = 2_000_000
"""PAT rows of one pull kept in memory between verdict and lake, about 100 MB; past it they are read again."""


@dataclass
class Staged:
    """The rows of judged PAT deliveries that wait for their publish, so that they need not be parsed twice."""

    batches: dict[str, list[pa.RecordBatch]] = field(default_factory=dict)
    rows: int = 0

    def add(self, delivery_id: str, batches: list[pa.RecordBatch]) -> None:
        count = sum(b.num_rows for b in batches)
        if self.rows + count <= STAGED_ROWS:
            self.batches[delivery_id] = batches
            self.rows += count

    def take(self, delivery_id: str) -> list[pa.RecordBatch] | None:
        """The rows of a delivery, once; None when they were not kept."""
        found = self.batches.pop(delivery_id, None)
        if found is not None:
            self.rows -= sum(b.num_rows for b in found)
        return found


@dataclass(frozen=True)
class Judge:
    """Judges deliveries of one feed under one contract. `registries`: what the sponsor has on file."""

    store: Store
    contract: Contract
    clock: Clock
    listener: Listener
    registries: Registries = field(default_factory=Registries)
    edition: Edition | None = None
    """The contract with the version that is accepted beside it; None: the contract alone."""

    async def judge(
        self, lease: Lease, delivery: DeliveryRow, received: Received, staged: Staged, *, replayed: bool = False
    ) -> Report:
        """Judge one receipted delivery and store the verdict with everything that follows from it."""
        about = {"jid.feed": delivery.feed, "jid.delivery": delivery.id}
        with span("jid.delivery.judge", about):
            contract, inspection, good, bad = await asyncio.to_thread(self._inspect, delivery)
            faults.point("intake.after_parse")
            report = inspection.report
            landed = report.verdict is not Verdict.REJECTED
            quarantine = await self._quarantine(delivery, report, bad)
            judgement = Judgement(
                delivery_id=delivery.id,
                report=report,
                records=tuple(_row(r, contract, delivery) for r in inspection.records) if landed else (),
                quarantine=quarantine,
                replayed=replayed,
                traces=rows_of(inspection.trace) if landed and inspection.trace is not None else (),
            )

            def react(tx: Tx) -> None:
                self.listener(tx, Judged(delivery, received, contract, report, inspection.records, inspection.named))

            await asyncio.to_thread(self.store.judge, lease, judgement, react)
            if landed and good:
                staged.add(delivery.id, good)
            return report

    async def judge_or_leave(
        self, lease: Lease, delivery: DeliveryRow, received: Received, staged: Staged
    ) -> Report | None:
        """`judge`; None when our own code failed on this delivery or its bytes are gone from the archive. It stays
        received and the platform is told, so that what comes after it need not wait.

        Raises what is no matter of one delivery: any other StoreError, an OSError.
        """
        try:
            return await self.judge(lease, delivery, received, staged)
        except Exception as error:
            if isinstance(error, OSError) or (
                isinstance(error, StoreError) and not isinstance(error, NotFound | BlobMismatch)
            ):
                raise
            fault = fault_of(error)
        log.error("delivery.not_judged delivery=%s fault=%s", delivery.id, fault)
        with self.store.transaction(lease) as tx:
            self.listener(tx, NotJudged(delivery.feed, delivery.id, fault))
        return None

    def _inspect(
        self, delivery: DeliveryRow
    ) -> tuple[Contract, Inspection, list[pa.RecordBatch], list[pa.RecordBatch]]:
        """The contract that matched, what it says, and the rows that it lets through and keeps apart."""
        good: list[pa.RecordBatch] = []
        bad: list[pa.RecordBatch] = []

        def look(contract: Contract) -> Inspection:
            good.clear()
            bad.clear()
            return inspect_archived(
                self.store, delivery, contract, self.registries, on_good=good.append, on_bad=bad.append
            )

        edition = self.edition or Edition(self.contract)
        contract, inspection = judged(edition, delivery.received_at, reference(delivery), look)
        return contract, replace(inspection, report=self._compared(delivery, contract, inspection)), good, bad

    def _compared(self, delivery: DeliveryRow, contract: Contract, inspection: Inspection) -> Report:
        """The report, held against that of the newest earlier delivery of the feed about the same thing."""
        report, about = inspection.report, subject(contract, inspection.named)
        report = replace(report, delivery=replace(report.delivery, subject=about))
        if about is None:
            return report
        with self.store.reading() as tx:
            previous = tx.report_about(about, delivery.feed, before=delivery.id)
        # A subject holds the contract's id, so both were made under it.
        return against(report, previous) if previous is not None else report

    async def _quarantine(
        self, delivery: DeliveryRow, report: Report, bad: Sequence[pa.RecordBatch]
    ) -> tuple[QuarantineRow, ...]:
        """A delivery is landed or here, row by row: the whole of it when rejected, else its failing rows."""
        if report.verdict is Verdict.REJECTED:
            codes = sorted({f.code for f in report.findings})
            return (QuarantineRow(delivery.id, "delivery", why=", ".join(codes), rows=report.rows or 0),)
        why = ", ".join(sorted({f.code for f in report.findings if f.severity is Severity.ERROR}))
        if not bad:
            # A schedule is taken slot by slot: its failing slots wait here, the last accepted revision of each stays.
            slots = sum(f.count for f in report.findings if f.severity is Severity.ERROR)
            return (QuarantineRow(delivery.id, "record", why=why, rows=slots),) if slots else ()
        table = pa.Table.from_batches(bad)
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        blob = await self.store.archive.put([sink.getvalue()])
        return (QuarantineRow(delivery.id, "rows", why=why, rows=table.num_rows, evidence=blob.sha256),)


def inspect_archived(
    store: Store,
    delivery: DeliveryRow,
    contract: Contract,
    registries: Registries,
    *,
    on_good: Rows | None = None,
    on_bad: Rows | None = None,
) -> Inspection:
    """What a contract says of archived bytes, with the history as it was when they came. Writes nothing."""
    return inspect(
        store.archive.path(delivery.sha256),
        file=delivery.file,
        contract=contract,
        context=context_of(store, delivery, registries),
        delivery=reference(delivery),
        format=delivery.format,
        on_good=on_good,
        on_bad=on_bad,
    )


def _row(record: Record, contract: Contract, delivery: DeliveryRow) -> RecordRow:
    under = f"{contract.id}@{contract.version}"
    return record_row(record, partner=delivery.partner, feed=delivery.feed, contract=under, delivery_id=delivery.id)


def fault_of(error: BaseException) -> str:
    """An unforeseen error as it may be shown: its class and our line. Its text may quote a delivery."""
    return f"{type(error).__name__} at {line_of(error)}"


def reference(delivery: DeliveryRow) -> DeliveryRef:
    """How a report names the delivery it is about."""
    return DeliveryRef(
        file=delivery.file,
        sha256=delivery.sha256,
        size=delivery.size,
        id=delivery.id,
        partner=delivery.partner,
        feed=delivery.feed,
        received_at=delivery.received_at.isoformat(timespec="seconds"),
    )
