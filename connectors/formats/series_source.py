"""What the formats of a series share: Arrow types of the contract's, and the sources that stand around a format's own.

Apart from `reading`, because Arrow takes a quarter of a second to import and a JSON certificate needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from connectors.formats.reading import Unreadable, reading_safely
from contracts.document import FormProblem, SeriesBatch, SeriesSource
from contracts.finding import Excerpt
from contracts.place import Place

ARROW_TYPES = {
    "timestamp": pa.timestamp("us", "UTC"),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}
TEXT = pa.dictionary(pa.int32(), pa.string())

NO_ROWS = pa.RecordBatch.from_arrays([], names=[])
"""Rows of a batch that only carries problems. Without columns too: what was not read must not count as there."""


@dataclass
class UnreadSeries:
    """A SeriesSource that says why there are no rows."""

    file: str
    format: str
    problems: tuple[FormProblem, ...]

    def batches(self) -> Iterator[SeriesBatch]:
        yield SeriesBatch(NO_ROWS, 0, self.problems)

    def locate(self, row: int, field: str | None = None) -> Place:  # noqa: ARG002 - SeriesSource's signature
        return Place(file=self.file, row=row)

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None:  # noqa: ARG002
        return None


class GuardedSeries:
    """A series source around a format's own: whatever its parser throws in the middle ends as a last, empty batch.

    The rows read before are kept, so that the report has every finding up to the break; a FILE finding rejects the
    delivery as a whole anyway.
    """

    def __init__(self, source: SeriesSource, problems: tuple[FormProblem, ...] = ()) -> None:
        self._source, self._problems = source, problems
        self.file, self.format = source.file, source.format

    def batches(self) -> Iterator[SeriesBatch]:
        rows = 0
        if self._problems:
            yield SeriesBatch(NO_ROWS, 0, self._problems)
        source = iter(self._source.batches())
        while True:
            try:
                with reading_safely(self.file, f"{self.format} file"):
                    batch = next(source, None)
            except Unreadable as unreadable:
                yield SeriesBatch(NO_ROWS, rows, unreadable.problems)
                return
            if batch is None:
                return
            rows = batch.first_row + batch.rows.num_rows
            yield batch

    def locate(self, row: int, field: str | None = None) -> Place:
        try:
            with reading_safely(self.file, f"{self.format} file"):
                return self._source.locate(row, field)
        except Unreadable:
            return Place(file=self.file, row=row)

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None:
        try:
            with reading_safely(self.file, f"{self.format} file"):
                return self._source.excerpt(row, field)
        except Unreadable:
            return None
