"""Promise kept here: a historian is asked for each closed time window once, under a name that never changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.delivery import Cursor
from connectors.duration import parse_duration
from connectors.errors import CursorNotUnderstood, Unreachable
from connectors.transports.restoptions import WindowOptions
from connectors.transports.windows import windows

PATH = "/piwebapi/streamsets/F1AbBR01/recorded"


def options(origin: str, **more: Any) -> dict[str, Any]:
    given = {"start": "2h", "size": "30m", "from_param": "startTime", "to_param": "endTime", **more}
    return {"base_url": origin, "path": PATH, "params": {"maxCount": 150000}, "windows": given}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


async def test_closed_windows_on_the_clock_grid_oldest_first(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda r: reply(r.query["startTime"].encode()))
    # It is 10:17: two hours back is 08:17, which lies in the window that starts at 08:00.
    pulled = await pull(open_feed("rest", options(server.origin), kind="pat"))
    assert pulled.keys == [
        f"{PATH}?2026-11-20T08:00:00Z/2026-11-20T08:30:00Z",
        f"{PATH}?2026-11-20T08:30:00Z/2026-11-20T09:00:00Z",
        f"{PATH}?2026-11-20T09:00:00Z/2026-11-20T09:30:00Z",
        f"{PATH}?2026-11-20T09:30:00Z/2026-11-20T10:00:00Z",
    ]
    first = pulled.deliveries[0]
    assert (first.window_from, first.window_to) == (at(8), at(8, 30))
    assert first.file == "recorded_20261120T080000Z_20261120T083000Z.json"
    assert server.requests[0].query == {
        "maxCount": "150000",
        "startTime": "2026-11-20T08:00:00Z",
        "endTime": "2026-11-20T08:30:00Z",
    }
    assert pulled.data[0] == b"2026-11-20T08:00:00Z"
    assert pulled.cursor.value == {"paths": {PATH: {"end": "2026-11-20T10:00:00Z"}}}


async def test_the_next_pull_goes_on_after_the_last_whole_window(serve, open_feed, pull, reply, ticks) -> None:
    server = await serve(lambda _: reply(b"{}"))
    feed = open_feed("rest", options(server.origin), kind="pat")
    first = await pull(feed)
    assert (await pull(feed, first.cursor)).keys == []
    ticks.advance(3600)
    assert (await pull(feed, first.cursor)).keys == [
        f"{PATH}?2026-11-20T10:00:00Z/2026-11-20T10:30:00Z",
        f"{PATH}?2026-11-20T10:30:00Z/2026-11-20T11:00:00Z",
    ]


async def test_a_failure_in_the_middle_keeps_what_is_done(serve, open_feed, pull, reply) -> None:
    up = {"until": "2026-11-20T09:00:00Z"}
    server = await serve(lambda r: reply(b"{}", status=200 if r.query["endTime"] <= up["until"] else 503))
    feed = open_feed("rest", options(server.origin), kind="pat")
    first = await pull(feed)
    assert (len(first.keys), isinstance(first.error, Unreachable)) == (2, True)
    up["until"] = "9"
    second = await pull(feed, first.cursor)
    assert second.keys[0] == f"{PATH}?2026-11-20T09:00:00Z/2026-11-20T09:30:00Z"


async def test_settling_time_inclusive_ends_and_several_paths(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b"{}"))
    given = options(server.origin, start="1h", settle="20m", inclusive_end=True)
    given |= {"paths": ["/a", "/b"], "path": None}
    # 10:17 - 20 min = 09:57: the window up to 10:00 has not settled; one hour back lies in 08:30 to 09:00.
    pulled = await pull(open_feed("rest", given, kind="pat"))
    assert pulled.keys == [
        "/a?2026-11-20T08:30:00Z/2026-11-20T09:00:00Z",
        "/b?2026-11-20T08:30:00Z/2026-11-20T09:00:00Z",
        "/a?2026-11-20T09:00:00Z/2026-11-20T09:30:00Z",
        "/b?2026-11-20T09:00:00Z/2026-11-20T09:30:00Z",
    ]
    assert server.requests[0].query["endTime"] == "2026-11-20T08:59:59.999999Z"
    assert pulled.cursor.value == {"paths": {p: {"end": "2026-11-20T09:30:00Z"} for p in ("/a", "/b")}}


async def test_a_backfill_has_a_start_and_an_end(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b"{}"))
    feed = open_feed("rest", options(server.origin), kind="pat")
    pulled = await pull(feed, feed.cursor_at(at(5, 10)), until=at(6))
    assert pulled.keys == [
        f"{PATH}?2026-11-20T05:00:00Z/2026-11-20T05:30:00Z",
        f"{PATH}?2026-11-20T05:30:00Z/2026-11-20T06:00:00Z",
    ]


async def test_a_cursor_without_window_ends_is_refused(open_feed, pull) -> None:
    pages = open_feed("rest", {"base_url": "http://127.0.0.1:1", "path": PATH}).cursor_at(at(5))
    pulled = await pull(open_feed("rest", options("http://127.0.0.1:1"), kind="pat"), pages)
    assert isinstance(pulled.error, CursorNotUnderstood)


def test_a_changed_window_size_neither_repeats_nor_skips_a_moment() -> None:
    hourly = WindowOptions(start="2026-11-20T00:00:00Z", size="1h")
    found = list(windows(hourly, at(4), at(1, 30)))
    assert found == [(at(1, 30), at(2)), (at(2), at(3)), (at(3), at(4))]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("15m", timedelta(minutes=15)),
        ("36h", timedelta(hours=36)),
        ("PT6H", timedelta(hours=6)),
        ("P1DT30M", timedelta(days=1, minutes=30)),
        ("250ms", timedelta(milliseconds=250)),
        ("0s", timedelta(0)),
    ],
)
def test_spans_of_time_as_people_write_them(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["15", "m", "P", "PT", "1M", "P1Y", "-5m", "15 m", 15, None])
def test_what_is_no_span_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="not a span of time"):
        parse_duration(text)


async def test_a_stored_end_of_next_year_begins_anew(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b"{}"))
    options = {"base_url": server.origin, "path": "/c", "windows": {"start": "1h", "size": "30m"}}
    ahead = Cursor(1, {"paths": {"/c": {"end": "2027-11-20T10:30:00Z"}}})
    pulled = await pull(open_feed("rest", options, kind="pat"), ahead)
    assert pulled.keys[0].startswith("/c?2026-11-20T09:00:00Z/")
