"""Promise kept here: certificates and schedules say what the story says, on every day and for every seed."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest

from contracts.shelf import Catalog
from sandbox import certificates, slots, workbook
from sandbox.certificates import Body, Paper
from sandbox.story import PARTNERS, PartnerId, Story

# A leap day, the nights of both changes of clocks in Europe and the United States, and a turn of the year.
DAYS = [
    "2026-11-22T05:12:30",
    "2028-02-29T23:59:59",
    "2026-03-08T07:00:00",
    "2026-10-25T00:30:00",
    "2027-01-01T00:00:00",
]


def papers(story: Story, partner: PartnerId, catalog: Catalog) -> dict[int, list[Paper]]:
    found: dict[int, list[Paper]] = {}
    for paper in certificates.papers(story, partner, catalog.get(f"{partner}-coa@2")):
        found.setdefault(paper.number, []).append(paper)
    return found


def result(body: Body, code: str) -> Body:
    found: Body = next(r for r in body["results"] if r["characteristic"] == code)
    return found


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("partner", PARTNERS)
def test_dates_follow_each_other_and_lie_in_the_past(partner: PartnerId, day: str, catalog: Catalog) -> None:
    story = Story(7, datetime.fromisoformat(day).replace(tzinfo=UTC), 2)
    tests = {t.code: t for t in catalog.get(f"{partner}-coa@2").schema.tests}
    for paper in (p for some in papers(story, partner, catalog).values() for p in some):
        body = paper.body
        issued = datetime.fromisoformat(body["issued_at"])
        assert issued <= story.t0
        assert datetime.fromisoformat(body["expires_at"]) > story.t0 + timedelta(days=90)
        for r in body["results"]:
            began, ended = (datetime.fromisoformat(r[name]) for name in ("tested_from", "tested_to"))
            assert began < ended < issued
            assert ended - began >= (tests[r["characteristic"]].min_duration or timedelta())
            if "/" not in body["mfg_date"]:
                assert date.fromisoformat(body["mfg_date"]) < began.date()
        assert all(ended < datetime.fromisoformat(s["signed_at"]) <= issued for s in body["signatories"])


@pytest.mark.parametrize("seed", [1, 2611, 90210])
@pytest.mark.parametrize("partner", PARTNERS)
def test_every_value_passes_its_criterion_but_the_one_that_must_not(
    partner: PartnerId, seed: int, catalog: Catalog
) -> None:
    """Judged here from the panel's own limits, without the engine."""
    story = Story(seed, datetime(2026, 11, 22, 5, 12, 30, tzinfo=UTC), 2)
    tests = {t.code: t for t in catalog.get(f"{partner}-coa@2").schema.tests}
    for number, versions in papers(story, partner, catalog).items():
        body = versions[-1].body
        for r in body["results"]:
            limit = tests[r["characteristic"]].criterion
            if limit.op in ("le", "ge"):
                assert limit.limit is not None
                value = Decimal(r["value"])
                assert value <= limit.limit if limit.op == "le" else value >= limit.limit
            if limit.op == "range":
                assert limit.low is not None
                assert limit.high is not None
                assert limit.low <= Decimal(r["value"]) <= limit.high
            if limit.op == "absent":
                failed = number == 22 and r["characteristic"] == "RCL_CELL"
                assert (r["value"] == "detected") == failed
                assert r["partner_verdict"] == ("FAIL" if failed else "PASS")


def test_lot_four_breaks_the_contract_in_five_places_and_is_corrected(story: Story, catalog: Catalog) -> None:
    broken, fixed = (paper.body for paper in papers(story.at(2), "northvale", catalog)[4])
    assert (broken["revision"], fixed["revision"]) == (1, 2)
    assert fixed["replaces"] == {"certificate_no": broken["certificate_no"], "revision": 1}
    assert result(broken, "PH")["value"] == result(fixed, "PH")["value"].replace(".", ",")
    assert (result(broken, "TITRE_INF")["unit"], result(fixed, "TITRE_INF")["unit"]) == ("{IU}/mL", "{TU}/mL")
    assert (result(broken, "MYCO_NAT")["value"], result(fixed, "MYCO_NAT")["value"]) == ("o.B.", "not detected")
    day, month, year = map(int, broken["mfg_date"].split("/"))
    assert date.fromisoformat(fixed["mfg_date"]) == date(year, month, day)
    assert day <= 12, "only then can the date be read both ways"
    assert day != month
    assert "comment" in result(broken, "OSMO")
    assert "comment" not in result(fixed, "OSMO")


