"""One pull of one feed: from cursor to landed data. Returns what can be expected to go wrong; raises nothing of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.connector import Connector
from connectors.delivery import Delivery
from connectors.errors import BadAnswer, ConnectorError
from contracts.codes import Severity
from contracts.finding import Report
from hub.clock import Clock
from hub.intake.events import Event, LinkFailed, LinkWorked, Listener, Progress, PullBroke, Reverted
from hub.intake.holder import take
from hub.intake.judge import Judge, Staged, fault_of
from hub.intake.landing import ROWS_A_PUBLISH, ContractOf, land
from hub.intake.outcome import DeliveryOutcome, Outcome, PullResult, Status
from hub.intake.receive import receive
from hub.intake.recover import recover
from hub.store import Blob, CursorMoved, Lease, LeaseLost, Receipt, Received, Store, StoreError
from hub.telemetry import instruments, span

log = logging.getLogger(__name__)

BUDGET = 0.8
"""Share of a feed's own period that one pull may take: the next tick must find it ended."""
LONGEST = 280.0
"""Seconds that an ordinary pull may take, however long its period: just under the time limit of its task in the flow.
What is left is where the next pull reads on."""


@dataclass
class Pull:
    """A pull under way. One object a pull; `run` is called once."""

    store: Store
    clock: Clock
    partner: str
    kind: str
    connector: Connector
    judge: Judge
    contract_of: ContractOf
    listener: Listener
    every: timedelta
    since: datetime | None = None
    until: datetime | None = None
    progress: Progress | None = None
    outcomes: list[DeliveryOutcome] = field(default_factory=list)
    landed: int = 0

    @property
    def feed(self) -> str:
        return f"{self.partner}/{self.kind}"

    async def run(self) -> PullResult:
        """Pull, receipt, judge, land. Holds the feed's lease from first to last."""
        with span("jid.feed.pull", {"jid.feed": self.feed}):
            try:
                return await self._run()
            except (LeaseLost, CursorMoved) as error:  # somebody else goes on with this feed
                return self._result("skipped", reason=type(error).__name__, message=str(error))
            except StoreError as error:
                return self._failed(type(error).__name__, str(error), error.audience)
            finally:
                await self.connector.close()

    async def _run(self) -> PullResult:
        lease = await asyncio.to_thread(take, self.store, self.feed)
        if lease is None:
            return self._result("skipped", reason="lease", message="another worker is pulling this feed")
        try:
            async with asyncio.timeout(self._budget()):
                return await self._under(lease)
        except TimeoutError:
            return self._failed(
                "DeadlineExceeded",
                "the pull used up its share of the period; the next one goes on from here",
                "platform",
            )
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  a bug of one connector must not end the pulls of the others
            return self._broke(lease, error)
        finally:
            await asyncio.to_thread(self.store.release, lease)

    def _broke(self, lease: Lease, error: Exception) -> PullResult:
        fault = fault_of(error)
        log.error("pull.broke feed=%s fault=%s", self.feed, fault)
        try:
            self._tell(lease, PullBroke(self.feed, fault))
        except Exception as worse:  # noqa: BLE001  whoever listens is what broke: the log has it, the result says it
            log.error("pull.untold feed=%s fault=%s", self.feed, fault_of(worse))
        return self._failed(
            type(error).__name__, f"the pull ended in an unexpected {fault}; the next one tries again", "platform"
        )

    def _budget(self) -> float | None:
        """Seconds; None for a look back in time, which a person started and may stop."""
        return None if self.since else min(LONGEST, max(60.0, BUDGET * self.every.total_seconds()))

    async def _under(self, lease: Lease) -> PullResult:
        began = self.clock.now()
        recovered = await recover(self.store, lease, self.feed, self.judge, self.contract_of)
        self.landed += recovered.landed_rows
        staged = Staged()
        try:
            await self._deliveries(lease, staged)
        except ConnectorError as error:
            await self._land(lease, staged)
            kept = await self._keep_refused(error)
            failed = LinkFailed(self.feed, type(error).__name__, error.code, str(error), error.audience)
            with self.store.transaction(lease) as tx:
                if kept is not None:
                    tx.audit("hub", "answer.refused", self.feed, {"sha256": kept.sha256, "error": failed.error})
                self.listener(tx, failed)
            return self._failed(failed.error, failed.message, failed.audience)
        await self._land(lease, staged)
        if self.since is None and self.until is None:
            # To its end, also when nothing was new. What came while it ran may not have been seen.
            await asyncio.to_thread(self.store.receive, lease, [], None, looked_at=began)
        self._tell(lease, LinkWorked(self.feed, len(self.outcomes)))
        return self._result("pulled")

    async def _deliveries(self, lease: Lease, staged: Staged) -> None:
        cursor = await asyncio.to_thread(self.store.cursor, self.feed)
        start = cursor if self.since is None else self.connector.cursor_at(self.since)
        async with closed(self.connector.pull(start, self.until)) as deliveries:
            async for delivery in deliveries:
                # A look back in time must not move the place where the next ordinary pull reads on.
                to = delivery.cursor if self.since is None else None
                received, receipt = await receive(self.store, lease, self.feed, delivery, to, cursor)
                cursor = to or cursor
                await self._received(lease, received, receipt, staged)
                if staged.rows >= ROWS_A_PUBLISH:
                    await self._land(lease, staged)

    async def _received(self, lease: Lease, received: Received, receipt: Receipt, staged: Staged) -> None:
        if received.reverted:
            self._tell(lease, Reverted(self.feed, receipt.source_key, receipt.file, received.id))
        if received.duplicate:
            reason = "an earlier revision came again" if received.reverted else "same bytes"
            self._note(DeliveryOutcome(received.id, receipt.source_key, receipt.file, Outcome.DUPLICATE, reason=reason))
            return
        report = await self._judge(lease, received, staged)
        if report is None:
            reason = "our own check failed on it; it is kept and tried again"
            self._note(DeliveryOutcome(received.id, receipt.source_key, receipt.file, Outcome.FAILED, reason=reason))
            return
        self._note(outcome_of(received.id, receipt.source_key, receipt.file, report))

    async def _keep_refused(self, error: ConnectorError) -> Blob | None:
        """The bytes of an answer that was no delivery (cut off, not what the protocol promises): kept as evidence."""
        if not isinstance(error, BadAnswer) or not error.evidence:
            return None
        return await self.store.archive.put([error.evidence])

    async def _judge(self, lease: Lease, received: Received, staged: Staged) -> Report | None:
        with self.store.reading() as tx:
            delivery = tx.delivery(received.id)
        assert delivery is not None  # receipted a moment ago
        return await self.judge.judge_or_leave(lease, delivery, received, staged)

    async def _land(self, lease: Lease, staged: Staged) -> None:
        if self.kind == "pat":
            self.landed += await land(self.store, lease, self.feed, self.contract_of, staged)

    def _tell(self, lease: Lease, event: Event) -> None:
        with self.store.transaction(lease) as tx:
            self.listener(tx, event)

    def _note(self, outcome: DeliveryOutcome) -> None:
        self.outcomes.append(outcome)
        about = {"jid.partner": self.partner, "jid.feed.kind": self.kind, "jid.verdict": outcome.outcome.value}
        instruments().deliveries.add(1, about)
        if self.progress is not None:
            self.progress(self.feed, outcome.source_key, outcome.outcome.value)

    def _failed(self, reason: str, message: str, audience: str) -> PullResult:
        return self._result("failed", reason=reason, message=message, audience=audience)

    def _result(
        self, status: Status, *, reason: str | None = None, message: str | None = None, audience: str | None = None
    ) -> PullResult:
        return PullResult(
            self.partner, self.kind, status, tuple(self.outcomes), self.landed, reason, message, audience
        )  # fmt: skip


@asynccontextmanager
async def closed(deliveries: AsyncIterator[Delivery]) -> AsyncIterator[AsyncIterator[Delivery]]:
    """The deliveries, and the connection behind them closed at the end, also when a time-out cuts in."""
    try:
        yield deliveries
    finally:
        if isinstance(deliveries, AsyncGenerator):
            await deliveries.aclose()


def outcome_of(delivery_id: str, source_key: str, file: str, report: Report) -> DeliveryOutcome:
    """A judged delivery's outcome, for results, events and progress."""
    return DeliveryOutcome(
        id=delivery_id,
        source_key=source_key,
        file=file,
        outcome=Outcome(report.verdict.value),
        errors=report.count(Severity.ERROR),
        warnings=report.count(Severity.WARNING),
        rows=(report.rows or 0) - report.bad_rows,
        bad_rows=report.bad_rows,
        codes=tuple(sorted({f.code for f in report.findings})),
    )
