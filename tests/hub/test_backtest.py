"""Promise: before a contract changes, both sides see what it would have done to the partner's own files: every verdict
that flips, by clause, judged on the archived bytes with the history of that time. The store is as it was before.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.contract import Contract
from hub.clock import FakeClock
from hub.hub import Hub
from hub.intake.backtest import Backtest, backtest
from hub.registries import Registries
from hub.settings import Settings
from tests.contracts.change_support import edited, made, text_of
from tests.hub import crashlab

PURPOSES = "[{value: L1}, {value: L2}, {value: combined}]"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that pulled a partner's certificates, some with a word that the contract does not know."""
    home = tmp_path_factory.mktemp("backtest")
    crashlab.prepare(home)
    (home / "drop/coa/broken.json").unlink()
    paper = json.loads(min((home / "drop/coa").glob("*.json")).read_text())
    more = [("sold", "L1"), ("released", "combined"), ("sold", "combined")]
    for number, (disposition, purpose) in enumerate(more):
        paper |= {"certificate_no": f"COA-999999{number}", "disposition": disposition, "purpose": purpose}
        late = home / f"drop/coa/z{number}.json"
        late.write_text(json.dumps(paper))
        os.utime(late, (crashlab.NOW.timestamp() - 3000 + number,) * 2)
    opened = Hub.open(Settings.load(home, {}), clock=FakeClock(crashlab.NOW))
    assert asyncio.run(opened.pull_once("halden", "coa")).status == "pulled"
    yield opened
    opened.close()


def changed(*edits: tuple[str, str]) -> Contract:
    return made(edited(text_of("halden-coa"), *edits))


def run(hub: Hub, new: Contract, last: int = 50) -> Backtest:
    return backtest(hub.store, hub.contract_of("halden/coa"), new, last=last, registries=Registries())


def papers(hub: Hub) -> dict[str, dict[str, object]]:
    """What each delivery says, read from the dropped files by their names."""
    with hub.store.reading() as tx:
        deliveries = tx.deliveries(feed="halden/coa")
    return {d.id: json.loads((hub.settings.home / "drop/coa" / d.file).read_text()) for d in deliveries}


def test_the_same_contract_changes_nothing(hub: Hub) -> None:
    done = run(hub, changed(("domain: vector-release", "domain: release")))
    assert len(done.tested) == len(papers(hub)) > 5
    assert not any(one.flip.changed for one in done.tested)
    assert (
        done.sentence == f"{len(done.tested) - 2} of your last {len(done.tested)} files would pass"
    )  # all but the sold
    assert done.clauses == ()


def test_every_verdict_that_flips_is_listed_by_clause(hub: Hub) -> None:
    """The word `combined` goes, the word `sold` comes: who uses the one is rejected, who used the other passes."""
    new = changed((PURPOSES, "[{value: L1}, {value: L2}]"), ("{value: on_hold}", "{value: on_hold}, {value: sold}"))
    all_papers = papers(hub)
    combined = {key for key, paper in all_papers.items() if paper["purpose"] == "combined"}
    sold = {key for key, paper in all_papers.items() if paper["disposition"] == "sold"}
    assert len(combined) >= 2
    assert len(sold) == 2
    done = run(hub, new)
    before = {one.delivery.id: one.flip.before.value for one in done.tested}
    after = {one.delivery.id: one.flip.after.value for one in done.tested}
    assert {key for key, verdict in before.items() if verdict == "rejected"} == sold
    assert {key for key, verdict in after.items() if verdict == "rejected"} == combined
    flips = {c.clause: c for c in done.clauses}
    assert set(flips["auto.certificate.purpose.enum"].rejects) == combined - sold
    assert set(flips["auto.certificate.disposition.enum"].accepts) == sold - combined
    total = len(all_papers)
    assert done.sentence == f"{total - len(combined)} of your last {total} files would pass"


def test_a_tightened_word_rejects_just_the_files_that_use_it(hub: Hub) -> None:
    all_papers = papers(hub)
    used = {str(paper["purpose"]) for paper in all_papers.values()}
    word = sorted(used)[0]
    done = run(hub, changed((PURPOSES, PURPOSES.replace(f"{{value: {word}}}", "{value: other}"))))
    (clause,) = [c for c in done.clauses if c.clause == "auto.certificate.purpose.enum"]
    with_word = {
        key for key, paper in all_papers.items() if paper["purpose"] == word and paper["disposition"] != "sold"
    }
    assert set(clause.rejects) == with_word
    assert clause.accepts == ()


def test_only_the_newest_deliveries_are_looked_at_in_their_order(hub: Hub) -> None:
    done = run(hub, changed(("domain: vector-release", "domain: release")), last=3)
    assert [one.delivery.id for one in done.tested] == sorted(papers(hub), key=lambda key: int(key[2:]))[-3:]


def test_a_delivery_meets_the_history_of_its_own_time(hub: Hub) -> None:
    """Judged again after all others came, no certificate is taken for a repetition of itself or of a later one."""
    done = run(hub, changed(("domain: vector-release", "domain: release")))
    with hub.store.reading() as tx:
        stored = {d.id: d.verdict for d in tx.deliveries(feed="halden/coa")}
    assert {one.delivery.id: one.flip.before.value for one in done.tested} == stored


def test_nothing_in_the_store_changes(hub: Hub) -> None:
    before = _bytes(hub.settings.home)
    run(hub, changed((PURPOSES, "[{value: L1}]")))
    assert _bytes(hub.settings.home) == before


def test_bytes_that_are_gone_are_named_and_the_rest_is_judged(hub: Hub) -> None:
    with hub.store.reading() as tx:
        newest = tx.deliveries(feed="halden/coa")[-1]
    path = hub.store.archive.path(newest.sha256)
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        done = run(hub, changed(("domain: vector-release", "domain: release")))
    finally:
        aside.rename(path)
    assert done.missing == (newest.id,)
    assert newest.id not in {one.delivery.id for one in done.tested}


def _bytes(home: Path) -> dict[str, str]:
    """Every archived byte, and every row of the ledger."""
    found = {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((home / "data/archive").rglob("*"))
        if path.is_file()
    }
    with sqlite3.connect(f"file:{home / 'data/ledger.db'}?mode=ro", uri=True) as ledger:
        found["ledger"] = hashlib.sha256("\n".join(ledger.iterdump()).encode()).hexdigest()
    return found
