"""What a round of the watch says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.watch import WatchResult


def watch_sentence(result: WatchResult) -> str:
    """One sentence with the counts, one more for each stretch in which nothing could be judged."""
    if result.skipped:
        return "Another watch is under way; this one did nothing."
    text = (
        f"{result.evaluated} due items, {result.late} late; {len(result.opened)} alerts opened, "
        f"{len(result.resolved)} resolved; {result.sent} messages sent"
    )
    text += f", {result.failed} not taken (tried again later)." if result.failed else "."
    return "\n".join([text, *(f"Not evaluated: {gap}." for gap in result.not_evaluated)])


def critical_open(hub: Hub) -> bool:
    """Whether a critical alert is open that nobody owns yet."""
    with hub.store.reading() as tx:
        return any(alert.severity == "critical" for alert in tx.alerts(["open"]))
