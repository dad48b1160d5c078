"""What the demo shows of a round: read back from the store, never from what the flows returned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from cli.output import table, terminal_width

if TYPE_CHECKING:
    from hub.hub import Hub


def partners_text(hub: Hub, since: datetime) -> str:
    """One table a partner: what came since `since`, by feed. `known` came again with the same bytes."""
    blocks = []
    with hub.store.reading() as tx:
        came = tx.deliveries(since=since)
        known: Counter[str] = Counter()
        for event in tx.audited():
            if event.action == "delivery.duplicate" and event.at >= since:
                known[event.object] += len(event.body["deliveries"])
        rows_now = {v.feed.id: v.rows for v in hub.store.views.feeds()}
    for partner in hub.partners.values():
        rows = []
        for feed in partner.feeds:
            mine = [d for d in came if d.feed == feed.name]
            verdicts = Counter(d.verdict for d in mine)
            rows.append(
                (
                    feed.kind,
                    len(mine),
                    verdicts["accepted"],
                    verdicts["accepted_with_warnings"],
                    verdicts["rejected"],
                    known[feed.name],
                    f"{rows_now.get(feed.name, 0):,}" if feed.kind == "pat" else "",
                )
            )
        columns = ["feed", "new", "accepted", "with warnings", "rejected", "duplicates", "PAT rows in the lake"]
        blocks.append(f"{partner.name}\n{table(columns, rows, indent=2)}")
    return "\n\n".join(blocks)


def alerts_text(hub: Hub, known: Mapping[str, str]) -> str:
    """The alerts that changed since `known` (id -> state), one line each, and how many messages went out for them."""
    with hub.store.reading() as tx:
        alerts = [a for a in tx.alerts(None) if known.get(a.id) != a.state]
        sent = [m for a in alerts for m in tx.messages(alert_id=a.id, statuses=["sent"])]
    if not alerts:
        return "No alert opened or closed."
    lines = [(a.id, a.severity, a.state, a.audience, a.view.get("what", a.kind)) for a in alerts]
    columns = ["id", "severity", "state", "who acts", "what"]
    head = f"Alerts that changed; {len(sent)} messages lie in the mailbox folder"
    return f"{head}\n{table(columns, lines, indent=2, width=terminal_width())}"
