"""What the certificates of a lot prove, and what they don't: a pure function from records to the lot's state.

    REGISTERED -> TESTING -> L1_READY -> L2_READY          HOLD and EXPIRED stand beside them

The hub proposes, a person decides: L1_PROVISIONAL and L2_RELEASED need a signature, so no path here leads to them. What
the hub may do alone is stop: a required FAIL, a finding of critical impact or a silent change puts the lot on HOLD, and
out of HOLD leads no path here either. Rule: domain 6.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contracts.codes import Impact
from contracts.contract import TestDef
from contracts.records import Certificate, Result, ResultVerdict
from hub.store.rows import LotRow

COMPLETENESS = frozenset({"COA-E109", "COA-E304"})
"""Codes that say "a result is not here yet". Counting the results of all certificates answers that better."""

SILENT_CHANGE = "COA-E408"


class LotStatus(StrEnum):
    """The states that data alone can lead to."""

    REGISTERED = "REGISTERED"  # a slot names it; no certificate yet
    TESTING = "TESTING"
    L1_READY = "L1_READY"  # all Level 1 results pass: a person may release it provisionally
    L2_READY = "L2_READY"
    HOLD = "HOLD"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Concern:
    """A finding that weighs on a lot: of a certificate that counts, or of a delivery in quarantine."""

    code: str
    title: str
    impact: Impact
    delivery_id: str
    characteristic: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateOnFile:
    """One stored revision of a certificate with what was found about it. `key` and `sha256` make the evidence."""

    record: Certificate
    key: str
    sha256: str
    delivery_id: str
    received_at: datetime | None = None
    concerns: tuple[Concern, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """How far one level is: tests passed of tests required, and what is missing, open or failed."""

    passed: int
    required: int
    missing: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """All required tests pass. A panel without a required test proves nothing and is never complete."""
        return self.required > 0 and self.passed == self.required


@dataclass(frozen=True, slots=True)
class LotState:
    """A lot as the data stands now. `reasons` are plain sentences, the most serious first."""

    lot: str
    partner: str
    material: str | None
    status: LotStatus
    l1: Level
    l2: Level
    reasons: tuple[str, ...]
    evidence: tuple[tuple[str, str], ...]

    def row(self) -> LotRow:
        return LotRow(
            lot=self.lot,
            partner=self.partner,
            material=self.material,
            state=self.status.value,
            l1_passed=self.l1.passed,
            l1_required=self.l1.required,
            l2_passed=self.l2.passed,
            l2_required=self.l2.required,
            reasons=self.reasons,
            evidence=self.evidence,
        )


def lot_state(
    lot: str,
    partner: str,
    certificates: Sequence[CertificateOnFile],
    panel: Sequence[TestDef],
    now: datetime,
    *,
    quarantined: Sequence[Concern] = (),
    previous: LotRow | None = None,
) -> LotState:
    """The state of `lot` from every stored revision of its certificates; their order does not matter.

    The newest revision of each certificate counts and certificates combine. `quarantined` are findings of deliveries
    that wait in quarantine and speak of this lot. `previous` is the newest stored state: a HOLD stays until a person
    lifts it, also when its cause is gone.
    """
    valid = in_force(certificates)
    l1, l2 = (level_of(name, panel, valid) for name in ("L1", "L2"))
    evidence = tuple(sorted((c.key, c.sha256) for c in valid))
    material = next((c.record.material_id for c in valid), previous.material if previous else None)

    def state(status: LotStatus, reasons: Sequence[str]) -> LotState:
        return LotState(lot, partner, material, status, l1, l2, tuple(dict.fromkeys(reasons)), evidence)

    if holds := _hold_reasons(valid, l1, l2, quarantined):
        return state(LotStatus.HOLD, holds)
    if previous is not None and previous.state == LotStatus.HOLD:
        return state(LotStatus.HOLD, _still_held(previous))
    if not valid:
        return state(LotStatus.REGISTERED, ["no certificate of this lot has been accepted"])
    if expired := _expired(valid, now):
        return state(LotStatus.EXPIRED, [expired])
    open_l1, open_l2 = _open_points("L1", l1, panel, valid), _open_points("L2", l2, panel, valid)
    if open_l1:
        return state(LotStatus.TESTING, open_l1 + open_l2)
    if open_l2:
        return state(LotStatus.L1_READY, ["a person's Level 1 release decision is outstanding", *open_l2])
    return state(LotStatus.L2_READY, ["a person's Level 2 release decision is outstanding"])


def in_force(certificates: Sequence[CertificateOnFile]) -> list[CertificateOnFile]:
    """The newest revision of each certificate, without those that another certificate replaces."""
    newest: dict[str, CertificateOnFile] = {}
    for certificate in certificates:
        number = certificate.record.certificate_no
        known = newest.get(number)
        if known is None or certificate.record.revision > known.record.revision:
            newest[number] = certificate
    replaced: Mapping[str, int] = {
        c.record.replaces[0]: c.record.replaces[1]
        for c in newest.values()
        if c.record.replaces is not None and c.record.replaces[0] != c.record.certificate_no
    }
    return [c for number, c in sorted(newest.items()) if c.record.revision > replaced.get(number, -1)]


def level_of(name: str, panel: Sequence[TestDef], valid: Sequence[CertificateOnFile]) -> Level:
    """How far level `name` (L1, L2) is by the certificates in force."""
    required = [t for t in panel if t.level == name and t.required]
    passed, missing, inconclusive, failed = 0, [], [], []
    for test in required:
        results = [r for c in valid for r in c.record.results if r.characteristic == test.code]
        if any(r.verdict is ResultVerdict.FAIL for r in results):  # also an interim one: growth on day 10 is growth
            failed.append(test.code)
            continue
        counted = [r for r in results if _counts(r, test)]
        if not counted:
            missing.append(test.code)
        elif all(_satisfies(r, test) for r in counted):
            passed += 1
        else:
            inconclusive.append(test.code)
    return Level(passed, len(required), tuple(missing), tuple(inconclusive), tuple(failed))


def _counts(result: Result, test: TestDef) -> bool:
    """Whether this result may satisfy the test: not evaluated is missing, interim counts only where allowed."""
    evaluated = result.verdict is not ResultVerdict.NOT_EVALUATED or _reported(result, test)
    return evaluated and result.stage in test.stage_allowed


def _satisfies(result: Result, test: TestDef) -> bool:
    return result.verdict is ResultVerdict.PASS or _reported(result, test)


def _reported(result: Result, test: TestDef) -> bool:
    """A test that is only reported has nothing to pass: that a result is there and can be read is all it asks
    (domain 6.1, rule 5)."""
    readable = result.value is not None or result.word is not None
    return test.criterion.op == "reportOnly" and result.verdict is ResultVerdict.NOT_EVALUATED and readable


def _hold_reasons(
    valid: Sequence[CertificateOnFile], l1: Level, l2: Level, quarantined: Sequence[Concern]
) -> list[str]:
    reasons = [f"{code} is outside its acceptance criterion (Level 1)" for code in l1.failed]
    reasons += [f"{code} is outside its acceptance criterion (Level 2)" for code in l2.failed]
    for certificate in valid:
        record = certificate.record
        if record.disposition in ("rejected", "on_hold"):
            reasons.append(f"{_name(certificate)}: the partner's disposition is {record.disposition}")
        reasons += [
            f"{_name(certificate)}: {c.title} ({c.code})" for c in certificate.concerns if c.impact is Impact.CRITICAL
        ]
    reasons += [f"{c.delivery_id}: {c.title} ({c.code})" for c in quarantined if c.code == SILENT_CHANGE]
    return reasons


def _still_held(previous: LotRow) -> list[str]:
    note = "the cause is gone; out of HOLD leads only a person's decision with a reason"
    return [*(r for r in previous.reasons if r != note), note]


def _expired(valid: Sequence[CertificateOnFile], now: datetime) -> str | None:
    for certificate in valid:
        expires = certificate.record.expires_at
        if expires is not None and expires <= now:
            return f"expired on {expires:%Y-%m-%d %H:%M} UTC by {_name(certificate)}"
    return None


def _open_points(name: str, level: Level, panel: Sequence[TestDef], valid: Sequence[CertificateOnFile]) -> list[str]:
    """Why this level is not ready. Empty: it is."""
    words = f"Level {name[1]}"
    if level.required == 0:
        return [f"{words}: the contract names no required test, so nothing can be proven"]
    points = [f"{words}: {code} has no final result" for code in level.missing]
    points += [f"{words}: {code} is inconclusive" for code in level.inconclusive]
    levels = {t.code: t.level for t in panel}
    for certificate in valid:
        if not any(s.at is not None for s in certificate.record.signatures):
            points.append(f"{words}: {_name(certificate)} is not signed")
        points += [
            f"{words}: {_name(certificate)}: {c.title} ({c.code})"
            for c in certificate.concerns
            if c.impact is Impact.HIGH
            and c.code not in COMPLETENESS
            # information never blocks, and a doubt about a Level 2 test alone does not keep a lot from Level 1
            and levels.get(c.characteristic or "") not in (("INFO", "L2") if name == "L1" else ("INFO",))
        ]
    return points


def _name(certificate: CertificateOnFile) -> str:
    return f"{certificate.record.certificate_no} rev {certificate.record.revision}"
