"""SeriesCheck: one delivery of a series held against its contract, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa

from contracts.codes import Severity
from contracts.context import Context
from contracts.contract import Contract
from contracts.document import SeriesBatch, SeriesSource
from contracts.finding import DeliveryRef, Report
from contracts.levels import levels
from contracts.series.batches import Batches
from contracts.series.carry import Carry
from contracts.series.chunk import ROWS, Chunk, ChunkReader
from contracts.series.coverage import Endings
from contracts.series.drift import Drift
from contracts.series.errors import SourceChanged
from contracts.series.evidence import Evidence, Failures
from contracts.series.fields import FieldClause, field_clauses
from contracts.series.metrics import Metrics
from contracts.series.names import MOST
from contracts.series.order import Behind, Grouped, Ordered, group_by_tag, put_in_order
from contracts.series.outcome import Outcome
from contracts.series.plan import ASK_FOR_BATCHES, SeriesPlan, epoch_us
from contracts.series.recent import Recent, content_of
from contracts.series.replay import Replay
from contracts.series.report import ReportBuilder
from contracts.series.reread import Reread
from contracts.series.rowwise import RowWise, Seen, Unread, Values
from contracts.series.rules import FORM_ERROR, FORM_NOTE, RULES, SETTLED_LATE, Index, Ints, Mask
from contracts.series.sampling import Sampling
from contracts.series.settle import Holes, Originals, Suspects, copies, gaps
from contracts.series.state import SeriesState
from contracts.series.trace import SeriesTrace
from contracts.series.trend import Trend

_ALL: Final = pa.array(np.ones(ROWS, np.bool_))


class SeriesCheck:
    """Feed every batch in file order, then finish once.

    `received_at` (aware) is when the delivery arrived; without it nothing is called "in the future", and the clause
    that asks for it is not passed. `state` is what the stream's delivery before this one returned. With `keep_rows` the
    number of every failing row is kept in `failing`; without it memory doesn't grow with row-wise faults.

    `context` holds what beyond the file is known; its rules hold no row back.

    Uniqueness and gaps are known only at the end. Where a contract makes them errors they concern the whole delivery,
    because their rows can't be held back one by one any more.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        received_at: datetime | None,
        state: SeriesState | None = None,
        keep_rows: bool = False,
        context: Context | None = None,
    ) -> None:
        self._plan = SeriesPlan.of(contract)
        self._reader = ChunkReader(self._plan)
        self._evidence = Evidence(self._reader.codes, keep_rows)
        latest = None
        if received_at is not None and self._plan.tolerance_us is not None:
            latest = epoch_us(received_at) + self._plan.tolerance_us
        self._knows_arrival = received_at is not None
        self._rowwise = RowWise(self._plan, self._reader, latest, self._evidence)
        self._trend = Trend(self._plan)
        self._sampling = Sampling(self._plan)
        self._carry = Carry(self._plan, self._reader, state, self._trend)
        self._recent = Recent(len(self._plan.tags))
        self._fields = field_clauses(contract, _judged_elsewhere(self._plan))
        self._counting = self._reader.packed(np.arange(ROWS))
        self._error_bits = _error_bits(self._plan)
        self._holes: list[Holes] = []
        self._suspects: list[Suspects] = []
        self._late = np.zeros(len(self._plan.tags), np.int64)
        self._outcome = Outcome(codes=self._reader.codes)
        noted, context = self._outcome.noted, context or Context()
        self._batches = Batches(self._plan, context, noted)
        self._replay = Replay(self._plan, context, noted, self._batches.names)
        self._drift = Drift(self._plan, context, noted, self._batches.names)
        self._metrics = Metrics(self._plan, noted)
        self.mask: Mask = np.empty(0, np.uint32)
        """Reasons of the rows fed last, as bits of `RULES`, FORM_ERROR and FORM_NOTE."""

    @property
    def failing(self) -> Mapping[str, Ints]:
        """Rule -> absolute numbers of all failing rows, ascending. `late` holds those beyond the window too."""
        rows = self._evidence.rows()
        beyond = rows.pop("late_beyond", None)
        if beyond is not None:
            rows["late"] = np.union1d(rows.get("late", beyond), beyond)
        return rows

    def feed(self, batch: SeriesBatch) -> pa.BooleanArray:
        """Which rows may be stored: one element a row, True when no error-severity reason is known against it."""
        rows = batch.rows.num_rows
        self.mask = np.zeros(rows, np.uint32)
        unread = self._form_problems(batch)
        self._outcome.columns.update(batch.rows.schema.names)
        for clause in self._fields:
            self._field(clause, batch, unread)
        self._metrics.look(batch)
        self._batches.words(batch)
        for chunk in self._reader.chunks(batch.rows, batch.first_row):
            start = chunk.first - batch.first_row
            part = slice(start, start + chunk.rows)
            self._check(chunk, _within(unread, part), self.mask[part])
        self._outcome.rows += rows
        if not self.mask.any():
            return _ALL[:rows] if rows <= ROWS else pa.array(np.ones(rows, np.bool_))
        storable = (self.mask & self._error_bits) == 0
        self._outcome.bad_rows += rows - int(np.count_nonzero(storable))
        return pa.array(storable)

    def finish(self, source: SeriesSource, delivery: DeliveryRef) -> tuple[SeriesState, Report]:
        """Settle what was open, then (state for the stream's next delivery, report). `source` may be read again."""
        suspects = Suspects.joined(self._suspects) if self._suspects else None
        try:
            originals = self._read_again(source, suspects)
        except SourceChanged as error:
            originals = None
            for kind in ("uniqueKey", "samplingInterval"):
                if kind in self._plan.clauses:
                    self._outcome.unsettled[self._plan.clauses[kind].id] = str(error)
        if suspects is not None and "uniqueKey" in self._plan.clauses:
            is_copy, same = copies(suspects, originals, self._plan.compare)
            self._add_copies(suspects.pick(is_copy), same[is_copy])
            suspects = suspects.pick(~is_copy)
        if self._holes:
            self._evidence.add("gap", gaps(Holes.joined(self._holes), suspects, self._plan.max_gap))
        self._outcome.sampled = self._sampling.failing()
        for rule in (self._batches, self._replay, self._drift):
            rule.finish()
        self._metrics.finish(self._outcome)
        if self._batches.names.beyond:
            self._too_many_batches()
        state = self._carry.state(self._recent, suspects)
        answers = source.format == "piwebapi"
        endings = Endings(self._plan, self._evidence, self._outcome, self._knows_arrival, answers)
        return state, ReportBuilder(endings, self._reader, source).build(delivery)

    @property
    def trace(self) -> SeriesTrace:
        """What this delivery leaves for those after it, once it is accepted."""
        return SeriesTrace(self._replay.prints(), self._drift.beginnings())

    def _too_many_batches(self) -> None:
        for clause in self._plan.contract.clauses:
            if clause.id in self._outcome.noted.answered and clause.kind in ASK_FOR_BATCHES:
                self._outcome.unsettled[clause.id] = f"the file names more than {MOST} batches"

    def _check(self, chunk: Chunk, unread: Unread, mask: Mask) -> None:
        seen = self._rowwise.before(chunk, unread, mask)
        grouped = group_by_tag(chunk, seen.no_key, len(self._plan.tags), self._counting)
        self._count(chunk, grouped, seen)
        values = self._rowwise.after(chunk, grouped, seen, unread, mask)
        if self._batches.on:
            self._batches.look(chunk, grouped)
        ordered, behind = put_in_order(chunk, grouped, self._carry.watermark)
        if ordered is not None:
            self._remember(chunk, ordered, values)
            self._carry.begin(ordered)
            self._ahead(chunk, ordered)
            stuck, rate = self._trend.check(chunk, ordered, values)
            for rule, found in (("stuck", stuck), ("rate", rate)):
                if found is not None:
                    mask[found.row - chunk.first] |= np.uint32(RULES[rule].bit)
                    self._evidence.add(rule, found)
            self._recent.add(chunk, ordered)
        if behind is not None:
            self._behind(chunk, behind, mask)

    def _remember(self, chunk: Chunk, ordered: Ordered, values: Values) -> None:
        """Rules that compare with earlier deliveries, and what later ones will compare with."""
        if not (self._replay.on or self._drift.on):
            return
        index, words = chunk.batch or (np.zeros(chunk.rows, np.intp), [None])
        numbers = self._batches.names.numbers(words)[index]
        if self._replay.on:
            self._replay.look(chunk, ordered, numbers)
        if self._drift.on:
            self._drift.look(chunk, ordered, values, numbers)

    def _count(self, chunk: Chunk, grouped: Grouped, seen: Seen) -> None:
        outcome = self._outcome
        outcome.tag_rows[: len(self._plan.tags)] += grouped.sizes
        outcome.tag_rows += np.bincount(chunk.codes(grouped.rest), minlength=len(outcome.tag_rows))
        if seen.counts is not None and "qualityCodes" in self._plan.clauses:
            left_out = chunk.codes(np.flatnonzero(~seen.counts))
            outcome.not_judged += np.bincount(left_out, minlength=len(outcome.not_judged))

    def _ahead(self, chunk: Chunk, ordered: Ordered) -> None:
        """Distances between rows that move time forward: holes that only late rows can still fill, and sampling."""
        self._sampling.count(ordered)
        limit = self._plan.max_gap[ordered.tag]
        if not (ordered.longest > limit).any():
            return
        size = ordered.end - ordered.start
        rows = np.flatnonzero(ordered.step > np.repeat(limit, size))
        until = ordered.ts[rows]
        tag = np.repeat(ordered.tag, size)[rows]
        self._holes.append(Holes(tag, until - ordered.step[rows], until, ordered.place[rows] + chunk.first))

    def _behind(self, chunk: Chunk, behind: Behind, mask: Mask) -> None:
        """Rows that fall behind: late, copies, or fillers of a hole."""
        late = behind.lag > 0
        row = behind.place + chunk.first
        if self._plan.on("late"):
            beyond = behind.lag > self._plan.late_window
            for rule, which in (("late", late & ~beyond), ("late_beyond", beyond)):
                mask[behind.place[which]] |= np.uint32(RULES[rule].bit)
                found = Failures.of(row, behind.tag, behind.ts, chunk.value[behind.place], behind.lag / 1e6)
                self._evidence.add(rule, found.pick(which))
        content = content_of(chunk, behind.place)
        known, held = self._recent.find(behind.tag, behind.ts)
        known = self._carry.find(behind.tag, behind.ts, known, held)
        if "uniqueKey" in self._plan.clauses:
            same = content.same(held, self._plan.compare)
            found = Failures.of(row, behind.tag, behind.ts, chunk.value[behind.place])
            self._evidence.add("dup_same", found.pick(known & same))
            self._evidence.add("dup_conflict", found.pick(known & ~same))
        open_ = ~known
        forgotten = behind.ts <= self._recent.forgotten_until[behind.tag]
        unsure = forgotten & (behind.ts >= self._carry.first_ts[behind.tag])
        suspects = Suspects(behind.tag.astype(np.int64), behind.ts, row.astype(np.int64), content, unsure)
        if open_.any():
            self._suspects.append(suspects.pick(open_))
            inside = open_ & (behind.ts > self._carry.window_start[behind.tag])
            self._late += np.bincount(behind.tag[inside], minlength=len(self._late))

    def _read_again(self, source: SeriesSource, suspects: Suspects | None) -> Originals | None:
        """A second pass over the file, only when some answer needs it."""
        wanted = None
        if suspects is not None and "uniqueKey" in self._plan.clauses and suspects.unsure.any():
            wanted = suspects.pick(suspects.unsure)
        doubtful = self._sampling.doubtful(self._late)
        if wanted is None and not len(doubtful):
            return None
        again = Reread(self._reader, len(self._plan.tags), wanted, doubtful)
        again.run(source, self._outcome.rows)
        for tag, times in again.times():
            start = self._carry.window_start[tag]
            valid = times[(times >= start) & (times <= self._carry.watermark[tag])]
            self._sampling.replace(tag, np.union1d(valid, start))
        return again.originals()

    def _add_copies(self, found: Suspects, same: np.typing.NDArray[np.bool_]) -> None:
        order = np.argsort(found.row)
        failures = Failures.of(found.row, found.tag, found.ts, found.content.value)
        self._evidence.add("dup_same", failures.pick(order[same[order]]))
        self._evidence.add("dup_conflict", failures.pick(order[~same[order]]))

    def _form_problems(self, batch: SeriesBatch) -> Unread:
        """Cells that could not be read, by column, as places in the batch."""
        rows: dict[str, list[Index]] = {}
        for problem in batch.problems:
            place = np.asarray(problem.rows, np.int64) - batch.first_row
            self._outcome.note(problem)
            if not len(place):
                continue
            severity = levels(self._plan.contract, None, problem.code)[0]
            self.mask[place] |= np.uint32(FORM_ERROR if severity is Severity.ERROR else FORM_NOTE)
            if problem.field is not None:
                rows.setdefault(problem.field, []).append(place)
        return Unread({field: np.unique(np.concatenate(parts)) for field, parts in rows.items()})

    def _field(self, clause: FieldClause, batch: SeriesBatch, unread: Unread) -> None:
        names = batch.rows.schema.names
        if clause.column not in names:
            return
        for code, places in clause.failing(batch.rows.column(names.index(clause.column))).items():
            places = unread.without(places, clause.column) if clause.clause.kind == "required" else places
            if not len(places):
                continue
            severity = levels(self._plan.contract, clause.clause, code)[0]
            self.mask[places] |= np.uint32(FORM_ERROR if severity is Severity.ERROR else FORM_NOTE)
            word = batch.rows.column(names.index(clause.column))[int(places[0])].as_py()
            said = None if word is None else str(word)
            self._outcome.breach(clause.clause, code, clause.column, places + batch.first_row, said)


def _within(unread: Unread, part: slice) -> Unread:
    """The unread cells of one chunk of the batch."""
    cut = {name: rows[(rows >= part.start) & (rows < part.stop)] - part.start for name, rows in unread.rows.items()}
    return Unread({name: rows for name, rows in cut.items() if len(rows)})


def _error_bits(plan: SeriesPlan) -> np.uint32:
    bits = FORM_ERROR
    for rule in RULES.values():
        if plan.on(rule.name) and rule.name not in SETTLED_LATE:
            severity = levels(plan.contract, plan.clauses[rule.kind], rule.code)[0]
            bits |= rule.bit if severity is Severity.ERROR else 0
    return np.uint32(bits)


def _judged_elsewhere(plan: SeriesPlan) -> frozenset[tuple[str, str]]:
    """Columns whose emptiness a rule of the series reports with a code of its own."""
    judged = {(plan.columns.ts, "required")}
    if "knownTags" in plan.clauses:
        judged.add((plan.columns.tag, "required"))
    if "qualityCodes" in plan.clauses and plan.columns.quality is not None:
        judged.add((plan.columns.quality, "required"))
    return frozenset(judged)
