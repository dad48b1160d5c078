"""Promise: what goes wrong with one delivery or one feed stays its own; nothing that was acknowledged is lost, and the
hub's own trouble is never the partner's."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.delivery import Cursor, Delivery
from connectors.errors import Unreachable
from connectors.testing import ListConnector, sent
from hub.alerts import Reactions
from hub.hub import Hub
from hub.intake import Event, Judge, Judged, Listener, Outcome, Pull, PullResult, nobody
from hub.settings import Settings
from hub.store import Tx
from tests.hub.meaning_support import Ledger, contract_of, contracts, open_ledger

FEED = "northvale/coa"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


def pull(ledger: Ledger, connector: Any, listener: Listener = nobody, **more: Any) -> PullResult:
    judge = Judge(ledger.store, contract_of(FEED), ledger.clock, listener)
    one = Pull(
        store=ledger.store,
        clock=ledger.clock,
        partner="northvale",
        kind="coa",
        connector=connector,
        judge=judge,
        contract_of=lambda _delivery: contract_of(FEED),
        listener=listener,
        every=timedelta(minutes=15),
        **more,
    )
    return asyncio.run(one.run())


def looked_at(ledger: Ledger) -> datetime | None:
    with ledger.store.reading() as tx:
        mark = tx.watermark(FEED)
    return mark.last_pulled_at if mark else None


class Stumbling:
    """Whoever listens, with a fault for one delivery until it is `mended`."""

    def __init__(self, at: str) -> None:
        self.at, self.mended = at, False
        self.reactions = Reactions(contracts(), Settings())

    def __call__(self, tx: Tx, event: Event) -> None:
        if isinstance(event, Judged) and event.delivery.source_key == self.at and not self.mended:
            raise RuntimeError("Jane Doe 1961-02-03")
        self.reactions(tx, event)


def test_a_delivery_that_cannot_be_judged_keeps_nobody_else_waiting(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    partner = ListConnector([sent("a", b"a"), sent("b", b"b"), sent("c", b"c")])
    listener = Stumbling("b")
    with caplog.at_level(logging.DEBUG):
        result = pull(ledger, partner, listener)
    assert result.status == "pulled"
    outcomes = {d.source_key: d.outcome for d in result.deliveries}
    assert outcomes == {"a": Outcome.REJECTED, "b": Outcome.FAILED, "c": Outcome.REJECTED}
    assert [d.id for d in ledger.store.unfinished(FEED).received] == ["D-2"]
    (alert,) = [a for a in ledger.alerts("open") if a.kind == "hub.not_evaluated"]
    assert (alert.subject, alert.audience) == ("D-2", "platform")
    told = caplog.text + str(ledger.messages()) + str(alert.view) + str(result)
    assert "RuntimeError" in told  # the engineer learns what broke, and where
    assert "Jane Doe" not in told

    again = pull(ledger, partner, listener)  # the same fault: what comes after it is still taken, the alert stays one
    assert again.status == "pulled"
    assert ledger.alert("hub.not_evaluated").openings == 1

    listener.mended = True
    pull(ledger, partner, listener)
    assert ledger.store.unfinished(FEED).received == ()
    assert ledger.alert("hub.not_evaluated").state == "resolved"


class Broken(ListConnector):
    """A connector with a bug: it breaks its promise to raise ConnectorError only."""

    async def pull(self, cursor: Cursor | None, until: datetime | None) -> AsyncIterator[Delivery]:
        async for delivery in super().pull(cursor, until):
            yield delivery
        raise KeyError("Jane Doe")


def test_an_unexpected_error_is_a_result_and_an_alert_of_the_platform(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Reactions(contracts(), Settings())
    with caplog.at_level(logging.DEBUG):
        result = pull(ledger, Broken([sent("a", b"a")]), listener)
    assert (result.status, result.reason, result.audience) == ("failed", "KeyError", "platform")
    assert [d.source_key for d in result.deliveries] == ["a"]
    alert = ledger.alert("hub.not_evaluated")
    assert (alert.subject, alert.state) == (FEED, "open")
    assert "Jane Doe" not in caplog.text + str(alert.view) + str(result)
    pull(ledger, ListConnector([sent("a", b"a")]), listener)
    assert ledger.alert("hub.not_evaluated").state == "resolved"


def test_only_a_pull_that_went_to_its_end_has_looked(ledger: Ledger) -> None:
    failed = pull(ledger, ListConnector([sent("a", b"a")], error=Unreachable("the link broke")))
    assert [d.source_key for d in failed.deliveries] == ["a"]
    assert looked_at(ledger) is None  # what comes after "a" is unknown: nobody may be called late for it


def test_a_pull_has_looked_when_it_began_and_not_when_it_ended(ledger: Ledger) -> None:
    class Slow(ListConnector):
        async def pull(self, cursor: Cursor | None, until: datetime | None) -> AsyncIterator[Delivery]:
            async for delivery in super().pull(cursor, until):
                ledger.clock.advance(timedelta(minutes=10))
                yield delivery

    began = ledger.clock.now()
    assert pull(ledger, Slow([sent("a", b"a")])).status == "pulled"
    assert looked_at(ledger) == began


def test_a_window_pulled_by_hand_says_nothing_of_what_is_due_now(ledger: Ledger) -> None:
    now = ledger.clock.now()
    assert pull(ledger, ListConnector([sent("a", b"a")]), until=now - timedelta(days=30)).status == "pulled"
    assert looked_at(ledger) is None


def test_a_pull_that_is_cut_off_ends_the_step_it_is_in_before_it_lets_the_feed_go(ledger: Ledger) -> None:
    inside, go_on, order = threading.Event(), threading.Event(), []

    def slow(_tx: Tx, event: Event) -> None:
        if isinstance(event, Judged):
            inside.set()
            go_on.wait(10)
            order.append("judged")

    judge = Judge(ledger.store, contract_of(FEED), ledger.clock, slow)
    one = Pull(
        ledger.store, ledger.clock, "northvale", "coa", ListConnector([sent("a", b"a")]), judge,
        lambda _delivery: contract_of(FEED), slow, timedelta(minutes=15),
    )  # fmt: skip

    async def cut_off() -> None:
        task = asyncio.create_task(one.run())
        await asyncio.to_thread(inside.wait, 10)
        task.cancel()
        await asyncio.sleep(0.05)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        order.append("ended")

    asyncio.run(cut_off())
    assert order == ["judged", "ended"]
    assert ledger.store.lease(FEED, "next") is not None  # free at once, and nothing goes on behind its back
    assert ledger.store.unfinished(FEED).received == ()


PARTNER = """
partner: northvale
name: Northvale Vectors
sites: [{site: NV-BOS, timezone: America/New_York, roles: [vector_mfg]}]
feeds:
  - {kind: coa, contract: northvale-coa@2.3, every: 15m, connector: rest,
     options: {base_url: "https://127.0.0.1:9", auth: {api_key: {header: X-Key, key: "env:GONE"}}, path: /v1, items: $.data}, format: json}
  - {kind: schedule, contract: northvale-schedule@1.1, every: 15m, connector: folder, options: {root: drop, paths: ["*.json"]}}
