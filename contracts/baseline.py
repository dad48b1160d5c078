"""Baseline: a report held against the one before it, so that a partner sees what its correction changed.

Compared are fingerprints, which survive another revision, other rows and another version of the contract. Findings are
`new`, `unchanged` or, those of the earlier report that are gone, `fixed` (contracts.md 5.5).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from contracts.contract import Contract
from contracts.errors import OtherContract
from contracts.finding import Baseline, Finding, Report

KEEPS_COMING = 3
"""Deliveries in a row with the same finding from which on it is marked."""


def against(report: Report, previous: Report, *, name: str | None = None) -> Report:
    """The report with each finding compared. `name` says what to call the previous one; without it its id or file.

    A finding whose clause could not be judged this time is not fixed. Raises OtherContract: fingerprints of two
    contracts have nothing in common.
    """
    ours, theirs = _contract(report), _contract(previous)
    if ours != theirs:
        raise OtherContract(ours, theirs)
    before: dict[str, list[Finding]] = {}
    for finding in previous.findings:
        before.setdefault(finding.fingerprint, []).append(finding)
    findings = []
    for finding in report.findings:
        same = before.get(finding.fingerprint)
        if same and finding.fingerprint:
            stays = max(same.pop(0).stays, 1) + 1
            findings.append(replace(finding, baseline="unchanged", stays=stays))
        else:
            findings.append(replace(finding, baseline="new", stays=1))
    gone = Counter(f.fingerprint for left in before.values() for f in left)
    unjudged = _unjudged(report)
    fixed = []
    for finding in previous.findings:
        if gone[finding.fingerprint] and finding.clause.id not in unjudged:
            gone[finding.fingerprint] -= 1
            fixed.append(_without_places(finding))
    counts = Counter(f.baseline for f in findings)
    called = name or previous.delivery.id or previous.delivery.file
    return replace(
        report,
        findings=tuple(findings),
        baseline=Baseline(called, counts["new"], counts["unchanged"], tuple(fixed)),
    )


def subject(contract: Contract, named: Mapping[str, str]) -> str | None:
    """What a delivery is about, as an id that tells nothing: equal for a certificate and its correction.

    A certificate is known by its number, or by its lot where that can't be read. A schedule and a series are about
    their feed: each delivery stands for the same slots, the same tags. `named` is what the delivery says of itself.
    None: it says nothing by which it could be compared.
    """
    about = ""
    if contract.schema.document_kind == "certificate":
        keys = [f for f in contract.schema.fields if f.primary_key is not None or "identifier" in f.custom]
        ranked = sorted(keys, key=lambda f: (f.primary_key is None, f.primary_key or 0))
        about = next((f"{f.name}\x1f{text}" for f in ranked if (text := named.get(f.name, "").strip())), "")
        if not about:
            return None
    return "js1:" + hashlib.sha256(f"{contract.id}\x1f{about}".encode()).hexdigest()[:16]


def _contract(report: Report) -> str:
    return report.contract.id if report.contract is not None else ""


def _unjudged(report: Report) -> frozenset[str]:
    sides = (report.ends, report.hub_ends)
    return frozenset(
        clause for ends in sides for clause in (*ends.could_not_evaluate, *ends.needs_hub, *ends.switched_off)
    )


def _without_places(finding: Finding) -> Finding:
    return replace(finding, where=(), found=None, excerpt=None, fix=None, note=None, shown=0, baseline="fixed", stays=0)
