"""What a delivery is about, by ids that may be shown.

A rejected delivery may hold anything where an id belongs, a patient's name too. So an id taken from one is used only
when it looks as the contract says such ids look, or when the ledger knows it; else the delivery's source key stands
in, hashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.codes import Action, Severity
from contracts.contract import Contract
from contracts.errors import PatternRefused
from contracts.finding import Finding, Kind
from contracts.pattern import compile_pattern
from contracts.records import Certificate
from hub.alerts.fingerprint import is_id, key_of
from hub.intake.events import Judged


@dataclass(frozen=True, slots=True)
class About:
    """`source` is the identity whose next good delivery resolves what this one opened: the certificate number, or the
    key of the file."""

    lot: str | None
    certificate: str | None
    source: str

    @property
    def subject(self) -> str:
        return self.lot or self.certificate or self.source


def about(event: Judged, known_lots: frozenset[str] = frozenset()) -> About:
    """Lot and certificate of a judged delivery, as far as they can be named safely."""
    source = key_of(event.delivery.source_key)
    if event.delivery.kind != "coa":
        return About(None, None, source)
    record = next((r for r in event.records if isinstance(r, Certificate)), None)
    lot = record.lot_number if record else event.named.get("lot_number")
    number = record.certificate_no if record else event.named.get("certificate_no")
    lot = lot if lot is not None and (lot in known_lots or agreed(event.contract, "lot_number", lot)) else None
    number = number if number is not None and agreed(event.contract, "certificate_no", number) else None
    return About(lot, number, number or source)


def partners_errors(event: Judged) -> list[Finding]:
    """The errors that the partner must correct: broken clauses, and not what our own engine could not evaluate."""
    return [
        f
        for f in event.report.findings
        if f.severity is Severity.ERROR and f.kind is Kind.CONTRACT and f.action is Action.PARTNER
    ]


def named(finding: Finding, name: str) -> str | None:
    """One part of a finding's business key."""
    return dict(finding.key).get(name)


def agreed(contract: Contract, path: str, text: str) -> bool:
    """Whether `text` is what the contract calls an id in this field. A field without a pattern vouches for nothing."""
    found = contract.schema.find(path)
    if found is None or not is_id(text):
        return False
    identifier: Mapping[str, Any] = found.custom.get("identifier") or {}
    pattern = found.options.get("pattern") or identifier.get("pattern")
    if pattern is None:
        return False
    try:
        return compile_pattern(str(pattern)).matches(text)
    except PatternRefused:
        return False


def agreed_tests(contract: Contract, found: Iterable[str | None]) -> list[str]:
    """Those of the codes that the contract's panel has: a partner's own word for a test is not repeated."""
    known = {t.code for t in contract.schema.tests}
    return sorted({code for code in found if code in known})
