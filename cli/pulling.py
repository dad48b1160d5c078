"""What every command that pulls says: progress while it works, one line a delivery or a feed, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.exits import CODES, Exit

if TYPE_CHECKING:
    from hub.intake import Progress, PullResult

GLYPH = {"accepted": "✓", "accepted_with_warnings": "!", "rejected": "✗", "duplicate": "=", "failed": "✗"}


@contextmanager
def progress_bar(feeds: int) -> Iterator[Progress | None]:
    """A line on stderr that counts deliveries, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(pulse_style="cyan"), TextColumn("{task.completed}"))
    with Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"pulling {feeds} feeds", total=None)

        def step(feed: str, source_key: str, outcome: str) -> None:
            bar.update(task, advance=1, description=f"{feed}  {GLYPH[outcome]} {source_key}")

        yield step


def feed_lines(result: PullResult) -> Iterator[str]:
    """What one pull did, for people: a line a delivery, then why it stopped if it did."""
    yield f"{result.feed}  {result.status}" + (f": {result.message}" if result.message else "")
    width = max((len(d.source_key) for d in result.deliveries), default=0)
    for d in result.deliveries:
        told = d.outcome.value.replace("_", " ")
        if d.errors or d.warnings:
            told += f": {d.errors} errors, {d.warnings} warnings ({', '.join(d.codes)})"
        elif d.reason:
            told += f": {d.reason}"
        yield f"  {GLYPH[d.outcome.value]} {d.source_key.ljust(width)}  {d.id}  {told}"
    if result.landed_rows:
        yield f"  {result.landed_rows:,} PAT rows landed"


def totals(results: Sequence[PullResult]) -> str:
    """One sentence with the counts over all feeds."""
    from hub.intake import Outcome

    accepted = sum(r.count(Outcome.ACCEPTED, Outcome.ACCEPTED_WITH_WARNINGS) for r in results)
    rejected = sum(r.count(Outcome.REJECTED) for r in results)
    duplicate = sum(r.count(Outcome.DUPLICATE) for r in results)
    failed = [r.feed for r in results if r.status == "failed"]
    text = f"{accepted} accepted, {rejected} rejected, {duplicate} duplicates"
    return text + (f"; failed: {', '.join(failed)}" if failed else "") + "."


def exit_of(results: Sequence[PullResult]) -> int:
    """1 when something was rejected; else what the failures ask for, first what a person must mend (2, 4), then what
    another try may mend (5); else 0."""
    from hub.intake import Outcome

    if any(r.count(Outcome.REJECTED) for r in results):
        return Exit.FINDINGS
    failed = [CODES.get(r.reason or "", Exit.UNREACHABLE) for r in results if r.status == "failed"]
    return min(failed, default=Exit.FINE)
