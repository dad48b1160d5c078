"""Promise kept here: the three CDMOs answer over real sockets and folders, act by act, and leave nothing running."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import openpyxl
import pytest

from connectors.delivery import Cursor, Delivery
from connectors.partners import load_partners
from connectors.registry import connect
from connectors.timing import Timing
from contracts.shelf import Catalog
from hub.clock import FakeClock
from hub.settings import Settings
from sandbox import slots
from sandbox.box import STORM, Sandbox
from sandbox.home import CLIENT_ID, RECORDED
from sandbox.story import PARTNERS, Story, load_story

T0 = datetime(2026, 11, 22, 5, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def first_act(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> Iterator[Sandbox]:
    """One running sandbox for the tests that only look."""
    story = Story(2611, T0)
    with Sandbox.start(tmp_path_factory.mktemp("home"), story, FakeClock(T0), catalog) as box:
        yield box


def sign_in(box: Sandbox) -> dict[str, str]:
    secret = (box.home / "secrets" / "northvale_client_secret").read_text().strip()
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": secret}
    with urlopen(f"{box.addresses.northvale_url}/oauth/token", urlencode(form).encode()) as answer:
        return {"Authorization": f"Bearer {json.load(answer)['access_token']}"}


def get(box: Sandbox, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    try:
        with urlopen(Request(box.addresses.northvale_url + path, headers=headers)) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def take(box: Sandbox, clock: FakeClock, feeds: Mapping[str, Cursor | None]) -> dict[str, list[tuple[Delivery, bytes]]]:
    """Everything that the project's own connectors bring for these feeds of the home, pulled side by side."""
    partners = load_partners(box.home / "partners")
    timing = Timing(clock.now, time.monotonic)

    async def pull(feed: str, cursor: Cursor | None) -> list[tuple[Delivery, bytes]]:
        partner, _, kind = feed.partition("/")
        found = partners[partner]
        connector = connect(found, found.feed(kind), environ={}, base=box.home, timing=timing)
        try:
            return [(d, b"".join([chunk async for chunk in d.body])) async for d in connector.pull(cursor, None)]
        finally:
            await connector.close()

    async def pull_all() -> list[list[tuple[Delivery, bytes]]]:
        return await asyncio.gather(*(pull(feed, cursor) for feed, cursor in feeds.items()))

    return dict(zip(feeds, asyncio.run(pull_all()), strict=True))


def names(taken: Sequence[tuple[Delivery, bytes]]) -> list[str]:
    return [delivery.file for delivery, _ in taken]


def test_northvale_wants_a_signature_and_turns_the_first_requests_away(first_act: Sandbox) -> None:
    assert get(first_act, "/v1/certificates", {})[0] == 401
    assert get(first_act, "/v1/certificates", {"Authorization": "Bearer guessed"})[0] == 401
    signed = sign_in(first_act)
    first_act.northvale.storm = STORM
    for _ in range(STORM):
        status, headers, _ = get(first_act, "/v1/certificates", signed)
        assert (status, headers["retry-after"]) == (429, "1")
    status, _, body = get(first_act, "/v1/certificates", signed)
    page = json.loads(body)
    assert status == 200
    assert [c["lot_number"] for c in page["data"]] == ["LV-2611-04", "LV-2611-01"], "oldest first"
    following = json.loads(get(first_act, f"/v1/certificates?cursor={page['next']}", signed)[2])
    assert [c["lot_number"] for c in following["data"]] == ["LV-2611-02", "LV-2611-03"]
    assert following["next"] is None


def test_northvale_refuses_a_wrong_secret(first_act: Sandbox) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": "guessed"}
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{first_act.addresses.northvale_url}/oauth/token", urlencode(form).encode())
    assert refused.value.code == 401
    refused.value.close()


def test_the_historian_answers_for_a_window_and_not_for_another_unit(first_act: Sandbox, story: Story) -> None:
    signed = sign_in(first_act)
    window = {"startTime": f"{story.pat_start:%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{story.pat_start:%Y-%m-%dT%H}:00:09Z"}
    status, _, body = get(first_act, f"{RECORDED}?{urlencode(window)}", signed)
    assert status == 200
    assert {len(item["Items"]) for item in json.loads(body)["Items"]} == {10}
    assert get(first_act, f"{RECORDED.replace('BR01', 'BR09')}?{urlencode(window)}", signed)[0] == 404
    assert get(first_act, f"{RECORDED}?startTime=yesterday&endTime=now", signed)[0] == 400


def test_the_projects_own_connectors_bring_the_whole_first_act(first_act: Sandbox, story: Story) -> None:
    feeds = [f"{partner}/{kind}" for partner in PARTNERS for kind in ("coa", "pat", "schedule")]
    taken = take(first_act, FakeClock(story.t0), dict.fromkeys(feeds))
    assert names(taken["northvale/coa"]) == [f"LV-2611-0{n}_COA-261100{n}_r1.json" for n in (4, 1, 2, 3)]
    # 6 h of ten minutes, and one more that is over: t0 is 05:12:30.
    assert len(taken["northvale/pat"]) == 37
    assert taken["northvale/pat"][0][0].window_from == story.pat_start
    assert names(taken["northvale/schedule"]) == ["schedule.json"]
    assert names(taken["brightwater/coa"]) == [f"LV-2611-{n}_COA-26110{n}_r1.xlsx" for n in (11, 12)]
    assert names(taken["brightwater/pat"]) == [f"BR02_{day}Z.csv" for day in _hours(story)]
    assert names(taken["halden/pat"]) == [f"BR03_{day}Z.csv" for day in _hours(story)]
    assert names(taken["halden/coa"]) == [f"LV-2611-{n}_COA-26110{n}_r1.json" for n in (22, 21, 23)]
    assert names(taken["halden/schedule"]) == names(taken["brightwater/schedule"]) == [slots.file_name(story)]


