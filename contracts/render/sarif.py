"""The report as SARIF 2.1.0 for code review tools. An export only: SARIF has lines and columns, but no cells.

`baselineState` needs a baseline; findings that are gone are then results with `absent`. What could not be evaluated is
of kind `open`, and the run says that it was not successful.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from contracts.codes import Severity, codes
from contracts.finding import Finding, Kind, Report
from contracts.render import wording
from contracts.render.wording import visible

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_STATES = {"new": "new", "unchanged": "unchanged", "fixed": "absent"}


def sarif(*reports: Report) -> str:
    """A log of one run a report."""
    body = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [_run(report) for report in reports],
    }
    return json.dumps(body, indent=1, ensure_ascii=True) + "\n"


def _run(report: Report) -> dict[str, Any]:
    fixed = report.baseline.fixed if report.baseline is not None else ()
    results = [*report.findings, *fixed]
    used = list(dict.fromkeys(f.code for f in results))
    unread = report.coverage.could_not_evaluate + report.hub_coverage.could_not_evaluate
    notes = [
        {"level": "error", "message": {"text": visible(f.message)}}
        for f in report.findings
        if f.kind is Kind.UNEVALUATED
    ]
    invocation: dict[str, Any] = {"executionSuccessful": not unread and not notes}
    if notes:
        invocation["toolExecutionNotifications"] = notes
    contract = report.contract
    return {
        "tool": {
            "driver": {
                "name": "jid",
                "version": report.engine,
                "rules": [_rule(code) for code in used],
            }
        },
        "columnKind": "unicodeCodePoints",
        "artifacts": [
            {
                "location": {"uri": _uri(report.delivery.file)},
                "length": report.delivery.size,
                "hashes": {"sha-256": report.delivery.sha256},
            }
        ],
        "invocations": [invocation],
        "results": [_result(f, report, used.index(f.code)) for f in results],
        "properties": {
            "verdict": report.verdict.value,
            "checks": wording.checks(report),
            "contract": f"{contract.id}@{contract.version}" if contract is not None else None,
        },
    }


def _rule(code: str) -> dict[str, Any]:
    known = codes()[code]
    return {
        "id": code,
        "shortDescription": {"text": known.title},
        "help": {"text": f"jid explain {code}"},
        "defaultConfiguration": {"level": _LEVELS[known.severity]},
    }


def _result(f: Finding, report: Report, rule: int) -> dict[str, Any]:
    said = [wording.sentence(f.message) + "."]
    if f.expected is not None:
        said.append(f"Expected: {f.expected.text}.")
    if f.fix is not None:
        said.append(f"How to fix: {f.fix.text}.")
    unread = f.kind is Kind.UNEVALUATED
    result: dict[str, Any] = {
        "ruleId": f.code,
        "ruleIndex": rule,
        "kind": "open" if unread else "fail",
        "level": "none" if unread else _LEVELS[f.severity],
        "message": {"text": visible(" ".join(said))},
        "locations": [_location(f, report)],
        "occurrenceCount": f.count,
        "properties": {
            "impact": f.impact.value,
            "action": f.action.value,
            "clause": f.clause.id,
            "place": visible(wording.places(f)),
        },
    }
    if f.fingerprint:
        result["partialFingerprints"] = {"justindata/v1": f.fingerprint}
    if f.baseline is not None:
        result["baselineState"] = _STATES[f.baseline]
    if (fix := _fix(f)) is not None:
        result["fixes"] = [fix]
    return result


def _location(f: Finding, report: Report) -> dict[str, Any]:
    place = f.where[0] if f.where else None
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(report.delivery.file), "index": 0}}
    region = _region(f)
    if region is not None:
        physical["region"] = region
    location: dict[str, Any] = {"physicalLocation": physical}
    names = [] if place is None else [n for n in (place.label() if place.cell else None, place.pointer) if n]
    if names:
        location["logicalLocations"] = [{"fullyQualifiedName": visible(name)} for name in names]
    return location


def _region(f: Finding) -> dict[str, int] | None:
    place = f.where[0] if f.where else None
    if place is None or place.line is None or place.cell is not None:
        return None
    region = {"startLine": place.line}
    if place.column is not None:
        region["startColumn"] = place.column
        marked = _marked(f)
        if marked is not None:
            region["endColumn"] = place.column + len(marked)
    return region


def _marked(f: Finding) -> str | None:
    """The failing text as it stands in the file; None when it is cut, hidden, or stands in a table."""
    shown = f.excerpt
    if shown is None or shown.mark_from is None or shown.mark_to is None or not shown.lines:
        return None
    if f.found is not None and f.found.redacted:
        return None
    text = shown.lines[-1].cells[0][shown.mark_from : shown.mark_to]
    return text if text and "…" not in text and "*" not in text else None


def _fix(f: Finding) -> dict[str, Any] | None:
    """A change that a tool may apply: only in a text file, where the failing text and its place are known exactly."""
    region, marked = _region(f), _marked(f)
    if f.fix is None or f.fix.replacement is None or f.count > 1 or region is None or marked is None:
        return None
    if f.found is None or f.found.text is None:  # nothing stands there: what is marked is what should hold it
        return None
    # Of a wrong type the quotes themselves are what is wrong, and the replacement stands as it must be written.
    quoted = marked.startswith('"') and marked.endswith('"') and f.code != "FILE-E208"
    content = json.dumps(f.fix.replacement, ensure_ascii=False) if quoted else f.fix.replacement
    change = {
        "artifactLocation": {"uri": _uri(f.where[0].file or ""), "index": 0},
        "replacements": [{"deletedRegion": region, "insertedContent": {"text": content}}],
    }
    return {"description": {"text": visible(f.fix.text)}, "artifactChanges": [change]}


def _uri(file: str) -> str:
    """A relative reference: `a:b.csv` must not read as a scheme."""
    return quote(visible(file), safe="/")
