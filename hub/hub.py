"""Hub: the sponsor's side put together. What `flows`, `cli` and tests call; nothing below knows it.

One Hub a process. Its methods are the verbs people say: pull, watch, replay, recover, maintain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connectors.edition import edition_of, in_force
from connectors.errors import ConnectorError
from connectors.partners import Feed, Partner, find_partner, load_partners
from connectors.registry import connect
from connectors.timing import Timing
from contracts.contract import Contract
from contracts.errors import UnknownContract
from contracts.odcs import load_catalog
from contracts.shelf import Catalog
from hub.alerts import Reactions, acknowledge, open_channels
from hub.clock import Clock, SystemClock
from hub.intake import Judge, LinkFailed, Progress, Pull, PullResult, ReplayResult, recover, replay
from hub.intake.holder import take
from hub.registries import Registries
from hub.settings import Settings
from hub.store import AlertRow, DeliveryRow, FeedRow, NotFound, PartnerRow, Store
from hub.watch import WatchResult, watch_once

GATE = 8
LANE = 2
"""Feeds pulled at once: in all, and of one partner. Fan-out without a bound is slower (flows.md 4)."""


@dataclass
class Hub:
    """Open it with `Hub.open`, close it with `close`."""

    settings: Settings
    store: Store
    catalog: Catalog
    partners: dict[str, Partner]
    clock: Clock
    registries: Registries = field(default_factory=Registries)

    @classmethod
    def open(cls, settings: Settings, *, clock: Clock | None = None) -> Hub:
        """Read partners, contracts and registries, open the store. Stops at start on anything malformed: ConfigError or
        ContractInvalid with file, line and valid values; StoreError when the ledger is not as it must be."""
        clock = clock or SystemClock()
        catalog = load_catalog(settings.contracts_folder)
        partners = load_partners(settings.partners_folder, catalog)
        registries = Registries.load(settings.registries_folder)
        store = Store.open(settings.store, clock)
        store.sync(
            [PartnerRow(p.partner, p.name, tuple(s.site for s in p.sites)) for p in partners.values()],
            [
                FeedRow(f.name, f.partner, f.kind, f.connector, f.contract, f.every, clock.now())
                for p in partners.values()
                for f in p.feeds
            ],
        )
        return cls(settings, store, catalog, partners, clock, registries)

    def close(self) -> None:
        self.store.close()

    # --- what there is -------------------------------------------------------------------------------------------

    def feeds(self, kind: str | None = None, partners: Sequence[str] | None = None) -> list[Feed]:
        """Feeds by partner and kind, in the order of the partner files. Raises UnknownPartner with the valid ids."""
        wanted = [find_partner(self.partners, name) for name in partners] if partners else self.partners.values()
        return [feed for partner in wanted for feed in partner.feeds if kind in (None, feed.kind)]

    def feeds_to_pull(
        self, kind: str | None, partners: Sequence[str] | None = None, *, force: bool = False
    ) -> list[tuple[str, str]]:
        """(partner, kind) of each feed whose own `every` says it is due. A late or doubled tick finds nothing."""
        now = self.clock.now()
        due: list[tuple[str, str]] = []
        for feed in self.feeds(kind, partners):
            with self.store.reading() as tx:
                mark = tx.watermark(feed.name)
            last = mark.last_pulled_at if mark else None
            # A tick comes a little early or late; a tenth of the period keeps "every 15m" from becoming every 30.
            # A pull in the future is one of a clock that was wrong.
            if force or last is None or last > now or now - last >= 0.9 * feed.every:
                due.append((feed.partner, feed.kind))
        return due

    def contract_of(self, feed: str) -> Contract:
        """The contract in force for `northvale/coa`."""
        partner, _, kind = feed.partition("/")
        return in_force(self.catalog, find_partner(self.partners, partner).feed(kind).contract)

    # --- the verbs -----------------------------------------------------------------------------------------------

    async def pull_once(
        self,
        partner: str,
        kind: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        progress: Progress | None = None,
    ) -> PullResult:
        """Pull one feed: receipt, judge, land what is new. Raises UnknownPartner; other trouble is a result.

        `since` looks back to that time and leaves the feed's own cursor alone; `until` closes the window (aware UTC).
        """
        feed = find_partner(self.partners, partner).feed(kind)
        try:
            connector = connect(
                self.partners[partner],
                feed,
                environ=self.settings.environ,
                base=self.settings.home,
                timing=Timing(self.clock.now, self.clock.monotonic),
            )
        except ConnectorError as error:
            failed = LinkFailed(feed.name, type(error).__name__, error.code, str(error), error.audience)
            with self.store.transaction() as tx:
                self._reactions()(tx, failed)
            return PullResult(
                partner, kind, "failed", reason=type(error).__name__, message=str(error), audience=error.audience
            )
        pull = Pull(
            store=self.store,
            clock=self.clock,
            partner=partner,
            kind=kind,
            connector=connector,
            judge=self._judge(feed.name),
            contract_of=self._contract_of_delivery,
            listener=self._reactions(),
            every=feed.every,
            since=since,
            until=until,
            progress=progress,
        )
        return await pull.run()

    async def pull_all(
        self,
        feeds: Sequence[tuple[str, str]],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        progress: Progress | None = None,
    ) -> list[PullResult]:
        """Pull feeds side by side; one partner's failure never fails another's. Results in the order of `feeds`."""
        gate = asyncio.Semaphore(GATE)
        lanes = {partner: asyncio.Semaphore(LANE) for partner, _ in feeds}

        async def one(partner: str, kind: str) -> PullResult:
            async with lanes[partner], gate:
                return await self.pull_once(partner, kind, since=since, until=until, progress=progress)

        return list(await asyncio.gather(*(one(partner, kind) for partner, kind in feeds)))

    async def watch(self) -> WatchResult:
        """Evaluate due items and lateness, open and resolve alerts, send what waits in the outbox."""
        channels = open_channels(self.settings, self.clock)
        contracts = {feed.name: self.contract_of(feed.name) for feed in self.feeds()}
        return await asyncio.to_thread(watch_once, self.store, contracts, self.settings, channels, self.registries)

    def acknowledge(self, alert_id: str, actor: str, note: str) -> AlertRow:
        """A person owns the alert from now on: no further escalation; the deadline goes on. Raises NotActive."""
        with self.store.transaction() as tx:
            return acknowledge(tx, alert_id, actor=actor, note=note)

    async def replay(self, delivery_ids: Sequence[str]) -> list[ReplayResult]:
        """Judge archived deliveries again, under the contract in force now. Raises NotFound before any."""
        with self.store.reading() as tx:
            found = {delivery_id: tx.delivery(delivery_id) for delivery_id in delivery_ids}
        for delivery_id, row in found.items():
            if row is None:
                raise NotFound("delivery", delivery_id)
        deliveries = [row for row in found.values() if row is not None]
        return [await replay(self.store, d, self._judge(d.feed), self._contract_of_delivery) for d in deliveries]

    async def recover(self) -> list[str]:
        """Finish what a crash left: one line for each feed that had unfinished work."""
        lines = []
        for feed in self.feeds():
            lease = take(self.store, feed.name)
            if lease is None:
                continue
            try:
                done = await recover(self.store, lease, feed.name, self._judge(feed.name), self._contract_of_delivery)
            finally:
                self.store.release(lease)
            if done.judged or done.landed_rows:
                lines.append(f"{feed.name}: {done.judged} deliveries judged, {done.landed_rows} rows landed")
        return lines

    async def maintain(self, step: Literal["compact", "all"] = "all") -> list[str]:
        """Upkeep: compact closed partitions; `all` also finishes what a crash left and cleans the archive."""
        lines = await self.recover() if step == "all" else []
        return lines + await asyncio.to_thread(self.store.maintain, step)

    # --- wiring --------------------------------------------------------------------------------------------------

    def _judge(self, feed: str) -> Judge:
        contract = self.contract_of(feed)
        edition = edition_of(contract, self.catalog)
        return Judge(self.store, contract, self.clock, self._reactions(), self.registries, edition)

    def _contract_of_delivery(self, delivery: DeliveryRow) -> Contract:
        """The contract that judged a delivery, so that its rows are built again as they were judged."""
        if delivery.contract:
            try:
                return self.catalog.get(delivery.contract)
            except UnknownContract:
                pass  # the version was taken from the folder since; the one in force stands in
        return self.contract_of(delivery.feed)

    def _reactions(self) -> Reactions:
        contracts = {feed.name: self.contract_of(feed.name) for feed in self.feeds()}
        return Reactions(contracts, self.settings, self.registries)