"""  # noqa: E501 - a partner file as a person writes it


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "partners").mkdir()
    (tmp_path / "drop").mkdir()
    (tmp_path / "hub.toml").write_text("")
    (tmp_path / "partners/northvale.yaml").write_text(PARTNER)
    return tmp_path


def test_a_secret_that_is_gone_is_an_alert_and_not_silence(home: Path, ledger: Ledger) -> None:
    hub = Hub.open(Settings.load(home, {}), clock=ledger.clock)
    try:
        result = asyncio.run(hub.pull_once("northvale", "coa"))
        assert (result.status, result.reason) == ("failed", "SecretMissing")
        (alert,) = hub.store.views.alerts(("open",))
        assert (alert.kind, alert.subject) == ("link.down", FEED)
    finally:
        hub.close()


def test_a_clock_that_was_set_back_stops_no_pull(home: Path, ledger: Ledger) -> None:
    hub = Hub.open(Settings.load(home, {}), clock=ledger.clock)
    right = ledger.clock.now()
    try:
        ledger.clock.set(right + timedelta(days=365))  # a wrong clock, for one pull
        assert asyncio.run(hub.pull_once("northvale", "schedule")).status == "pulled"
        ledger.clock.set(right)
        assert ("northvale", "schedule") in hub.feeds_to_pull("schedule")
        assert asyncio.run(hub.pull_once("northvale", "schedule")).status == "pulled"
        with hub.store.reading() as tx:
            assert tx.watermark("northvale/schedule").last_pulled_at == right  # else everything counts as looked at
    finally:
        hub.close()
