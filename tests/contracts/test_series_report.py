"""What a series check tells people: exact counts, bounded evidence, levels, how far an error reaches, what was not
judged; and that the state it hands on is a value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.codes import Action, Impact, Severity
from contracts.contract import Clause, Contract, Field
from contracts.document import FormProblem, SeriesBatch
from contracts.finding import Coverage, Finding, Kind, Reach, Report, Verdict
from contracts.odcs import load_catalog
from contracts.place import Mark, Place
from contracts.series import SeriesCheck, SeriesState
from contracts.series.evidence import SHOWN
from tests.contracts.series_support import CLAUSES, DELIVERY, T0, Rows, clause, contract, table, tag

ARRIVED = T0 + timedelta(days=1)
T1 = tag()
BASE = ("ts", "tag", "value", "quality")


def judge(
    rows: Sequence[tuple[Any, ...]],
    made: Contract | None = None,
    *,
    names: Sequence[str] = BASE,
    batch_rows: int = 1 << 16,
    state: SeriesState | None = None,
) -> Report:
    check = SeriesCheck(made or contract([T1]), received_at=ARRIVED, state=state)
    source = Rows(table(rows, names), batch_rows)
    for batch in source.batches():
        check.feed(batch)
    return check.finish(source, DELIVERY)[1]


def good(count: int, *, step: int = 5, start: int = 0) -> list[tuple[Any, ...]]:
    return [(start + n * step, "T1", 1.0 + n % 2, "GOOD") for n in range(count)]


def one(report: Report, code: str) -> Finding:
    found = [f for f in report.findings if f.code == code]
    assert len(found) == 1
    return found[0]


def test_a_clean_delivery_is_accepted_and_every_clause_passes() -> None:
    sentineled = replace(T1, sentinels=(Decimal(-9999),), noise_floor=Decimal(0), max_rate=Decimal(9))
    report = judge(good(20), contract([replace(sentineled, stuck_after=timedelta(hours=1))]))
    assert (report.verdict, report.rows, report.bad_rows) == (Verdict.ACCEPTED, 20, 0)
    assert report.findings == ()
    assert report.coverage == Coverage(clauses=len(CLAUSES), passed=len(CLAUSES))


def test_findings_of_a_rule_and_a_tag_are_one_with_an_exact_count_and_the_first_places() -> None:
    rows = [*good(10), *((50 + n * 5, "T1", 99.0, "GOOD") for n in range(30))]
    finding = one(judge(rows, contract([T1])), "PAT-E303")
    assert (finding.count, finding.shown, len(finding.where)) == (30, SHOWN, SHOWN)
    assert [p.row for p in finding.where] == list(range(10, 30))
    assert finding.where[0] == Place(file="points.parquet", row=10, tag="T1", ts="2026-03-01T00:00:50Z")
    assert finding.key == (("tag", "T1"),)
    assert finding.found is not None
    assert finding.found.text == "99"
    assert finding.expected is not None
    assert (finding.expected.lower, finding.expected.upper) == ("0", "10")
    assert (finding.severity, finding.reach, finding.action) == (Severity.WARNING, Reach.ROW, Action.PARTNER)


def test_places_and_counts_do_not_depend_on_how_rows_were_cut_into_batches() -> None:
    rows = [
        *good(30),
        *((200 + n, "T1", 99.0, "GOOD") for n in range(40)),
        *((n, "T1", 1.0, "GOOD") for n in range(1, 40)),  # late; every fifth is a copy with the same or other content
        (900, "T1", 1.0, "GOOD"),
    ]
    reports = [judge(rows, batch_rows=size) for size in (1, 7, 1000)]
    assert reports[0] == reports[1] == reports[2]
    assert {f.code for f in reports[0].findings} == {"PAT-E303", "PAT-E103", "PAT-E201", "PAT-E202", "PAT-E102"}


def test_findings_come_in_the_order_of_the_file() -> None:
    rows = [(0, "T1", 99.0, "GOOD"), (5, None, 1.0, "GOOD"), (10, "T1", None, "GOOD")]
    assert [f.code for f in judge(rows).findings] == ["PAT-E303", "PAT-E205", "PAT-E301"]


def test_a_fingerprint_survives_other_rows_other_times_and_a_new_version() -> None:
    first = one(judge([(0, "T1", 99.0, "GOOD")]), "PAT-E303")
    later = one(judge([*good(9), (99, "T1", -5.0, "GOOD")], replace(contract([T1]), version="2.0.0")), "PAT-E303")
    other = one(judge([(0, "T2", 99.0, "GOOD")], contract([tag("T2")])), "PAT-E303")
    assert first.fingerprint == later.fingerprint
    assert first.fingerprint != other.fingerprint
    assert first.fingerprint.startswith("jf1:")


def test_an_unknown_tag_is_named_with_the_nearest_agreed_one_as_a_hint() -> None:
    finding = one(judge([(0, "BR01.PH.O1", 1.0, "GOOD")], contract([tag("BR01.PH.01")])), "PAT-E203")
    assert finding.message == "the tag BR01.PH.O1 is not agreed"
    assert finding.fix is not None
    assert "BR01.PH.01" in finding.fix.text
    assert not finding.fix.certain


def test_an_unknown_quality_code_is_quoted() -> None:
    finding = one(judge([(0, "T1", 1.0, "GOOD"), (5, "T1", 1.0, "G00D")]), "PAT-E401")
    assert finding.found is not None
    assert finding.found.text == "G00D"


@pytest.mark.parametrize(
    ("bad", "verdict", "reach"),
    [(1, Verdict.ACCEPTED_WITH_WARNINGS, Reach.ROW), (2, Verdict.REJECTED, Reach.DELIVERY)],
)
def test_too_many_bad_rows_reject_the_delivery(bad: int, verdict: Verdict, reach: Reach) -> None:
    """One bad row of 100 is exactly the agreed 1 %; two are above it."""
    report = judge([*good(100 - bad), *((None, "T1", 1.0, "GOOD") for _ in range(bad))])
    assert (report.verdict, report.bad_rows) == (verdict, bad)
    assert one(report, "PAT-E111").reach is reach


def test_a_code_that_the_contract_names_rejects_the_delivery() -> None:
    made = contract([T1], reject_any_of=("PAT-E205",), reject_bad_rows_percent=Decimal(50))
    assert judge([*good(9), (50, None, 1.0, "GOOD")], made).verdict is Verdict.REJECTED
    assert judge([*good(9), (None, "T1", 1.0, "GOOD")], made).verdict is Verdict.ACCEPTED_WITH_WARNINGS


def test_a_gap_that_a_contract_calls_an_error_concerns_the_whole_delivery() -> None:
    """Its row was let through before anybody could know, so the delivery is held back as one."""
    made = contract([T1], [clause("maxGap", severity=Severity.ERROR)])
    report = judge([*good(300), (9000, "T1", 1.0, "GOOD")], made)
    assert (one(report, "PAT-E102").reach, report.verdict) == (Reach.DELIVERY, Verdict.REJECTED)


def test_levels_come_from_the_code_the_clause_and_the_contract_in_this_order() -> None:
    rows = [*good(300), (400, "T1", 99.0, "BAD"), (2000, "T1", 99.0, "GOOD"), (1999, "T1", 1.0, "GOOD")]
    plain = judge(rows)
    assert one(plain, "PAT-E303").severity is Severity.WARNING
    strict = [clause(kind, severity=Severity.ERROR) for kind in CLAUSES]
    by_clause = judge(rows, contract([T1], strict))
    assert one(by_clause, "PAT-E303").severity is Severity.ERROR
    # A harsh word on a rule is about its worst finding; its notes stay notes.
    assert one(by_clause, "PAT-E404").severity is Severity.INFO
    own = {"PAT-E303": (Severity.INFO, Impact.LOW, Action.SPONSOR)}
    by_contract = one(judge(rows, replace(contract([T1], strict), severity=own)), "PAT-E303")
    assert (by_contract.severity, by_contract.impact, by_contract.action) == own["PAT-E303"]


def test_a_warning_about_a_critical_tag_has_at_least_high_impact() -> None:
    rows = [(0, "T1", 99.0, "GOOD")]
    assert one(judge(rows), "PAT-E303").impact is Impact.MEDIUM
    assert one(judge(rows, contract([replace(T1, critical=True)])), "PAT-E303").impact is Impact.HIGH


def test_agreed_tags_without_a_row_are_absent_when_the_file_must_be_complete() -> None:
    both = [T1, tag("T2")]
    complete = clause("knownTags", params={"complete": True})
    assert one(judge(good(3), contract(both, [complete])), "PAT-E204").key == (("tag", "T2"),)
    assert judge(good(3), contract(both, [clause("knownTags")])).findings == ()


def test_bad_points_are_counted_once_and_their_share_is_held_against_the_limit() -> None:
    half = clause("qualityCodes", params={"maxBadPercent": Decimal(50)})
    rows = [(0, "T1", 1.0, "BAD"), (5, "T1", 1.0, "STALE"), (10, "T1", 1.0, "GOOD"), (15, "T1", 1.0, "UNCERTAIN")]
    report = judge(rows, contract([T1], [half]))
    assert [f.code for f in report.findings] == ["PAT-E404"]
    assert one(report, "PAT-E404").message.startswith("2 of 4 points")
    assert report.coverage.passed == 1  # a note breaks no clause
    stricter = judge(rows, contract([replace(T1, min_good_percent=Decimal(75))], [half]))
    assert one(stricter, "PAT-E403").found is not None
    assert stricter.coverage.failed == 1


SAMPLED = (clause("samplingInterval"),)


@pytest.mark.parametrize(
    ("step", "median"), [(5, None), (4, None), (6, None), (7, "7 s"), (10, "10 s"), (3, "3 s"), (600, "10 min")]
)
def test_the_median_interval_is_held_against_the_agreed_one(step: int, median: str | None) -> None:
    """5 s agreed, 20 % more or less: 4 and 6 s still agree."""
    report = judge(good(100, step=step), contract([T1], SAMPLED))
    if median is None:
        assert report.findings == ()
        return
    found = one(report, "PAT-E501").found
    assert found is not None
    assert found.text == f"{median}, median of 99 intervals"


def test_a_shuffled_file_is_sampled_like_the_same_file_in_order() -> None:
    """Every other point comes at the end. In order of time the interval is 5 s; in order of the file it seems 10 s."""
    rows = good(400)
    assert judge([*rows[::2], *rows[1::2]], contract([T1], SAMPLED), batch_rows=50).findings == ()
    halved = [*rows[::4], *rows[2::4]]
    assert one(judge(halved, contract([T1], SAMPLED), batch_rows=50), "PAT-E501").found is not None


def test_without_a_limit_at_any_tag_a_rule_is_switched_off_and_not_passed() -> None:
    report = judge(good(3), contract([T1], [clause("stuck"), clause("rate"), clause("maxGap")]))
    assert report.coverage == Coverage(clauses=3, passed=1, switched_off=2)


def test_what_needs_more_than_the_file_needs_the_hub() -> None:
    made = contract([T1], [clause("finite"), clause("drift", needs="history"), clause("notReplay", needs="history")])
    report = judge(good(3), made)
    assert report.coverage == Coverage(clauses=1, passed=1)
    assert report.hub_coverage == Coverage(clauses=2, needs_hub=2)


def test_a_rule_that_is_not_run_on_a_series_is_never_a_pass() -> None:
    report = judge(good(3), contract([T1], [clause("crossField")]))
    finding = one(report, "CON-E201")
    assert (finding.kind, finding.action, finding.reach) == (Kind.UNEVALUATED, Action.PLATFORM, Reach.DELIVERY)
    assert report.verdict is Verdict.REJECTED
    assert report.coverage == Coverage(clauses=1, could_not_evaluate=1)


def test_a_key_that_the_engine_keeps_no_state_for_is_refused_not_passed() -> None:
    made = contract([T1], [clause("uniqueKey", params={"key": ("tag", "batch_id")})])
    assert "not by tag, batch_id" in one(judge(good(3), made), "CON-E201").message


class Once(Rows):
    """A source that gives its rows once, and nothing the second time."""

    read = False

    def batches(self) -> Iterator[SeriesBatch]:
        if not self.read:
            self.read = True
            yield from super().batches()


def test_a_copy_that_cannot_be_looked_up_leaves_the_clause_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.series.recent._ROWS", 4)
    monkeypatch.setattr("contracts.series.recent._BLOCKS", 1)
    rows = table([*good(50), (0, "T1", 1.0, "GOOD")])
    for source, expected in ((Rows(rows, 10), "PAT-E201"), (Once(rows, 10), "CON-E201")):
        check = SeriesCheck(contract([T1]), received_at=ARRIVED)
        for batch in source.batches():
            check.feed(batch)
        _, report = check.finish(source, DELIVERY)
        assert one(report, expected).clause.id == "uniqueKey"


def test_problems_of_the_file_itself_reach_the_whole_delivery_and_silence_what_depends_on_the_rest() -> None:
    cut = FormProblem("FILE-E402", "the file ends inside its last row", Place(file="points.csv", line=9))
    source = Rows(table(good(3)), problems={0: (cut,)})
    made = contract([T1, tag("T2")], [clause("knownTags", params={"complete": True}), clause("finite")])
    check = SeriesCheck(made, received_at=ARRIVED)
    for batch in source.batches():
        check.feed(batch)
    _, report = check.finish(source, DELIVERY)
    assert [f.code for f in report.findings] == ["FILE-E402"]  # T2 may well be in the part that is missing
    assert report.verdict is Verdict.REJECTED
    assert report.coverage == Coverage(clauses=2, could_not_evaluate=2)


def implied(kind: str, column: str, code: str, **params: Any) -> Clause:
    path = f"points.{column}"
    return Clause(f"auto.{path}.{kind}", kind, path, params, (code,), None, None, None, frozenset({"file"}), Mark(1, 1))


def test_a_columns_own_definition_is_held_against_its_cells() -> None:
    names = (*BASE, "batch_id")
    made = contract(
        [T1],
        [
            implied("required", "batch_id", "FILE-E209"),
            implied("identifier", "batch_id", "PAT-E206", scheme="batch", pattern="^B-[0-9]{4}$"),
            implied("enum", "quality", "FILE-E211", values=("GOOD", "BAD")),
            implied("bounds", "value", "FILE-E212", maximum=Decimal(3)),
        ],
        reject_bad_rows_percent=Decimal(100),
    )
    rows = [
        (0, "T1", 1.0, "GOOD", "B-0001"),
        (5, "T1", 1.0, "GOOD", None),
        (10, "T1", 1.0, "GOOD", "B-1"),
        (15, "T1", 1.0, "SO-SO", "B-0001"),
        (20, "T1", 3.5, "GOOD", "B-0001"),
    ]
    report = judge(rows, made, names=names)
    assert [(f.code, f.where[0].row, f.reach) for f in report.findings] == [
        ("FILE-E209", 1, Reach.ROW),
        ("PAT-E206", 2, Reach.ROW),
        ("FILE-E211", 3, Reach.ROW),
        ("FILE-E212", 4, Reach.ROW),
    ]
    assert report.bad_rows == 4


def test_a_restricted_field_is_never_shown() -> None:
    made = contract([T1])
    fields = tuple(
        Field(f.name, f.path, f.type, f.mark, classification="restricted") if f.name == "value" else f
        for f in made.schema.fields
    )
    report = judge([(0, "T1", 4711.0, "GOOD")], replace(made, schema=replace(made.schema, fields=fields)))
    found = one(report, "PAT-E303").found
    assert found is not None
    assert (found.text, found.redacted) == (None, True)
    assert "4711" not in repr(report)


@pytest.mark.parametrize("name", ["northvale-pat", "brightwater-pat", "halden-pat"])
def test_the_shipped_contracts_accept_calm_data(name: str) -> None:
    made = load_catalog().get(name)
    names = [f.name for f in made.schema.fields if f.name in (*BASE, "batch_id")]
    start = {t.tag: float((t.low + t.high) / 2) for t in made.schema.tags if t.low is not None and t.high is not None}
    rows = []
    for second in range(60):
        for agreed in made.schema.tags:
            wobble = float(agreed.noise_floor or 0) * (1.5 if second % 2 else -1.5)
            cells = {"ts": second, "tag": agreed.tag, "value": start.get(agreed.tag, 1.0) + wobble, "quality": "GOOD"}
            rows.append(tuple({**cells, "batch_id": "B-2603-0001"}[n] for n in names))
    report = judge(rows, made, names=names)
    assert report.findings == ()
    assert report.verdict is Verdict.ACCEPTED
    assert report.coverage.could_not_evaluate == 0
    assert report.coverage.clauses + report.hub_coverage.clauses == len(made.clauses)


def test_the_state_is_a_value_that_json_carries_unchanged() -> None:
    check = SeriesCheck(contract([T1]), received_at=ARRIVED)
    source = Rows(table([*good(40), (500, "T1", float("nan"), "BAD"), (505, "T1", None, None), (1, "T1", 2.0, "GOOD")]))
    for batch in source.batches():
        check.feed(batch)
    state, _ = check.finish(source, DELIVERY)
    assert SeriesState.from_dict(json.loads(json.dumps(state.to_dict(), allow_nan=False))) == state
    with pytest.raises(ValueError, match="valid is 'justindata-series-state/1'"):
        SeriesState.from_dict({"format": "something-else/1"})


def test_a_window_that_is_fetched_twice_shows_as_copies_and_a_gap_between_deliveries_is_found() -> None:
    first = SeriesCheck(contract([T1]), received_at=ARRIVED)
    source = Rows(table(good(20)))
    for batch in source.batches():
        first.feed(batch)
    state, _ = first.finish(source, DELIVERY)
    again = judge(good(10, start=50), state=state)  # 50 .. 95 were sent before
    assert one(again, "PAT-E201").count == 10
    after = judge(good(10, start=500), state=state)  # 95 was the last, 60 s are agreed
    assert one(after, "PAT-E102").where[0].row == 0


def test_the_same_delivery_gives_the_same_report() -> None:
    rows = [*good(30), (10, "T1", 1.0, "GOOD"), (900, "T1", 99.0, "B@D")]
    assert judge(rows) == judge(rows)
