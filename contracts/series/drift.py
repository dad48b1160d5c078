"""Drift: does a value leave, slowly, what it was in the first accepted hour of the phase (PAT-E307)?

`ewma`: the weighted mean of the latest values, held against `limit` times the standard deviation of that first hour.
`cusum`: the sum of the distances beyond half a standard deviation, held against `limit` standard deviations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.context import Context, Reference
from contracts.finding import Expected, Fix, Found
from contracts.series import words
from contracts.series.chunk import Chunk
from contracts.series.names import Names
from contracts.series.noted import Note, Noted
from contracts.series.order import Ordered
from contracts.series.plan import SeriesPlan
from contracts.series.rowwise import Values
from contracts.series.rules import Bools, Floats, Index
from contracts.series.trace import HOUR, Beginning

_SLACK: Final = 0.5
_LIMITS: Final = {"ewma": 3.0, "cusum": 5.0}


@dataclass
class Course:
    """One tag in one phase of one batch. `mean` moves with ewma; `up` and `down` are the sums of cusum."""

    reference: Reference | None
    mean: float = math.nan
    up: float = 0.0
    down: float = 0.0
    told: bool = False
    beginning: Beginning | None = None


class Drift:
    def __init__(self, plan: SeriesPlan, context: Context, noted: Noted, batches: Names) -> None:
        self._plan, self._noted, self._batches = plan, noted, batches
        self._clause = next((c for c in plan.contract.clauses if c.kind == "drift"), None)
        self._history = context.series
        params = self._clause.params if self._clause is not None else {}
        self._method = str(params.get("method", "ewma"))
        self._weight = float(params.get("lambda", "0.05"))
        self._limit = float(params.get("limit", _LIMITS.get(self._method, 3.0)))
        self._measured: Bools = np.array([t.kind == "measured" for t in plan.tags], np.bool_)
        self._phases = Names()
        self._courses: dict[tuple[int, int, int], Course] = {}

    @property
    def on(self) -> bool:
        """The beginnings are noted wherever the contract has the rule: the next delivery may want them."""
        return self._clause is not None and self._method in _LIMITS and 0 < self._weight <= 1

    def look(self, chunk: Chunk, ordered: Ordered, values: Values, batches: Index) -> None:
        """Take in the usable rows that move time forward. `batches` is the batch of each row of the chunk, -1: none."""
        value, usable = values.value, values.usable
        if ordered.forward is not None:
            value, usable = value[ordered.forward], usable[ordered.forward]
        tag = np.repeat(ordered.tag, ordered.end - ordered.start)
        rows = np.flatnonzero(usable & self._measured[tag])
        if not len(rows):
            return
        place, tag = ordered.place[rows], tag[rows]
        batch = batches[place]
        phase = np.full(len(rows), -1, np.int64)
        if chunk.phase is not None:
            index, sent = chunk.phase
            phase = self._phases.numbers(sent)[index[place]]
        order = np.lexsort((rows, phase, batch, tag))
        rows, place, tag, batch, phase = rows[order], place[order], tag[order], batch[order], phase[order]
        new = np.ones(len(rows), np.bool_)
        new[1:] = (np.diff(tag) != 0) | (np.diff(batch) != 0) | (np.diff(phase) != 0)
        heads = np.flatnonzero(new)
        for start, end in zip(heads.tolist(), [*heads[1:].tolist(), len(rows)], strict=True):
            key = int(tag[start]), int(batch[start]), int(phase[start])
            self._one(key, value[rows[start:end]], chunk, place[start:end])

    def _one(self, key: tuple[int, int, int], value: Floats, chunk: Chunk, place: Index) -> None:
        course = self._courses.get(key)
        if course is None:
            course = self._courses[key] = Course(self._reference(key))
        self._begin(course, value, chunk, place)
        reference = course.reference
        if course.told or reference is None or not reference.sigma > 0:
            return
        if self._method == "ewma":
            course.mean = reference.mean if math.isnan(course.mean) else course.mean
            means = _ewma(value, course.mean, self._weight)
            course.mean = float(means[-1])
            beyond = np.abs(means - reference.mean) > self._limit * reference.sigma
            measured = means
        else:
            apart = (value - reference.mean) / reference.sigma
            up, down = _cusum(apart - _SLACK, course.up), _cusum(-apart - _SLACK, course.down)
            course.up, course.down = float(up[-1]), float(down[-1])
            measured = np.where(up >= down, up, -down)
            beyond = np.maximum(up, down) > self._limit
        if beyond.any():
            first = int(np.argmax(beyond))
            course.told = True
            self._say(key, reference, float(measured[first]), chunk, place[first : first + 1])

    def _reference(self, key: tuple[int, int, int]) -> Reference | None:
        if self._history is None:
            return None
        return self._history.reference(*self._named(key))

    def _named(self, key: tuple[int, int, int]) -> tuple[str | None, str | None, str]:
        tag, batch, phase = key
        return (
            self._batches.words[batch] if batch >= 0 else None,
            self._phases.words[phase] if phase >= 0 else None,
            self._plan.tags[tag].tag,
        )

    def _begin(self, course: Course, value: Floats, chunk: Chunk, place: Index) -> None:
        ts = chunk.ts[place]
        since = course.beginning.since if course.beginning is not None else int(ts[0])
        early = value[: int(np.searchsorted(ts, since + HOUR))]
        if len(early):
            mean = float(early.mean())
            mine = Beginning(since, len(early), mean, float(((early - mean) ** 2).sum()))
            course.beginning = mine if course.beginning is None else course.beginning.and_(mine)

    def _say(self, key: tuple[int, int, int], reference: Reference, measured: float, chunk: Chunk, at: Index) -> None:
        assert self._clause is not None
        batch, phase, tag = self._named(key)
        mean, sigma = (float(f"{n:.6g}") for n in (reference.mean, reference.sigma))
        said = float(f"{measured:.6g}")
        found = f"a moving mean of {words.number(said)}" if self._method == "ewma" else f"a sum of {words.number(said)}"
        limit = words.number(self._limit)
        names = (("tag", tag), ("batch", batch), ("phase", phase))
        self._noted.add(
            Note(
                self._clause,
                "PAT-E307",
                f"{tag} drifts away from the first hour of its phase",
                self._plan.columns.value,
                tuple((name, word) for name, word in names if word is not None),
                Found(found),
                Expected(
                    f"within {limit} standard deviations of {words.number(mean)}; one is {words.number(sigma)}, "
                    f"of {reference.points} points"
                ),
                Fix("check the sensor and its calibration; mark the points as uncertain if it drifts"),
            ),
            at + chunk.first,
            [tag],
            chunk.ts[at],
        )

    def beginnings(self) -> dict[tuple[str | None, str | None, str], Beginning]:
        """(batch, phase, tag) -> how it began in this delivery."""
        return {self._named(key): c.beginning for key, c in self._courses.items() if c.beginning is not None}

    def finish(self) -> None:
        """Without any reference there was nothing to compare with, and the clause is not called passed."""
        if self._clause is None or self._history is None or not self.on:
            return
        if any(c.reference is not None for c in self._courses.values()):
            self._noted.answered.add(self._clause.id)


def _ewma(value: Floats, before: float, weight: float) -> Floats:
    """The weighted mean after each value. In runs so short that the powers of 1 - weight keep their digits."""
    keep = 1 - weight
    if keep == 0:
        return value
    longest = max(1, int(-13 / math.log(keep)))
    means = np.empty_like(value)
    powers = keep ** np.arange(1, longest + 1)
    for start in range(0, len(value), longest):
        part = value[start : start + longest]
        power = powers[: len(part)]
        means[start : start + len(part)] = power * (before + weight * np.cumsum(part / power))
        before = float(means[start + len(part) - 1])
    return means


def _cusum(step: Floats, before: float) -> Floats:
    """max(0, sum so far + step), one after the other, in closed form."""
    total = np.cumsum(step) + before
    lowest = np.minimum(np.minimum.accumulate(total), 0)
    sums: Floats = total - lowest
    return sums
