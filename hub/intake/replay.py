"""Judge archived deliveries again: the same bytes through the same function, under the contract in force now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hub.intake.holder import take
from hub.intake.judge import Judge, Staged
from hub.intake.landing import ContractOf, land
from hub.intake.recover import recover
from hub.store import DeliveryRow, Received, Store


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """`before` and `after` are verdicts; `skipped` says why nothing was done."""

    delivery_id: str
    before: str | None
    after: str | None
    contract: str
    landed_rows: int = 0
    skipped: str | None = None


async def replay(store: Store, delivery: DeliveryRow, judge: Judge, contract_of: ContractOf) -> ReplayResult:
    """Judge one delivery again and store the new verdict beside the old one. A feed that is being pulled is skipped.

    What a crash left of the feed is finished first: rows that are promised to the lake are those of the old verdict.
    """
    contract = f"{judge.contract.id}@{judge.contract.version}"
    lease = await asyncio.to_thread(take, store, delivery.feed)
    if lease is None:
        return ReplayResult(delivery.id, delivery.verdict, None, contract, skipped="another worker holds the feed")
    try:
        await recover(store, lease, delivery.feed, judge, contract_of)
        staged = Staged()
        received = Received(delivery.id, duplicate=False, revision=delivery.revision, changed=delivery.revision > 1)
        report = await judge.judge(lease, delivery, received, staged, replayed=True)
        landed = await land(store, lease, delivery.feed, contract_of, staged) if delivery.kind == "pat" else 0
    finally:
        await asyncio.to_thread(store.release, lease)
    return ReplayResult(delivery.id, delivery.verdict, report.verdict.value, contract, landed)
