"""`jid pull`: the feeds of one partner, now."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal

from cyclopts import Parameter

from cli.exits import Exit, Stop
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, emit_json
from cli.pulling import exit_of, feed_lines, progress_bar, totals


def pull(
    partner: str,
    *,
    kind: Annotated[Literal["coa", "pat", "schedule"] | None, Parameter(help="One feed only (default: all).")] = None,
    since: Annotated[datetime | None, Parameter(help="Look back to this time (UTC); the feed's cursor stays.")] = None,
    until: Annotated[datetime | None, Parameter(help="Nothing newer than this (UTC).")] = None,
    common: CommonOptions = COMMON,
) -> int:
    """Pull the feeds of one partner now, whether they are due or not. Repeating it is safe: identity drops repeats.

    Exit code 1: something was rejected. 5: the partner could not be reached.

    For example:

        jid pull northvale --kind coa

        jid pull brightwater --since 2026-11-01T00:00:00
    """
    hub = open_hub(common.home)
    try:
        feeds = [(f.partner, f.kind) for f in hub.feeds(kind, [partner])]
        if not feeds:
            raise Stop(f"{partner} has no {kind} feed", Exit.USAGE)
        with progress_bar(len(feeds)) as progress:
            results = asyncio.run(hub.pull_all(feeds, since=_utc(since), until=_utc(until), progress=progress))
    finally:
        hub.close()
    if common.as_json:
        emit_json("pull", results=results)
    else:
        for result in results:
            print("\n".join(feed_lines(result)))
        print(totals(results))
    return exit_of(results)


def _utc(moment: datetime | None) -> datetime | None:
    """A time without offset is meant in UTC, as the help says."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
