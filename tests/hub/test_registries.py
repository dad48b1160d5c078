"""Promise: what the sponsor has on file, and what the ledger knew when a delivery came, is what its clauses are judged
with; a delivery judged again is asked about the same past; without registries those clauses still need the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigError
from contracts.context import BatchFacts, LotFacts
from contracts.contract import Contract
from contracts.finding import Report
from contracts.kit.draft import Draft
from contracts.kit.good import good
from contracts.kit.write import write
from contracts.odcs import load_file
from contracts.records import Slot
from hub.hub import Hub
from hub.intake import Judge, Staged
from hub.intake.events import nobody
from hub.intake.knowledge import LedgerSponsor, context_of
from hub.registries import Registries
from hub.settings import Settings
from hub.store import DeliveryRow
from hub.store.bodies import read_record
from hub.store.rows import ClearanceRow, Receipt
from hub.watch import watch_once
from tests.hub.meaning_support import NOW, Ledger, certificate, contracts, open_ledger, slot

FEED = "northvale/schedule"
HOUR = timedelta(hours=1)
REFERENCE = Path(__file__).parents[2] / "contracts/pages/reference/schedule.odcs.yaml"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_file(REFERENCE)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


@pytest.fixture
def draft(contract: Contract) -> Draft:
    return good(contract, at=NOW)


def folder(home: Path, **files: str) -> Path:
    made = home / "registries"
    made.mkdir(exist_ok=True)
    for name, text in files.items():
        (made / f"{name}.csv").write_text(text, encoding="utf-8")
    return made


def send(ledger: Ledger, draft: Draft, registries: Registries | None = None) -> tuple[str, Report]:
    """One schedule, from bytes to its report, by the hub's own judge."""
    ledger.sent += 1
    blob = ledger.store.archive.put_sync([write(draft, draft.contract.schema.sources[0])])
    name = f"slots-{ledger.sent}.json"
    receipt = Receipt(FEED, name, blob, name, "json", f"file:///drop/{name}")
    (received,) = ledger.store.receive(ledger.lease(FEED), [receipt], None)
    return received.id, judge(ledger, draft.contract, received.id, registries, received=received)


def judge(
    ledger: Ledger, contract: Contract, id: str, registries: Registries | None = None, *, received: Any = None
) -> Report:
    one = Judge(ledger.store, contract, ledger.clock, nobody, registries or Registries())
    return asyncio.run(one.judge(ledger.lease(FEED), delivery(ledger, id), received, Staged()))


def delivery(ledger: Ledger, id: str) -> DeliveryRow:
    with ledger.store.reading() as tx:
        row = tx.delivery(id)
    assert row is not None
    return row


def clear(ledger: Ledger, uid: str, lot: str, outcome: Any = "GO", version: int = 1) -> None:
    with ledger.store.transaction() as tx:
        tx.put_clearance(ClearanceRow(f"NV-BOS/{uid}", outcome, (), version, lot))


def found(report: Report) -> list[tuple[str, str]]:
    return [(f.code, f.message) for f in report.findings]


# The folder


def test_a_folder_is_read_as_what_it_says(tmp_path: Path) -> None:
    made = folder(
        tmp_path,
        lots="id,doses,expires_at,mfg_end,l1_due\nLV-1,10,2027-02-01T00:00:00+01:00,,\n\nLV-2,,,,2026-12-01T08:00:00Z\n",
        batches="id,unit,started_at,ended_at,phases\nB-1,BR01,2026-11-01T06:00:00Z,,growth; production\n",
        products="id,name\nCT-19,a product\n",
    )
    read = Registries.load(made)
    assert read.ids == {"lots": {"LV-1", "LV-2"}, "batches": {"B-1"}, "products": {"CT-19"}}
    assert read.lots["LV-1"].doses == Decimal(10)
    assert read.lots["LV-1"].expires_at == datetime(2027, 1, 31, 23, tzinfo=UTC)
    assert read.lots["LV-2"].doses is None
    assert read.lots["LV-2"].l1_due == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert (read.batches["B-1"].unit, read.batches["B-1"].phases) == ("BR01", ("growth", "production"))
    assert Registries.load(None) == Registries()


