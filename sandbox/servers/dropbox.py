"""Files as partners leave them: whole ones that appear at once, and one that is still being written."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path


def put(path: Path, data: bytes, written: datetime) -> bool:
    """Leave a finished file with the time at which the partner wrote it. False when just these bytes lie there already.

    The bytes appear under the name at once: nobody who looks can see half of them.
    """
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(data)
    os.utime(beside, (written.timestamp(), written.timestamp()))
    beside.replace(path)
    return True


async def trickle(path: Path, data: bytes, *, every_s: float = 0.2, step: int = 8) -> None:
    """Write the first half of a file, then a few more bytes again and again, never the last quarter of it.

    As an upload over a slow line does. Runs until it is cancelled.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    size = len(data) // 2
    path.write_bytes(data[:size])
    while True:
        await asyncio.sleep(every_s)
        if size + step < len(data) * 3 // 4:
            with path.open("ab") as file:
                file.write(data[size : size + step])
            size += step
        else:
            os.utime(path)
