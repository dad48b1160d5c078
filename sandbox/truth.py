"""What must stand in the store after the hub has pulled the story: written down from the story, never from the hub.

    expected = truth(story, catalog, published=..., pulled=...)
    differences = compare(expected, look(store))          # [] when the hub did everything right

Time goes on between two looks at a clock, so two instants bound what the hub may have: everything that was there when
the partners last published (`published`) must have been taken; what came up to the end of the pull (`pulled`) may have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.contract import Contract
from contracts.shelf import Catalog
from hub.store import Store
from hub.store.rows import AlertRow, ClearanceRow, DeliveryRow, DueRow, LotRow
from sandbox import certificates, pat, slots
from sandbox.certificates import Paper
from sandbox.home import RECORDED, SETTLE_SECONDS, WINDOW_MINUTES, historian_closed
from sandbox.story import CDMOS, HOUR, PARTNERS, PartnerId, Story

ACCEPTED, WARNED, REJECTED = "accepted", "accepted_with_warnings", "rejected"
L1_LEAD, L2_LEAD = timedelta(hours=48), timedelta(hours=24)
"""When a certificate is due before the slot's start and before its final release: the shipped contracts' clauses."""


@dataclass(frozen=True, slots=True)
class ExpectedDelivery:
    """One content under one key. `codes` are the finding codes, sorted; `rows` the PAT rows that land.

    `certain` is false for what may have come too late to be pulled.
    """

    feed: str
    source_key: str
    file: str
    verdict: str
    codes: tuple[str, ...] = ()
    rows: int = 0
    revision: int = 1
    certain: bool = True

    @property
    def identity(self) -> tuple[str, str, int]:
        return (self.feed, self.source_key, self.revision)


@dataclass(frozen=True, slots=True, order=True)
class ExpectedAlert:
    kind: str
    partner: str
    subject: str
    resolved: bool = False


@dataclass(frozen=True)
class Truth:
    """What must be there `at` the end of the pull. `late`: (feed, lot, level) of each certificate that is late; `lots`:
    state of each lot; `clearances`: outcome of each slot, by `<site>/<slot_uid>`."""

    at: datetime
    deliveries: tuple[ExpectedDelivery, ...]
    late: frozenset[tuple[str, str, str]]
    alerts: frozenset[ExpectedAlert]
    untold: frozenset[str]
    """Kinds of alerts that hang on when somebody runs the hub, not on the story: they may be there or not."""
    lots: Mapping[str, str]
    clearances: Mapping[str, str]

    def pat_rows(self, partner: PartnerId) -> int:
        """Rows of the partner that must be in the lake, those that may be there left out."""
        return sum(d.rows for d in self.deliveries if d.feed == f"{partner}/pat" and d.certain)


@dataclass(frozen=True)
class Seen:
    """What a store holds, as plain rows. `codes`: of each delivery's newest report, by delivery id."""

    deliveries: Sequence[DeliveryRow]
    codes: Mapping[str, Sequence[str]]
    alerts: Sequence[AlertRow]
    lots: Sequence[LotRow]
    clearances: Sequence[ClearanceRow]
    dues: Sequence[DueRow]
    lake_rows: Mapping[str, int]


def truth(story: Story, catalog: Catalog, *, published: datetime, pulled: datetime) -> Truth:
    """What the store must hold once everything up to the story's act has been pulled and watched, act after act."""
    deliveries: list[ExpectedDelivery] = []
    for partner in PARTNERS:
        deliveries += _certificates(story, partner, catalog.get(f"{partner}-coa@2"))
        deliveries += _schedules(story, partner)
        deliveries += _series(story, partner, catalog.get(f"{partner}-pat@1"), published, pulled)
    return Truth(
        at=pulled,
        deliveries=tuple(deliveries),
        late=frozenset(_late(story, pulled)),
        alerts=frozenset(_alerts(story, catalog)),
        untold=_BETWEEN_RUNS | (_BY_THE_CLOCK if pulled > story.t0 + HOUR else frozenset()),
        lots=_lots(story),
        clearances=_clearances(story),
    )