def test_everything_wrong_is_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    made = folder(
        tmp_path,
        batches="id,uint\nB-1,BR01\n",
        lots="id,doses,expires_at\nLV-1,ten,\nLV-2,1,2027-02-01T00:00:00\nLV-3,1\n,1,\nLV-4,1,\nLV-4,2,\n",
        sites="name\nBoston\n",
    )
    with pytest.raises(ConfigError) as told:
        Registries.load(made)
    assert [(Path(p.file).name, p.line, p.message) for p in told.value.problems] == [
        ("batches.csv", 1, 'unknown column "uint"'),
        ("lots.csv", 2, "doses is 'ten'"),
        ("lots.csv", 3, "expires_at is '2027-02-01T00:00:00'"),
        ("lots.csv", 4, "has 2 cells, the header has 3"),
        ("lots.csv", 5, "id is empty"),
        ("lots.csv", 7, "'LV-4' is there twice"),
        ("sites.csv", 1, 'column "id" is missing'),
    ]
    assert "did you mean unit" in told.value.problems[0].help
    assert told.value.problems[5].help == "the first is on line 6"


def test_the_hub_reads_the_folder_that_hub_toml_names_and_stops_at_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners/northvale.yaml").write_text(
        "partner: northvale\nname: Northvale\nsites: [{site: NV-BOS, timezone: America/New_York, roles: [cell_mfg]}]\n"
        "contacts: [{audience: partner, email: desk@northvale.example}]\n"
        "feeds:\n  - {kind: schedule, contract: northvale-schedule@1, every: 15m, connector: folder,\n"
        "     options: {root: drop, paths: ['*.json']}}\n"
    )
    (tmp_path / "hub.toml").write_text('[registries]\nfolder = "registries"\n')
    with pytest.raises(ConfigError, match="registries:1:1 is no folder"):
        Hub.open(Settings.load(tmp_path, {}))
    folder(tmp_path, lots="id,doses\nLV-2611-01,4\n")
    hub = Hub.open(Settings.load(tmp_path, {}))
    try:
        assert hub.registries.ids == {"lots": {"LV-2611-01"}}
        assert hub._judge(FEED).registries is hub.registries
    finally:
        hub.close()


# What clauses are judged with


def test_without_registries_their_clauses_need_the_hub_still(ledger: Ledger, draft: Draft) -> None:
    _, report = send(ledger, draft)
    assert found(report) == []
    waiting = {"lot_known", "product_known", "site_known", "doses", "vector_ready"}
    assert waiting <= set(report.hub_ends.needs_hub)
    assert "lot_frozen" in report.hub_ends.passed  # no clearance stands, so nothing of one changed


def test_doses_are_counted_over_the_slots_of_all_feeds(ledger: Ledger, draft: Draft, tmp_path: Path) -> None:
    lot = draft.rows[0]["vector_lot"]
    ledger.deliver("brightwater/schedule", slot("BW-7", lot, site="BW-GNT", vector_doses=2))
    lots = "".join(f"{row['vector_lot']},2\n" for row in draft.rows)
    read = Registries.load(folder(tmp_path, lots=f"id,doses\n{lots}"))
    _, report = send(ledger, draft, read)
    assert found(report) == [("SCH-E302", f"{lot} is promised 3 doses of 2")]
    assert report.findings[0].note == "promised to BW-7 2, SLOT-UID-1 1"


def test_a_lot_unknown_to_the_registry_costs_its_slot(ledger: Ledger, draft: Draft, tmp_path: Path) -> None:
    read = Registries.load(folder(tmp_path, lots="id\n" + "".join(f"{r['vector_lot']}\n" for r in draft.rows[1:])))
    _, report = send(ledger, draft, read)
    assert found(report) == [("SCH-E306", "vector_lot of SLOT-UID-1 is unknown to the hub")]


def test_a_lot_swapped_after_its_clearance_is_seen_against_the_revision_that_was_cleared(
    ledger: Ledger, draft: Draft
) -> None:
    send(ledger, draft)
    clear(ledger, "SLOT-UID-1", draft.rows[0]["vector_lot"])
    ledger.clock.advance(HOUR)
    swapped = draft.copy()
    swapped.rows[0] |= {"revision": 2, "vector_lot": "LV-2699-01"}
    judged, report = send(ledger, swapped)
    assert found(report) == [
        ("SCH-E305", "vector_lot of SLOT-UID-1 changed after its clearance, which is void now"),
    ]
    assert report.findings[0].expected is not None
    assert report.findings[0].expected.text == f"{draft.rows[0]['vector_lot']}, as cleared"
    # judged again after the clearance was withdrawn: the same past gives the same answer
    ledger.clock.advance(HOUR)
    clear(ledger, "SLOT-UID-1", "LV-2699-01", "PENDING", version=2)
    assert found(judge(ledger, draft.contract, judged)) == found(report)


