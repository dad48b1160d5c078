"""The report as workflow commands of GitHub Actions: annotations at the lines of the file.

GitHub shows ten of a level in a step, so no more are sent; a line of plain text tells the rest and how it ended.
"""

from __future__ import annotations

from collections import Counter

from contracts.codes import Severity
from contracts.finding import Finding, Report
from contracts.render import wording
from contracts.render.wording import visible

MOST = 10
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github(*reports: Report) -> str:
    """The annotations of one step: the limit counts over all reports."""
    shown: Counter[str] = Counter()
    left: Counter[str] = Counter()
    lines = []
    for report in reports:
        for finding in report.findings:
            level = _LEVELS[finding.severity]
            if shown[level] < MOST:
                shown[level] += 1
                lines.append(_annotation(level, finding, report))
            else:
                left[level] += 1
    for level, number in left.items():
        word = level if number == 1 else f"{level}s"
        lines.append(f"{number} more {word} not shown here; jid check without --output github lists all")
    for report in reports:
        found = wording.counts(report.findings)
        # Never at the start of a line: what begins with two colons is a command, and the old form is one anywhere.
        name = visible(report.delivery.file).replace("##[", "## [")
        lines.append(f"{wording.verdict(report)} {name}: {f'{found}; ' if found else ''}{wording.checks(report)}")
    return "\n".join(lines) + "\n"


def _annotation(level: str, f: Finding, report: Report) -> str:
    place = f.where[0] if f.where else None
    named = {"file": report.delivery.file, "title": f"{f.code} {f.title}"}
    if place is not None and place.line is not None and place.cell is None:
        named |= {"line": str(place.line)}
        if place.column is not None:
            named |= {"col": str(place.column)}
    where = wording.places(f)
    said = [f"{where}: {f.message}" if where else f.message]
    if f.expected is not None:
        said.append(f"expected: {f.expected.text}")
    if f.fix is not None:
        said.append(f"help: {f.fix.text}")
    order = ("file", "line", "col", "title")
    properties = ",".join(f"{name}={_property(named[name])}" for name in order if name in named)
    return f"::{level} {properties}::{_data(chr(10).join(visible(line) for line in said))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