_BETWEEN_RUNS = frozenset({"hub.not_evaluated"})
"""Nobody watched between two runs of the demo, and how long that was is the person's affair."""
_BY_THE_CLOCK = frozenset({"pat.late", "schedule.late"})


# Deliveries


def verdict_of_paper(paper: Paper) -> tuple[str, tuple[str, ...]]:
    """Verdict and finding codes of a certificate: the plot, in one table."""
    match paper.number, paper.act, paper.revision:
        case 4, 1, 1:
            return REJECTED, ("COA-E104", "COA-E108", "COA-E201", "COA-E501", "FILE-E206")
        case 12, _, _:
            return WARNED, ("COA-E304",)
        case 22, 2, 2:
            return WARNED, ("COA-E302", "COA-E406")
        case 23, 2, 1:
            return REJECTED, ("COA-E408",)
        case _:
            return ACCEPTED, ()


def _certificates(story: Story, partner: PartnerId, contract: Contract) -> Iterator[ExpectedDelivery]:
    seen: Counter[str] = Counter()
    suffix = "xlsx" if partner == "brightwater" else "json"
    for paper in certificates.papers(story, partner, contract):
        file = paper.file_name(suffix)
        key = f"{paper.certificate_no}:{paper.revision}" if partner == "northvale" else _path(partner, "coa", file)
        seen[key] += 1
        verdict, codes = verdict_of_paper(paper)
        yield ExpectedDelivery(f"{partner}/coa", key, file, verdict, codes, revision=seen[key])


def _schedules(story: Story, partner: PartnerId) -> Iterator[ExpectedDelivery]:
    feed, first = f"{partner}/schedule", story.at(1)
    if partner == "northvale":
        yield ExpectedDelivery(feed, "/v1/schedule", "schedule.json", ACCEPTED)
        return
    file = slots.file_name(first)
    yield ExpectedDelivery(feed, _path(partner, "schedule", file), file, ACCEPTED)
    if partner == "brightwater" and story.act == 2:
        file = slots.file_name(story)
        yield ExpectedDelivery(feed, _path(partner, "schedule", file), file, WARNED, ("SCH-E202", "SCH-E204"))


CODE_OF_DEFECT = {"gap": "PAT-E102", "stuck": "PAT-E305", "excursion": "PAT-E303", "bad": "PAT-E404"}


def _series(
    story: Story, partner: PartnerId, contract: Contract, published: datetime, pulled: datetime
) -> Iterator[ExpectedDelivery]:
    for start, end, known_at in _windows(story, partner):
        # Files are laid down when the partners publish; a historian is asked while the pull runs.
        latest = pulled if partner == "northvale" else published
        if known_at > latest:
            continue
        found = sorted({CODE_OF_DEFECT[d.kind] for d in pat.defects(story, partner) if d.start < end and d.end > start})
        verdict = WARNED if any(code != "PAT-E404" for code in found) else ACCEPTED  # E404 only informs
        if partner == "northvale":
            key = f"{RECORDED}?{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"
            file = f"recorded_{start:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}.json"
        else:
            file = pat.file_name(partner, start)
            key = _path(partner, "pat", file)
        rows = pat.count(story, partner, contract, start, end)
        closed = partner == "northvale" and historian_closed(story, published)  # earlier runs took what they took
        certain = known_at <= published and not closed
        yield ExpectedDelivery(f"{partner}/pat", key, file, verdict, tuple(found), rows, certain=certain)


def _windows(story: Story, partner: PartnerId) -> Iterator[tuple[datetime, datetime, datetime]]:
    """(start, end, when the hub can have it) of each PAT delivery of the batch, oldest first."""
    size = timedelta(minutes=WINDOW_MINUTES) if partner == "northvale" else HOUR
    settle = timedelta(seconds=SETTLE_SECONDS) if partner == "northvale" else timedelta()
    start = story.pat_start
    while start < story.pat_end:
        yield start, start + size, start + size + settle
        start += size


