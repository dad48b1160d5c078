"""Edition: which version of a contract judges a delivery on a day, and what a former version still counts for.

Only an active or a deprecated contract gives verdicts (contracts.md 6.3). While a new version lets its former one pass
too (`overlap`), a delivery is checked with the new one first and, if that rejects it, with the former one; the report
names the version that matched. The same function by hand and in the hub: the day is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.inspection import Inspection, unjudged
from contracts.build import custom_mark
from contracts.codes import Severity, codes
from contracts.contract import Contract
from contracts.errors import UnknownContract
from contracts.finding import ClauseRef, DeliveryRef, Finding, Fix, Report, Verdict
from contracts.fingerprint import fingerprint
from contracts.levels import levels
from contracts.place import Place
from contracts.shelf import Catalog

NOT_YET = frozenset({"draft", "proposed", "countersigned"})
_IN_FORCE = ("active", "deprecated", "retired")
_TOLD = 3
"""How many of the newer version's findings a note repeats."""


@dataclass(frozen=True)
class Edition:
    """A contract, and the version before it where that counts too. `drafts`: one that is not active may judge."""

    contract: Contract
    former: Contract | None = None
    drafts: bool = False

    @property
    def until(self) -> datetime | None:
        """When the former version ends (aware UTC, not included)."""
        return self.contract.overlap.until if self.contract.overlap is not None else None

    @property
    def once(self) -> bool:
        """Whether the former version may judge, or could once: a draft that `overlap` names may not."""
        return self.former is not None and (self.drafts or self.former.status not in NOT_YET)


def in_force(catalog: Catalog, wanted: str) -> Contract:
    """The contract that `northvale-coa@2.3` means today: the newest active version, else the newest that was active,
    else the newest of all, which then gives no verdict. Raises UnknownContract."""
    found = catalog.matching(wanted)
    for status in _IN_FORCE:
        of_status = [contract for contract in found if contract.status == status]
        if of_status:
            return of_status[-1]
    return catalog.get(wanted)


def edition_of(contract: Contract, catalog: Catalog, *, drafts: bool = False) -> Edition:
    """The contract with the version that stands beside it: its own former one, or the one that took its place."""
    if contract.overlap is not None:
        try:
            return Edition(contract, catalog.get(f"{contract.id}@{contract.overlap.with_version}"), drafts)
        except UnknownContract:
            return Edition(contract, None, drafts)
    if contract.status in ("deprecated", "retired"):
        for successor in reversed(catalog.matching(contract.id)):
            overlap = successor.overlap
            if successor.status == "active" and overlap is not None and overlap.with_version == contract.version:
                return Edition(successor, contract, drafts)
    return Edition(contract, None, drafts)


def judged(
    edition: Edition, at: datetime, delivery: DeliveryRef, look: Callable[[Contract], Inspection]
) -> tuple[Contract, Inspection]:
    """Judge a delivery that came `at` (aware UTC): the contract that matched, and what it says.

    `look` inspects the delivery under the contract it is given, and begins anew each time; rows that it kept of a
    rejected delivery mean nothing.
    """
    contract, former = edition.contract, edition.former
    if contract.status in NOT_YET and not edition.drafts:
        return contract, unjudged(_none_active(contract, delivery), contract, delivery)
    if contract.status == "retired":
        message = f"version {contract.version} of {contract.id} is retired"
        return contract, unjudged(_ended(contract, contract, delivery, message), contract, delivery)
    first = look(contract)
    if first.report.verdict is Verdict.REJECTED and edition.once and former is not None and edition.until is not None:
        second = look(former)
        if second.report.verdict is not Verdict.REJECTED:
            if at < edition.until and former.status != "retired":
                return former, _with(second, _ends_soon(edition, edition.until, delivery, first.report))
            ended = f"ended on {_last_day(edition.until)}" if at >= edition.until else "is retired"
            message = f"the file was made for version {former.version}, which {ended}"
            return contract, _with(first, _ended(contract, former, delivery, message))
    if contract.status == "deprecated" and first.report.verdict is not Verdict.REJECTED:
        return contract, _with(first, _deprecated(contract, delivery))
    return contract, first


def _with(inspection: Inspection, finding: Finding) -> Inspection:
    """The inspection with one more finding, which is about the whole delivery and stands first."""
    report = inspection.report
    verdict = report.verdict
    if verdict is Verdict.ACCEPTED and finding.severity is not Severity.INFO:
        verdict = Verdict.ACCEPTED_WITH_WARNINGS
    return replace(inspection, report=replace(report, verdict=verdict, findings=(finding, *report.findings)))


def _none_active(contract: Contract, delivery: DeliveryRef) -> Finding:
    return _finding(
        contract,
        "CON-E202",
        delivery,
        f"no version of {contract.id} is active; {contract.version} is {contract.status}",
        fix="nothing to do for the sender; the sponsor activates a version and judges the file again",
        about="status",
    )


def _ended(contract: Contract, former: Contract, delivery: DeliveryRef, message: str) -> Finding:
    newer = contract.version if contract is not former else "the version in force"
    return _finding(contract, "CON-E203", delivery, message, fix=f"make the file for {newer}")


def _deprecated(contract: Contract, delivery: DeliveryRef) -> Finding:
    message = f"version {contract.version} of {contract.id} is deprecated and ends soon"
    return _finding(contract, "CON-E204", delivery, message, fix="ask the sponsor for the version that follows")


def _ends_soon(edition: Edition, until: datetime, delivery: DeliveryRef, newer: Report) -> Finding:
    former = edition.former or edition.contract
    told = [f"{f.code} {f.message}" for f in newer.findings if f.severity is Severity.ERROR]
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return _finding(
        former,
        "CON-E204",
        delivery,
        f"accepted under version {former.version}, which ends on {_last_day(until)}; "
        f"version {edition.contract.version} would reject the file",
        fix=f"make the next file for version {edition.contract.version}",
        note=f"version {edition.contract.version} would say: {'; '.join(told[:_TOLD])}{more}",
    )


def _last_day(until: datetime) -> str:
    return (until - timedelta(microseconds=1)).date().isoformat()


def _finding(
    contract: Contract,
    code: str,
    delivery: DeliveryRef,
    message: str,
    *,
    fix: str,
    note: str | None = None,
    about: str = "overlap",
) -> Finding:
    severity, impact, action = levels(contract, None, code)
    mark = custom_mark(contract.tree, about) or contract.schema.mark
    return Finding(
        code,
        codes()[code].title,
        message,
        severity,
        impact,
        action,
        ClauseRef(about, about, mark.line, mark.column),
        (Place(file=delivery.file),),
        fix=Fix(fix),
        note=note,
        fingerprint=fingerprint(contract.id, about, code, (("place", ""),), contract.schema.name),
    )
