"""What a crash left behind, finished: receipted deliveries are judged, judged PAT is published. Steps 3 to 6, again."""

from __future__ import annotations

from dataclasses import dataclass

from hub.intake.judge import Judge, Staged
from hub.intake.landing import ContractOf, land
from hub.store import Lease, Received, Store


@dataclass(frozen=True, slots=True)
class Recovered:
    judged: int
    landed_rows: int


async def recover(store: Store, lease: Lease, feed: str, judge: Judge, contract_of: ContractOf) -> Recovered:
    """Finish the feed's unfinished work. Harmless when there is none."""
    staged, judged = Staged(), 0
    for delivery in store.unfinished(feed).received:
        received = Received(delivery.id, duplicate=False, revision=delivery.revision, changed=delivery.revision > 1)
        report = await judge.judge_or_leave(lease, delivery, received, staged)
        judged += report is not None
    rows = await land(store, lease, feed, contract_of, staged) if judge.contract.kind == "pat" else 0
    return Recovered(judged, rows)
