"""The report as JSON, format `justindata-report/1` (contracts.md 5.1): what machines read and what the ledger keeps.

`from_json(to_json(report)) == report`. Key order is fixed, so equal reports are equal bytes. Measurements are text. The
JSON Schema is contracts/schema/justindata-report-1.schema.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from contracts.codes import Action, Impact, Severity
from contracts.finding import (
    Baseline,
    ClauseRef,
    ContractRef,
    Coverage,
    DeliveryRef,
    Ends,
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
    name, _, version = report.engine.rpartition(" ")
    body: dict[str, Any] = {
        "format": FORMAT,
        "delivery": _delivery(report.delivery),
        "contract": _contract(report.contract),
        "engine": {"name": name, "version": version} if name else {"name": version},
        "verdict": report.verdict.value,
        "coverage": _all(report.coverage),
        "hub_coverage": _all(report.hub_coverage),
        "clauses": _clauses(report),
        "counts": {severity.value: report.count(severity) for severity in Severity},
        "findings": [_finding(finding) for finding in report.findings],
    }
    if report.rows is not None or report.bad_rows:
        body["rows"] = {"checked": report.rows, "failed": report.bad_rows}
    if report.baseline is not None:
        base = report.baseline
        fixed = [_finding(finding) for finding in base.fixed]
        body["baseline"] = {"previous": base.previous, "new": base.new, "unchanged": base.unchanged, "fixed": fixed}
    return {key: value for key, value in body.items() if value is not None}


def from_json(body: Mapping[str, Any]) -> Report:
    """The report that `to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
    if body["format"] != FORMAT:
        raise ValueError(f"not a {FORMAT}: {body['format']!r}")
    engine, rows, clauses = body["engine"], body.get("rows", {}), body.get("clauses", {})
    return Report(
        delivery=_read_delivery(body["delivery"]),
        contract=_read_contract(body["contract"]) if "contract" in body else None,
        engine=" ".join(part for part in (engine["name"], engine.get("version")) if part is not None),
        verdict=Verdict(body["verdict"]),
        findings=tuple(_read_finding(finding) for finding in body["findings"]),
        coverage=Coverage(**body["coverage"]),
        hub_coverage=Coverage(**body["hub_coverage"]),
        rows=rows.get("checked"),
        bad_rows=rows.get("failed", 0),
        ends=_read_ends(clauses.get("file", {})),
        hub_ends=_read_ends(clauses.get("hub", {})),
        baseline=_read_baseline(body["baseline"]) if "baseline" in body else None,
    )


def _clauses(report: Report) -> dict[str, Any] | None:
    """Which clauses ended how; an end that none came to is left out."""
    sides = {"file": _ends(report.ends), "hub": _ends(report.hub_ends)}
    return {side: ends for side, ends in sides.items() if ends} or None


def _ends(ends: Ends) -> dict[str, list[str]]:
    return {end: list(ids) for end, ids in _all(ends).items() if ids}


def _read_ends(body: Mapping[str, Sequence[str]]) -> Ends:
    return Ends(**{end: tuple(ids) for end, ids in body.items()})


def _read_baseline(body: Mapping[str, Any]) -> Baseline:
    fixed = tuple(_read_finding(finding) for finding in body["fixed"])
    return Baseline(body["previous"], body["new"], body["unchanged"], fixed)


def _delivery(ref: DeliveryRef) -> dict[str, Any]:
    named = {"id": ref.id, "partner": ref.partner, "feed": ref.feed, "file": ref.file, "sha256": ref.sha256}
    return _known(named | {"bytes": ref.size, "received_at": ref.received_at, "subject": ref.subject})


def _read_delivery(body: Mapping[str, Any]) -> DeliveryRef:
    return DeliveryRef(
        body["file"],
        body["sha256"],
        body["bytes"],
        body.get("id"),
        body.get("partner"),
        body.get("feed"),
        body.get("received_at"),
        body.get("subject"),
    )


def _contract(ref: ContractRef | None) -> dict[str, Any] | None:
    if ref is None:
        return None
    refs = [{"name": name, "version": version, "sha256": sha256} for name, version, sha256 in ref.refs]
    return {"id": ref.id, "version": ref.version, "sha256": ref.sha256, "refs": refs}


def _read_contract(body: Mapping[str, Any]) -> ContractRef:
    refs = tuple((ref["name"], ref["version"], ref["sha256"]) for ref in body["refs"])
    return ContractRef(body["id"], body["version"], body["sha256"], refs)


def _finding(f: Finding) -> dict[str, Any]:
    clause = f.clause
    body = {
        "code": f.code,
        "title": f.title,
        "kind": f.kind.value,
        "severity": f.severity.value,
        "impact": f.impact.value,
        "action": f.action.value,
        "reach": f.reach.value,
        "message": f.message,
        "clause": _all(clause) | {"needs": list(clause.needs)},
        "where": _where(f.where, f.key),
        "found": _all(f.found) if f.found is not None else None,
        "expected": _known(_all(f.expected)) if f.expected is not None else None,
        "fix": _all(f.fix) if f.fix is not None else None,
        "note": f.note,
        "excerpt": _excerpt(f.excerpt) if f.excerpt is not None else None,
        "fingerprint": f.fingerprint,
        "baseline": f.baseline,
        "stays": f.stays or None,
        "count": f.count,
        "shown": f.shown,
        "docs": f.code,
    }
    return _known(body)


def _read_finding(body: Mapping[str, Any]) -> Finding:
    clause = body["clause"]
    where, key = _read_where(body["where"])
    return Finding(
        code=body["code"],
        title=body["title"],
        message=body["message"],
        severity=Severity(body["severity"]),
        impact=Impact(body["impact"]),
        action=Action(body["action"]),
        clause=ClauseRef(clause["id"], clause["path"], clause["line"], clause["column"], tuple(clause["needs"])),
        where=where,
        kind=Kind(body["kind"]),
        reach=Reach(body["reach"]),
        key=key,
        found=Found(**body["found"]) if "found" in body else None,
        expected=Expected(**body["expected"]) if "expected" in body else None,
        fix=Fix(**body["fix"]) if "fix" in body else None,
        note=body.get("note"),
        fingerprint=body["fingerprint"],
        baseline=body.get("baseline"),
        stays=body.get("stays", 0),
        count=body["count"],
        shown=body["shown"],
        excerpt=_read_excerpt(body["excerpt"]) if "excerpt" in body else None,
    )


def _where(places: Sequence[Place], key: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Views of each place: first how it looks in the file, then in the document. The business key comes last.

    The file view always has `file`, so that a list of several places can be taken apart again.
    """
    views: list[dict[str, Any]] = []
    for place in places:
        view = _known({name: getattr(place, name) for name in _FILE_VIEW if name != "file"})
        if place.cell is not None and place.row is None and place.line is not None:
            view["row"] = view.pop("line")  # a sheet has rows, a text has lines
        views.append({"file": place.file} | view)
        if place.pointer is not None:
            views.append({"pointer": place.pointer})
    if key:
        views.append({"key": dict(key)})
    return views


_FILE_VIEW = ("file", "sheet", "cell", "end", "line", "column", "row", "tag", "ts")


def _read_where(views: Sequence[Mapping[str, Any]]) -> tuple[tuple[Place, ...], tuple[tuple[str, str], ...]]:
    places: list[Place] = []
    key: tuple[tuple[str, str], ...] = ()
    for view in views:
        if "file" in view:
            parts = dict(view)
            if "cell" in parts and "row" in parts and "line" not in parts:
                parts["line"] = parts.pop("row")
            places.append(Place(**parts))
        elif "pointer" in view:
            places[-1] = places[-1].at(view["pointer"])
        else:
            key = tuple(view["key"].items())
    return tuple(places), key


def _excerpt(excerpt: Excerpt) -> dict[str, Any]:
    lines = [{"number": line.number, "cells": list(line.cells)} for line in excerpt.lines]
    ends = {"mark": excerpt.mark, "mark_from": excerpt.mark_from, "mark_to": excerpt.mark_to}
    return _known({"lines": lines, **ends, "columns": list(excerpt.columns) or None})


def _read_excerpt(body: Mapping[str, Any]) -> Excerpt:
    lines = tuple(ExcerptLine(line["number"], tuple(line["cells"])) for line in body["lines"])
    return Excerpt(lines, body["mark"], body.get("mark_from"), body.get("mark_to"), tuple(body.get("columns", ())))


def _all(part: Any) -> dict[str, Any]:
    """Every field of a dataclass, in its order."""
    return {name: getattr(part, name) for name in part.__dataclass_fields__}


def _known(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
