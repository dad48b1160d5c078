"""Spool: an answer is whole before it is handed on.

A Delivery whose bytes broke off half-way would have to be thrown away by the hub; kept here first, a cut line is
just one more attempt. Up to 8 MB stay in memory, more goes to a temporary file that has no name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from types import TracebackType

MEMORY_BYTES = 8 * 1024 * 1024
CHUNK_BYTES = 256 * 1024


class Spool:
    """Write chunks, then read them again from the start, as often as wanted, until `close`."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile[bytes](max_size=MEMORY_BYTES)
        self.size_bytes = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    async def write(self, chunk: bytes) -> None:
        self.size_bytes += len(chunk)
        if self.size_bytes > MEMORY_BYTES:
            await asyncio.to_thread(self._file.write, chunk)
        else:
            self._file.write(chunk)

    def read_all(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    async def chunks(self) -> AsyncIterator[bytes]:
        offset = 0
        while offset < self.size_bytes:
            self._file.seek(offset)
            chunk = self._file.read(CHUNK_BYTES)
            offset += len(chunk)
            yield chunk

    def close(self) -> None:
        self._file.close()
