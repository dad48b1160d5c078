"""What the ledger holds for an evaluation: newest slots, certificates of lots, what waits in quarantine about them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.codes import Severity, codes
from contracts.due import NO_LOT
from contracts.finding import Report
from contracts.records import Certificate, Slot
from hub.release.lots import CertificateOnFile, Concern
from hub.store import Tx
from hub.store.bodies import read_record
from hub.store.ledger.types import canonical
from hub.store.rows import RecordRow


@dataclass(frozen=True, slots=True)
class Planned:
    """The newest revision of a slot and its place in the ledger."""

    slot: Slot
    key: str
    version: int
    sha256: str
    partner: str

    @property
    def lot(self) -> str | None:
        lot = self.slot.vector_lot
        return None if lot is None or lot in NO_LOT else lot


@dataclass(frozen=True, slots=True)
class OfPartner:
    """A certificate on file and whose it is."""

    partner: str
    file: CertificateOnFile


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery in quarantine and what was found about it."""

    delivery_id: str
    received_at: datetime
    concerns: tuple[Concern, ...]


def newest_slots(tx: Tx) -> dict[str, Planned]:
    """The newest revision of every slot, by natural key. Old news may come late: the order of arrival says nothing."""
    newest: dict[str, RecordRow] = {}
    for row in tx.records("slot", current=False):
        known = newest.get(row.natural_key)
        if known is None or _revision(row) >= _revision(known):
            newest[row.natural_key] = row
    return {key: _planned(row, partner_of(tx, row)) for key, row in newest.items()}


def certificates_of(tx: Tx, lots: Collection[str]) -> dict[str, list[OfPartner]]:
    """Every stored revision of the lots' certificates with what was found about it. A certificate whose newest
    revision names another lot counts there."""
    if not lots:
        return {}
    rows = tx.records_about("certificate", "lot_number", sorted(lots))
    newest: dict[str, RecordRow] = {}
    for row in rows:
        known = newest.get(row.natural_key)
        if known is None or row.body["revision"] >= known.body["revision"]:
            newest[row.natural_key] = row
    found: dict[str, list[OfPartner]] = {lot: [] for lot in lots}
    for row in rows:
        lot = newest[row.natural_key].body["lot_number"]
        if lot in found:
            # An older revision can't count, so its report is not read.
            concerns = _concerns(tx, row) if row is newest[row.natural_key] else ()
            found[lot].append(OfPartner(partner_of(tx, row), _on_file(row, concerns)))
    return found


def open_concerns(
    tx: Tx, lots: Collection[str], certificates: Mapping[str, Sequence[OfPartner]]
) -> dict[str, list[Waiting]]:
    """Deliveries that wait in quarantine as a whole, by the lot they speak of.

    A rejected delivery has no record: its findings' business keys name the lot, or a certificate that is known.
    """
    lot_of = {(c.partner, c.file.record.certificate_no): lot for lot, files in certificates.items() for c in files}
    found: dict[str, list[Waiting]] = {}
    for row in tx.quarantined(states=("open",)):
        delivery = tx.delivery(row.delivery_id) if row.scope == "delivery" else None
        report = tx.report(row.delivery_id) if delivery is not None and delivery.kind == "coa" else None
        if delivery is None or report is None:
            continue
        lot = _spoken_of(report, delivery.partner, lots, lot_of)
        if lot is not None:
            waiting = Waiting(delivery.id, delivery.received_at, tuple(concerns_of(report, delivery.id)))
            found.setdefault(lot, []).append(waiting)
    return found


def concerns_of(report: Report, delivery_id: str) -> list[Concern]:
    """What a report says that somebody must act on, in the catalogue's words: a partner's text goes no further."""
    return [
        Concern(f.code, codes()[f.code].title, f.impact, delivery_id, dict(f.key).get("characteristic"))
        for f in report.findings
        if f.severity is not Severity.INFO
    ]


def partner_of(tx: Tx, row: RecordRow) -> str:
    """Who sent a record. It stands in the body; a row from elsewhere is traced to its delivery."""
    source = row.body.get("source")
    if source:
        return str(source["partner"])
    delivery = tx.delivery(row.delivery_id)
    return delivery.partner if delivery else ""


def _spoken_of(
    report: Report, partner: str, lots: Collection[str], lot_of: Mapping[tuple[str, str], str]
) -> str | None:
    for finding in report.findings:
        key = dict(finding.key)
        lot = key.get("lot_number") or lot_of.get((partner, key.get("certificate_no", "")))
        if lot in lots:
            return lot
    return None


def _concerns(tx: Tx, row: RecordRow) -> list[Concern]:
    report = tx.report(row.delivery_id)
    return [] if report is None else concerns_of(report, row.delivery_id)


def _on_file(row: RecordRow, concerns: Sequence[Concern]) -> CertificateOnFile:
    record = read_record(row)
    assert isinstance(record, Certificate)
    return CertificateOnFile(
        record,
        key=f"{row.natural_key}@{row.version}",
        sha256=_digest(row.body),
        delivery_id=row.delivery_id,
        received_at=row.received_at,
        concerns=tuple(concerns),
    )


def _planned(row: RecordRow, partner: str) -> Planned:
    record = read_record(row)
    assert isinstance(record, Slot)
    return Planned(record, row.natural_key, row.version, _digest(row.body), partner)


def _revision(row: RecordRow) -> tuple[int, datetime]:
    return row.body["revision"], datetime.fromisoformat(row.body["published_at"])


def _digest(body: Mapping[str, Any]) -> str:
    """sha256 of the canonical body: the name of this content in evidence, the same as the ledger's."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()
