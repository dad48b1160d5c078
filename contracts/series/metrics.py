"""Counts of a whole series: the library metrics of ODCS, and how many rows each batch has.

Repeated values are no matter of counting: `uniqueKey` tells a copy from a conflict.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contracts.contract import Clause
from contracts.document import SeriesBatch
from contracts.finding import Expected, Fix, Found
from contracts.pattern import Pattern, compile_pattern
from contracts.rules.metric import holds, limits_said
from contracts.series.noted import Note, Noted
from contracts.series.outcome import Outcome
from contracts.series.plan import SeriesPlan

COUNTED: Final = ("nullValues", "missingValues", "invalidValues", "rowCount")
_MOST: Final = 1 << 16
"""Keys that are counted apart; a column with more is no batch."""


class Metrics:
    """Counts by clause id, over the words of a column: each word is looked at once a batch."""

    def __init__(self, plan: SeriesPlan, noted: Noted) -> None:
        self._plan, self._noted = plan, noted
        self._name = plan.contract.schema.name
        columns = {f.name for f in plan.contract.schema.fields}
        self._counted = [
            (c, self._column(c))
            for c in plan.contract.clauses
            if c.kind in COUNTED and (c.kind == "rowCount" or self._column(c) in columns)
        ]
        self._keys = {c.id: (c, Counter[str]()) for c in plan.contract.clauses if c.kind == "rowsPerBatch"}
        self._counts: dict[str, int] = {}

    def _column(self, clause: Clause) -> str:
        return str(clause.params["field"]).removeprefix(self._name).strip(".")

    def look(self, batch: SeriesBatch) -> None:
        if not batch.rows.num_columns:
            return
        for clause, column in self._counted:
            self._counts[clause.id] = self._counts.get(clause.id, 0) + _count(clause, column, batch.rows)
        for clause, counter in self._keys.values():
            at = batch.rows.schema.get_field_index(str(clause.params["key"]))
            if at >= 0 and len(counter) <= _MOST:
                counter.update(_words(batch.rows.column(at)))

    def finish(self, outcome: Outcome) -> None:
        for clause, column in self._counted:
            self._judge(clause, column, self._counts.get(clause.id, 0), outcome.rows)
        for clause, counter in self._keys.values():
            if len(counter) > _MOST:
                outcome.unsettled[clause.id] = f"{clause.params['key']} has more than {_MOST:,} different values"
            else:
                self._rows_of_each(clause, counter)

    def _judge(self, clause: Clause, column: str, count: int, rows: int) -> None:
        self._noted.answered.add(clause.id)
        measured = Decimal(count)
        if clause.params.get("unit") == "percent" and rows:
            measured = Decimal(count) * 100 / rows
        if holds(clause.params, measured):
            return
        said = f"{measured.normalize():f}"
        self._noted.say(
            Note(
                clause,
                clause.codes[0],
                f"{clause.kind} is {said} for {column or self._name}",
                column or None,
                (("field", column),) if column else (),
                Found(said, "number"),
                Expected(limits_said(clause.params)),
                Fix("send the data as agreed"),
            )
        )

    def _rows_of_each(self, clause: Clause, counter: Counter[str]) -> None:
        self._noted.answered.add(clause.id)
        low, high = clause.params.get("min"), clause.params.get("max")
        name = str(clause.params["key"])
        for key, count in sorted(counter.items()):
            if (low is None or count >= int(low)) and (high is None or count <= int(high)):
                continue
            self._noted.say(
                Note(
                    clause,
                    "FILE-E213",
                    f"{name} {key} has {count} {'row' if count == 1 else 'rows'}",
                    name,
                    ((name, key),),
                    Found(f"{count} rows"),
                    Expected(f"{low if low is not None else 0} to {high if high is not None else 'any number'} rows"),
                    Fix("send all rows of a batch in one file"),
                )
            )


def _count(clause: Clause, column: str, rows: pa.RecordBatch) -> int:
    if clause.kind == "rowCount":
        return int(rows.num_rows)
    at = rows.schema.get_field_index(column)
    if at < 0:
        return 0 if clause.kind == "invalidValues" else int(rows.num_rows)
    array = rows.column(at)
    if clause.kind == "nullValues" and not _is_text(array.type):
        return int(array.null_count)
    listed: dict[str, Any] = dict(clause.params.get("arguments") or {})
    counted = _words(array)
    empty = int(array.null_count) + counted.pop("", 0)
    match clause.kind:
        case "nullValues":
            return empty
        case "missingValues":
            missing = {str(v) for v in listed.get("missingValues", ())}
            return empty + sum(n for word, n in counted.items() if word in missing)
        case _:
            valid = {str(v) for v in listed.get("validValues", ())}
            pattern = compile_pattern(str(listed["pattern"])) if "pattern" in listed else None
            return sum(n for word, n in counted.items() if not _is_valid(word, valid, pattern))


def _is_valid(word: str, valid: set[str], pattern: Pattern | None) -> bool:
    return (not valid or word in valid) and (pattern is None or pattern.matches(word))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) or pa.types.is_string(kind))


def _words(column: pa.Array) -> Counter[str]:
    """Each word, trimmed, and how many rows hold it. Empty rows have none."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    index = column.indices.drop_null().to_numpy(zero_copy_only=False)
    sizes = np.bincount(index, minlength=len(column.dictionary)).tolist()
    found: Counter[str] = Counter()
    for word, size in zip(column.dictionary.to_pylist(), sizes, strict=True):
        if size:
            found[(word or "").strip(" ")] += size
    return found