def test_only_what_the_story_says_happens_in_the_second_act(story: Story, catalog: Catalog) -> None:
    later = {
        (p.number, p.revision)
        for partner in PARTNERS
        for p in certificates.papers(story.at(2), partner, catalog.get(f"{partner}-coa@2"))
        if p.act == 2
    }
    assert later == {(4, 2), (13, 1), (22, 2), (23, 1)}
    before, after = (paper.body for paper in papers(story.at(2), "halden", catalog)[23])
    changed = [a["characteristic"] for a, b in zip(before["results"], after["results"], strict=True) if a != b]
    assert changed == ["OSMO"]
    assert {**before, "results": []} == {**after, "results": []}


def test_lot_twelve_lacks_rapid_sterility_and_claims_nothing(story: Story, catalog: Catalog) -> None:
    body = papers(story, "brightwater", catalog)[12][0].body
    assert "STERILITY_RAPID" not in {r["characteristic"] for r in body["results"]}
    assert body["disposition"] == "none"


def test_the_workbook_holds_the_certificate_with_decimal_commas(story: Story, catalog: Catalog) -> None:
    contract = catalog.get("brightwater-coa@2")
    paper = papers(story, "brightwater", catalog)[11][0]
    data = workbook.as_xlsx(paper, contract)
    assert data == workbook.as_xlsx(paper, contract), "made twice, it must be the same file"
    sheet = openpyxl.load_workbook(io.BytesIO(data))["Results"]
    assert (sheet["B1"].value, sheet["D2"].value) == (paper.certificate_no, paper.lot)
    head = [cell.value for cell in sheet[6]]
    assert head[:2] == ["Test", "Method"]
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=7)}
    assert rows.keys() == {r["characteristic"] for r in paper.body["results"]}
    value, operator = head.index("Result"), head.index("operator")
    assert rows["PH"][value].value == result(paper.body, "PH")["value"].replace(".", ",")
    assert rows["TITRE_INF"][value].value == result(paper.body, "TITRE_INF")["value"].replace(".", ",")
    assert rows["ENDOTOXIN"][operator].value == "<"
    assert all(row[operator].data_type == "s" for row in rows.values()), '"=" must not become a formula'
    assert (sheet["D2"].data_type, sheet["D2"].number_format) == ("s", "@")


def test_numbers_get_commas_and_words_keep_their_points() -> None:
    assert workbook.with_comma("3.6E+08") == "3,6E+08"
    assert workbook.with_comma("6.9 to 7.8") == "6,9 to 7,8"
    assert workbook.with_comma("n.d.") == "n.d."


def test_one_slot_slips_and_one_is_cancelled_and_nothing_else_changes(story: Story) -> None:
    before = {row["slot_uid"]: row for row in slots.rows(story, "brightwater")}
    after = {row["slot_uid"]: row for row in slots.rows(story.at(2), "brightwater")}
    changed = {str(uid)[-2:] for uid in before if before[uid] != after[uid]}
    assert changed == {"11", "14"}
    moved, cancelled = (f"SL-2611-{n}" for n in (11, 14))
    start = [datetime.fromisoformat(str(row[moved]["planned_start"])) for row in (before, after)]
    assert start[1] - start[0] == timedelta(hours=36)
    assert after[cancelled]["status"] == "cancelled"
    for partner in ("northvale", "halden"):
        assert slots.rows(story, partner) == slots.rows(story.at(2), partner)


def test_the_late_certificate_is_late_by_eight_hours(story: Story) -> None:
    slot = next(s for s in slots.slots(story, "brightwater") if s.number == 12)
    assert story.t0 - (slot.start - timedelta(hours=48)) == timedelta(hours=8)


def test_one_run_has_started_and_no_other(story: Story) -> None:
    started = [s for partner in PARTNERS for s in slots.slots(story, partner) if s.started]
    assert [s.number for s in started] == [22]
    assert started[0].started is not None
    assert started[0].started < story.t0
    waiting = [s for p in PARTNERS for s in slots.slots(story, p) if not s.started]
    assert all(s.start > story.t0 + timedelta(hours=39) for s in waiting)


def test_identities_are_unique_and_of_the_agreed_form(story: Story) -> None:
    ids = [str(row["coi"]) for partner in PARTNERS for row in slots.rows(story, partner)]
    assert len(set(ids)) == len(ids)
    assert all(len(one) == 15 and one.isalnum() and one.isupper() for one in ids)


def test_json_and_csv_say_the_same(story: Story) -> None:
    listed = json.loads(slots.as_json(story, "northvale"))["slots"]
    lines = slots.as_csv(story, "northvale").decode().splitlines()
    head = lines[0].split(",")
    for line, row in zip(lines[1:], listed, strict=True):
        assert {k: v for k, v in zip(head, line.split(","), strict=True) if v} == {k: str(v) for k, v in row.items()}
