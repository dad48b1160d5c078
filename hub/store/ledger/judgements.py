"""Judgements: a delivery's reports, their findings, and what is in quarantine with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from contracts.codes import Severity
from contracts.finding import Finding, Report, Verdict
from contracts.render.json import dumps, loads
from hub.store.ledger.deliveries import Deliveries
from hub.store.ledger.feeds import raise_watermark
from hub.store.ledger.part import number
from hub.store.ledger.records import Records, put_record
from hub.store.ledger.tables import delivery, finding, publish_member, quarantine, report
from hub.store.ledger.traces import Traces, put_traces
from hub.store.rows import DeliveryRow, Judgement, QuarantineRow

LANDED = (Verdict.ACCEPTED.value, Verdict.ACCEPTED_WITH_WARNINGS.value)

RECENT = 500
"""Reports that are looked through for an earlier one about the same thing."""


class Judgements(Deliveries, Records, Traces):
    def report(self, delivery_id: str) -> Report | None:
        """The delivery's newest report, None when it was not judged yet."""
        body = self.connection.execute(
            select(report.c.body)
            .where(report.c.delivery == number(delivery_id, "D", "delivery"))
            .order_by(report.c.id.desc())
            .limit(1)
        ).scalar()
        return None if body is None else loads(body)

    def report_about(self, subject: str, feed: str, *, before: str) -> Report | None:
        """The newest report about this subject (contracts.baseline) of the feed's deliveries before this one.

        Looks back over the last RECENT deliveries only; our own JSON is searched as bytes, where a partner's quotes
        stand escaped.
        """
        query = (
            select(report.c.body)
            .join(delivery, delivery.c.id == report.c.delivery)
            .where(delivery.c.feed == feed, delivery.c.id < number(before, "D", "delivery"))
            .order_by(delivery.c.id.desc(), report.c.id.desc())
            .limit(RECENT)
            .execution_options(yield_per=20)
        )
        mark = f'"subject":"{subject}"'.encode()
        with self.connection.execute(query) as bodies:
            body = next((body for (body,) in bodies if mark in body), None)
        return None if body is None else loads(body)

    def quarantined(
        self, delivery_id: str | None = None, *, states: Sequence[str] | None = None
    ) -> list[QuarantineRow]:
        """What is or was in quarantine, in the order it came there."""
        query = select(quarantine).order_by(quarantine.c.id)
        if delivery_id is not None:
            query = query.where(quarantine.c.delivery == number(delivery_id, "D", "delivery"))
        if states is not None:
            query = query.where(quarantine.c.state.in_(states))
        return [_quarantine(row) for row in self.connection.execute(query)]

    def count_quarantined(self, partner: str) -> int:
        """How many deliveries of the partner have something open in quarantine."""
        query = (
            select(func.count(quarantine.c.delivery.distinct()))
            .join(delivery, delivery.c.id == quarantine.c.delivery)
            .where(delivery.c.feed.startswith(f"{partner}/", autoescape=True), quarantine.c.state == "open")
        )
        return int(self.connection.execute(query).scalar_one())

    def settle_quarantine(self, delivery_id: str, state: str, *, who: str, why: str) -> int:
        """A person waives or refuses what is open of this delivery. Returns how many rows changed."""
        changed = _settle(self, number(delivery_id, "D", "delivery"), state, who)
        if changed:
            self.audit(who, f"quarantine.{state}", delivery_id, {"rows": changed, "why": why})
        return changed


