"""Certificates, slots and reports in few words, and a ledger that reacts to them, for the tests of what data means.

Records are built as checked records: a test says which results pass. The contracts are those that are shipped.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from contracts.codes import codes
from contracts.contract import Contract
from contracts.finding import (
    ClauseRef,
    ContractRef,
    Coverage,
    DeliveryRef,
    Finding,
    Found,
    Kind,
    Reach,
    Report,
    Verdict,
    verdict_of,
)
from contracts.odcs import load_catalog
from contracts.place import Place
from contracts.records import Certificate, Record, Result, ResultVerdict, Signature, Slot
from hub.alerts import Channel, Reactions, Written
from hub.alerts.react import react
from hub.clock import FakeClock
from hub.intake.events import Event, Judged
from hub.release.lots import CertificateOnFile, Concern
from hub.settings import Settings, StoreSettings
from hub.store import Store
from hub.store.bodies import record_row
from hub.store.rows import AlertRow, FeedRow, Judgement, Lease, OutboxRow, PartnerRow, QuarantineRow, Receipt
from hub.watch import WatchResult, watch_once

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PARTNERS = {"northvale": "NV-BOS", "brightwater": "BW-GNT", "halden": "HD-ICN"}


@cache
def contract_of(feed: str) -> Contract:
    partner, _, kind = feed.partition("/")
    return load_catalog().get(f"{partner}-{kind}@{ {'coa': 2, 'pat': 1, 'schedule': 1}[kind] }".replace(" ", ""))


@cache
def contracts() -> Mapping[str, Contract]:
    return {f"{p}/{k}": contract_of(f"{p}/{k}") for p in PARTNERS for k in ("coa", "pat", "schedule")}


def panel(level: str) -> list[str]:
    """The required tests of a level, by code."""
    return [t.code for t in contract_of("northvale/coa").schema.tests if t.level == level and t.required]


def result(
    code: str, verdict: ResultVerdict = ResultVerdict.PASS, *, stage: str = "final", replicate: int = 1
) -> Result:
    test = next(t for t in contract_of("northvale/coa").schema.tests if t.code == code)
    return Result(
        characteristic=code,
        level=test.level,
        required=test.required,
        replicate=replicate,
        method="M-1",
        lab="QC",
        stage=stage,
        raw="as sent",
        operator="=",
        value=None,
        word="conforms",
        unit=test.unit,
        loq=None,
        criterion_text=None,
        reported_verdict=None,
        verdict=verdict,
        reason="",
        tested_from=None,
        tested_to=None,
    )


def certificate(
    lot: str = "LV-2611-01",
    tests: Sequence[str] | None = None,
    *,
    number: str = "COA-2611001",
    revision: int = 1,
    failing: Sequence[str] = (),
    **changes: Any,
) -> Certificate:
    """A signed certificate whose tests (default: all of Level 1) pass, except those that are `failing`."""
    listed = list(panel("L1") if tests is None else tests)
    results = tuple(result(code, ResultVerdict.FAIL if code in failing else ResultVerdict.PASS) for code in listed)
    values: dict[str, Any] = {
        "certificate_no": number,
        "revision": revision,
        "replaces": (number, revision - 1) if revision > 1 else None,
        "material_id": "LV-CD19",
        "lot_number": lot,
        "spec_id": "SPC-014",
        "spec_version": "3",
        "purpose": "L1",
        "issued_at": NOW - HOUR,
        "mfg_date": NOW.date() - timedelta(days=20),
        "expires_at": NOW + timedelta(days=90),
        "results": results,
        "disposition": "none",
        "signatures": (Signature("qa.17", "QA approver", "approval", NOW - HOUR),),
        "attachments": (),
    }
    return Certificate(**{**values, **changes})


def slot(
    uid: str = "PT-7F3K", lot: str | None = "LV-2611-01", opens: timedelta = timedelta(days=6), **changes: Any
) -> Slot:
    values: dict[str, Any] = {
        "slot_uid": uid,
        "revision": 1,
        "published_at": NOW - HOUR,
        "status": "confirmed",
        "site": "NV-BOS",
        "suite": f"S-{uid}",
        "product": "CT-CD19",
        "coi": "A900126ABCDEFGH",
        "vector_lot": lot,
        "vector_doses": 1,
        "planned_start": NOW + opens,
        "planned_end": NOW + opens + timedelta(days=10),
        "actual_start": None,
        "actual_end": None,
        "planned_final_release": NOW + opens + timedelta(days=40),
    }
    return Slot(**{**values, **changes})


def on_file(record: Certificate, *concerns: Concern, version: int = 1) -> CertificateOnFile:
    return CertificateOnFile(record, f"northvale/{record.certificate_no}@{version}", "0" * 64, "D-1", NOW, concerns)


def finding(code: str, *, count: int = 1, text: str | None = None, **key: str) -> Finding:
    """A finding with the catalogue's defaults. `text` is what stood in the partner's file."""
    known = codes()[code]
    return Finding(
        code=code,
        title=known.title,
        message=f"found {text!r}" if text else known.title,
        severity=known.severity,
        impact=known.impact,
        action=known.action,
        clause=ClauseRef("auto.clause", "certificate.results.value", 1, 1),
        where=(Place(file="a.json", pointer="/results/0/value"),),
        kind=Kind.QUALITY if code == "COA-E302" else Kind.CONTRACT,
        reach=Reach.ROW if code.startswith("PAT") else Reach.DELIVERY,
        key=tuple(key.items()),
        found=Found(text) if text else None,
        count=count,
        shown=count,
    )


@cache
def _empty_store() -> Path:
    """A store with its tables made, to copy: making them takes longer than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="jid-empty-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Store.open(StoreSettings().under(folder), FakeClock(NOW)).close()
    return folder