def _path(partner: PartnerId, kind: str, file: str) -> str:
    """The source key of a file: SFTP paths start at the server's root, a folder's at the feed's."""
    return f"/{kind}/{file}" if partner == "brightwater" else f"{kind}/{file}"


# What follows from the deliveries


def _lots(story: Story) -> dict[str, str]:
    """Released by nobody, so no lot is further than READY. HOLD needs no person."""
    early = story.act == 1
    states = {1: "L2_READY", 2: "L1_READY", 3: "L1_READY", 4: "REGISTERED" if early else "L2_READY"}
    states |= {11: "L2_READY", 12: "TESTING", 13: "REGISTERED" if early else "L1_READY"}
    states |= {21: "L2_READY", 22: "L1_READY" if early else "HOLD", 23: "L1_READY" if early else "HOLD"}
    return {story.lot(number): state for number, state in states.items()}


def _clearances(story: Story) -> dict[str, str]:
    """A lot on HOLD and a cancelled slot are NO_GO; everything else waits for a person's release."""
    held = {lot for lot, state in _lots(story).items() if state == "HOLD"}
    return {
        f"{CDMOS[partner].site}/{slot.uid(story)}": (
            "NO_GO" if slot.lot in held or slot.status == "cancelled" else "PENDING"
        )
        for partner in PARTNERS
        for slot in slots.slots(story, partner)
    }


