"""Batches: is the batch known, does it alone use its unit, is the phase one of its recipe, was it decided already?

Needs registries (`batchContext`, `referenceExists`) or what was decided (`noLateHistory`); without them it is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Final

import numpy as np
import pyarrow as pa

from contracts.context import BatchFacts, Context
from contracts.contract import Clause, Contract
from contracts.document import SeriesBatch
from contracts.finding import Expected, Fix, Found
from contracts.series.chunk import Chunk
from contracts.series.evidence import SHOWN
from contracts.series.names import Names
from contracts.series.noted import Note, Noted, Spot
from contracts.series.order import Grouped
from contracts.series.plan import SeriesPlan, epoch_us, text_of
from contracts.series.rules import NEVER, Index, Ints
from contracts.values.identifiers import Identifier, near

OTHERS: Final = "(others)"
_LATEST: Final = np.iinfo(np.int64).max


class Batches:
    """One row of `_low` and `_high` a tag, one column a batch: the first and last time of the batch's points."""

    def __init__(self, plan: SeriesPlan, context: Context, noted: Noted) -> None:
        self._plan, self._context, self._noted = plan, context, noted
        contract = plan.contract
        self._known = {
            c.id: context.registries[str(c.params["registry"])]
            for c in contract.clauses
            if c.kind in ("batchContext", "referenceExists") and c.params.get("registry") in context.registries
        }
        self._clause = next((c for c in contract.clauses if c.kind == "batchContext" and c.id in self._known), None)
        self._references = [c for c in contract.clauses if c.kind == "referenceExists" and c.id in self._known]
        late = next((c for c in contract.clauses if c.kind == "noLateHistory"), None)
        self._late = late if context.sponsor is not None and plan.columns.batch is not None else None
        noted.answered |= {c.id for c in (self._clause, self._late, *self._references) if c is not None}
        self.names = Names()
        self._limits: list[int] = []  # of each batch: the newest time that a decision relied on
        self._facts: list[BatchFacts | None] = []
        self._malformed = dict(_identifiers(contract))
        self._told: dict[str, set[str]] = {}
        self._low: Ints = np.full((len(plan.tags), 0), _LATEST, np.int64)
        self._high: Ints = np.full((len(plan.tags), 0), NEVER, np.int64)
        self._first: list[int] = []  # of each batch: its first row

    @property
    def on(self) -> bool:
        return self._clause is not None or self._late is not None

    def words(self, batch: SeriesBatch) -> None:
        """Identifiers that no registry knows, and a delivery that names no batch at all."""
        for clause in self._references:
            self._unknown(clause, str(clause.params["path"]), batch)
        column = self._plan.columns.batch
        if self._clause is not None and column is not None:
            self._unknown(self._clause, column, batch)

    def _unknown(self, clause: Clause, column: str, batch: SeriesBatch) -> None:
        at = batch.rows.schema.get_field_index(column)
        if at < 0:
            self._missing(clause, column, np.arange(batch.rows.num_rows), batch)
            return
        array = batch.rows.column(at)
        array = array if pa.types.is_dictionary(array.type) else array.cast(pa.string()).dictionary_encode()
        known, malformed = self._known[clause.id], self._malformed.get(column)
        excepted = frozenset(map(str, clause.params.get("except", ())))
        index = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        words = [(word or "").strip(" ") for word in array.dictionary.to_pylist()]
        strange = [
            bool(name)
            and name not in known
            and name not in excepted
            and not (malformed is not None and malformed(name))
            for name in words
        ]
        if any(strange):
            hit = np.flatnonzero(np.array([*strange, False])[index])
            for name, rows in self._by_word(clause, words, index, hit):
                self._stranger(clause, column, name, rows, batch)
        blank = np.array([*(not name for name in words), True])[index]  # the last one stands for an empty row
        if blank.any():
            self._missing(clause, column, np.flatnonzero(blank), batch)

    def _by_word(self, clause: Clause, words: list[str], index: Index, hit: Index) -> Iterator[tuple[str, Index]]:
        """The rows of each word; from the twenty-first on they share a name, for a file may be full of noise."""
        told = self._told.setdefault(clause.id, set())
        others = np.zeros(len(words), np.bool_)
        for at in np.unique(index[hit]).tolist():
            if words[at] in told or len(told) < SHOWN:
                told.add(words[at])
                yield words[at], hit[index[hit] == at]
            else:
                others[at] = True
        if others.any():
            yield OTHERS, hit[others[index[hit]]]

    def _stranger(self, clause: Clause, column: str, name: str, rows: Index, batch: SeriesBatch) -> None:
        registry = str(clause.params["registry"])
        thing = "batch" if registry == "batches" else registry.removesuffix("s")
        hint = near(name, self._known[clause.id]) if clause.params.get("nearMatch", True) else None
        note = Note(
            clause,
            "PAT-E206",
            f"the {thing} {name} is unknown to the hub",
            column,
            ((column, name),),
            Found(name),
            Expected(f"a {thing} that the hub knows"),
            Fix(f"did you mean {hint}" if hint else f"check the {thing}, or register it with the sponsor first"),
            "a near match is only a hint; the hub never merges two identifiers" if hint else None,
        )
        self._noted.add(note, rows + batch.first_row, [None] * len(rows), np.full(len(rows), NEVER))

    def _missing(self, clause: Clause, column: str, rows: Index, batch: SeriesBatch) -> None:
        """Rows that name none. Where the field is required its own clause has told so."""
        field = self._plan.contract.schema.find(column)
        unread = {row for p in batch.problems if p.field == column for row in p.rows}
        if unread:
            rows = rows[~np.isin(rows + batch.first_row, list(unread))]
        if clause.kind == "batchContext" and len(rows) and (field is None or not field.required):
            note = Note(
                clause,
                "PAT-E206",
                "points name no batch",
                column,
                expected=Expected("the batch of each point"),
                fix=Fix(f"name the batch of each point in {column}"),
            )
            self._noted.add(note, rows + batch.first_row, [None] * len(rows), np.full(len(rows), NEVER))

    def look(self, chunk: Chunk, grouped: Grouped) -> None:
        """Rows with a valid key: who shares a unit, whose phase is foreign, whose time was decided."""
        if chunk.batch is None:
            return
        index, words = chunk.batch
        numbers = self._numbers(words)
        if self._clause is not None and chunk.phase is not None:
            self._phases(self._clause, chunk, numbers)
        place = grouped.place
        batch = numbers[index[place]]
        tag = np.repeat(grouped.tag, grouped.end - grouped.start)
        if self._late is not None:
            self._decided(self._late, chunk, place, batch)
        if self._clause is not None:
            self._span(chunk, place, batch, tag)

    def _numbers(self, words: list[str | None]) -> Ints:
        numbers = self.names.numbers(words)
        sponsor = self._context.sponsor
        for name in self.names.words[len(self._facts) :]:
            until = sponsor.decided_until(name) if sponsor is not None and self._late is not None else None
            self._facts.append(sponsor.batch(name) if sponsor is not None else None)
            self._limits.append(NEVER if until is None else epoch_us(until))
            self._first.append(-1)
        missing = len(self._facts) - self._low.shape[1]
        if missing:
            tags = len(self._plan.tags)
            self._low = np.hstack([self._low, np.full((tags, missing), _LATEST, np.int64)])
            self._high = np.hstack([self._high, np.full((tags, missing), NEVER, np.int64)])
        return numbers

    def _phases(self, clause: Clause, chunk: Chunk, numbers: Ints) -> None:
        """A phase must be in the contract, and where the sponsor knows the recipe of the batch, in that."""
        assert chunk.batch is not None
        assert chunk.phase is not None
        schema = self._plan.contract.schema
        agreed = frozenset((*schema.phases, *schema.phase_aliases))
        index, sent = chunk.phase
        words = [(word or "").strip(" ") for word in sent]
        foreign = np.array([bool(agreed) and bool(name) and name not in agreed for name in words], np.bool_)
        bad = foreign[index]
        for row, facts in enumerate(self._facts):
            if facts is not None and facts.phases:
                outside = np.array([bool(name) and name not in facts.phases for name in words], np.bool_)
                bad |= outside[index] & (numbers[chunk.batch[0]] == row)
        hit = np.flatnonzero(bad)
        for name, rows in self._by_word(clause, words, index, hit):
            note = Note(
                clause,
                "PAT-E208",
                f"the phase {name} is not in the recipe",
                self._plan.columns.phase,
                (("phase", name),),
                Found(name),
                Expected(f"one of {', '.join(sorted(agreed))}" if agreed else "a phase of the recipe"),
                Fix("use the phases of the recipe, or agree on this one"),
            )
            self._noted.add(note, rows + chunk.first, self._tag_names(chunk, rows), chunk.ts[rows])

    def _decided(self, clause: Clause, chunk: Chunk, place: Index, batch: Ints) -> None:
        limits = np.array([*self._limits, NEVER], np.int64)  # the last one stands for "no batch"
        late = np.flatnonzero(chunk.ts[place] <= limits[batch])
        for number in np.unique(batch[late]).tolist():
            rows = place[late[batch[late] == number]]
            rows.sort()
            name, until = self.names.words[number], self._limits[number]
            first = int(chunk.ts[rows].min())
            note = Note(
                clause,
                "PAT-E105",
                f"points of {name} arrived after a decision that used this window",
                self._plan.columns.ts,
                (("batch", name),),
                Found(text_of(first), "timestamp"),
                Expected(f"points after {text_of(until)}, up to which process data was relied on"),
                Fix("evaluate the decision again with these points"),
            )
            self._noted.add(note, rows + chunk.first, self._tag_names(chunk, rows), chunk.ts[rows])

    def _span(self, chunk: Chunk, place: Index, batch: Ints, tag: Ints) -> None:
        for number in np.unique(batch[batch >= 0]).tolist():
            mine = np.flatnonzero(batch == number)
            if self._first[number] < 0:
                self._first[number] = int(place[mine].min()) + chunk.first
            heads = np.flatnonzero(np.diff(tag[mine], prepend=-1))
            ts, tags = chunk.ts[place[mine]], tag[mine][heads]
            self._low[tags, number] = np.minimum(self._low[tags, number], np.minimum.reduceat(ts, heads))
            self._high[tags, number] = np.maximum(self._high[tags, number], np.maximum.reduceat(ts, heads))

    def finish(self) -> None:
        """Two batches on one unit at the same time. A tag is an instrument of one unit, so it serves one batch."""
        if self._late is not None and not self.names.words:
            self._noted.nothing.add(self._late.id)  # without a batch nobody can say what was decided about it
        if self._clause is None:
            return
        for one, other in combinations(range(len(self._facts)), 2):
            shared = self._shared(one, other)
            if shared is None:
                continue
            where, since, until = shared
            names = (self.names.words[one], self.names.words[other])
            later = max(one, other, key=lambda n: self._first[n])
            self._noted.say(
                Note(
                    self._clause,
                    "PAT-E207",
                    f"the batches {names[0]} and {names[1]} use {where} at the same time",
                    self._plan.columns.batch,
                    (("batches", " ".join(sorted(names))),),
                    Found(f"both from {text_of(since)} to {text_of(until)}"),
                    Expected("one batch on a unit at a time"),
                    Fix("correct the batch of the points, or the times"),
                ),
                Spot(self._first[later]),
            )

    def _shared(self, one: int, other: int) -> tuple[str, int, int] | None:
        """(what is shared, from, until), by a tag that both use, or by the unit that the sponsor knows."""
        low = np.maximum(self._low[:, one], self._low[:, other])
        high = np.minimum(self._high[:, one], self._high[:, other])
        tags = np.flatnonzero(low <= high)
        if len(tags):
            at = int(tags[0])
            return self._plan.tags[at].tag, int(low[at]), int(high[at])
        facts = self._facts[one], self._facts[other]
        units = [f.unit for f in facts if f is not None and f.unit is not None]
        since = max(int(self._low[:, n].min()) for n in (one, other))
        until = min(int(self._high[:, n].max()) for n in (one, other))
        if len(units) == 2 and units[0] == units[1] and since < until:
            return f"the unit {units[0]}", since, until
        return None

    def _tag_names(self, chunk: Chunk, rows: Index) -> list[str | None]:
        tags = self._plan.tags
        return [tags[code].tag if code < len(tags) else None for code in chunk.codes(rows[:SHOWN]).tolist()]


def _identifiers(contract: Contract) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Columns whose identifier has rules of its own: what breaks those is told there and not called unknown too."""
    for field in contract.schema.fields:
        if "identifier" in field.custom:
            rules = Identifier(field.custom["identifier"], malformed="PAT-E206", confusable="PAT-E206")
            yield field.name, partial(_breaks, rules)


def _breaks(rules: Identifier, word: str) -> bool:
    return rules.read(word) is not None