def test_a_start_counts_by_the_clearance_that_stood_then(ledger: Ledger, draft: Draft) -> None:
    send(ledger, draft)
    ledger.clock.advance(HOUR)
    clear(ledger, "SLOT-UID-1", draft.rows[0]["vector_lot"])
    ledger.clock.advance(HOUR)
    clear(ledger, "SLOT-UID-1", draft.rows[0]["vector_lot"], "PENDING")
    ledger.clock.advance(HOUR)
    running = draft.copy()
    running.rows[0] |= {"revision": 2, "status": "running", "actual_start": (NOW + 1.5 * HOUR).isoformat()}
    assert found(send(ledger, running)[1]) == []
    too_late = draft.copy()
    too_late.rows[0] |= {"revision": 3, "status": "running", "actual_start": (NOW + 2.5 * HOUR).isoformat()}
    _, report = send(ledger, too_late)
    assert found(report) == [("SCH-E308", "SLOT-UID-1 started without clearance")]
    assert report.findings[0].note == "the clearance was PENDING at the start"


def test_another_feed_of_the_agreed_sources_is_held_against_this_one(ledger: Ledger, draft: Draft) -> None:
    send(ledger, draft)
    with ledger.store.reading() as tx:
        ours = tx.records("slot", "NV-BOS/SLOT-UID-1")[0]
    other = read_record(ours)
    assert isinstance(other, Slot)
    ledger.deliver("brightwater/schedule", replace(other, revision=4, suite="S-9"))
    again = draft.copy()
    again.rows[0]["revision"] = 5
    assert found(send(ledger, again)[1]) == [("SCH-E208", "SLOT-UID-1 differs from brightwater/schedule: suite")]


# What the ledger knows


def test_lots_are_known_by_their_certificates_and_only_by_earlier_ones(ledger: Ledger, tmp_path: Path) -> None:
    lot, until = "LV-2611-01", NOW + timedelta(days=90)
    first = delivery(ledger, ledger.deliver("northvale/coa", certificate(lot)))
    ledger.clock.advance(HOUR)
    second = delivery(ledger, ledger.deliver("northvale/coa", certificate("LV-2611-02", number="COA-2611002")))
    read = Registries.load(folder(tmp_path, lots=f"id,doses,l1_due\n{lot},4,2026-12-24T00:00:00Z\n"))
    facts = LedgerSponsor(ledger.store, second, read).lot(lot)
    assert facts is not None
    assert (facts.doses, facts.expires_at) == (Decimal(4), until)
    made = date(2026, 11, 2)  # NOW less 20 days, as the certificate says
    assert facts.mfg_end == datetime(made.year, made.month, made.day, tzinfo=UTC)
    assert facts.l1_due == NOW  # all of Level 1 came with the first delivery: it is not due on the 24th any more
    before = LedgerSponsor(ledger.store, first, Registries())
    assert before.lot(lot) is None
    assert before.lot("LV-2611-02") is None


def test_an_amendment_of_a_lot_that_was_cleared_is_told_as_one(ledger: Ledger) -> None:
    first = ledger.deliver("northvale/coa", certificate("LV-2611-01"))
    clear(ledger, "PT-1", "LV-2611-01")
    clear(ledger, "PT-2", "LV-2611-02", "PENDING")
    assert context_of(ledger.store, delivery(ledger, first), Registries()).cleared_lots == frozenset()
    ledger.clock.advance(HOUR)
    later = ledger.deliver("northvale/coa", certificate("LV-2611-01", revision=2))
    assert context_of(ledger.store, delivery(ledger, later), Registries()).cleared_lots == {"LV-2611-01"}


# Looking ahead


