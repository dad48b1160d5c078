"""Relative times: a column of lengths since the start of the batch becomes instants (`time.base: relative`).

Every format reads the lengths as plain numbers; here they are added to the start that stands in the same row. The
unit is the one the contract gives the field, seconds without one. A row without a start has no time (PAT-E110).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import Contract, Field
from contracts.document import FormProblem, SeriesBatch, SeriesSource
from contracts.duration import LENGTHS
from contracts.finding import Excerpt
from contracts.place import Place

_STAMP = pa.timestamp("us", "UTC")
_FURTHEST = 1e17  # microseconds, 3,000 years: what is longer is no length of a batch and would not fit a timestamp

Flags = npt.NDArray[np.bool_]


def stamp_of(contract: Contract) -> Field | None:
    """The field that holds the time of a point."""
    named = next((c.params.get("ts") for c in contract.clauses if c.kind == "timestamps"), None)
    fields = [f for f in contract.schema.fields if f.type == "timestamp" and f.name != contract.schema.time.start]
    return next((f for f in fields if f.name == named), fields[0] if fields else None)


def with_lengths(contract: Contract) -> Contract:
    """The contract as a format reads it: the time of a point is a number."""
    stamp = stamp_of(contract)
    fields = tuple(replace(f, type="number") if f is stamp else f for f in contract.schema.fields)
    return replace(contract, schema=replace(contract.schema, fields=fields))


class RelativeSeries:
    """A SeriesSource around a format's own whose points carry lengths of time."""

    def __init__(self, source: SeriesSource, contract: Contract) -> None:
        self._source = source
        self.file, self.format = source.file, source.format
        stamp = stamp_of(contract)
        self._stamp = stamp.name if stamp is not None else "ts"
        self._unit = str(stamp.custom.get("unit", "s")) if stamp is not None else "s"
        self._start = contract.schema.time.start or ""

    def batches(self) -> Iterator[SeriesBatch]:
        for batch in self._source.batches():
            at = batch.rows.schema.get_field_index(self._stamp)
            yield batch if at < 0 or not batch.rows.num_rows else self._absolute(batch, at)

    def locate(self, row: int, field: str | None = None) -> Place:
        return self._source.locate(row, field)

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None:
        return self._source.excerpt(row, field)

    def _absolute(self, batch: SeriesBatch, at: int) -> SeriesBatch:
        rows = batch.rows
        lengths = rows.column(at)
        if pa.types.is_timestamp(lengths.type):  # a historian's answer has instants whatever the contract says
            return batch
        length = pc.fill_null(lengths.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
        sent = ~_flags(lengths.is_null())
        microseconds = length * LENGTHS.get(self._unit, np.nan)
        readable = np.abs(microseconds) < _FURTHEST
        start = rows.schema.get_field_index(self._start)
        begun = ~_flags(rows.column(start).is_null()) if start >= 0 else np.zeros(rows.num_rows, np.bool_)
        good = sent & readable & begun
        begin = np.zeros(rows.num_rows, np.int64)
        if start >= 0:
            begin = pc.fill_null(rows.column(start).cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        instants = begin + np.rint(np.where(good, microseconds, 0)).astype(np.int64)
        column = pa.array(instants, pa.int64(), mask=~good).cast(_STAMP)
        columns = [column if i == at else rows.column(i) for i in range(rows.num_columns)]
        made = pa.RecordBatch.from_arrays(columns, names=rows.schema.names)
        problems = (*batch.problems, *self._problems(batch, sent & readable & ~begun, sent & ~readable, length))
        return SeriesBatch(made, batch.first_row, problems)

    def _problems(
        self, batch: SeriesBatch, startless: Flags, unreadable: Flags, length: npt.NDArray[np.float64]
    ) -> Iterator[FormProblem]:
        def problem(code: str, message: str, which: Flags, expected: str, fix: str) -> FormProblem:
            found = np.flatnonzero(which)
            rows = tuple((found + batch.first_row).tolist())
            sent = f"{length[found[0]]:.10g}"
            return FormProblem(code, message, self.locate(rows[0], self._stamp), sent, expected, fix, rows, self._stamp)

        if startless.any():
            yield problem(
                "PAT-E110",
                "the relative time has no batch start",
                startless,
                f"the start of the batch in {self._start}",
                f"give the start of the batch in {self._start}, in UTC",
            )
        if unreadable.any():
            expected = f"a length of time in {self._unit}"
            fix = "write the time since the start of the batch as a number"
            yield problem("FILE-E208", "the relative time is no length of time", unreadable, expected, fix)


def _flags(array: pa.Array) -> Flags:
    flags: Flags = array.to_numpy(zero_copy_only=False)
    return flags
