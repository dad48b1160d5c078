"""`jid watch`: the evaluation alone, for cron beside Prefect."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.exits import Exit
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, emit_json
from cli.watching import critical_open, watch_sentence

if TYPE_CHECKING:
    from hub.hub import Hub


def watch(
    *,
    once: Annotated[bool, Parameter(negative="", help="Evaluate once and end, for cron.")] = False,
    common: CommonOptions = COMMON,
) -> int:
    """Evaluate due items, open and resolve alerts, send the outbox: each minute, or once. Takes a lease: two at
    once send once.

    Exit code 3: something is late or a critical alert is open.

    For example from cron:

        * * * * *  jid watch --once --home /srv/jid
    """
    hub = open_hub(common.home)
    try:
        return asyncio.run(_watch(hub, once=once, as_json=common.as_json))
    finally:
        hub.close()


async def _watch(hub: Hub, *, once: bool, as_json: bool) -> int:
    stop = asyncio.Event()
    if not once:
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    while True:
        result = await hub.watch()
        if as_json:
            emit_json("watch", watch=result)
        else:
            print(watch_sentence(result))
        if once:
            return Exit.ATTENTION if result.late or critical_open(hub) else Exit.FINE
        try:
            await asyncio.wait_for(stop.wait(), 60)
            return Exit.FINE
        except TimeoutError:
            continue
