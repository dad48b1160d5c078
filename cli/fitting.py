"""Which contract a file was made for, when nobody says so: the only one of the catalog that it fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.exits import Stop

if TYPE_CHECKING:
    from contracts.contract import Contract
    from contracts.finding import Report

LARGEST_DOCUMENT = 1_000_000
"""Bytes. A certificate or a schedule is far smaller; process data held against their contracts would take minutes."""


def fitting(path: Path, contracts: Iterable[Contract]) -> Contract:
    """The one contract that the file fits best and by at least half of the checks. Raises Stop with the candidates
    when several fit equally well, and with all of them when none does."""
    known = list(contracts)
    scores = [(_score(path, contract), contract) for contract in known]
    best = max((score for score, _ in scores), default=(False, 0.0))
    first = [contract for score, contract in scores if score == best]
    if best[1] < 0.5:
        raise Stop(f"{path}: fits no contract", next_step=f"name one of: --contract {_names(known)}")
    if len(first) > 1:
        raise Stop(f"{path}: fits {len(first)} contracts", next_step=f"name the agreed one: --contract {_names(first)}")
    return first[0]


def _score(path: Path, contract: Contract) -> tuple[bool, float]:
    """Whether it would be taken, and the share of the contract's checks that pass."""
    from connectors.inspection import inspect

    if contract.schema.document_kind != "series":
        bound = min(contract.safety.max_bytes, LARGEST_DOCUMENT)
        contract = replace(contract, safety=replace(contract.safety, max_bytes=bound))
    report: Report = inspect(path, file=path.name, contract=contract).report
    checks = report.coverage
    judged = checks.clauses - checks.needs_hub - checks.switched_off
    return report.verdict != "rejected", checks.passed / max(judged, 1)


def _names(contracts: Iterable[Contract]) -> str:
    return ", ".join(f"{contract.id}@{contract.version}" for contract in contracts)