def _hours(story: Story) -> list[str]:
    return [f"{story.pat_start + timedelta(hours=n):%Y%m%dT%H}" for n in range(6)]


def test_a_file_that_grows_is_whole_in_the_second_act(box: Sandbox, clock: FakeClock) -> None:
    path = box.folder / "brightwater" / "coa" / "LV-2611-13_COA-2611013_r1.xlsx"
    before = path.stat().st_size
    time.sleep(0.5)
    assert path.stat().st_size > before, "it must grow while somebody looks"
    box.publish(2)
    whole = path.stat().st_size
    assert openpyxl.load_workbook(path)["Results"]["D2"].value == "LV-2611-13"
    time.sleep(0.5)
    assert path.stat().st_size == whole
    taken = take(box, clock, {"brightwater/coa": None})["brightwater/coa"]
    assert "LV-2611-13_COA-2611013_r1.xlsx" in names(taken)


def test_the_second_act_brings_what_is_new_after_the_cursor_of_the_first(box: Sandbox, clock: FakeClock) -> None:
    first = take(box, clock, {"northvale/coa": None, "halden/coa": None})
    clock.advance(timedelta(seconds=40))
    box.publish(2)
    second = take(box, clock, {feed: taken[-1][0].cursor for feed, taken in first.items()})
    # The demo's look-back is long: what was there before comes again, and the new revision after it.
    before, after = names(first["northvale/coa"]), names(second["northvale/coa"])
    assert set(after) - set(before) == {"LV-2611-04_COA-2611004_r2.json"}
    assert after[-1] == "LV-2611-04_COA-2611004_r2.json"
    new = {"LV-2611-22_COA-2611022_r2.json", "LV-2611-23_COA-2611023_r1.json"}
    assert new <= set(names(second["halden/coa"]))


def test_a_second_start_serves_the_same_bytes(tmp_path: Path, story: Story, clock: FakeClock, catalog: Catalog) -> None:
    def kept() -> dict[Path, tuple[bytes, float]]:
        files = [path for path in tmp_path.rglob("*") if path.is_file() and "partners" not in path.parts]
        return {path: (path.read_bytes(), path.stat().st_mtime) for path in files if path.name != "story.json"}

    with Sandbox.start(tmp_path, story, clock, catalog) as box:
        box.publish(2)
        fingerprint = box.addresses.brightwater_host_key
    before = kept()
    clock.advance(timedelta(minutes=5))
    again = load_story(tmp_path / "sandbox")
    assert again is not None
    assert (again.seed, again.t0, again.act) == (story.seed, story.t0, 2)
    with Sandbox.start(tmp_path, again, clock, catalog) as box:
        assert kept() == before
        assert box.addresses.brightwater_host_key == fingerprint
        assert box.northvale.storm == 0, "the storm belongs to the first act"


def test_a_file_of_the_next_hour_appears_when_the_hour_is_over(box: Sandbox, clock: FakeClock) -> None:
    folder = box.folder / "halden" / "pat"
    assert len(list(folder.iterdir())) == 6
    clock.advance(timedelta(hours=1))
    box.publish(1)
    assert len(list(folder.iterdir())) == 7


def test_configuration_is_valid_and_secrets_are_only_referred_to(first_act: Sandbox) -> None:
    settings = Settings.load(first_act.home, {})
    partners = load_partners(settings.partners_folder)
    assert {feed.name for partner in partners.values() for feed in partner.feeds} == {
        f"{partner}/{kind}" for partner in partners for kind in ("coa", "pat", "schedule")
    }
    written = "".join(p.read_text() for p in [first_act.home / "hub.toml", *(first_act.home / "partners").iterdir()])
    for secret in (first_act.home / "secrets").iterdir():
        assert secret.read_text().strip() not in written
        assert secret.stat().st_mode & 0o077 == 0, "only the owner may read a secret"
    for audience, address in (
        ("quality", "quality@"),
        ("partner:halden", "data-desk@halden"),
        ("platform", "platform@"),
    ):
        route = settings.route(kind="coa.late", severity="high", audience=audience, partner="halden")
        assert route.recipients[0].startswith(address)


def test_nothing_listens_after_stop(tmp_path: Path, story: Story, clock: FakeClock, catalog: Catalog) -> None:
    with Sandbox.start(tmp_path, story, clock, catalog) as box:
        port = box.addresses.brightwater_port
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_the_historians_feed_leaves_with_its_batch(tmp_path: Path, story: Story, catalog: Catalog) -> None:
    for after, there in ((timedelta(minutes=9), True), (timedelta(minutes=11), False)):
        with Sandbox.start(tmp_path, story, FakeClock(story.pat_end + after), catalog):
            feeds = {feed.name for feed in load_partners(tmp_path / "partners")["northvale"].feeds}
        assert ("northvale/pat" in feeds) == there
