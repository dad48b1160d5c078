"""Promise: what a contract counts over a whole series is counted exactly and told with its limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from contracts.contract import Clause
from contracts.series import SeriesCheck
from tests.contracts.series_support import DELIVERY, Rows, clause, contract, table, tag

NAMES = ("ts", "tag", "value", "quality", "batch_id")
ROWS = [
    (0, "T1", 1.0, "GOOD", "B-1"),
    (5, "T1", 2.0, "GOOD", "B-1"),
    (10, "T1", None, "BAD", "B-2"),
    (15, "T1", 1.0, "n/a", None),
    (20, "T1", 1.0, "", "x"),
]


def metric(kind: str, code: str, field: str = "points", **params: Any) -> Clause:
    made = clause("finite")
    return Clause(kind, kind, f"{field}.quality.{kind}", {"field": field, **params}, (code,), None, None, None,
                  frozenset({"file"}), made.mark)  # fmt: skip


def judged(rows: Sequence[tuple[Any, ...]], made: Clause, batch_rows: int = 2) -> tuple[list[str], int]:
    check = SeriesCheck(contract([tag()], [made]), received_at=None)
    source = Rows(table(rows, NAMES), batch_rows)
    for batch in source.batches():
        check.feed(batch)
    report = check.finish(source, DELIVERY)[1]
    assert report.coverage.could_not_evaluate == 0
    return [f.message for f in report.findings], report.coverage.passed


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (metric("rowCount", "FILE-E213", mustBe=5), None),
        (metric("rowCount", "FILE-E213", mustBeGreaterThan=5), "rowCount is 5 for points"),
        (metric("nullValues", "FILE-E209", "points.value", mustBe=1), None),
        (metric("nullValues", "FILE-E209", "points.value", mustBe=0), "nullValues is 1 for value"),
        # Empty text is empty too: one row of batch_id is null, one of quality is "".
        (metric("nullValues", "FILE-E209", "points.quality", mustBe=0), "nullValues is 1 for quality"),
        (metric("nullValues", "FILE-E209", "points.batch_id", unit="percent", mustBeLessThan=20),
         "nullValues is 20 for batch_id"),
        (metric("missingValues", "FILE-E209", "points.quality", arguments={"missingValues": ["n/a"]}, mustBe=0),
         "missingValues is 2 for quality"),
        (metric("invalidValues", "FILE-E211", "points.batch_id", arguments={"pattern": "^B-[0-9]$"}, mustBe=0),
         "invalidValues is 1 for batch_id"),
        (metric("invalidValues", "FILE-E211", "points.quality", arguments={"validValues": ["GOOD", "BAD"]}, mustBe=1),
         None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch_rows", [1, 2, 10])
def test_a_metric_is_held_against_its_limit(made: Clause, said: str | None, batch_rows: int) -> None:
    messages, passed = judged(ROWS, made, batch_rows)
    assert messages == ([] if said is None else [said])
    assert passed == (1 if said is None else 0)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"min": 1}, []),
        ({"min": 2}, ["batch_id B-2 has 1 row", "batch_id x has 1 row"]),
        ({"max": 1}, ["batch_id B-1 has 2 rows"]),
        ({"min": 1, "max": 2}, []),
    ],
)
def test_rows_of_each_batch_are_counted_over_the_whole_file(limits: dict[str, int], said: list[str]) -> None:
    made = clause("rowsPerBatch")
    params = {"key": "batch_id", **limits}
    again = Clause(made.id, made.kind, made.path, params, made.codes, None, None, None, made.needs, made.mark)
    assert judged(ROWS, again)[0] == said


def test_a_column_of_noise_is_not_counted_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.series.metrics._MOST", 2)
    check = SeriesCheck(contract([tag()], [clause("rowsPerBatch")]), received_at=None)
    source = Rows(table(ROWS, NAMES))
    for batch in source.batches():
        check.feed(batch)
    report = check.finish(source, DELIVERY)[1]
    assert [f.code for f in report.findings] == ["CON-E201"]
    assert "more than 2 different values" in report.findings[0].message