def _late(story: Story, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Each level of each lot that no certificate covers yet and whose first slot has made it due."""
    covers = {"L2_READY": {"L1", "L2"}, "L1_READY": {"L1"}}
    states = _lots(story)
    for partner in PARTNERS:
        for lot in story.lots(partner):
            here = [s for s in slots.slots(story, partner) if s.lot == lot and s.status != "cancelled"]
            if not here or states[lot] == "HOLD":
                continue
            due = {"L1": min(s.start for s in here) - L1_LEAD, "L2": min(s.release for s in here) - L2_LEAD}
            missing = {"L1", "L2"} - covers.get(states[lot], set())
            yield from ((f"{partner}/coa", lot, level) for level in sorted(missing) if due[level] < now)


def _alerts(story: Story, catalog: Catalog) -> Iterator[ExpectedAlert]:
    second = story.act == 2
    yield ExpectedAlert("coa.contract_failure", "northvale", story.lot(4), resolved=second)
    yield ExpectedAlert("coa.late", "brightwater", story.lot(12))
    kinds = {"gap": "pat.gap", "stuck": "pat.suspect", "excursion": "pat.excursion"}
    for partner in PARTNERS:
        tags = {tag.name: tag.tag for tag in catalog.get(f"{partner}-pat@1").schema.tags}
        for defect in pat.defects(story, partner):
            if defect.kind in kinds:
                yield ExpectedAlert(kinds[defect.kind], partner, f"{story.batch(partner)}/{tags[defect.signal]}")
    if second:
        moved = [s for s in slots.slots(story, "brightwater") if s.revision > 1]
        yield from (ExpectedAlert("schedule.moved", "brightwater", slot.uid(story)) for slot in moved)
        yield ExpectedAlert("coa.spec_failure", "halden", story.lot(22))
        yield ExpectedAlert("lot.failed_after_start", "halden", story.lot(22))
        yield ExpectedAlert("delivery.changed", "halden", certificates.number_of(story, 23))


# The store against it


def look(store: Store) -> Seen:
    """Read everything that `compare` needs, in one transaction of the ledger."""
    with store.reading() as tx:
        deliveries = tx.deliveries()
        reports = {row.id: tx.report(row.id) for row in deliveries}
        return Seen(
            deliveries=deliveries,
            codes={key: sorted({f.code for f in report.findings}) for key, report in reports.items() if report},
            alerts=tx.alerts(None),
            lots=tx.lots(),
            clearances=tx.clearances(),
            dues=tx.dues(),
            lake_rows={view.feed.id: view.rows for view in store.views.feeds() if view.feed.kind == "pat"},
        )


def compare(expected: Truth, seen: Seen) -> list[str]:
    """Every difference, one sentence each. Empty: the store holds the truth and nothing else."""
    return [
        *_differing_deliveries(expected, seen),
        *_differing_rows(expected, seen),
        *_differing("lot", expected.lots, {row.lot: row.state for row in seen.lots}),
        *_differing("slot", expected.clearances, {row.slot: row.outcome for row in seen.clearances}),
        *_differing_late(expected, seen),
        *_differing_alerts(expected, seen),
    ]


def _differing_deliveries(expected: Truth, seen: Seen) -> Iterator[str]:
    wanted = {d.identity: d for d in expected.deliveries}
    there = {(row.feed, row.source_key, row.revision): row for row in seen.deliveries}
    for identity, delivery in wanted.items():
        row = there.get(identity)
        name = f"{delivery.feed} {delivery.file}" + (f" (content {delivery.revision})" if delivery.revision > 1 else "")
        if row is None:
            if delivery.certain:
                yield f"{name}: not in the store, {delivery.verdict} was expected"
            continue
        codes = tuple(seen.codes.get(row.id, ()))
        if (row.verdict, codes) != (delivery.verdict, delivery.codes):
            said = f"{row.verdict} {', '.join(codes) or 'no finding'}"
            yield f"{name}: {said}; expected {delivery.verdict} {', '.join(delivery.codes) or 'no finding'}"
    for identity in sorted(there.keys() - wanted.keys()):
        yield f"{identity[0]} {identity[1]} (content {identity[2]}): in the store, but the story does not know it"


def _differing_rows(expected: Truth, seen: Seen) -> Iterator[str]:
    there = {(row.feed, row.source_key, row.revision) for row in seen.deliveries}
    landed: Counter[str] = Counter()
    for delivery in expected.deliveries:
        if delivery.feed.endswith("/pat"):
            landed[delivery.feed] += delivery.rows if delivery.identity in there else 0
    for feed, rows in landed.items():
        if seen.lake_rows.get(feed, 0) != rows:
            yield f"{feed}: {seen.lake_rows.get(feed, 0)} rows in the lake, {rows} were delivered"


def _differing(what: str, wanted: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(wanted.keys() | there.keys()):
        if wanted.get(name) != there.get(name):
            yield f"{what} {name}: {there.get(name, 'not there')}; expected {wanted.get(name, 'nothing')}"


def _differing_late(expected: Truth, seen: Seen) -> Iterator[str]:
    names = {name for _, name, _ in expected.late} | set(expected.lots)
    late: set[tuple[str, str, str]] = set()
    for row in seen.dues:
        level = "L1" if "l1" in row.clause else "L2"
        passed = row.due_at is not None and row.due_at < expected.at
        is_late = row.state == "late" or (row.state == "rejected_pending_fix" and passed)
        late |= {(row.feed, lot, level) for lot in names if is_late and lot in row.subject}
    for feed, lot, level in sorted(expected.late ^ late):
        yield f"{feed} {level} of {lot}: " + ("should be late" if (feed, lot, level) in expected.late else "is late")


def _differing_alerts(expected: Truth, seen: Seen) -> Iterator[str]:
    there = {
        ExpectedAlert(row.kind, row.partner or "", row.subject, row.state in ("resolved", "closed"))
        for row in seen.alerts
    }
    for alert in sorted(expected.alerts - there):
        state = "resolved" if alert.resolved else "open"
        yield f"alert {alert.kind} {alert.partner} {alert.subject}: should be {state}"
    for alert in sorted(a for a in there - expected.alerts if a.kind not in expected.untold):
        state = "resolved" if alert.resolved else "open"
        yield f"alert {alert.kind} {alert.partner} {alert.subject}: is {state}, which the story does not say"
