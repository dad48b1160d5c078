"""Upkeep of the store: what a crash or time leaves behind."""

from __future__ import annotations

import time
from typing import Literal

from prefect import flow

from flows.events import write_upkeep
from flows.thehub import the_hub


@flow(name="maintain", retries=0, persist_result=False, timeout_seconds=3000)
async def maintain(step: Literal["compact", "all"] = "all") -> list[str]:
    """`compact`: fold closed partitions of the lake. `all`: finish what a crash left and clean the archive too."""
    started = time.monotonic()
    lines = await the_hub().maintain(step)
    await write_upkeep(step, time.monotonic() - started, lines)
    return lines
