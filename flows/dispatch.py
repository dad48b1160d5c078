"""One flow run for each cadence tick, feeds as tasks in it. One partner's failure never fails another's."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from prefect import flow

from flows.events import feed_pulled, write_tick
from flows.pull import pull
from flows.thehub import the_hub
from hub.intake import PullResult


@dataclass(frozen=True, slots=True)
class Lanes:
    """How many feeds run at once: per partner, and in all."""

    per_partner: int
    total: int


@flow(name="dispatch", retries=0, persist_result=False, timeout_seconds=840)
async def dispatch(
    cadence: str, partners: list[str] | None = None, per_partner: int = 2, total: int = 8, force: bool = False
) -> list[dict[str, object]]:
    """Pull every feed of the cadence (`pat`, `schedule`, `coa` or `all`) whose own `every` says it is due.

    The partner registry is read at run time, so a new partner needs no redeploy. A run that comes twice or late finds
    its feeds current and skips them; `force` pulls them all the same. Returns one row a feed.
    """
    feeds = the_hub().feeds_to_pull(None if cadence == "all" else cadence, partners, force=force)
    results = await fan_out(feeds, Lanes(per_partner, total))
    await write_tick(cadence, results)
    return [{"feed": r.feed, "status": r.status, "deliveries": len(r.deliveries)} for r in results]


async def fan_out(feeds: list[tuple[str, str]], lanes: Lanes) -> list[PullResult]:
    """Run the pulls side by side, in the order of `feeds`. The partner's lane comes before the common gate, so that a
    slow partner cannot fill all places."""
    gate = asyncio.Semaphore(lanes.total)
    lane: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(lanes.per_partner))

    async def one(partner: str, kind: str) -> PullResult:
        async with lane[partner], gate:
            try:
                return await pull(partner, kind)
            except Exception as error:  # noqa: BLE001 - whatever one feed's task died of must not end the tick
                result = PullResult(
                    partner,
                    kind,
                    "failed",
                    reason=type(error).__name__,
                    message="the pull ended in an unexpected error; its task's log has it, the next tick tries again",
                    audience="platform",
                )
                feed_pulled(result)
                return result

    return list(await asyncio.gather(*(one(partner, kind) for partner, kind in feeds)))
