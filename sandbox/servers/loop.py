"""One event loop in a thread of its own: the sandbox's servers live in it, whatever the caller's thread does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Start on construction; `run` a coroutine in it from another thread; `stop` ends the thread.

    A task that still runs at `stop` is cancelled, and its end is waited for.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], *, timeout_s: float = 20.0) -> T:
        """The coroutine's result, or its exception."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task in the loop and leave it running."""

        async def begin() -> asyncio.Task[None]:
            return asyncio.create_task(work)

        return self.run(begin())

    def cancel(self, task: asyncio.Task[None]) -> None:
        """Cancel a task and wait until it has ended."""

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.run(end())

    def stop(self) -> None:
        async def finish() -> None:
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        self.run(finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()
