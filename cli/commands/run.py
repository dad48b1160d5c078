"""`jid run`: the main job in one process, without a Prefect server."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.exits import Exit, Stop, say
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, emit_json
from cli.pulling import exit_of, feed_lines, progress_bar, totals
from cli.watching import watch_sentence

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.intake import PullResult
    from hub.watch import WatchResult


def run(
    *,
    once: Annotated[bool, Parameter(negative="", help="One round over every feed, then stop.")] = False,
    every: Annotated[str, Parameter(help="Pause between rounds: 30s, 5m.")] = "60s",
    common: CommonOptions = COMMON,
) -> int:
    """Pull, watch and send in one process: what the Prefect flows do, without a server.

    With --once every feed is pulled; without it a round pulls the feeds whose own period is over, until Ctrl-C.

    For example:

        jid run --once

        jid run --every 5m
    """
    pause = _seconds(every)
    hub = open_hub(common.home)
    try:
        if once:
            results, watched = asyncio.run(_round(hub, force=True))
            _tell(results, watched, as_json=common.as_json)
            return exit_of(results)
        asyncio.run(_rounds(hub, pause, as_json=common.as_json))
        return Exit.FINE
    finally:
        hub.close()


async def _round(hub: Hub, *, force: bool) -> tuple[list[PullResult], WatchResult]:
    feeds = hub.feeds_to_pull(None, force=force)
    with progress_bar(len(feeds)) as progress:
        results = await hub.pull_all(feeds, progress=progress)
    return results, await hub.watch()


async def _rounds(hub: Hub, pause: float, *, as_json: bool) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    say(f"a round every {pause:.0f} s; Ctrl-C stops after the one under way")
    while not stop.is_set():
        results, watched = await _round(hub, force=False)
        if results or watched.opened or watched.resolved:
            _tell(results, watched, as_json=as_json)
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            continue


def _tell(results: list[PullResult], watched: WatchResult, *, as_json: bool) -> None:
    if as_json:
        emit_json("run", results=results, watch=watched)
        return
    for result in results:
        print("\n".join(feed_lines(result)))
    print(totals(results))
    print(watch_sentence(watched))


def _seconds(text: str) -> float:
    from connectors.duration import parse_duration

    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise Stop(f"--every {text}: {error}", next_step="valid: 30s, 5m, 1h") from None
