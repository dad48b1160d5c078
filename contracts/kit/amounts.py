"""A measured value for each test that passes its criterion, however the criterion is built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from contracts.contract import Criterion, TestDef
from contracts.errors import CannotMake

_ORDINARY = Decimal(50)


@dataclass(frozen=True, slots=True)
class _Span:
    """The values that pass: between `low` and `high`, an open end being None; a strict end does not belong."""

    low: Decimal | None = None
    high: Decimal | None = None
    strict_low: bool = False
    strict_high: bool = False

    def holds(self, value: Decimal) -> bool:
        above = self.low is None or value > self.low or (value == self.low and not self.strict_low)
        below = self.high is None or value < self.high or (value == self.high and not self.strict_high)
        return above and below


def amounts(tests: Sequence[TestDef]) -> dict[str, Decimal]:
    """Test code -> a value that passes, for every numeric test. Raises CannotMake where none does."""
    demands: dict[str, list[_Span]] = {test.code: [] for test in tests}
    for test in tests:
        for code, span in _demands(test.criterion, test.code):
            demands.setdefault(code, []).append(span)
    return {test.code: _choose(test, demands[test.code]) for test in tests if test.value_kind == "numeric"}


def _demands(criterion: Criterion, own: str) -> Iterator[tuple[str, _Span]]:
    """What a criterion asks of which test. Of alternatives the first that is about the test itself."""
    match criterion.op:
        case "anyOf":
            plain = [part for part in criterion.parts if part.of is None]
            yield from _demands((plain or list(criterion.parts))[0], own)
        case "allOf":
            for part in criterion.parts:
                yield from _demands(part, own)
        case "le" | "lt":
            yield criterion.of or own, _Span(high=criterion.limit, strict_high=criterion.op == "lt")
        case "ge" | "gt":
            yield criterion.of or own, _Span(low=criterion.limit, strict_low=criterion.op == "gt")
        case "equals":
            yield criterion.of or own, _Span(criterion.limit, criterion.limit)
        case "range":
            strict = (not criterion.include_lower, not criterion.include_upper)
            yield criterion.of or own, _Span(criterion.low, criterion.high, *strict)
        case _:
            return


def _choose(test: TestDef, spans: list[_Span]) -> Decimal:
    if test.physical is not None:
        spans = [*spans, _Span(*test.physical)]
    lows = [s.low for s in spans if s.low is not None]
    highs = [s.high for s in spans if s.high is not None]
    demanded = [s for s in spans if test.physical is None or s is not spans[-1]]
    low, high = (max(lows) if lows else None), (min(highs) if highs else None)
    aimed_low = max((s.low for s in demanded if s.low is not None), default=None)
    aimed_high = min((s.high for s in demanded if s.high is not None), default=None)
    value = _between(aimed_low, aimed_high)
    if (low is not None and value < low) or (high is not None and value > high):
        value = _between(low, high)
    step = Decimal(1).scaleb(-(test.decimals if test.decimals is not None else 6))
    rounded = value.quantize(step, ROUND_HALF_UP) if test.decimals is not None else value
    for candidate in (rounded, rounded + step, rounded - step):
        if all(span.holds(candidate) for span in spans):
            return candidate
    raise CannotMake(f"a value of {test.code} that meets its criterion")


def _between(low: Decimal | None, high: Decimal | None) -> Decimal:
    """The middle, or a value well on the right side of the only limit."""
    if low is not None and high is not None:
        return (low + high) / 2
    if low is not None:
        return low * Decimal("1.5") if low > 0 else low + 1
    if high is not None:
        return high / 2 if high > 0 else high - 1
    return _ORDINARY