def test_a_lot_made_too_late_for_its_slot_is_at_risk_days_before_it_is_due(ledger: Ledger) -> None:
    """Level 1 takes 10 working days (identity). Made on Thursday the 19th, that is Thursday 3 December; the slot opens
    on Monday the 30th, so Level 1 is due on Saturday the 28th."""
    lot, clause = "LV-2611-01", "northvale-coa#l1_due"
    opens = datetime(2026, 11, 30, 15, tzinfo=UTC)
    ledger.deliver("northvale/schedule", slot("SL-1", lot, opens=opens - NOW))

    def state(made: datetime | None) -> str | None:
        on_file = Registries(lots={lot: LotFacts(lot, mfg_end=made)})
        watch_once(ledger.store, contracts(), ledger.settings, {}, on_file)
        with ledger.store.reading() as tx:
            row = tx.due(clause, lot)
        return row.state if row else None

    assert state(None) == "pending"  # nobody knows when it was made
    assert state(datetime(2026, 11, 19, 15, tzinfo=UTC)) == "at_risk"
    assert state(datetime(2026, 11, 12, 15, tzinfo=UTC)) == "pending"  # Thursday the 26th: in time
    ledger.deliver("northvale/coa", certificate(lot, mfg_date=date(2026, 11, 19)))
    with ledger.store.reading() as tx:
        level_1, level_2 = tx.due(clause, lot), tx.due("northvale-coa#l2_due", lot)
    assert level_1 is not None
    assert level_1.state == "on_time"
    # Level 2 is due on 8 January 2027 (40 days after the start, less 24 h) and takes 50 working days from the day that
    # the certificate says: to Thursday 28 January.
    assert level_2 is not None
    assert (level_2.due_at, level_2.state) == (opens + timedelta(days=39), "at_risk")
    watch_once(ledger.store, contracts(), ledger.settings, {})
    assert ledger.kinds() == []  # nothing is late yet


# Heartbeats


def heartbeat(ledger: Ledger, registries: Registries) -> tuple[str, datetime | None] | None:
    watch_once(ledger.store, contracts(), ledger.settings, {}, registries)
    with ledger.store.reading() as tx:
        row = tx.due("northvale-pat#heartbeat", "northvale/pat")
    return (row.state, row.due_at) if row else None


def running(since: datetime, until: datetime | None = None, partner: str = "northvale") -> Registries:
    batch = BatchFacts("B-2611-0001", "BR01", since, until)
    return Registries(batches={batch.batch_id: batch}, makers={batch.batch_id: partner})


def test_a_batch_that_started_and_sends_nothing_is_late_from_its_start(ledger: Ledger) -> None:
    """The contract's heartbeat is 15 min."""
    with ledger.store.reading() as tx:
        known = tx.feed("northvale/pat")
    every = known.every if known else timedelta()
    assert heartbeat(ledger, Registries()) is None  # nothing came, and nobody says that anything runs
    assert heartbeat(ledger, running(NOW, partner="halden")) is None
    due_at = NOW + timedelta(minutes=15) + every
    assert heartbeat(ledger, running(NOW)) == ("pending", due_at)
    ledger.clock.advance(timedelta(days=3))
    ledger.pulled("northvale/pat")
    assert heartbeat(ledger, running(NOW)) == ("late", due_at)
    assert ledger.kinds().count("pat.late") == 1
    assert heartbeat(ledger, running(NOW, ledger.clock.now())) == ("not_expected", None)
    assert ledger.kinds().count("pat.late") == 1  # that nothing came of a whole batch is for a person to settle


def test_silence_after_a_batch_ended_is_no_lateness(ledger: Ledger) -> None:
    ledger.deliver("northvale/pat")
    ledger.clock.advance(2 * HOUR)
    ledger.pulled("northvale/pat")
    state = heartbeat(ledger, running(NOW - 9 * HOUR, NOW + HOUR))
    assert state is not None
    assert state[0] == "not_expected"
    assert "pat.late" not in ledger.kinds()


def test_a_batch_that_runs_is_expected_also_after_a_day_of_silence(ledger: Ledger) -> None:
    ledger.deliver("northvale/pat")
    ledger.clock.advance(timedelta(days=2))
    ledger.pulled("northvale/pat")
    silent = heartbeat(ledger, Registries())
    assert silent is not None
    assert silent[0] == "not_expected"  # without a registry a day of silence means that nothing runs
    late = heartbeat(ledger, running(NOW - HOUR))
    assert late is not None
    assert late[0] == "late"


def test_the_partner_of_a_batch_is_read_from_its_row(tmp_path: Path) -> None:
    rows = "id,partner,started_at,ended_at\nB-1,northvale,2026-11-20T08:00:00+01:00,\nB-2,northvale,,\nB-3,,,\n"
    registries = Registries.load(folder(tmp_path, batches=rows))
    start = datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert [b.batch_id for b in registries.running("northvale", start) or ()] == ["B-1"]
    assert registries.running("northvale", start - HOUR) == ()
    assert registries.running("halden", start) is None
