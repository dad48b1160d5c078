"""Prefect events and artifacts: an API of names, ids and counts. Never a value from a delivery; never decided from.

Names are `jid.v1.<noun>.<what>`; a name or a payload key changes only with `v2`. What must arrive goes through the
ledger's outbox; these are for people who watch the Prefect pages and for automations.
"""

from __future__ import annotations

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.events import emit_event

from hub.intake import DeliveryOutcome, Outcome, PullResult
from hub.watch import WatchResult

LOUD = (Outcome.REJECTED, Outcome.ACCEPTED_WITH_WARNINGS)


def feed_pulled(result: PullResult) -> None:
    """`jid.v1.feed.pulled|skipped|failed`, and `jid.v1.delivery.<outcome>` for each delivery of it."""
    emit_event(
        f"jid.v1.feed.{result.status}",
        resource={"prefect.resource.id": f"jid.feed.{result.partner}.{result.kind}", "jid.partner": result.partner},
        payload={"deliveries": len(result.deliveries), "reason": result.reason or ""},
    )
    for delivery in result.deliveries:
        if delivery.outcome is Outcome.FAILED:
            continue
        emit_event(
            f"jid.v1.delivery.{delivery.outcome.value}",
            resource={"prefect.resource.id": f"jid.delivery.{delivery.id}", "jid.partner": result.partner},
            payload={
                "feed": result.feed,
                "kind": result.kind,
                "findings": delivery.errors + delivery.warnings,
                "report": delivery.id,
            },
        )


def watched(result: WatchResult) -> None:
    """`jid.v1.watch.done`, and `jid.v1.alert.opened|resolved` for each alert that changed."""
    emit_event(
        "jid.v1.watch.done",
        resource={"prefect.resource.id": "jid.hub"},
        payload={"evaluated": result.evaluated, "late": result.late, "sent": result.sent},
    )
    for what, alerts in (("opened", result.opened), ("resolved", result.resolved)):
        for alert in alerts:
            emit_event(f"jid.v1.alert.{what}", resource={"prefect.resource.id": f"jid.alert.{alert}"})


async def write_tick(cadence: str, results: list[PullResult]) -> None:
    """One table a tick: `tick-<cadence>`."""
    await acreate_table_artifact(
        key=f"tick-{cadence}",
        table=[
            {
                "partner": r.partner,
                "feed": r.kind,
                "status": r.status,
                "deliveries": len(r.deliveries),
                "accepted": r.count(Outcome.ACCEPTED, Outcome.ACCEPTED_WITH_WARNINGS),
                "rejected": r.count(Outcome.REJECTED),
                "duplicates": r.count(Outcome.DUPLICATE),
                "PAT rows": r.landed_rows,
                "reason": r.reason or "",
            }
            for r in results
        ],
        description=f"Feeds of the {cadence} tick.",
    )


async def write_delivery(feed: str, delivery: DeliveryOutcome) -> None:
    """One artifact a delivery that was not simply accepted: `delivery-<id>` with verdict, counts and what to type."""
    if delivery.outcome not in LOUD:
        return
    await acreate_table_artifact(
        key=f"delivery-{delivery.id.lower()}",
        table=[
            {
                "delivery": delivery.id,
                "feed": feed,
                "verdict": delivery.outcome.value,
                "errors": delivery.errors,
                "warnings": delivery.warnings,
                "codes": ", ".join(delivery.codes),
                "report": f"jid deliveries show {delivery.id}",
            }
        ],
        description="A delivery that needs somebody. The report names each place, what was found and how to fix it.",
    )


async def write_upkeep(step: str, seconds: float, lines: list[str]) -> None:
    """`jid.v1.maintain.done` and a note of what upkeep did."""
    emit_event(
        "jid.v1.maintain.done",
        resource={"prefect.resource.id": "jid.hub"},
        payload={"step": step, "seconds": round(seconds, 1)},
    )
    await acreate_markdown_artifact(key=f"maintain-{step}", markdown="\n".join(f"- {line}" for line in lines))
