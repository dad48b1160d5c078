"""One feed: as a task of the dispatcher, or by hand as a flow of its own."""

from __future__ import annotations

from datetime import datetime

from prefect import flow, task

from flows.events import feed_pulled, write_delivery
from flows.thehub import the_hub
from hub.intake import PullResult, ReplayResult


@task(name="pull", task_run_name="{partner}-{kind}", retries=0, persist_result=False, timeout_seconds=300)
async def pull(partner: str, kind: str) -> PullResult:
    """Pull one feed. What can be expected to go wrong comes back as a result; the next tick is the retry."""
    result = await the_hub().pull_once(partner, kind)
    feed_pulled(result)
    for delivery in result.deliveries:
        await write_delivery(result.feed, delivery)
    return result


@flow(name="pull-feed", retries=0, persist_result=False, timeout_seconds=3600)
async def pull_feed(partner: str, feed: str, since: datetime | None = None, until: datetime | None = None) -> str:
    """One feed (`coa`, `pat` or `schedule`) in its own process, by hand."""
    result = await the_hub().pull_once(partner, feed, since=since, until=until)
    feed_pulled(result)
    for delivery in result.deliveries:
        await write_delivery(result.feed, delivery)
    return f"{result.feed}: {result.status}, {len(result.deliveries)} deliveries"


@flow(name="replay", retries=0, persist_result=False, timeout_seconds=3600)
async def replay(deliveries: list[str]) -> list[str]:
    """Judge archived deliveries again with the contract in force now. No network; the same bytes."""
    results: list[ReplayResult] = await the_hub().replay(deliveries)
    return [f"{r.delivery_id}: {r.before} -> {r.after}" for r in results]
