"""`jid check`: the partner's tool. Needs contracts and formats only; opens no store and no socket."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.exits import Exit, Stop, say
from cli.output import colour_wanted, emit_json

if TYPE_CHECKING:
    from contracts.contract import Contract
    from contracts.finding import Report


def check(
    *files: Path,
    contract: Annotated[
        str | None,
        Parameter(help="Contract id, id@version, or a contract file (default: the only one that the file fits)."),
    ] = None,
    contracts: Annotated[Path | None, Parameter(help="Folder of contracts (default: the shipped catalog).")] = None,
    strict: Annotated[bool, Parameter(negative="", help="Warnings count too.")] = False,
    output: Annotated[Literal["table", "json"], Parameter(help="For people or for machines.")] = "table",
    json: Annotated[bool, Parameter(name="--json", negative="", help="Short for --output json.")] = False,
) -> int:
    """Judge files against a contract and touch nothing: the same engine and the same words as in the hub.

    Exit code 0: accepted, also with warnings. 1: rejected, or a finding of critical impact.

    For example:

        jid check LV-2611-04_r1.json --contract northvale-coa

        jid check slots.csv --contract brightwater-schedule@1.1 --json

        jid check LV-2611-11_r1.xlsx
    """
    if not files:
        raise Stop("name at least one file to check", next_step="jid check FILE --contract northvale-coa")
    if contract is not None:
        agreed = find_contract(contract, contracts)
        reports = [judge(path, agreed) for path in files]
    else:
        reports = [judge(path, _only_fitting(path, contracts)) for path in files]
    if json or output == "json":
        from contracts.render.json import to_json

        emit_json("check", reports=[to_json(report) for report in reports])
    else:
        from contracts.render.terminal import terminal

        sys.stdout.write("\n".join(terminal(report, colour=colour_wanted()) for report in reports))
    return max(exit_of(report, strict=strict) for report in reports)


def find_contract(name: str, folder: Path | None) -> Contract:
    """A contract by id, id@version or path. Raises Stop with the valid ids, ContractInvalid with every error."""
    from contracts.errors import UnknownContract
    from contracts.odcs import load_catalog, load_file

    if Path(name).is_file():
        return load_file(Path(name))
    catalog = load_catalog(folder)
    try:
        return catalog.get(name)
    except UnknownContract:
        known = ", ".join(catalog.names())
        raise Stop(f"no contract {name!r}", next_step=f"valid: {known}, or the path of a contract file") from None


def _only_fitting(path: Path, folder: Path | None) -> Contract:
    from cli.fitting import fitting
    from contracts.odcs import load_catalog

    _readable(path)
    found = fitting(path, load_catalog(folder).all())
    say(f"{path.name}: judged under {found.id} {found.version}, the only contract that it fits")
    return found


def judge(path: Path, contract: Contract) -> Report:
    """The report that the hub would make of this file with the file alone."""
    from connectors.inspection import inspect
    from contracts.context import Context
    from contracts.finding import DeliveryRef
    from hub.clock import SystemClock

    _readable(path)
    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    ref = DeliveryRef(path.name, sha256, path.stat().st_size)
    # Checked by hand the file arrives now: a time in the future is wrong here as it would be there.
    context = Context(received_at=SystemClock().now())
    return inspect(path, file=path.name, contract=contract, context=context, delivery=ref).report.file_part()


def _readable(path: Path) -> None:
    if not path.is_file():
        raise Stop(f"no such file: {path}")
    if not os.access(path, os.R_OK):
        raise Stop(f"cannot read {path}", Exit.PERMISSION)


def exit_of(report: Report, *, strict: bool) -> int:
    """0 accepted, also with warnings; 1 rejected or a finding of critical impact; `strict`: any warning too."""
    from contracts.codes import Impact, Severity
    from contracts.finding import Verdict

    if report.verdict is Verdict.REJECTED or any(f.impact is Impact.CRITICAL for f in report.findings):
        return Exit.FINDINGS
    if strict and any(f.severity is Severity.WARNING for f in report.findings):
        return Exit.FINDINGS
    return Exit.FINE