def put_judgement(tx: Judgements, row: DeliveryRow, judgement: Judgement) -> bool:
    """Write everything that a judgement says. False: this delivery has a report under this contract and engine.

    A delivery that landed stays landed when a later contract rejects it: its newest report says so, and whoever decides
    by it sees that. It is not in quarantine as well.
    """
    n = number(row.id, "D", "delivery")
    body = dumps(judgement.report)
    digest = hashlib.sha256(body).hexdigest()
    report_id = _put_report(tx, n, judgement.report, body, digest)
    if report_id is None:
        return False
    verdict = judgement.report.verdict
    landed_before = _has_landed(tx, row, n, report_id)
    held = [item for item in judgement.quarantine if not (landed_before and item.scope == "delivery")]
    versions: dict[str, int] = {}
    for one in judgement.records:
        put = put_record(tx, one, n)
        if put.version is not None:
            versions[f"{one.kind}/{one.natural_key}"] = put.version
        if put.older_than is not None:
            why = f"{one.kind} {one.natural_key}: {put.older_than} came later and stands"
            held.append(QuarantineRow(row.id, "record", why, state="refused"))
    replayed = _settle(tx, n, "replayed", "hub")
    for item in held:
        _put_quarantine(tx, n, report_id, item)
    tx.connection.execute(update(delivery).where(delivery.c.id == n).values(state="judged"))
    if verdict.value in LANDED:
        # A PAT feed's event time moves when its rows are in the lake, not when they were found good.
        event_time = None if row.kind == "pat" else row.source_time
        raise_watermark(tx, row.feed, last_accepted_at=row.received_at, event_time_max=event_time)
        put_traces(tx, row, report_id, judgement.traces)
    contract = judgement.report.contract
    tx.audit(
        "hub",
        "delivery.replayed" if judgement.replayed else "delivery.judged",
        row.id,
        {
            "report": digest,
            "verdict": verdict.value,
            "contract": f"{contract.id}@{contract.version}" if contract else None,
            "engine": judgement.report.engine,
            "records": versions,
            "quarantined": len(held),
            "stays": landed_before and verdict is Verdict.REJECTED,
            "replayed": replayed,
        },
    )
    return True


def _has_landed(tx: Judgements, row: DeliveryRow, delivery_number: int, but: int) -> bool:
    """Whether an earlier report let the delivery into the store: PAT when a publish has it, the others at once."""
    earlier = select(report.c.id).where(report.c.delivery == delivery_number, report.c.id != but)
    if row.kind == "pat":
        earlier = earlier.join(publish_member, publish_member.c.report == report.c.id)
    else:
        earlier = earlier.where(report.c.verdict.in_(LANDED))
    return tx.connection.execute(earlier.limit(1)).scalar() is not None


def _put_report(tx: Judgements, delivery_number: int, judged: Report, body: bytes, digest: str) -> int | None:
    statement: Any = tx._insert(report).values(
        delivery=delivery_number,
        contract=judged.contract.id if judged.contract else "",
        version=judged.contract.version if judged.contract else "",
        engine=judged.engine,
        verdict=judged.verdict.value,
        errors=judged.count(Severity.ERROR),
        warnings=judged.count(Severity.WARNING),
        rows=judged.rows,
        bad_rows=judged.bad_rows,
        sha256=digest,
        body=body,
        at=tx.now,
    )
    identity = [report.c.delivery, report.c.contract, report.c.version, report.c.engine]
    n: int | None = tx.connection.execute(
        statement.on_conflict_do_nothing(index_elements=identity).returning(report.c.id)
    ).scalar()
    if n is not None and judged.findings:
        tx.connection.execute(insert(finding), [_finding(n, i, one) for i, one in enumerate(judged.findings, start=1)])
    return n


def _finding(report_id: int, n: int, one: Finding) -> dict[str, Any]:
    where = one.where[0] if one.where else None
    found = None if one.found is None or one.found.redacted else one.found.text
    return {
        "report": report_id,
        "n": n,
        "code": one.code,
        "clause": one.clause.id,
        "severity": one.severity.value,
        "impact": one.impact.value,
        "place": (where.label() or where.pointer) if where else None,
        "found": found,
        "expected": one.expected.text if one.expected else None,
        "count": one.count,
    }


def _put_quarantine(tx: Judgements, delivery_number: int, report_id: int, row: QuarantineRow) -> None:
    tx.connection.execute(
        quarantine.insert().values(
            delivery=delivery_number,
            report=report_id,
            scope=row.scope,
            why=row.why,
            rows=row.rows,
            evidence=row.evidence,
            state=row.state,
            at=tx.now,
        )
    )


def _settle(tx: Judgements, delivery_number: int, state: str, who: str) -> int:
    still_open = (quarantine.c.delivery == delivery_number) & (quarantine.c.state == "open")
    done = tx.connection.execute(update(quarantine).where(still_open).values(state=state, who=who, changed_at=tx.now))
    return done.rowcount


def _quarantine(row: Row[Any]) -> QuarantineRow:
    return QuarantineRow(f"D-{row.delivery}", row.scope, row.why, row.rows, row.evidence, row.state, row.at, row.who)
