"""How often, and how long, is tried again: 4 attempts, no new one after 60 s (flows.md 5, HTTP attempts).

The wait between two attempts doubles from about a second, with jitter, or is what the partner asked for. Only
TryAgain is tried again: whoever raises it has decided that asking once more can help.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from connectors.errors import ConnectorError
from connectors.timing import Timing

T = TypeVar("T")

ATTEMPTS = 4
BUDGET_SECONDS = 60.0

_backoff = wait_exponential_jitter(multiplier=0.5, max=8, jitter=1)


class TryAgain(Exception):
    """Never leaves this package: `attempt` raises `error` in its place after the last try."""

    def __init__(self, error: ConnectorError, *, after: float | None = None) -> None:
        self.error, self.after = error, after
        super().__init__(str(error))


async def attempt(call: Callable[[], Awaitable[T]], timing: Timing) -> T:
    """The result of `call`, tried again while it raises TryAgain and the budget lasts. A wait that would end past the
    budget isn't begun: the next tick goes on."""
    started = timing.monotonic()

    def spent(state: RetryCallState) -> bool:
        elapsed = timing.monotonic() - started
        return state.attempt_number >= ATTEMPTS or elapsed + state.upcoming_sleep > BUDGET_SECONDS

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, TryAgain) else None
        return asked if asked is not None else _backoff(state)

    async def once() -> T:  # tenacity awaits coroutine functions only, and `call` may be a lambda
        return await call()

    retrying = AsyncRetrying(
        sleep=timing.sleep, stop=spent, wait=wait, retry=retry_if_exception_type(TryAgain), reraise=True
    )
    try:
        return await retrying(once)
    except TryAgain as last:
        raise last.error from last.__cause__
