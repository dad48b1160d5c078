"""The report as JSON, format `justindata-report/1` (contracts.md 5.1): what machines read and what the ledger keeps.

`from_json(to_json(report)) == report`. Key order is fixed, so equal reports are equal bytes. Measurements are text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from contracts.codes import Action, Impact, Severity
from contracts.finding import (
    ClauseRef,
    ContractRef,
    Coverage,
    DeliveryRef,
    Excerpt,
    ExcerptLine,
    Expected,
    Finding,
    Fix,
    Found,
    Kind,
    Reach,
    Report,
    Verdict,
)
from contracts.place import Place

FORMAT = "justindata-report/1"


def dumps(report: Report) -> bytes:
    """The report as JSON bytes: what is stored, hashed and sent."""
    return orjson.dumps(to_json(report))


def loads(data: bytes) -> Report:
    """A stored report. For our own bytes only: nothing of a partner is parsed here."""
    return from_json(orjson.loads(data))


def to_json(report: Report) -> dict[str, Any]:
    """The report as JSON values. What is not known is left out."""
    body: dict[str, Any] = {"format": FORMAT, "delivery": _shown(report.delivery)}
    if report.contract is not None:
        contract = report.contract
        refs = [{"name": n, "version": v, "sha256": h} for n, v, h in contract.refs]
        body["contract"] = {"id": contract.id, "version": contract.version, "sha256": contract.sha256, "refs": refs}
    body |= {
        "engine": report.engine,
        "verdict": report.verdict.value,
        "coverage": _all(report.coverage),
        "hub_coverage": _all(report.hub_coverage),
        "counts": {severity.value: report.count(severity) for severity in Severity},
    }
    if report.rows is not None:
        body |= {"rows": report.rows, "bad_rows": report.bad_rows}
    body["findings"] = [_finding(finding) for finding in report.findings]
    return body


def from_json(body: Mapping[str, Any]) -> Report:
    """The report that `to_json` wrote. Raises KeyError or ValueError on anything else."""
    if body["format"] != FORMAT:
        raise ValueError(f"not a {FORMAT}: {body['format']!r}")
    contract = body.get("contract")
    return Report(
        delivery=DeliveryRef(**body["delivery"]),
        contract=None
        if contract is None
        else ContractRef(
            contract["id"],
            contract["version"],
            contract["sha256"],
            tuple((r["name"], r["version"], r["sha256"]) for r in contract["refs"]),
        ),
        engine=body["engine"],
        verdict=Verdict(body["verdict"]),
        findings=tuple(_read_finding(finding) for finding in body["findings"]),
        coverage=Coverage(**body["coverage"]),
        hub_coverage=Coverage(**body["hub_coverage"]),
        rows=body.get("rows"),
        bad_rows=body.get("bad_rows", 0),
    )


def _finding(f: Finding) -> dict[str, Any]:
    body: dict[str, Any] = {
        "code": f.code,
        "title": f.title,
        "kind": f.kind.value,
        "severity": f.severity.value,
        "impact": f.impact.value,
        "action": f.action.value,
        "reach": f.reach.value,
        "message": f.message,
        "clause": {
            "id": f.clause.id,
            "path": f.clause.path,
            "line": f.clause.line,
            "column": f.clause.column,
            "needs": list(f.clause.needs),
        },
        "where": [_shown(place) for place in f.where],
        "key": [{"field": name, "value": value} for name, value in f.key],
    }
    for name, part in (("found", f.found), ("expected", f.expected), ("fix", f.fix)):
        if part is not None:
            body[name] = _all(part)
    if f.note is not None:
        body["note"] = f.note
    if f.excerpt is not None:
        body["excerpt"] = {
            "lines": [{"number": line.number, "cells": list(line.cells)} for line in f.excerpt.lines],
            "mark": f.excerpt.mark,
            "mark_from": f.excerpt.mark_from,
            "mark_to": f.excerpt.mark_to,
        }
    body |= {"fingerprint": f.fingerprint, "count": f.count, "shown": f.shown}
    if f.baseline is not None:
        body["baseline"] = f.baseline
    return body


def _read_finding(body: Mapping[str, Any]) -> Finding:
    excerpt = body.get("excerpt")
    clause = body["clause"]
    return Finding(
        code=body["code"],
        title=body["title"],
        message=body["message"],
        severity=Severity(body["severity"]),
        impact=Impact(body["impact"]),
        action=Action(body["action"]),
        clause=ClauseRef(clause["id"], clause["path"], clause["line"], clause["column"], tuple(clause["needs"])),
        where=tuple(Place(**place) for place in body["where"]),
        kind=Kind(body["kind"]),
        reach=Reach(body["reach"]),
        key=tuple((part["field"], part["value"]) for part in body["key"]),
        found=Found(**body["found"]) if "found" in body else None,
        expected=Expected(**body["expected"]) if "expected" in body else None,
        fix=Fix(**body["fix"]) if "fix" in body else None,
        note=body.get("note"),
        fingerprint=body["fingerprint"],
        baseline=body.get("baseline"),
        count=body["count"],
        shown=body["shown"],
        excerpt=None
        if excerpt is None
        else Excerpt(
            tuple(ExcerptLine(line["number"], tuple(line["cells"])) for line in excerpt["lines"]),
            excerpt["mark"],
            excerpt["mark_from"],
            excerpt["mark_to"],
        ),
    )


def _all(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__dataclass_fields__}


def _shown(part: Any) -> dict[str, Any]:
    """Every field of the dataclass that has a value."""
    return {name: value for name, value in _all(part).items() if value is not None}
