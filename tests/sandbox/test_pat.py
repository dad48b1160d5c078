"""Promise kept here: process data is the same bytes each time, whole to the second, and broken only where planned."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from contracts.shelf import Catalog
from sandbox import pat
from sandbox.story import HOUR, PartnerId, Story


def points(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


@pytest.mark.parametrize("partner", ["brightwater", "halden"])
def test_a_healthy_hour_has_every_tag_every_second(partner: PartnerId, story: Story, catalog: Catalog) -> None:
    contract = catalog.get(f"{partner}-pat@1")
    data = pat.as_csv(story, partner, contract, story.pat_start)
    assert data == pat.as_csv(story, partner, contract, story.pat_start)
    rows = points(data)
    assert len(rows) == 72_000 == pat.count(story, partner, contract, story.pat_start, story.pat_start + HOUR)
    assert Counter(row["tag"] for row in rows) == {tag.tag: 3600 for tag in contract.schema.tags}
    times = [datetime.fromisoformat(row["ts"]) for row in rows[::20]]
    assert times == [story.pat_start + timedelta(seconds=n) for n in range(3600)]
    assert times[0].utcoffset() != timedelta(0), "partners write local time with its offset"
    assert {row["quality"] for row in rows} == {"GOOD"}
    assert {row["batch_id"] for row in rows} == {story.batch(partner)}


def test_the_gap_is_eight_minutes_of_one_tag(story: Story, catalog: Catalog) -> None:
    contract = catalog.get("brightwater-pat@1")
    gap = pat.defects(story, "brightwater")[0]
    hour = story.pat_start + HOUR
    rows = points(pat.as_csv(story, "brightwater", contract, hour))
    count = Counter(row["tag"] for row in rows)
    assert count.pop("BR02_CAP") == 3600 - 480
    assert set(count.values()) == {3600}
    assert len(rows) == pat.count(story, "brightwater", contract, hour, hour + HOUR)
    silent = [datetime.fromisoformat(row["ts"]) for row in rows if row["tag"] == "BR02_CAP"]
    assert max(b - a for a, b in pairwise(silent)) == gap.end - gap.start + timedelta(seconds=1)


def test_the_stuck_sensor_shows_one_value_for_45_minutes(story: Story, catalog: Catalog) -> None:
    contract = catalog.get("brightwater-pat@1")
    stuck = pat.defects(story, "brightwater")[1]
    rows = points(pat.as_csv(story, "brightwater", contract, story.pat_start + 4 * HOUR))
    inside = [
        r["value"] for r in rows if r["tag"] == "BR02_DO" and stuck.start <= datetime.fromisoformat(r["ts"]) < stuck.end
    ]
    assert len(inside) == 45 * 60
    assert len(set(inside)) == 1


@pytest.mark.parametrize("seed", [1, 5, 2611])
def test_the_excursion_leaves_the_range_without_a_jump(seed: int, story: Story, catalog: Catalog) -> None:
    story = Story(seed, story.t0)
    contract = catalog.get("halden-pat@1")
    tag = next(t for t in contract.schema.tags if t.name == "temperature")
    rows = points(pat.as_csv(story, "halden", contract, story.pat_start + 3 * HOUR))
    values = [float(r["value"]) for r in rows if r["tag"] == tag.tag]
    assert tag.high is not None
    assert tag.max_rate is not None
    assert max(values) > float(tag.high) + 0.3
    assert max(abs(b - a) for a, b in pairwise(values)) < float(tag.max_rate)
    other = [float(r["value"]) for r in rows if r["tag"] == "BR03/PH"]
    assert 6.8 < min(other) <= max(other) < 7.4


def test_a_historian_counts_both_ends_and_knows_no_future(story: Story, catalog: Catalog) -> None:
    contract = catalog.get("northvale-pat@1")
    start = story.pat_start
    answer = json.loads(pat.as_pi(story, contract, start, start + timedelta(minutes=10), now=story.pat_end))
    assert [item["Name"] for item in answer["Items"]] == [tag.tag for tag in contract.schema.tags]
    stamps = [point["Timestamp"] for point in answer["Items"][0]["Items"]]
    assert (len(stamps), stamps[0], stamps[-1]) == (601, f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{start:%Y-%m-%dT%H}:10:00Z")
    until = start + timedelta(minutes=10) - timedelta(microseconds=1)
    answer = json.loads(pat.as_pi(story, contract, start, until, now=story.pat_end))
    assert {len(item["Items"]) for item in answer["Items"]} == {600}
    now = start + timedelta(seconds=90, microseconds=5)
    answer = json.loads(pat.as_pi(story, contract, start, until, now=now))
    assert {len(item["Items"]) for item in answer["Items"]} == {91}
    answer = json.loads(pat.as_pi(story, contract, start, until, now=story.pat_end, max_count=7))
    assert {len(item["Items"]) for item in answer["Items"]} == {7}
    later = story.pat_end + HOUR
    assert all(
        not item["Items"] for item in json.loads(pat.as_pi(story, contract, story.pat_end, later, now=later))["Items"]
    )


def test_a_bad_point_is_a_system_state(story: Story, catalog: Catalog) -> None:
    contract = catalog.get("northvale-pat@1")
    bad = pat.defects(story, "northvale")[0]
    answer = json.loads(pat.as_pi(story, contract, bad.start, bad.end, now=story.pat_end))
    (stream,) = [item for item in answer["Items"] if item["Name"] == "BR01.LAC.PV"]
    assert [point["Good"] for point in stream["Items"]] == [False, False, False, True]
    assert stream["Items"][0]["Value"]["IsSystem"] is True


def test_only_hours_that_have_ended_are_there(story: Story) -> None:
    assert pat.hours(story, story.t0) == [story.pat_start + n * HOUR for n in range(6)]
    assert len(pat.hours(story, story.t0 + 2 * HOUR)) == 8
    assert pat.hours(story, story.t0 + timedelta(days=9))[-1] == story.pat_end - HOUR
