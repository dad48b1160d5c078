"""`jid pull`: the feeds of one partner, now."""

from __future__ import annotations

import asyncio
from datetime import datetime
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
    until: Annotated[datetime | None, Parameter(help="Nothing newer than this (UTC), for a backfill.")] = None,
    common: CommonOptions = COMMON,
) -> int:
    """Pull the feeds of one partner now, whether they are due or not. Repeating it is safe: identity drops repeats.

    Exit code 1: something was rejected. 5: the partner could not be reached.

    Example:

        jid pull northvale --kind coa
    """
    hub = open_hub(common.home)
    try:
        feeds = [(f.partner, f.kind) for f in hub.feeds(kind, [partner])]
        if not feeds:
            raise Stop(f"{partner} has no {kind} feed", Exit.USAGE)
        with progress_bar(len(feeds)) as progress:
            results = asyncio.run(hub.pull_all(feeds, progress=progress, until=until))
    finally:
        hub.close()
    if common.as_json:
        emit_json("pull", results=results)
    else:
        for result in results:
            print("\n".join(feed_lines(result)))
        print(totals(results))
    return exit_of(results)
