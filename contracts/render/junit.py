"""The report for a build server: one test case a clause, in the form that they all read.

A clause that failed is a failure, one that could not be evaluated an error, one that needs the hub is skipped: a build
server shows none of the last two as passed.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from contracts.finding import Ends, Finding, Report
from contracts.render import wording
from contracts.render.wording import visible


def junit(*reports: Report) -> str:
    """A document of one test suite a report."""
    root = Element("testsuites")
    for report in reports:
        _suite(root, report)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, report: Report) -> None:
    contract = f"{report.contract.id} {report.contract.version}" if report.contract is not None else "no contract"
    suite = SubElement(root, "testsuite", name=visible(f"{report.delivery.file} against {contract}"))
    properties = SubElement(suite, "properties")
    for name, value in (("verdict", report.verdict.value), ("sha256", report.delivery.sha256)):
        SubElement(properties, "property", name=name, value=value)
    about: dict[str, list[Finding]] = {}
    for finding in report.findings:
        about.setdefault(finding.clause.id, []).append(finding)
    named = set(report.ends.all()) | set(report.hub_ends.all())
    beside = [clause for clause in about if clause not in named]  # the form of the file, or the engine itself
    for side, ends in (("file", report.ends), ("hub", report.hub_ends)):
        for clause in ends.all():
            _case(suite, f"{contract}.{side}", clause, _end(ends, clause), about.get(clause, []), report)
    for clause in beside:
        unread = any(f.kind == "unevaluated" for f in about[clause])
        end = "could_not_evaluate" if unread else "failed"
        _case(suite, f"{contract}.file", clause, end, about[clause], report)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(kind) is not None for case in cases)))
    suite.set("time", "0")


def _case(suite: Element, group: str, clause: str, end: str, findings: list[Finding], report: Report) -> None:
    case = SubElement(suite, "testcase", classname=visible(group), name=visible(clause), time="0")
    told = "\n".join(_told(f, report) for f in findings)
    message = visible(findings[0].message) if findings else ""
    codes = ",".join(sorted({f.code for f in findings}))
    match end:
        case "failed":
            SubElement(case, "failure", message=message, type=codes).text = told
        case "could_not_evaluate":
            said = message or "could not be evaluated"
            SubElement(case, "error", message=said, type=codes or "could_not_evaluate").text = told or None
        case "needs_hub":
            SubElement(case, "skipped", message="needs the hub")
        case "switched_off":
            SubElement(case, "skipped", message="switched off by the contract")
        case _ if told:  # a note on a clause that passed
            SubElement(case, "system-out").text = told


def _told(f: Finding, report: Report) -> str:
    place = wording.places(f)
    lines = [
        f"{f.severity.value}[{f.code}]: {f.message}",
        f"  at {f.where[0].file if f.where else ''} {place}".rstrip(),
    ]
    if f.expected is not None:
        lines.append(f"  expected: {f.expected.text}")
    if f.fix is not None:
        lines.append(f"  help: {f.fix.text}")
    lines.append(f"  clause: {wording.clause(f, report)}")
    return "\n".join(visible(line) for line in lines)


def _end(ends: Ends, clause: str) -> str:
    return next(name for name in ends.__dataclass_fields__ if clause in getattr(ends, name))
