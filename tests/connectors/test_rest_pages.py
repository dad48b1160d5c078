"""Promise kept here: every item of every page is delivered once, byte for byte, and a pull can be resumed anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.delivery import Cursor
from connectors.errors import BadAnswer, CursorNotUnderstood, PageLoop, SourceMissing, TruncatedAnswer, Unreachable

# Written by hand: odd spacing, a trailing zero and a repeated key must survive as they are.
ITEMS = [
    b'{"certificate_no": "COA-1", "revision":1, "updated_at":"2026-11-20T08:00:00Z", "ph": 7.20 }',
    b'{"certificate_no":"COA-2","revision":1,"updated_at":"2026-11-20T08:30:00+00:00","a":1,"a":2}',
    '{"certificate_no":"COA/3","revision":2,"updated_at":"2026-11-20T09:00:00Z","who":"Zoë"}'.encode(),
    b'{"certificate_no":"COA-4","revision":1,"updated_at":"2026-11-20T09:00:00Z"}',
    b'{"certificate_no":"COA-5","revision":1,"updated_at":"2026-11-20T09:00:00Z"}',
]
KEYS = ["COA-1:1", "COA-2:1", "COA/3:2", "COA-4:1", "COA-5:1"]


def page(items: list[bytes], next: object = None) -> bytes:
    return b'{"data": [' + b",\n  ".join(items) + b'], "next": ' + json.dumps(next).encode() + b"}"


def options(origin: str, **more: Any) -> dict[str, Any]:
    return {
        "base_url": origin,
        "path": "/v1/certificates",
        "items": "$.data",
        "key": "{certificate_no}:{revision}",
        "file": "{certificate_no}_r{revision}.json",
        **more,
    }


def time_of(item: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(item)["updated_at"])


async def test_cursor_pages_by_token(serve, open_feed, pull, reply) -> None:
    def handler(request):
        at = int(request.query.get("cursor", 0))
        return reply(page(ITEMS[at : at + 2], at + 2 if at + 2 < len(ITEMS) else None))

    server = await serve(handler)
    pulled = await pull(open_feed("rest", options(server.origin, paginator={"cursor": "$.next"})))
    assert pulled.error is None
    assert pulled.keys == KEYS
    assert pulled.data == ITEMS
    assert [delivery.file for delivery in pulled.deliveries][:3] == ["COA-1_r1.json", "COA-2_r1.json", "COA_3_r2.json"]
    assert pulled.deliveries[0].origin.uri == f"{server.origin}/v1/certificates"


@pytest.mark.parametrize("absolute", [True, False])
async def test_cursor_pages_by_address(serve, open_feed, pull, reply, absolute: bool) -> None:
    def handler(request):
        at = int(request.query.get("at", 0))
        address = f"{server.origin if absolute else ''}/v1/certificates?at={at + 2}"
        return reply(page(ITEMS[at : at + 2], address if at + 2 < len(ITEMS) else None))

    server = await serve(handler)
    pulled = await pull(open_feed("rest", options(server.origin, paginator={"cursor": "$.next"})))
    assert (pulled.keys, pulled.error) == (KEYS, None)


async def test_a_declared_token_is_never_an_address(serve, open_feed, pull, reply) -> None:
    tokens = {"": "http://127.0.0.1:1/x", "http://127.0.0.1:1/x": None}
    server = await serve(lambda r: reply(page([ITEMS[len(r.query)]], tokens[r.query.get("after", "")])))
    feed = open_feed("rest", options(server.origin, paginator={"cursor": {"path": "$.next", "param": "after"}}))
    assert (await pull(feed)).keys == ["COA-1:1", "COA-2:1"]


async def test_numbered_pages_end_with_an_empty_one(serve, open_feed, pull, reply) -> None:
    def handler(request):
        at = (int(request.query["page"]) - 1) * 2
        assert request.query["per_page"] == "2"
        return reply(page(ITEMS[at : at + 2]))

    server = await serve(handler)
    by = {"page": {"param": "page", "size_param": "per_page", "size": 2}}
    pulled = await pull(open_feed("rest", options(server.origin, paginator=by)))
    assert (pulled.keys, pulled.error, len(server.requests)) == (KEYS, None, 4)


async def test_link_header_pages(serve, open_feed, pull, reply) -> None:
    def handler(request):
        at = int(request.query.get("at", 0))
        link = f'</v1/certificates?at={at + 2}>; rel="next", </v1/certificates>; rel="first"'
        return reply(b"[" + b",".join(ITEMS[at : at + 2]) + b"]", headers={"Link": link} if at + 2 < len(ITEMS) else {})

    server = await serve(handler)
    pulled = await pull(open_feed("rest", options(server.origin, items="$", paginator={"link": "next"})))
    assert (pulled.keys, pulled.data, pulled.error) == (KEYS, ITEMS, None)


@pytest.mark.parametrize("by", [{"cursor": "$.next"}, {"page": {}}])
async def test_pages_that_lead_in_a_circle_end_the_pull(serve, open_feed, pull, reply, by: dict[str, Any]) -> None:
    server = await serve(lambda _: reply(page(ITEMS, "again")))
    pulled = await pull(open_feed("rest", options(server.origin, paginator=by)))
    assert isinstance(pulled.error, PageLoop)
    assert pulled.keys[:5] == KEYS
    assert len(server.requests) <= 3


async def test_a_truncated_page_gives_its_whole_items_and_leaves_the_cursor(serve, open_feed, pull, reply) -> None:
    whole = page(ITEMS)
    broken = {"on": True}
    server = await serve(lambda _: reply(whole[: whole.index(b"COA-4") + 3] if broken["on"] else whole))
    feed = open_feed("rest", options(server.origin, since={"param": "updated_since", "field": "updated_at"}))
    first = await pull(feed)
    assert first.keys == KEYS[:3]
    assert isinstance(first.error, TruncatedAnswer)
    # Four lines, for the page joins its items with line ends; the cut string starts where its quote is.
    line4 = ITEMS[3]
    assert (first.error.line, first.error.column) == (4, 3 + line4.index(b'"COA-4'))
    assert first.error.code == "FILE-E402"
    assert first.error.evidence == whole[: whole.index(b"COA-4") + 3]
    assert first.cursor is None
    broken["on"] = False
    second = await pull(feed, first.cursor)
    assert (second.keys, second.error) == (KEYS, None)


async def test_an_answer_cut_by_the_network_is_asked_for_again(serve, open_feed, pull, reply, ticks) -> None:
    answers = iter([reply(page(ITEMS), cut=40), reply(page(ITEMS), cut=0), reply(page(ITEMS))])
    server = await serve(lambda _: next(answers))
    pulled = await pull(open_feed("rest", options(server.origin)))
    assert (pulled.keys, pulled.error, len(ticks.waits)) == (KEYS, None, 2)


async def test_a_page_that_is_not_json_or_has_no_list_is_told(serve, open_feed, pull, reply) -> None:
    for body, said in [
        (b"<html>gateway</html>", "not JSON from 1:1"),
        (b'{"items": []}', "no list at $.data"),
        (b'{"data": {"a": 1}}', "no list at $.data"),
        (b'{"data": [], "data": [1]}', "$.data twice"),
    ]:
        server = await serve(lambda _, body=body: reply(body))
        pulled = await pull(open_feed("rest", options(server.origin)))
        assert isinstance(pulled.error, BadAnswer)
        assert said in pulled.error.message
        assert pulled.error.evidence == body


async def test_an_item_without_its_key_is_delivered_all_the_same(serve, open_feed, pull, reply) -> None:
    odd = [
        b'{"revision":1}',
        b'{"certificate_no":{"x":1},"revision":1}',
        b'{"certificate_no":"\\u0000","revision":1}',
        b"7",
    ]
    server = await serve(lambda _: reply(page(odd)))
    pulled = await pull(open_feed("rest", options(server.origin)))
    assert pulled.data == odd
    assert all(key.startswith("sha256:") for key in pulled.keys)
    assert pulled.keys == (await pull(open_feed("rest", options(server.origin)))).keys


async def test_the_next_pull_reads_on_from_the_newest_item_with_overlap(serve, open_feed, pull, reply) -> None:
    def handler(request):
        since = request.query.get("updated_since")
        return reply(page([i for i in ITEMS if since is None or time_of(i) >= datetime.fromisoformat(since)]))

    server = await serve(handler)
    since = {"param": "updated_since", "field": "updated_at", "id": "certificate_no", "overlap": "20m"}
    feed = open_feed("rest", options(server.origin, since=since))
    first = await pull(feed)
    assert [delivery.cursor is not None for delivery in first.deliveries] == [False] * 4 + [True]
    position = {"time": "2026-11-20T09:00:00Z", "id": "COA/3"}
    assert first.cursor == Cursor(1, {"paths": {"/v1/certificates": position}})
    assert first.deliveries[0].source_time == datetime(2026, 11, 20, 8, tzinfo=UTC)
    second = await pull(feed, first.cursor)
    assert server.requests[-1].query == {"updated_since": "2026-11-20T08:40:00Z"}
    assert second.keys == KEYS[2:]


async def test_equal_timestamps_at_a_page_boundary_are_not_lost_when_the_pull_stops_there(
    serve, open_feed, pull, reply
) -> None:
    """The last three items share one instant; the pull is killed after each number of items, and run again."""

    def handler(request):
        since = request.query.get("updated_since")
        found = [i for i in ITEMS if since is None or time_of(i) >= datetime.fromisoformat(since)]
        at = int(request.query.get("cursor", 0))
        return reply(page(found[at : at + 2], at + 2 if at + 2 < len(found) else None))

    server = await serve(handler)
    since = {"param": "updated_since", "field": "updated_at", "overlap": "0s", "order": "ascending"}
    for stop in range(1, 6):
        feed = open_feed("rest", options(server.origin, since=since, paginator={"cursor": "$.next"}))
        first = await pull(feed, at_most=stop)
        assert first.cursor is not None
        second = await pull(feed, first.cursor)
        assert set(first.keys) | set(second.keys) == set(KEYS), f"stopped after {stop}"


async def test_the_promise_of_ascending_order_is_not_trusted_when_it_is_broken(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(page([ITEMS[0], ITEMS[2], ITEMS[1], ITEMS[3]])))
    since = {"param": "updated_since", "field": "updated_at", "order": "ascending"}
    pulled = await pull(open_feed("rest", options(server.origin, since=since)))
    assert [delivery.cursor is not None for delivery in pulled.deliveries] == [True, True, False, True]


async def test_a_time_far_ahead_does_not_carry_the_cursor_along(serve, open_feed, pull, reply, ticks) -> None:
    item = b'{"certificate_no":"X","revision":1,"updated_at":"2036-01-01T00:00:00Z"}'
    server = await serve(lambda _: reply(page([item])))
    pulled = await pull(open_feed("rest", options(server.origin, since={"param": "s", "field": "updated_at"})))
    assert pulled.cursor.value["paths"]["/v1/certificates"]["time"] == "2026-11-20T10:17:00Z"


async def test_without_a_time_field_the_partners_own_clock_is_the_cursor(serve, open_feed, pull, reply) -> None:
    date = {"Date": "Fri, 20 Nov 2026 10:15:00 GMT"}
    server = await serve(lambda _: reply(page(ITEMS), headers=date))
    feed = open_feed("rest", options(server.origin, since="updated_since"))
    pulled = await pull(feed)
    await pull(feed, pulled.cursor)
    # The overlap is twice the period of 15 minutes.
    assert [request.query for request in server.requests] == [{}, {"updated_since": "2026-11-20T09:45:00Z"}]


async def test_until_leaves_out_what_is_newer(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(page(ITEMS)))
    since = {"param": "updated_since", "field": "updated_at", "until_param": "updated_before"}
    feed = open_feed("rest", options(server.origin, since=since))
    pulled = await pull(
        feed, feed.cursor_at(datetime(2026, 11, 20, 8, tzinfo=UTC)), until=datetime(2026, 11, 20, 8, 45, tzinfo=UTC)
    )
    assert pulled.keys == KEYS[:2]
    assert server.requests[0].query == {
        "updated_since": "2026-11-20T08:00:00Z",
        "updated_before": "2026-11-20T08:45:00Z",
    }


async def test_items_before_a_failing_page_are_all_delivered(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda r: reply(status=404) if r.query else reply(page(ITEMS, "more")))
    since = {"param": "updated_since", "field": "updated_at"}
    pulled = await pull(open_feed("rest", options(server.origin, since=since, paginator={"cursor": "$.next"})))
    assert pulled.keys == KEYS
    assert isinstance(pulled.error, SourceMissing)
    assert pulled.cursor is None


async def test_several_paths_keep_a_position_each(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda r: reply(page(ITEMS[:2] if r.path == "/v1/a" else ITEMS[2:4])))
    given = options(server.origin, since={"param": "s", "field": "updated_at"}, paths=["/v1/a", "/v1/b"])
    del given["path"]
    pulled = await pull(open_feed("rest", given))
    assert pulled.keys == KEYS[:4]
    times = {path: position["time"] for path, position in pulled.cursor.value["paths"].items()}
    assert times == {"/v1/a": "2026-11-20T08:30:00Z", "/v1/b": "2026-11-20T09:00:00Z"}


async def test_a_whole_answer_is_one_delivery_and_comes_again_only_when_it_changed(
    serve, open_feed, pull, reply
) -> None:
    def handler(request):
        if request.headers.get("if-none-match") == '"v1"':
            return reply(status=304)
        return reply(b'{"slots": []}', headers={"ETag": '"v1"', "Last-Modified": "Fri, 20 Nov 2026 09:00:00 GMT"})

    server = await serve(handler)
    feed = open_feed("rest", {"base_url": f"{server.origin}/api", "path": "/v1/schedule"}, kind="schedule")
    first = await pull(feed)
    [delivery] = first.deliveries
    assert (delivery.source_key, delivery.file, first.data) == ("/v1/schedule", "schedule.json", [b'{"slots": []}'])
    assert delivery.source_time == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert server.requests[0].path == "/api/v1/schedule"
    second = await pull(feed, first.cursor)
    assert (second.deliveries, second.error) == ([], None)


async def test_a_cursor_of_another_kind_is_refused(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(page(ITEMS)))
    for cursor in [
        Cursor(2, {"paths": {}}),
        Cursor(1, {"mtime": "x"}),
        Cursor(1, {"paths": {"/v1/certificates": {"time": "no"}}}),
    ]:
        feed = open_feed("rest", options(server.origin, since={"param": "s", "field": "updated_at"}))
        assert isinstance((await pull(feed, cursor)).error, CursorNotUnderstood)


async def test_check_says_what_it_saw_and_never_raises(serve, open_feed, reply) -> None:
    server = await serve(lambda r: reply(b"[]") if r.path == "/good" else reply(status=404))
    good, bad = await open_feed("rest", {"base_url": server.origin, "paths": ["/good", "/bad"]}).check()
    assert (good.state, bad.state) == ("ok", "failed")
    assert "404" in bad.detail


async def test_nobody_listens(open_feed, pull, ticks, free_port: Callable[[], int]) -> None:
    pulled = await pull(open_feed("rest", {"base_url": f"http://127.0.0.1:{free_port()}", "path": "/x"}))
    assert isinstance(pulled.error, Unreachable)
    assert (pulled.error.code, len(ticks.waits)) == ("CON-E401", 3)


async def test_a_clock_that_is_a_little_fast_hides_nothing(serve, open_feed, pull, reply, ticks) -> None:
    # 10:17 here; one laboratory's clock shows 10:21. The overlap is 2 min, shorter than the difference.
    items = [{"n": 1, "at": "2026-11-20T10:21:00Z"}]

    def handler(request):
        since = request.query.get("since")
        return reply(json.dumps([i for i in items if since is None or i["at"] >= since]).encode())

    server = await serve(handler)
    since = {"param": "since", "field": "at"}
    feed = open_feed(
        "rest", {"base_url": server.origin, "path": "/c", "items": "$", "key": "{n}", "since": since}, every="1m"
    )
    first = await pull(feed)
    items.append({"n": 2, "at": "2026-11-20T10:17:30Z"})
    ticks.advance(60)
    assert (await pull(feed, first.cursor)).keys == ["1", "2"]


async def test_a_stored_cursor_of_next_year_is_brought_back_to_now(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b'[{"at": "2026-11-20T10:00:00Z"}]'))
    since = {"param": "since", "field": "at", "overlap": "30m"}
    feed = open_feed("rest", {"base_url": server.origin, "path": "/c", "items": "$", "since": since})
    pulled = await pull(feed, Cursor(1, {"paths": {"/c": {"time": "2027-11-20T10:00:00Z", "id": ""}}}))
    assert server.requests[0].query["since"] == "2026-11-20T09:47:00Z"
    assert pulled.cursor.value["paths"]["/c"]["time"] == "2026-11-20T10:17:00Z"


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z"])
async def test_a_time_at_the_edge_of_the_calendar_does_not_stop_the_feed(serve, open_feed, pull, reply, time) -> None:
    server = await serve(lambda _: reply(json.dumps([{"at": time}]).encode()))
    since = {"param": "since", "field": "at"}
    feed = open_feed("rest", {"base_url": server.origin, "path": "/c", "items": "$", "since": since})
    first = await pull(feed)
    second = await pull(feed, first.cursor)
    assert (first.error, second.error, len(second.keys)) == (None, None, 1)


@pytest.mark.parametrize("token", ["\\ud800", "/x\\ud800", "a\\u0000b"])
async def test_a_next_that_cannot_be_sent_is_the_partners_error(serve, open_feed, pull, reply, token: str) -> None:
    server = await serve(lambda _: reply(b'{"data": [1], "next": "%s"}' % token.encode()))
    options = {"base_url": server.origin, "path": "/c", "items": "$.data", "paginator": {"cursor": "$.next"}}
    pulled = await pull(open_feed("rest", options))
    assert (len(pulled.keys), pulled.error.audience) == (1, "partner")


@pytest.mark.parametrize("more", [{"items": "$"}, {}, {"windows": {"start": "1h", "size": "30m"}}])
async def test_one_path_that_is_gone_holds_up_no_other(serve, open_feed, pull, reply, more) -> None:
    server = await serve(lambda request: reply(b"[1]") if request.path == "/b" else reply(status=404))
    pulled = await pull(open_feed("rest", {"base_url": server.origin, "paths": ["/a", "/b"], **more}))
    assert len(pulled.keys) == (2 if "windows" in more else 1)
    assert isinstance(pulled.error, SourceMissing)
