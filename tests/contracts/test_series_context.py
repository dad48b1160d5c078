"""Promise: what is known beyond the file is used where it is given, never holds a row back by itself, and is never
called passed where it is not given."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import hypothesis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codes import Severity
from contracts.context import BatchFacts, Context, Reference
from contracts.contract import Clause, Contract
from contracts.finding import Finding, Reach, Report
from contracts.series import SeriesCheck
from contracts.series.drift import _cusum, _ewma
from contracts.series.trace import Beginning, SeriesTrace, TraceHistory
from contracts.sponsor import SponsorFacts
from tests.contracts.series_support import DELIVERY, T0, Rows, clause, contract, table, tag

NAMES = ("ts", "tag", "value", "quality", "batch_id", "phase")
KNOWN = {"batches": frozenset({"B-1", "B-2"})}
T1, T2 = tag(), tag("T2", interval=timedelta(seconds=5))


def rule(kind: str, needs: str, codes: str, **params: Any) -> Clause:
    made = clause("finite")
    return Clause(kind, kind, f"points.quality.{kind}", params, tuple(codes.split()), None, None, None,
                  frozenset({needs}), made.mark)  # fmt: skip


BATCH = rule("batchContext", "registry", "PAT-E206 PAT-E207 PAT-E208", batch="batch_id", phase="phase",
             registry="batches")  # fmt: skip
REPLAY = rule("notReplay", "history", "PAT-E209", key="tag", value="value", batch="batch_id", minPoints=200)
LATE = rule("noLateHistory", "hub", "PAT-E105", ts="ts")


def drift(**params: Any) -> Clause:
    return rule("drift", "history", "PAT-E307", key="tag", ts="ts", value="value", **params)


def checked(rows: Sequence[tuple[Any, ...]] | pa.Table, made: Contract, context: Context | None = None,
            batch_rows: int = 1 << 16) -> tuple[Report, SeriesTrace, list[bool]]:  # fmt: skip
    check = SeriesCheck(made, received_at=None, context=context)
    source = Rows(rows if isinstance(rows, pa.Table) else table(rows, NAMES), batch_rows)
    storable = [flag for batch in source.batches() for flag in check.feed(batch).to_pylist()]
    _, report = check.finish(source, DELIVERY)
    return report, check.trace, storable


def found(report: Report) -> list[tuple[str, int]]:
    return [(f.code, f.count) for f in report.findings]


def one(report: Report, code: str) -> Finding:
    (only,) = (f for f in report.findings if f.code == code)
    return only


def row(second: int, batch: str | None = "B-1", phase: str | None = "growth", name: str = "T1", value: float = 1.0):
    return (second, name, value, "GOOD", batch, phase)


MADE = contract([T1, T2], [BATCH], phases=("growth", "harvest"), phase_aliases=("expansion",))


def test_a_batch_that_no_registry_knows_is_told_and_a_near_one_is_only_a_hint() -> None:
    rows = [row(0), row(5, "B-9"), row(10, "B-9"), row(15, "B-l"), row(20, None), row(25, "")]
    report, _, storable = checked(rows, MADE, Context(registries={"batches": frozenset({"B-1"})}))
    told = {f.message: f.count for f in report.findings}
    assert told == {
        "the batch B-9 is unknown to the hub": 2,
        "the batch B-l is unknown to the hub": 1,
        "points name no batch": 2,
    }
    near = next(f for f in report.findings if "B-l" in f.message)
    assert near.fix is not None
    assert near.fix.text == "did you mean B-1"
    assert {f.reach for f in report.findings} == {Reach.DELIVERY}
    assert storable == [True] * 6
    assert report.bad_rows == 0


def test_without_the_registry_the_clause_needs_the_hub() -> None:
    for context in (None, Context(), Context(registries={"lots": frozenset()})):
        report, _, _ = checked([row(0, "B-9")], MADE, context)
        assert found(report) == []
        assert report.hub_coverage.needs_hub == 1
    report, _, _ = checked([row(0)], MADE, Context(registries=KNOWN))
    assert report.hub_coverage.passed == 1


def test_noise_in_the_batch_column_does_not_grow_the_report() -> None:
    rows = [row(n * 5, f"X-{n}") for n in range(500)]
    report, _, _ = checked(rows, MADE, Context(registries=KNOWN))
    assert len([f for f in report.findings if f.code == "PAT-E206"]) == 21
    assert sum(f.count for f in report.findings if f.code == "PAT-E206") == 500
    assert "more than 64 batches" in one(report, "CON-E201").message


def test_phases_are_those_of_the_contract_and_of_the_batchs_recipe() -> None:
    rows = [row(0), row(5, phase="expansion"), row(10, phase=None), row(15, phase="rest"), row(20, phase="harvest")]
    report, _, _ = checked(rows, MADE, Context(registries=KNOWN))
    assert [(f.message, f.where[0].row) for f in report.findings] == [("the phase rest is not in the recipe", 3)]
    recipe = SponsorFacts(batches=[BatchFacts("B-1", phases=("growth", "expansion"))])
    report, _, _ = checked(rows, MADE, Context(registries=KNOWN, sponsor=recipe))
    assert [f.where[0].row for f in report.findings] == [3, 4]


def test_two_batches_share_no_instrument_and_no_unit() -> None:
    in_turn = [row(0), row(5), row(10, "B-2"), row(15), row(20, "B-2")]
    report, _, _ = checked(in_turn, MADE, Context(registries=KNOWN))
    shared = one(report, "PAT-E207")
    assert shared.message == "the batches B-1 and B-2 use T1 at the same time"
    assert shared.found is not None
    assert shared.found.text == "both from 2026-03-01T00:00:10Z to 2026-03-01T00:00:15Z"
    assert shared.where[0].row == 2
    after_each_other = [row(0), row(5), row(10, "B-2"), row(15, "B-2")]
    assert found(checked(after_each_other, MADE, Context(registries=KNOWN))[0]) == []
    side_by_side = [row(0), row(5), row(2, "B-2", name="T2"), row(7, "B-2", name="T2")]
    assert found(checked(side_by_side, MADE, Context(registries=KNOWN))[0]) == []
    units = SponsorFacts(batches=[BatchFacts("B-1", "BR-7"), BatchFacts("B-2", "BR-7")])
    report, _, _ = checked(side_by_side, MADE, Context(registries=KNOWN, sponsor=units))
    assert one(report, "PAT-E207").message == "the batches B-1 and B-2 use the unit BR-7 at the same time"


def test_points_of_a_window_that_was_decided_are_told_by_batch() -> None:
    made = contract([T1], [LATE])
    facts = SponsorFacts(decided={"B-1": T0 + timedelta(seconds=7)})
    rows = [row(0), row(5), row(7), row(8), row(0, "B-2")]
    report, _, _ = checked(rows, made, Context(sponsor=facts))
    late = one(report, "PAT-E105")
    assert (late.count, [p.row for p in late.where], late.key) == (3, [0, 1, 2], (("batch", "B-1"),))
    assert checked(rows, made, Context())[0].hub_coverage.needs_hub == 1
    assert checked([row(9)], made, Context(sponsor=facts))[0].hub_coverage.passed == 1
    assert checked([row(0, None)], made, Context(sponsor=facts))[0].hub_coverage.switched_off == 1


def walk(dice: random.Random, batch: str, start: int, count: int = 400, names: Sequence[str] = ("T1", "T2")):
    """Rows of a random walk that no other has."""
    return [
        row(start + 5 * n, batch, name=name, value=round(5 + dice.random(), 3)) for n in range(count) for name in names
    ]


def test_a_replay_is_found_however_it_was_cut_and_nothing_else_is(seed: int) -> None:
    dice = random.Random(seed)
    made = contract([T1, T2], [REPLAY])
    first = walk(dice, "B-1", 0)
    own = walk(dice, "B-2", 100_000)
    cut = dice.randint(100, 700)
    history = TraceHistory([checked(part, made)[1] for part in (first[:cut], first[cut:])])
    again = [(ts + 50_000, name, value, quality, "B-2", phase) for ts, name, value, quality, _, phase in first]
    report, _, _ = checked(again, made, Context(series=history), batch_rows=dice.randint(7, 300))
    replay = one(report, "PAT-E209")
    assert replay.message == "the series of B-2 repeats that of B-1"
    assert (replay.severity, replay.reach) == (Severity.ERROR, Reach.DELIVERY)
    assert found(checked(own, made, Context(series=history))[0]) == []
    # The same batch sent again is no replay, and too short a piece is not judged.
    assert found(checked(first, made, Context(series=history))[0]) == []
    report, _, _ = checked(again[:200], made, Context(series=history))
    assert (found(report), report.hub_coverage.switched_off) == ([], 1)


def test_a_resting_or_toggling_sensor_and_one_ramp_are_no_replay(seed: int) -> None:
    dice = random.Random(seed)
    made = contract([T1, T2, tag("T3")], [REPLAY])

    def batch(name: str, start: int):
        rows = walk(dice, name, start, names=("T2",))
        for n in range(400):
            rows.append(row(start + 5 * n, name, name="T1", value=1.0 + n % 2))  # toggles
            rows.append(row(start + 5 * n, name, name="T3", value=n / 50))  # the same ramp in each batch
        return sorted(rows, key=lambda r: r[0])

    history = TraceHistory([checked(batch("B-1", 0), made)[1]])
    assert found(checked(batch("B-2", 50_000), made, Context(series=history))[0]) == []


@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
def test_drift_is_where_the_slow_and_obvious_reading_says(batch_rows: int, seed: int) -> None:
    dice = random.Random(seed)
    values = [5 + dice.gauss(0, 0.2) + max(0, n - 200) * 0.004 for n in range(600)]
    rows = [row(n * 5, value=value) for n, value in enumerate(values)]
    history = TraceHistory([SeriesTrace(beginnings={("B-1", "growth", "T1"): Beginning(0, 100, 5.0, 99 * 0.04)})])
    # By hand: z = 0.1 x + 0.9 z from the mean on, 3 sigma of 0.2 away; sums of what exceeds half a sigma, 5 sigma high.
    z, up, down, ewma, cusum = 5.0, 0.0, 0.0, None, None
    for n, value in enumerate(values):
        z = 0.1 * value + 0.9 * z
        up, down = max(0.0, up + (value - 5) / 0.2 - 0.5), max(0.0, down - (value - 5) / 0.2 - 0.5)
        ewma = n if ewma is None and abs(z - 5) > 0.6 else ewma
        cusum = n if cusum is None and max(up, down) > 5 else cusum
    for params, first in (({"lambda": Decimal("0.1")}, ewma), ({"method": "cusum"}, cusum)):
        made = contract([T1], [drift(**params)])
        report, _, _ = checked(rows, made, Context(series=history), batch_rows)
        assert [(f.code, f.where[0].row) for f in report.findings] == [("PAT-E307", first)]


def test_without_a_reference_drift_is_not_called_passed() -> None:
    made = contract([T1], [drift()])
    rows = [row(n * 5, value=1 + n % 3) for n in range(50)]
    for context in (None, Context(series=TraceHistory())):
        report, trace, _ = checked(rows, made, context)
        assert (found(report), report.hub_coverage.needs_hub) == ([], 1)
    history = TraceHistory([trace])
    reference = history.reference("B-1", "growth", "T1")
    values = [r[2] for r in rows]
    assert reference == Reference(50, pytest.approx(np.mean(values)), pytest.approx(np.std(values, ddof=1)))
    assert checked(rows, made, Context(series=history))[0].hub_coverage.passed == 1


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=300), st.floats(0.01, 1), st.floats(-5, 5))
@settings(max_examples=60, deadline=None)
def test_closed_forms_equal_the_loops(values: list[float], weight: float, before: float) -> None:
    z, s, means, sums = before, abs(before), [], []
    for value in values:
        z = weight * value + (1 - weight) * z
        s = max(0.0, s + value)
        means.append(z)
        sums.append(s)
    assert _ewma(np.array(values), before, weight) == pytest.approx(means, rel=1e-6, abs=1e-6)
    assert _cusum(np.array(values), abs(before)) == pytest.approx(sums, rel=1e-9, abs=1e-6)


BATCHES = st.sampled_from(["B-1", "B-1", "B-2", "B-9", None])
PHASES = st.sampled_from(["growth", "rest", None])
POINTS = st.lists(
    st.tuples(st.integers(0, 40).map(lambda n: n * 5), st.sampled_from(["T1", "T2", "X", None]),
              st.sampled_from([1.0, 2.0, 5.0, 9.5, 11.0, None, math.nan]), st.sampled_from(["GOOD", "BAD", None]),
              BATCHES, PHASES),
    min_size=1, max_size=50,
)  # fmt: skip
EVERY = contract(
    [T1, T2], [*(clause(k) for k in ("timestamps", "knownTags", "qualityCodes", "finite", "rangeByKey", "monotonic",
    "uniqueKey", "maxGap", "samplingInterval", "rowsPerBatch")), BATCH, LATE, REPLAY, drift()], phases=("growth",),
)  # fmt: skip
CONTEXT = Context(
    registries=KNOWN,
    sponsor=SponsorFacts(decided={"B-2": T0 + timedelta(seconds=60)},
                         batches=[BatchFacts("B-1", "U", phases=("rest",))]),
    series=TraceHistory([SeriesTrace(beginnings={(b, p, t): Beginning(0, 50, 3.0, 49.0)
                                                 for b in ("B-1", None) for p in ("growth", None)
                                                 for t in ("T1", "T2")})]),
)  # fmt: skip


def test_a_checked_stream_split_anywhere_gives_the_same_findings(scale: str, seed: int) -> None:
    @hypothesis.seed(seed)
    @settings(max_examples=1000 if scale == "full" else 60, deadline=None, database=None)
    @given(POINTS, st.integers(1, 20), st.booleans())
    def same(rows: list[Any], batch_rows: int, ordered: bool) -> None:
        if ordered:
            rows = sorted(rows, key=lambda r: r[0])
        whole = table(rows, NAMES)
        one_piece, traced, kept = checked(whole, EVERY, CONTEXT)
        in_parts, traced_in_parts, kept_in_parts = checked(whole, EVERY, CONTEXT, batch_rows)
        assert in_parts == one_piece
        assert kept_in_parts == kept
        assert traced_in_parts.prints == traced.prints
        # What is known beyond the file changes nothing of the partner's own report, nor what may be stored.
        by_hand, _, kept_by_hand = checked(whole, EVERY)
        assert by_hand.file_part() == one_piece.file_part()
        assert kept_by_hand == kept

    same()
