"""The acknowledgement that goes back on the channel the file came by, pass or fail (contracts.md 5.7).

It tells a partner's system what became of its file. Findings that others must act on are counted and not listed. When
only the platform is at fault the verdict is `held`, and there is nothing for the partner to do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from contracts.codes import Action
from contracts.finding import Finding, Report, Verdict
from contracts.render import wording
from contracts.render.wording import visible

FORMAT = "justindata-receipt/1"
DEFAULT_NAME = "{file}.receipt.json"


def receipt(
    report: Report,
    *,
    form: str = "json",
    link: str | None = None,
    checkpoint: Mapping[str, Any] | None = None,
) -> str:
    """The acknowledgement as text. `form` is the contract's (`json` or `text`), `link` leads to the whole report, and
    `checkpoint` is the signed head of the audit log, as it is, when there is one."""
    body = _body(report, link, checkpoint)
    return json.dumps(body, indent=1, ensure_ascii=True) + "\n" if form == "json" else _text(body)


def receipt_name(agreed: Mapping[str, str], file: str) -> str:
    """How the acknowledgement of `file` is called: by the contract's `receipt` property. Never another folder."""
    name = PurePosixPath(file.replace("\\", "/")).name
    made = agreed.get("name", DEFAULT_NAME).replace("{file}", name)
    return visible(PurePosixPath(made.replace("\\", "/")).name) or "receipt.json"


def _body(report: Report, link: str | None, checkpoint: Mapping[str, Any] | None) -> dict[str, Any]:
    at, contract = report.delivery, report.contract
    mine = [f for f in report.findings if f.action is Action.PARTNER]
    delivery = {"id": at.id, "file": at.file, "sha256": at.sha256, "bytes": at.size, "received_at": at.received_at}
    body: dict[str, Any] = {
        "format": FORMAT,
        "delivery": _known(delivery),
        "contract": {"id": contract.id, "version": contract.version} if contract is not None else None,
        "verdict": "held" if wording.held(report) else report.verdict.value,
        "action": _action(report, mine),
        "counts": {word: sum(f.count for f in mine if f.severity == word) for word in ("error", "warning", "info")},
        "checks": wording.checks(report),
        "could_not_evaluate": report.coverage.could_not_evaluate + report.hub_coverage.could_not_evaluate,
        "findings": [_finding(f) for f in mine],
        "findings_for_others": len(report.findings) - len(mine),
        "report": link,
        "checkpoint": dict(checkpoint) if checkpoint is not None else None,
    }
    return _known(body)


def _action(report: Report, mine: list[Finding]) -> str:
    if wording.held(report):
        return "no action for you"
    if report.verdict is Verdict.REJECTED:
        return "correct the file and send it again"
    return "look at the findings" if any(f.severity != "info" for f in mine) else "no action for you"


def _finding(f: Finding) -> dict[str, Any]:
    first = f.where[0] if f.where else None
    return _known(
        {
            "code": f.code,
            "severity": f.severity.value,
            "message": f.message,
            "place": wording.places(f) or None,
            "pointer": first.pointer if first is not None and f.count == 1 else None,
            "count": f.count,
            "found": f.found.text if f.found is not None else None,
            "expected": f.expected.text if f.expected is not None else None,
            "fix": f.fix.text if f.fix is not None else None,
            "baseline": f.baseline,
        }
    )


def _text(body: dict[str, Any]) -> str:
    """The same for a person or a system without JSON: one `name: value` a line."""
    lines = [f"{FORMAT}", *(f"{name}: {value}" for name, value in body["delivery"].items())]
    if "contract" in body:
        lines.append(f"contract: {body['contract']['id']} {body['contract']['version']}")
    counts = ", ".join(f"{number} {word}" for word, number in body["counts"].items())
    lines += [f"verdict: {body['verdict']}", f"action: {body['action']}", f"counts: {counts}"]
    lines.append(f"checks: {body['checks']}")
    for f in body["findings"]:
        place = " ".join(part for part in (f.get("place"), f.get("pointer")) if part)
        fix = f"; help: {f['fix']}" if "fix" in f else ""
        lines.append(f"{f['severity']}[{f['code']}] {place}: {f['message']}{fix}")
    if "report" in body:
        lines.append(f"report: {body['report']}")
    for name, value in body.get("checkpoint", {}).items():
        lines.append(f"checkpoint.{name}: {value}")
    return "\n".join(visible(line) for line in lines) + "\n"


def _known(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
