"""How bad a finding is: the code says, a clause or the contract may say otherwise."""

from __future__ import annotations

from contracts.codes import Action, Impact, Severity, codes
from contracts.contract import Clause, Contract

_ORDER = (Severity.INFO, Severity.WARNING, Severity.ERROR)


def levels(contract: Contract, clause: Clause | None, code: str) -> tuple[Severity, Impact, Action]:
    """Severity, impact and action of a code under a clause.

    The contract's own word on a code stands above all. A clause's severity is the level of its worst finding: a milder
    word lowers every code to it, a harsher one raises those codes that are worst by themselves. So `severity: error` on
    a rule doesn't turn its notes ("bad points are present") into rejections.
    """
    known = codes()[code]
    severity, impact, action = known.severity, known.impact, known.action
    if clause is not None:
        severity = _levelled(clause, severity)
        impact, action = clause.impact or impact, clause.action or action
    own = contract.severity.get(code, (None, None, None))
    return own[0] or severity, own[1] or impact, own[2] or action


def _levelled(clause: Clause, severity: Severity) -> Severity:
    if clause.severity is None:
        return severity
    worst = max((codes()[c].severity for c in clause.codes), key=_ORDER.index, default=severity)
    lowers = _ORDER.index(clause.severity) < _ORDER.index(severity)
    return clause.severity if lowers or severity is worst else severity
