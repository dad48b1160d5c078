"""Replay: is the series of a batch that of another batch (PAT-E209)?

A window of values that differ from one to the next is hashed; of the hashes those with a certain remainder are prints.
So a copy has the same prints however it was cut. Prints that occur more than once in a delivery are a pattern that a
resting or toggling sensor makes in every batch, and say nothing. Most tags must agree: one ramp is no replay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.context import Context, SeriesHistory
from contracts.finding import Expected, Fix, Found
from contracts.series.chunk import ROWS, Chunk
from contracts.series.names import Names
from contracts.series.noted import Note, Noted, Spot
from contracts.series.order import Ordered
from contracts.series.plan import SeriesPlan
from contracts.series.rules import Bools, Floats, Index

Prints = npt.NDArray[np.uint64]

WINDOW: Final = 32
EVERY: Final = np.uint64(16)
KEPT: Final = 4096
"""Prints of a tag and batch that a delivery leaves at most: those of its first 65,000 changes."""
FEWEST: Final = 4
_BASE: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_BASE, -1, 1 << 64)


@dataclass
class Held:
    """One tag of one batch: what the next chunk goes on with, and the prints so far."""

    last: float = float("nan")
    tail: Prints = field(default_factory=lambda: np.empty(0, np.uint64))
    changes: int = 0
    prints: list[Prints] = field(default_factory=list)
    kept: int = 0
    first: int = -1  # row


class Replay:
    def __init__(self, plan: SeriesPlan, context: Context, noted: Noted, names: Names) -> None:
        self._plan, self._noted, self._names = plan, noted, names
        self._clause = next((c for c in plan.contract.clauses if c.kind == "notReplay"), None)
        self._history: SeriesHistory | None = context.series
        self._measured: Bools = np.array([t.kind == "measured" for t in plan.tags], np.bool_)
        self._held: dict[tuple[int, int], Held] = {}
        self._powers = self._inverses = np.empty(0, np.uint64)

    @property
    def on(self) -> bool:
        """Prints are made wherever the contract has the rule: the next delivery may want them."""
        return self._clause is not None and self._plan.columns.batch is not None

    def look(self, chunk: Chunk, ordered: Ordered, numbers: Index) -> None:
        """Take in the rows that move time forward. `numbers` is the batch of each row of the chunk, -1 for none."""
        size = ordered.end - ordered.start
        tag = np.repeat(ordered.tag, size)
        value = chunk.value.take(ordered.place)
        keep = self._measured[tag] & np.isfinite(value) & (numbers[ordered.place] >= 0)
        if chunk.no_value is not None:
            keep &= ~chunk.no_value[ordered.place]
        rows = np.flatnonzero(keep)
        batch, tag = numbers[ordered.place[rows]], tag[rows]
        if len(rows) and batch.min() != batch.max():
            order = np.lexsort((rows, batch, tag))
            rows, batch, tag = rows[order], batch[order], tag[order]
        heads = np.flatnonzero((np.diff(tag, prepend=-1) != 0) | (np.diff(batch, prepend=-1) != 0))
        self._take(value[rows], tag[heads], batch[heads], heads, ordered.place[rows] + chunk.first)

    def _take(self, value: Floats, tags: Index, batches: Index, heads: Index, row: Index) -> None:
        if not len(value):
            return
        parts: list[Prints] = []
        owners: list[Held] = []
        for tag, batch, start, end in zip(
            tags.tolist(), batches.tolist(), heads, [*heads[1:], len(value)], strict=True
        ):
            held = self._held.setdefault((batch, tag), Held())
            if held.first < 0:
                held.first = int(row[start])
            mine = value[start:end]
            new = np.empty(len(mine), np.bool_)
            new[0] = mine[0] != held.last
            np.not_equal(mine[1:], mine[:-1], out=new[1:])
            held.last = float(mine[-1])
            changed = mine[new]
            held.changes += len(changed)
            if held.kept < KEPT and len(changed):
                parts += [held.tail, _mixed((changed + 0.0).view(np.uint64))]
                owners.append(held)
        if owners:
            self._print(parts, owners)

    def _print(self, parts: list[Prints], owners: list[Held]) -> None:
        ends = np.cumsum([len(parts[i]) + len(parts[i + 1]) for i in range(0, len(parts), 2)])
        whole = np.concatenate(parts)
        for held, start, end in zip(owners, [0, *ends[:-1]], ends, strict=True):
            held.tail = whole[max(start, end - WINDOW + 1) : end].copy()
        windows = len(whole) - WINDOW + 1
        if windows <= 0:
            return
        if len(whole) > len(self._powers):
            self._powers, self._inverses = (_powers(base, len(whole) + ROWS) for base in (_BASE, _INVERSE))
        sums = np.zeros(len(whole) + 1, np.uint64)
        np.cumsum(whole * self._powers[: len(whole)], out=sums[1:])
        hashes = _mixed((sums[WINDOW:] - sums[:-WINDOW]) * self._inverses[:windows])
        chosen = np.flatnonzero(hashes % EVERY == 0)
        owner = np.searchsorted(ends, chosen, side="right")
        inside = chosen + WINDOW <= ends[owner]
        chosen, owner = chosen[inside], owner[inside]
        edges = np.searchsorted(owner, np.arange(len(owners) + 1))
        for held, start, end in zip(owners, edges[:-1], edges[1:], strict=True):
            found = hashes[chosen[start : min(end, start + KEPT - held.kept)]]
            held.prints.append(found)
            held.kept += len(found)

    def prints(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """(batch, tag) -> the prints that occur once."""
        found = {}
        for (batch, tag), held in self._held.items():
            if held.prints:
                values, counts = np.unique(np.concatenate(held.prints), return_counts=True)
                once = tuple(values[counts == 1].tolist())
                if once:
                    found[self._names.words[batch], self._plan.tags[tag].tag] = once
        return found

    def finish(self) -> None:
        clause, history = self._clause, self._history
        if clause is None or history is None or not self.on:
            return
        self._noted.answered.add(clause.id)
        least = int(clause.params.get("minPoints", 500))
        prints = self.prints()
        judged: dict[int, int] = {}
        shared: dict[tuple[int, str], list[str]] = {}
        for (batch, tag), held in self._held.items():
            name, tag_name = self._names.words[batch], self._plan.tags[tag].tag
            mine = prints.get((name, tag_name), ())
            if held.changes < least or len(mine) < FEWEST:
                continue
            judged[batch] = judged.get(batch, 0) + 1
            for other, count in history.seen(tag_name, mine, name).items():
                if 2 * count > len(mine):
                    shared.setdefault((batch, other), []).append(tag_name)
        if not judged:
            self._noted.nothing.add(clause.id)
        for (batch, other), tags in sorted(shared.items()):
            if 2 * len(tags) > judged[batch]:
                self._say(batch, other, tags, judged[batch])

    def _say(self, batch: int, other: str, tags: list[str], judged: int) -> None:
        assert self._clause is not None
        name = self._names.words[batch]
        first = min(held.first for (number, _), held in self._held.items() if number == batch)
        self._noted.say(
            Note(
                self._clause,
                "PAT-E209",
                f"the series of {name} repeats that of {other}",
                self._plan.columns.value,
                (("batch", name), ("other", other)),
                Found(f"the same values in {len(tags)} of {judged} tags"),
                Expected("values that were measured in this batch"),
                Fix(f"send the series of {name}, or correct its batch"),
                f"the values of {', '.join(sorted(tags)[:20])} are those of {other}",
            ),
            Spot(first),
        )


def _mixed(bits: Prints) -> Prints:
    """Every bit of the result depends on every bit given: neighbouring floats differ in few bits."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Prints = bits ^ (bits >> np.uint64(31))
    return mixed


def _powers(base: int, count: int) -> Prints:
    """1, base, base squared ... modulo 2^64."""
    powers = np.full(count, base, np.uint64)
    powers[0] = 1
    found: Prints = np.multiply.accumulate(powers)
    return found
