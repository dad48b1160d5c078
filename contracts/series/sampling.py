"""Sampling: does the median distance between points of a tag still agree with the contract (PAT-E501)?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from contracts.series.order import Ordered
from contracts.series.plan import SeriesPlan
from contracts.series.rules import Bools, Index, Ints


@dataclass(frozen=True, slots=True)
class Sampled:
    """A tag whose median distance leaves the tolerance. Microseconds; `median` is exact to one part in a hundred."""

    tag: int
    median: int
    distances: int


class Sampling:
    """Counts distances below, within and above the tolerance: enough to know on which side the median lies.

    The median leaves the tolerance when more than half of the distances do so on one side. Late rows split distances
    that were counted before; where so many came that they could turn the answer, the tag is `doubtful` and its times
    have to be read again.
    """

    def __init__(self, plan: SeriesPlan) -> None:
        clause = plan.clauses.get("samplingInterval")
        percent = 20.0 if clause is None else float(clause.params.get("tolerancePercent", 20))
        interval = plan.interval.astype(np.float64)
        self.low: Ints = np.ceil(interval * (1 - percent / 100)).astype(np.int64)
        self.high: Ints = np.floor(interval * (1 + percent / 100)).astype(np.int64)
        self.on: Bools = (plan.interval > 0) & (clause is not None)
        self.short: Ints = np.zeros(len(plan.tags), np.int64)
        self.long: Ints = np.zeros(len(plan.tags), np.int64)
        self.all: Ints = np.zeros(len(plan.tags), np.int64)
        self._outside: dict[int, Counter[int]] = {}

    def count(self, ordered: Ordered) -> None:
        first = ordered.first
        tag = ordered.tag
        self.all[tag] += ordered.end - ordered.start - first
        odd = np.flatnonzero(self.on[tag] & ((ordered.shortest < self.low[tag]) | (ordered.longest > self.high[tag])))
        for group in odd.tolist():
            number = int(tag[group])
            steps = ordered.step[ordered.start[group] + int(first[group]) : ordered.end[group]]
            below, above = steps[steps < self.low[number]], steps[steps > self.high[number]]
            self.short[number] += len(below)
            self.long[number] += len(above)
            seen = self._outside.setdefault(number, Counter())
            for part in (below, above):
                seen.update(dict(zip(*_binned(part), strict=True)))

    def doubtful(self, late: Ints) -> Index:
        """Tags for which `late` rows (one element a tag) could turn the answer."""
        sure_not = (2 * (self.short + 2 * late) <= self.all) & (2 * (self.long + late) <= self.all)
        sure = (2 * self.short > self.all + late) | (2 * (self.long - late) > self.all + late)
        return np.flatnonzero(self.on & ~sure_not & ~sure & (late > 0))

    def replace(self, tag: int, times: Ints) -> None:
        """Count a doubtful tag again from all its times since the start of the window, sorted and distinct."""
        steps = np.diff(times)
        below, above = steps[steps < self.low[tag]], steps[steps > self.high[tag]]
        self.short[tag], self.long[tag], self.all[tag] = len(below), len(above), len(steps)
        seen: Counter[int] = Counter()
        for part in (below, above):
            seen.update(dict(zip(*_binned(part), strict=True)))
        self._outside[tag] = seen

    def failing(self) -> list[Sampled]:
        found = []
        for tag in np.flatnonzero(self.on & (2 * np.maximum(self.short, self.long) > self.all)).tolist():
            short, total = bool(self.short[tag] > self.long[tag]), int(self.all[tag])
            found.append(Sampled(tag, self._middle(tag, total, short=short), total))
        return found

    def _middle(self, tag: int, total: int, *, short: bool) -> int:
        """The median. It lies outside the tolerance, so only distances of that side have to be known."""
        rank = (total - 1) // 2 if short else total // 2
        passed = 0 if short else total - int(self.long[tag])
        for distance in sorted(self._outside[tag]):
            if bool(distance < self.low[tag]) is not short:
                continue
            passed += self._outside[tag][distance]
            if passed > rank:
                return distance
        raise AssertionError("the median lies on the side that holds more than half of the distances")


def _binned(steps: Ints) -> tuple[list[int], list[int]]:
    """Distances rounded to seven binary digits, with their counts: a few hundred different ones at most.

    A distance of a whole second stays as it is, since that is how intervals are agreed.
    """
    bits = steps.astype(np.float64).view(np.int64)
    rounded = (bits & ~np.int64((1 << 45) - 1)).view(np.float64).astype(np.int64)
    rounded = np.where(steps % 1_000_000 == 0, steps, rounded)
    values, counts = np.unique(rounded, return_counts=True)
    return values.tolist(), counts.tolist()
