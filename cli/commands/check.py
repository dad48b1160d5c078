"""`jid check`: the partner's tool. Needs contracts and formats only; opens no store and no socket."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.exits import Exit, Stop, say
from cli.output import colour_wanted

if TYPE_CHECKING:
    from connectors.edition import Edition
    from contracts.contract import Contract
    from contracts.finding import Report

Output = Literal["table", "json", "html", "junit", "sarif", "github", "markdown", "receipt"]


def check(
    *files: Path,
    contract: Annotated[
        str | None,
        Parameter(help="Contract id, id@version, or a contract file (default: the only one that the file fits)."),
    ] = None,
    contracts: Annotated[Path | None, Parameter(help="Folder of contracts (default: the shipped catalog).")] = None,
    strict: Annotated[bool, Parameter(negative="", help="Warnings count too.")] = False,
    output: Annotated[
        Output,
        Parameter(
            help="table, markdown and html for people; json, junit, sarif and github for machines; receipt is the "
            "acknowledgement that the hub sends back."
        ),
    ] = "table",
    json: Annotated[bool, Parameter(name="--json", negative="", help="Short for --output json.")] = False,
    out: Annotated[
        Path | None, Parameter(name=["--out", "-o"], help="Write the report to this file instead of the screen.")
    ] = None,
    annotate: Annotated[
        Path | None,
        Parameter(help="Also write a copy of the file as a workbook (.xlsx) with the failing cells marked."),
    ] = None,
    baseline: Annotated[
        Path | None,
        Parameter(help="An earlier report (--json): findings are then new, unchanged or fixed."),
    ] = None,
) -> int:
    """Judge files against a contract and touch nothing: the same engine and the same words as in the hub.

    Exit code 0: accepted, also with warnings. 1: rejected, or a finding of critical impact. The same in every output.

    For example:

        jid check LV-2611-04_r1.json --contract northvale-coa

        jid check LV-2611-11_r1.xlsx --annotate LV-2611-11_marked.xlsx

        jid check LV-2611-11_r1.xlsx --output html -o report.html

        jid check slots.csv --contract brightwater-schedule@1.1 --json -o first.json

        jid check slots.csv --contract brightwater-schedule@1.1 --baseline first.json

        jid check coa/*.json --contract northvale-coa --output github
    """
    if not files:
        raise Stop("name at least one file to check", next_step="jid check FILE --contract northvale-coa")
    form: Output = "json" if json else output
    _writable(out, files)
    _writable(annotate, files)
    if len(files) > 1 and annotate is not None:
        raise Stop("--annotate marks one file", next_step="name one file")
    if len(files) > 1 and form in ("html", "receipt"):
        raise Stop(
            f"--output {form} is about one file", next_step="name one file, or use --output table, json or junit"
        )
    if annotate is not None and annotate.suffix.lower() != ".xlsx":
        raise Stop(f"{annotate} is no name for a workbook", next_step="--annotate NAME.xlsx")
    agreed = find_edition(contract, contracts) if contract is not None else None
    earlier = _earlier(baseline) if baseline is not None else None
    reports, forms = [], []
    for path in files:
        under = agreed or _only_fitting(path, contracts)
        report = judge(path, under)
        reports.append(report if earlier is None else _compared(report, earlier, alone=len(files) == 1))
        forms.append(under.contract.receipt.get("format", "json"))
    text = _rendered(form, reports, files, forms[0], colour=out is None and colour_wanted())
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
        say(f"{out}  {form}")
    if annotate is not None:
        _annotate(reports[0], files[0], annotate)
    return max(exit_of(report, strict=strict) for report in reports)


def _rendered(form: Output, reports: list[Report], files: tuple[Path, ...], receipt_form: str, *, colour: bool) -> str:
    match form:
        case "json":
            from cli.output import json_text
            from contracts.render.json import to_json

            return json_text("check", reports=[to_json(report) for report in reports])
        case "html":
            from contracts.render.html import html

            return html(reports[0])
        case "junit":
            from contracts.render.junit import junit

            return junit(*reports)
        case "sarif":
            from contracts.render.sarif import sarif

            return sarif(*map(_as_typed, reports, files))
        case "github":
            from contracts.render.github import github

            return github(*map(_as_typed, reports, files))
        case "markdown":
            from contracts.render.markdown import markdown

            return "\n".join(map(markdown, reports))
        case "receipt":
            from contracts.render.receipt import receipt

            return receipt(reports[0], form=receipt_form)
        case _:
            from contracts.render.terminal import terminal

            return "\n".join(terminal(report, colour=colour) for report in reports)


def _as_typed(report: Report, path: Path) -> Report:
    """The same with the path that was typed, by which a code host finds the file. A name that is hidden stays so."""
    if report.delivery.file != path.name:
        return report
    name = path.as_posix()
    findings = tuple(
        replace(f, where=tuple(replace(place, file=name) for place in f.where if place.file == path.name))
        for f in report.findings
    )
    return replace(report, delivery=replace(report.delivery, file=name), findings=findings)


def _annotate(report: Report, path: Path, to: Path) -> None:
    from contracts.render.workbook import MOST_BYTES, annotated

    data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
    to.write_bytes(annotated(report, data))
    say(f"{to}  marked copy of {path.name}")


def _earlier(path: Path) -> list[Report]:
    """The reports in a file that `--json` wrote, or one report alone."""
    import orjson

    from contracts.render.json import from_json

    _readable(path)
    try:
        body = orjson.loads(path.read_bytes())
        found = [from_json(report) for report in body.get("reports", [body])]
    except (ValueError, KeyError, TypeError, AttributeError):
        found = []
    if not found:
        raise Stop(f"{path} holds no report", next_step="write one first: jid check FILE --json -o FILE.json")
    return found


def _compared(report: Report, earlier: list[Report], *, alone: bool) -> Report:
    """Held against the earlier report of the file's name, else, of one file, against the only one there is."""
    from contracts.baseline import against

    named = [one for one in earlier if one.delivery.file == report.delivery.file]
    if not named and (len(earlier) > 1 or not alone):
        known = ", ".join(one.delivery.file for one in earlier)
        raise Stop(f"the baseline has no report of {report.delivery.file}", next_step=f"it has: {known}")
    return against(report, (named or earlier)[-1])


def _writable(path: Path | None, files: tuple[Path, ...]) -> None:
    if path is None:
        return
    if any(path.resolve() == file.resolve() for file in files):
        raise Stop(f"{path} is the file to be checked and stays as it is", next_step="name another file to write")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise Stop(f"{path} cannot be written: name a file in a folder that is there")


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


def find_edition(name: str, folder: Path | None) -> Edition:
    """The contract that judges by that name today, with the version beside it; by hand a draft may judge too."""
    from connectors.edition import Edition, edition_of, in_force
    from contracts.odcs import load_catalog

    found = find_contract(name, folder)
    if Path(name).is_file():
        return Edition(found, drafts=True)
    catalog = load_catalog(folder)
    return edition_of(in_force(catalog, name), catalog, drafts=True)


def _only_fitting(path: Path, folder: Path | None) -> Edition:
    from cli.fitting import fitting
    from connectors.edition import edition_of
    from contracts.odcs import load_catalog

    _readable(path)
    catalog = load_catalog(folder)
    known = catalog.all()
    found = fitting(path, [contract for contract in known if contract.status == "active"] or known)
    say(f"{path.name}: judged under {found.id} {found.version}, the only contract that it fits")
    return edition_of(found, catalog, drafts=True)


def judge(path: Path, edition: Edition) -> Report:
    """The report that the hub would make of this file with the file alone."""
    from connectors.edition import judged
    from connectors.inspection import Inspection, inspect
    from contracts.context import Context
    from contracts.finding import DeliveryRef
    from hub.clock import SystemClock

    _readable(path)
    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    ref = DeliveryRef(path.name, sha256, path.stat().st_size)
    # Checked by hand the file arrives now: a time in the future is wrong here as it would be there.
    now = SystemClock().now()

    def look(contract: Contract) -> Inspection:
        return inspect(path, file=path.name, contract=contract, context=Context(received_at=now), delivery=ref)

    return judged(edition, now, ref, look)[1].report.file_part()


def _readable(path: Path) -> None:
    if path.is_dir():
        raise Stop(f"{path} is a folder", next_step=f"name the files in it: jid check {path / '*'}")
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