@contextmanager
def open_ledger(folder: Path, settings: Settings | None = None, start: datetime = NOW) -> Iterator[Ledger]:
    shutil.copytree(_empty_store(), folder, dirs_exist_ok=True)
    clock = FakeClock(start)
    store = Store.open(StoreSettings().under(folder), clock)
    try:
        yield Ledger(store, clock, settings or Settings())
    finally:
        store.close()


@dataclass
class Ledger:
    """A real store whose listener is the hub's, and a partner who sends things."""

    store: Store
    clock: FakeClock
    settings: Settings = field(default_factory=Settings)
    leases: dict[str, Lease] = field(default_factory=dict)
    sent: int = 0

    def __post_init__(self) -> None:
        self.store.sync(
            [PartnerRow(p, p.title(), (site,)) for p, site in PARTNERS.items()],
            [FeedRow(f, f.split("/")[0], f.split("/")[1], "folder", "c@1", timedelta(minutes=15)) for f in contracts()],
        )

    def lease(self, feed: str) -> Lease:
        if feed not in self.leases or self.leases[feed].expires_at <= self.clock.now():
            held = self.store.lease(feed, "test", timedelta(days=3650))
            assert held is not None
            self.leases[feed] = held
        return self.leases[feed]

    def deliver(
        self,
        feed: str,
        *records: Record,
        findings: Sequence[Finding] = (),
        key: str | None = None,
        body: bytes | None = None,
        file: str | None = None,
        named: Mapping[str, str] | None = None,
    ) -> str:
        """Receipt and judge one delivery as the hub does; returns its id. The verdict follows from the findings."""
        self.sent += 1
        key = key or f"key-{self.sent}"
        content = body or f"{feed} {self.sent}".encode()
        blob = self.store.archive.put_sync([content])
        receipt = Receipt(feed, key, blob, file or f"{key}.json", "json", f"file:///drop/{key}.json")
        (received,) = self.store.receive(self.lease(feed), [receipt], None)
        contract = contract_of(feed)
        with self.store.reading() as tx:
            row = tx.delivery(received.id)
        assert row is not None
        report = Report(
            delivery=DeliveryRef(
                row.file, row.sha256, row.size, row.id, row.partner, row.feed, row.received_at.isoformat()
            ),
            contract=ContractRef(contract.id, contract.version, contract.sha256),
            engine="test",
            verdict=verdict_of(tuple(findings)),
            findings=tuple(findings),
            coverage=Coverage(),
        )
        landed = report.verdict is not Verdict.REJECTED
        judgement = Judgement(
            row.id,
            report,
            records=tuple(
                record_row(
                    r, partner=row.partner, feed=feed, contract=f"{contract.id}@{contract.version}", delivery_id=row.id
                )
                for r in records
            )
            if landed
            else (),
            quarantine=() if landed else (QuarantineRow(row.id, "delivery", "test"),),
        )
        listener = Reactions(contracts(), self.settings)
        self.store.judge(
            self.lease(feed),
            judgement,
            lambda tx: listener(tx, Judged(row, received, contract, report, records, named or _named(findings))),
        )
        return row.id

    def tell(self, event: Event) -> Written:
        with self.store.transaction() as tx:
            return react(tx, event, contracts(), self.settings, tx.now)

    def watch(self, channels: Mapping[str, Channel] | None = None) -> WatchResult:
        return watch_once(self.store, contracts(), self.settings, channels or {})

    def pulled(self, *feeds: str) -> None:
        """A pull of these feeds (default: all) that went through and brought nothing."""
        for feed in feeds or contracts():
            self.store.receive(self.lease(feed), [], None, looked_at=self.clock.now())

    def alerts(self, *states: str) -> list[AlertRow]:
        with self.store.reading() as tx:
            return tx.alerts(states or None)

    def alert(self, kind: str) -> AlertRow:
        found = [a for a in self.alerts() if a.kind == kind]
        assert len(found) == 1, [(a.kind, a.subject, a.state) for a in self.alerts()]
        return found[0]

    def messages(self) -> list[OutboxRow]:
        with self.store.reading() as tx:
            return tx.messages()

    def kinds(self, *states: str) -> list[str]:
        return sorted(a.kind for a in self.alerts(*(states or ("open", "acknowledged"))))


def _named(findings: Sequence[Finding]) -> dict[str, str]:
    """What a delivery with these findings calls itself: as the keys say."""
    return {name: text for f in findings for name, text in f.key if name != "tag"}


def with_result(record: Certificate, *results: Result) -> Certificate:
    return replace(record, results=(*record.results, *results))
