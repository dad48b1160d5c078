"""Promise kept here: the manifest of the truth follows from the story alone, and every difference to it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from contracts.shelf import Catalog
from hub.alerts.kinds import AlertKind
from hub.store.rows import AlertRow, AlertState, ClearanceRow, DeliveryRow, DueRow, LotRow
from sandbox.story import HOUR, Story
from sandbox.truth import Seen, Truth, compare, truth


def told(story: Story, catalog: Catalog, at: datetime | None = None) -> Truth:
    now = at or story.t0
    return truth(story, catalog, published=now, pulled=now)


def as_rows(expected: Truth, now: datetime) -> Seen:
    """A store that holds exactly the truth."""
    deliveries, codes = [], {}
    for n, d in enumerate(expected.deliveries):
        partner, _, kind = d.feed.partition("/")
        row = DeliveryRow(
            f"D-{n}", d.feed, partner, kind, d.source_key, "0" * 64, 1, d.file, None, d.revision, now, "judged", "x"
        )
        deliveries.append(replace(row, verdict=d.verdict))
        codes[row.id] = d.codes
    rows: dict[str, int] = {}
    for d in expected.deliveries:
        if d.feed.endswith("/pat"):
            rows[d.feed] = rows.get(d.feed, 0) + d.rows
    alerts = []
    for n, a in enumerate(sorted(expected.alerts)):
        state: AlertState = "resolved" if a.resolved else "open"
        alerts.append(AlertRow(f"A-{n}", str(n), a.kind, "high", state, "quality", a.partner, a.subject, now, None, {}))
    return Seen(
        deliveries=deliveries,
        codes=codes,
        alerts=alerts,
        lots=[LotRow(lot, "x", None, state, 0, 0, 0, 0) for lot, state in expected.lots.items()],
        clearances=[ClearanceRow(slot, outcome, (), 1, None) for slot, outcome in expected.clearances.items()],  # type: ignore[arg-type]
        dues=[DueRow(f"x#{level.lower()}_due", lot, feed, now, "late") for feed, lot, level in expected.late],
        lake_rows=rows,
    )


def test_a_store_that_holds_the_truth_differs_in_nothing(story: Story, catalog: Catalog) -> None:
    for act in (1, 2):
        expected = told(story.at(act), catalog)  # type: ignore[arg-type]
        assert compare(expected, as_rows(expected, story.t0)) == []


def test_the_first_act_in_numbers(story: Story, catalog: Catalog) -> None:
    expected = told(story, catalog)
    by_feed: dict[str, int] = {}
    for delivery in expected.deliveries:
        by_feed[delivery.feed] = by_feed.get(delivery.feed, 0) + 1
    assert by_feed == {
        "northvale/coa": 4, "northvale/pat": 37, "northvale/schedule": 1,
        "brightwater/coa": 2, "brightwater/pat": 6, "brightwater/schedule": 1,
        "halden/coa": 3, "halden/pat": 6, "halden/schedule": 1,
    }  # fmt: skip
    # 20 tags x 3,600 s x 6 h; one more window of ten minutes; less 480 s of one tag.
    assert expected.pat_rows("halden") == 432_000
    assert expected.pat_rows("northvale") == 432_000 + 12_000
    assert expected.pat_rows("brightwater") == 432_000 - 480
    assert expected.late == {("brightwater/coa", "LV-2611-12", "L1")}
    assert {(a.kind, a.subject) for a in expected.alerts} == {
        ("coa.contract_failure", "LV-2611-04"),
        ("coa.late", "LV-2611-12"),
        ("pat.gap", "B-2611-0002/BR02_CAP"),
        ("pat.suspect", "B-2611-0002/BR02_DO"),
        ("pat.excursion", "B-2611-0003/BR03/TEMP"),
    }


def test_the_second_act_adds_to_the_first(story: Story, catalog: Catalog) -> None:
    first, second = told(story, catalog), told(story.at(2), catalog)
    assert set(first.deliveries) < set(second.deliveries)
    new = {(d.feed, d.verdict, d.codes) for d in set(second.deliveries) - set(first.deliveries)}
    assert new == {
        ("northvale/coa", "accepted", ()),
        ("brightwater/coa", "accepted", ()),
        ("brightwater/schedule", "accepted_with_warnings", ("SCH-E202", "SCH-E204")),
        ("halden/coa", "accepted_with_warnings", ("COA-E302", "COA-E406")),
        ("halden/coa", "rejected", ("COA-E408",)),
    }
    assert {lot: state for lot, state in second.lots.items() if first.lots[lot] != state} == {
        "LV-2611-04": "L2_READY",
        "LV-2611-13": "L1_READY",
        "LV-2611-22": "HOLD",
        "LV-2611-23": "HOLD",
    }
    no_go = {slot for slot, outcome in second.clearances.items() if outcome == "NO_GO"}
    assert no_go == {"HD-ICN/SL-2611-22", "HD-ICN/SL-2611-23", "BW-GNT/SL-2611-14"}


def test_what_came_up_while_the_hub_was_pulling_may_be_there_or_not(story: Story, catalog: Catalog) -> None:
    expected = truth(story, catalog, published=story.t0, pulled=story.t0 + HOUR / 6)
    seen = as_rows(expected, story.t0)
    assert compare(expected, seen) == []
    late_window = next(d for d in expected.deliveries if not d.certain)
    without = replace(
        seen,
        deliveries=[d for d in seen.deliveries if d.source_key != late_window.source_key],
        lake_rows={**seen.lake_rows, "northvale/pat": seen.lake_rows["northvale/pat"] - 12_000},
    )
    assert compare(expected, without) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: replace(s, deliveries=s.deliveries[1:]), "not in the store"),
        (
            lambda s: replace(s, deliveries=[replace(s.deliveries[0], source_key="?"), *s.deliveries]),
            "does not know it",
        ),
        (lambda s: replace(s, codes={**s.codes, "D-0": ("COA-E999",)}), "COA-E999"),
        (lambda s: replace(s, lake_rows={**s.lake_rows, "halden/pat": 431_999}), "431999 rows in the lake"),
        (lambda s: replace(s, lots=s.lots[1:]), "not there"),
        (lambda s: replace(s, dues=[]), "should be late"),
        (lambda s: replace(s, dues=[*s.dues, replace(s.dues[0], subject="LV-2611-01")]), "is late"),
        (lambda s: replace(s, alerts=s.alerts[1:]), "should be"),
        (lambda s: replace(s, alerts=[*s.alerts, replace(s.alerts[0], kind="link.down")]), "does not say"),
        (lambda s: replace(s, clearances=[replace(s.clearances[0], outcome="GO"), *s.clearances[1:]]), "GO; expected"),
    ],
)
def test_each_difference_is_told(story: Story, catalog: Catalog, spoil: object, said: str) -> None:
    assert callable(spoil)
    expected = told(story, catalog)
    differences = compare(expected, spoil(as_rows(expected, story.t0)))
    assert any(said in line for line in differences), differences


def test_a_long_silence_makes_more_certificates_late(story: Story, catalog: Catalog) -> None:
    later = told(story, catalog, story.t0 + timedelta(days=5))
    # Slot 4 starts on day 6, slot 13 too: their L1 was due on day 4, and in act 1 neither has an accepted certificate.
    assert {lot for _, lot, _ in later.late} == {"LV-2611-12", "LV-2611-04", "LV-2611-13"}
    # What came and was rejected is late too, once its time has passed, and not before.
    seen = as_rows(later, story.t0)
    fixing = [replace(d, state="rejected_pending_fix") if d.subject == "LV-2611-04" else d for d in seen.dues]
    assert compare(later, replace(seen, dues=fixing)) == []
    ahead = DueRow("x#l2_due", "LV-2611-04", "northvale/coa", later.at + HOUR, "rejected_pending_fix")
    assert compare(later, replace(seen, dues=[*fixing, ahead])) == []


def test_the_time_between_two_runs_is_no_difference(story: Story, catalog: Catalog) -> None:
    """Some minutes after the first run the hub says by itself that nobody watched meanwhile."""
    expected = told(story, catalog, story.t0 + timedelta(minutes=5))
    seen = as_rows(expected, story.t0)
    gap = AlertRow("A-99", "99", "hub.not_evaluated", "normal", "open", "platform", "hub", "watch", story.t0, None, {})
    assert compare(expected, replace(seen, alerts=[*seen.alerts, gap])) == []
    for kind in AlertKind:
        other = replace(gap, kind=kind.value, subject="nobody told of")
        untold = kind is not AlertKind.HUB_NOT_EVALUATED
        assert bool(compare(expected, replace(seen, alerts=[*seen.alerts, other]))) is untold, kind
