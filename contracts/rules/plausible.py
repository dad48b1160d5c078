"""plausible: a value far from everything this test has ever shown is more likely a slip than a result."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def plausible(clause: Clause, _plan: Plan) -> Rule:
    """COA-E113 outside median / factor .. median * factor; silent below `minHistory` accepted results."""
    each, value_at = str(clause.params["each"]), str(clause.params["value"])

    def rule(exam: Examination) -> None:
        history = exam.context.history
        assert history is not None
        for (at, node), line in zip(exam.frames(each), exam.results(each), strict=True):
            test, judged = line.test, line.judged
            if test is None or judged is None or test.plausible_factor is None or judged.reading is None:
                continue
            reading = judged.reading
            pointer = f"{at}/{value_at}"
            if reading.compared is None or reading.operator != "=" or exam.is_spoiled(pointer):
                continue
            earlier = history.values(test.code)
            if len(earlier) < (test.plausible_min_history or 1):
                continue
            middle, factor = median(earlier), test.plausible_factor
            if middle <= 0 or middle / factor <= reading.compared <= middle * factor:
                continue
            problem = Problem(
                "COA-E113",
                f"is {_far(reading.compared, middle)} the median of {len(earlier)} earlier results",
                expected=f"a value within {factor} times {middle}",
                fix="confirm the value, or correct it in a new revision",
            )
            raw = node.get(value_at)
            found = raw if isinstance(raw, str) else None
            exam.raise_(clause, problem, pointer, f"{each}.{value_at}", found=found, spoil=False, unit=test.unit)

    return rule


def _far(value: Decimal, middle: Decimal) -> str:
    if value <= 0:
        return f"{value}, far below {middle},"
    return f"{value / middle:.0f} times above" if value > middle else f"{middle / value:.0f} times below"


def median(values: Sequence[Decimal]) -> Decimal:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
