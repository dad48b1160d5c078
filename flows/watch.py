"""Due items, lateness, alerts and the outbox: each minute. `jid watch` does the same without Prefect."""

from __future__ import annotations

from prefect import flow

from flows.events import watched
from flows.thehub import the_hub


@flow(name="watch", retries=0, persist_result=False, timeout_seconds=55)
async def watch() -> dict[str, int]:
    """Evaluate what is due and send what waits in the outbox."""
    result = await the_hub().watch()
    watched(result)
    return {"evaluated": result.evaluated, "late": result.late, "sent": result.sent}
