"""Each rule of a series on a few points that a person can check by hand: which rows fail, and which just pass.

Times are seconds after 2026-03-01T00:00:00Z; tag T1 is agreed from 0 to 10 with at most 60 s between points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.contract import Contract, TagDef, Units
from contracts.document import FormProblem
from contracts.place import Place
from contracts.series import SeriesCheck
from tests.contracts.series_support import DELIVERY, T0, Rows, clause, contract, lists, table, tag

ARRIVED = T0 + timedelta(days=1)
T1 = tag()


def failing(
    rows: Sequence[tuple[Any, ...]],
    *tags: TagDef,
    made: Contract | None = None,
    names: Sequence[str] = ("ts", "tag", "value", "quality"),
) -> dict[str, list[int]]:
    check = SeriesCheck(made or contract(tags or (T1,)), received_at=ARRIVED, keep_rows=True)
    source = Rows(table(rows, names))
    for batch in source.batches():
        check.feed(batch)
    check.finish(source, DELIVERY)
    return lists(check.failing)


def points(*rows: tuple[Any, Any]) -> list[tuple[Any, ...]]:
    """Good points of T1 as (seconds, value)."""
    return [(ts, "T1", value, "GOOD") for ts, value in rows]


def test_ordinary_points_have_no_failing_row() -> None:
    assert failing(points((0, 1.0), (5, 2.0), (10, 0.0), (15, 10.0))) == {}


def test_times_that_nobody_can_believe() -> None:
    rows = [
        (None, "T1", 1.0, "GOOD"),
        (datetime(1970, 1, 1, tzinfo=UTC), "T1", 1.0, "GOOD"),
        (datetime(2020, 1, 1, tzinfo=UTC), "T1", 1.0, "GOOD"),  # the minimum itself is believed
        (ARRIVED + timedelta(seconds=5), "T1", 1.0, "GOOD"),  # exactly the tolerance
        (ARRIVED + timedelta(seconds=5, microseconds=1), "T1", 1.0, "GOOD"),
    ]
    assert failing(rows, tag(max_gap=None)) == {"null_ts": [0], "ts_placeholder": [1], "ts_future": [4]}


def test_a_time_far_in_the_future_makes_no_later_row_late() -> None:
    rows = [*points((0, 1.0), (5, 1.0)), (ARRIVED + timedelta(days=9), "T1", 1.0, "GOOD"), *points((10, 1.0))]
    assert failing(rows) == {"ts_future": [2]}


def test_without_an_arrival_nothing_is_in_the_future() -> None:
    check = SeriesCheck(contract([T1]), received_at=None, keep_rows=True)
    source = Rows(table([(datetime(2099, 1, 1, tzinfo=UTC), "T1", 1.0, "GOOD")]))
    for batch in source.batches():
        check.feed(batch)
    _, report = check.finish(source, DELIVERY)
    assert lists(check.failing) == {}
    # ... and the clause that would have said so is not called passed.
    assert (report.coverage.needs_hub, report.coverage.passed) == (1, 10 - report.coverage.switched_off)


def test_tags_are_a_closed_list_and_an_alias_is_on_it() -> None:
    rows = [(0, None, 1.0, "GOOD"), (5, "T9", 1.0, "GOOD"), (10, "Temp", 1.0, "GOOD"), (15, " T1 ", 1.0, "GOOD")]
    assert failing(rows, tag(aliases=("Temp",))) == {"null_tag": [0], "tag_unknown": [1]}


def test_quality_is_present_and_agreed() -> None:
    rows = [(0, "T1", 1.0, None), (5, "T1", 1.0, "B@D"), (10, "T1", 1.0, "192"), (15, "T1", 1.0, "GOOD")]
    mapped = contract([T1], quality_map={"GOOD": "GOOD", "192": "GOOD", "0": "BAD"})
    assert failing(rows) == {"null_quality": [0], "quality_unknown": [1, 2]}
    assert failing(rows, made=mapped) == {"null_quality": [0], "quality_unknown": [1]}


@pytest.mark.parametrize(
    ("quality", "fails"),
    [("GOOD", True), ("UNCERTAIN", False), ("BAD", False), ("STALE", False), ("B@D", True), (None, True)],
)
def test_only_a_known_quality_excuses_an_empty_value(quality: str | None, fails: bool) -> None:
    assert ("value_missing" in failing([(0, "T1", None, quality)])) is fails


@pytest.mark.parametrize("quality", ["GOOD", "BAD", None])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_never_passes(value: float, quality: str | None) -> None:
    assert failing([(0, "T1", value, quality)])["not_finite"] == [0]


def test_limits_belong_to_the_range_and_hold_for_values_that_count() -> None:
    rows = [
        (0, "T1", 10.0, "GOOD"),
        (5, "T1", 10.5, "GOOD"),
        (10, "T1", -0.5, "UNCERTAIN"),
        (15, "T1", 99.0, "BAD"),
        (20, "T1", 99.0, "STALE"),
        (25, "T1", 99.0, None),  # a missing quality is no excuse
    ]
    assert failing(rows) == {"out_of_range": [1, 2, 5], "null_quality": [5]}


def test_a_sentinel_is_no_value_out_of_range_even_inside_the_range() -> None:
    rows = [(0, "T1", -9999.0, "GOOD"), (5, "T1", -9999.0, "BAD"), (10, "T1", 7.0, "GOOD"), (15, "T2", 7.0, "GOOD")]
    sentinels = (Decimal(-9999), Decimal(7))
    assert failing(rows, tag(sentinels=sentinels), tag("T2")) == {"sentinel": [0, 2]}


def test_a_row_behind_the_newest_time_is_late_and_within_the_window_or_beyond_it() -> None:
    rows = points((0, 1.0), (50, 1.0), (45, 1.0), (50, 1.0), (20, 1.0))
    made = contract([T1], [clause("monotonic", params={"lateWindow": timedelta(seconds=10)})])
    assert failing(rows)["late"] == [2, 4]
    check = SeriesCheck(made, received_at=ARRIVED)
    source = Rows(table(rows))
    for batch in source.batches():
        check.feed(batch)
    _, report = check.finish(source, DELIVERY)
    assert [(f.code, f.where[0].row) for f in report.findings] == [("PAT-E103", 2), ("PAT-E104", 4)]


def test_copies_are_held_against_the_first_point_of_their_time() -> None:
    rows = [
        *points((0, 1.0), (5, 2.0), (5, 2.0), (5, 3.0), (5, 2.0)),
        (5, "T1", 2.0, "UNCERTAIN"),
        (0, "T1", 1.0, "GOOD"),
    ]
    assert failing(rows) == {"dup_same": [2, 4, 6], "dup_conflict": [3, 5], "late": [6]}


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        (0.0, -0.0, "dup_same"),
        (math.nan, math.nan, "dup_same"),
        (None, None, "dup_same"),
        (None, 0.0, "dup_conflict"),
        (math.nan, 1.0, "dup_conflict"),
    ],
)
def test_what_two_points_must_share_to_be_copies(first: float | None, second: float | None, rule: str) -> None:
    found = failing([(0, "T1", first, "BAD"), (0, "T1", second, "BAD")])
    assert {r: rows for r, rows in found.items() if r.startswith("dup")} == {rule: [1]}


def test_two_late_rows_of_one_time_are_copies_of_each_other() -> None:
    assert failing(points((0, 1.0), (30, 1.0), (10, 1.0), (10, 2.0))) == {"late": [2, 3], "dup_conflict": [3]}


def test_a_gap_is_longer_than_agreed_and_found_at_the_row_after_it() -> None:
    assert failing(points((0, 1.0), (60, 1.0), (121, 1.0), (130, 1.0))) == {"gap": [2]}


def test_late_rows_close_a_gap_or_leave_a_smaller_one() -> None:
    # 0 .. 150 with 60 and 120 sent later: every neighbour is at most 60 s away.
    assert failing(points((0, 1.0), (150, 1.0), (60, 1.0), (120, 1.0))) == {"late": [2, 3]}
    # With 20 alone, 20 .. 150 is still too long; 150 stands in row 1.
    assert failing(points((0, 1.0), (150, 1.0), (20, 1.0))) == {"late": [2], "gap": [1]}
    # With 100 alone, 0 .. 100 is too long, and 100 stands in row 2.
    assert failing(points((0, 1.0), (150, 1.0), (100, 1.0))) == {"late": [2], "gap": [2]}


STILL = tag(noise_floor=Decimal("0.1"), stuck_after=timedelta(seconds=15))


def test_a_sensor_that_stands_still_is_named_once() -> None:
    rows = points((0, 1.0), (5, 1.05), (10, 1.0), (15, 1.0), (20, 1.0), (25, 2.0), (30, 2.0), (35, 2.0), (40, 2.0))
    assert failing(rows, STILL) == {"stuck": [3, 8]}


def test_bad_points_do_not_end_a_standstill_and_setpoints_never_stand_still() -> None:
    rows = [(0, "T1", 1.0, "GOOD"), (5, "T1", 9.0, "BAD"), (10, "T1", 1.0, "GOOD"), (15, "T1", 1.0, "GOOD")]
    assert failing(rows, STILL) == {"stuck": [3]}
    assert failing(rows, tag(kind="setpoint", noise_floor=Decimal("0.1"), stuck_after=timedelta(seconds=15))) == {}


def test_a_jump_is_measured_per_second_between_usable_points() -> None:
    rows = [
        (0, "T1", 1.0, "GOOD"),
        (5, "T1", 6.0, "GOOD"),  # 5 in 5 s: exactly the limit
        (10, "T1", 0.5, "GOOD"),  # 5.5 in 5 s
        (15, "T1", 99.0, "BAD"),
        (20, "T1", 10.0, "GOOD"),  # 9.5 in 10 s, across the bad point
    ]
    assert failing(rows, tag(max_rate=Decimal(1))) == {"rate": [2]}


def test_limits_hold_inside_the_phases_of_a_tag_only() -> None:
    names = ("ts", "tag", "value", "quality", "phase")
    rows = [
        (0, "T1", 99.0, "GOOD", "cleaning"),
        (5, "T1", 99.0, "GOOD", "growth"),
        (10, "T1", 99.0, "GOOD", None),  # an unknown phase is no excuse
        (15, "T1", -9999.0, "GOOD", "cleaning"),  # a sentinel is no limit
    ]
    limited = tag(phases=("growth",), sentinels=(Decimal(-9999),))
    assert failing(rows, limited, names=names) == {"out_of_range": [1, 2], "sentinel": [3]}
    assert failing([row[:4] for row in rows], limited) == {"out_of_range": [0, 1, 2], "sentinel": [3]}


def test_values_in_the_range_of_another_unit_are_told_as_that() -> None:
    kelvin = tag(looks_like={"K": (Decimal(273), Decimal(283))})
    assert failing(points((0, 280.0), (5, 300.0), (10, 5.0)), kelvin) == {"looks_like": [0], "out_of_range": [1]}


def test_the_unit_is_the_agreed_one_or_an_alias_of_it() -> None:
    names = ("ts", "tag", "value", "quality", "unit")
    celsius = TagDef("T1", "t1", "Cel", Decimal(0), Decimal(10))
    made = contract([celsius], [clause("unitIs")], units=Units(aliases={"degC": "Cel"}))
    rows = [(n * 5, "T1", 1.0, "GOOD", unit) for n, unit in enumerate(["Cel", "degC", "[degF]", None])]
    assert failing(rows, made=made, names=names) == {"unit": [2]}


def test_a_rule_without_its_clause_is_silent_but_the_order_still_leaves_out_what_nobody_believes() -> None:
    rows = [*points((0, 1.0), (5, 99.0)), (ARRIVED + timedelta(days=9), "T1", 1.0, "GOOD"), *points((10, 1.0))]
    assert failing(rows, made=contract([T1], [clause("monotonic")])) == {}


def test_a_tag_without_a_limit_is_not_judged_by_its_rule() -> None:
    bare = TagDef("T1", "t1", "", None, None)
    assert failing(points((0, 1e9), (900, -1e9), (1800, -1e9)), bare) == {}


def test_a_cell_that_could_not_be_read_is_held_back_and_not_called_empty() -> None:
    rows = table([(None, "T1", 1.0, "GOOD"), (5, "T1", None, "GOOD"), (10, "T1", 1.0, "GOOD")])
    unread = FormProblem("PAT-E108", "the time has no zone", Place(file="p.csv", line=2), rows=(0,), field="ts")
    broken = FormProblem("FILE-E208", "the value is no number", Place(file="p.csv", line=3), rows=(1,), field="value")
    check = SeriesCheck(contract([T1]), received_at=ARRIVED, keep_rows=True)
    source = Rows(rows, problems={0: (unread, broken)})
    storable = [check.feed(batch).to_pylist() for batch in source.batches()]
    _, report = check.finish(source, DELIVERY)
    assert storable == [[False, False, True]]
    assert lists(check.failing) == {}
    assert {(f.code, f.clause.id, f.count) for f in report.findings} >= {("PAT-E108", "timestamps", 1)}
    assert report.bad_rows == 2


def test_rows_with_an_error_are_held_back_and_rows_with_a_warning_are_stored() -> None:
    rows = [(None, "T1", 1.0, "GOOD"), (5, "T1", 99.0, "GOOD"), (10, "T9", 1.0, "GOOD"), (15, "T1", 1.0, "GOOD")]
    check = SeriesCheck(contract([T1]), received_at=ARRIVED)
    assert [check.feed(batch).to_pylist() for batch in Rows(table(rows)).batches()] == [[False, True, False, True]]
