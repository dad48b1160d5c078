"""The report as one page for people: no script, nothing fetched from anywhere, made for mail, archive and paper.

Reads top down: the verdict in a sentence, where it is in the partner's own file, what to change and who changes it,
what was fixed, what nobody could judge, and what exactly was checked.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.codes import Severity
from contracts.finding import Finding, Report, Verdict
from contracts.render import excerpt, wording
from contracts.render.markup import Markup, tag, text
from contracts.render.style import CSS

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_SHAPES = {
    "fail": "M12 1 23 12 12 23 1 12zM8.5 7 7 8.5 10.5 12 7 15.5 8.5 17 12 13.5 15.5 17 17 15.5 13.5 12 17 8.5 15.5 7 "
    "12 10.5z",
    "warn": "M12 2 23 21H1zM11 9v6h2V9zM11 17v2h2v-2z",
    "pass": "M9.5 19 2.5 12l2-2 5 5L19.5 5l2 2z",
    "open": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 2.4a7.6 7.6 0 1 1 0 15.2 7.6 7.6 0 0 1 0-15.2z",
}
_SEVERITIES = {Severity.ERROR: "fail", Severity.WARNING: "warn", Severity.INFO: "open"}
_LISTED = 24  # ids of clauses that gave no answer


def html(report: Report) -> str:
    """The whole page."""
    groups = wording.parts(report.findings)
    numbers = {id(f): n for n, f in enumerate((f for _, some in groups for f in some), 1)}
    body = tag(
        "main",
        _top(report),
        _verdict(report),
        *_where(report, [(numbers[id(f)], f) for f in report.findings]),
        *(_group(report, name, some, numbers) for name, some in groups),
        *_fixed(report),
        *_open(report),
        _checked(report),
    )
    title = f"{wording.verdict(report)}: {report.delivery.file}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang='en')}\n"


def _top(report: Report) -> Markup:
    at, contract = report.delivery, report.contract
    trail = " / ".join(part for part in (at.feed or at.partner, f"delivery {at.id}" if at.id else None) if part)
    judged = text("Checked against ", tag("code", f"{contract.id} {contract.version}")) if contract else None
    received = text("Received ", tag("code", at.received_at)) if at.received_at else None
    meta = [tag("div", line) for line in (received, judged) if line is not None]
    left = tag("div", tag("p", trail, class_="eyebrow") if trail else None, tag("h1", at.file))
    return tag("header", left, tag("div", *meta, class_="meta"), class_="top")


def _verdict(report: Report) -> Markup:
    look = _look(report)
    found = wording.counts(report.findings)
    line = f"{wording.verdict(report).capitalize()}{f': {found}' if found else ''}"
    since = wording.since(report)
    said = tag(
        "div",
        tag("h2", line),
        tag("p", wording.meaning(report)),
        tag("p", f"{wording.checks(report)}.", class_="checks"),
        tag("p", f"{wording.sentence(since)}.") if since else None,
    )
    return tag("section", _glyph(look), said, class_=f"box verdict is-{look}", aria_label="verdict")


def _look(report: Report) -> str:
    """Never the look of a pass while something could not be evaluated."""
    if wording.held(report):
        return "open"
    if report.verdict is Verdict.REJECTED:
        return "fail"
    if report.verdict is Verdict.ACCEPTED_WITH_WARNINGS:
        return "warn"
    unread = report.coverage.could_not_evaluate + report.hub_coverage.could_not_evaluate
    return "open" if unread or report.verdict is Verdict.DUPLICATE else "pass"


def _where(report: Report, numbered: Sequence[tuple[int, Finding]]) -> list[Markup]:
    made = []
    for sheet in excerpt.sheets(numbered):
        rows = len(sheet.rows)
        more = f"first {excerpt.MOST_ROWS} of {rows} rows" if rows > excerpt.MOST_ROWS else None
        said = " ".join(part for part in (f"sheet {sheet.name}" if sheet.name else None, more) if part)
        title = tag("h2", tag("div", "Where it is in your file ", tag("span", report.delivery.file)), tag("span", said))
        made.append(tag("section", title, excerpt.table(sheet), class_="box"))
    return made


def _group(report: Report, name: str, findings: Sequence[Finding], numbers: dict[int, int]) -> Markup:
    items = [_finding(report, f, numbers[id(f)]) for f in findings]
    title = tag("h2", name, tag("span", wording.counts(findings)))
    return tag("section", title, tag("ol", *items, class_="findings"), class_="box")


def _finding(report: Report, f: Finding, number: int) -> Markup:
    first = f.where[0] if f.where else None
    place = wording.places(f)
    history = wording.history(f)
    facts = tag(
        "p",
        tag("span", _glyph(_SEVERITIES[f.severity]), f.severity.value.capitalize(), class_=f"chip {f.severity.value}"),
        tag("span", history, class_="chip back") if history and f.baseline == "unchanged" else None,
        tag("code", f.code),
        tag("code", place) if place else None,
        tag("code", first.pointer) if first is not None and first.pointer and f.count == 1 else None,
        tag("span", "clause ", tag("code", wording.clause(f, report))),
        class_="facts",
    )
    shown = f.excerpt
    window = excerpt.lines(f, shown) if shown is not None and shown.mark_from is not None else None
    inside = tag("div", tag("h3", wording.sentence(f.message)), facts, window, tag("dl", *_said(f), class_="say"))
    return tag("li", tag("div", tag("span", str(number), class_=f"n {f.severity.value}")), inside, id=f"f{number}")


def _said(f: Finding) -> list[Markup]:
    found = None
    if f.found is not None:
        found = f"hidden ({f.found.type})" if f.found.redacted else f.found.text or "(empty)"
    elif f.excerpt is not None and f.excerpt.mark_from is None and not excerpt.marked(f.excerpt).strip():
        found = "(empty)"
    lines = [
        ("Found", tag("span", found, class_=f"bad {f.severity.value}") if found is not None else None),
        ("Expected", text(_expected(f)) if f.expected is not None else None),
        ("How to fix", text(wording.sentence(f.fix.text)) if f.fix is not None else None),
        ("Note", text(wording.sentence(f.note)) if f.note is not None else None),
        ("Who acts", text(wording.ACTS[f.action])),
    ]
    return [text(tag("dt", name), tag("dd", said)) for name, said in lines if said is not None]


def _expected(f: Finding) -> str:
    """The words, with the limits where the words do not hold them already."""
    assert f.expected is not None
    e = f.expected
    limits = " to ".join(part for part in (e.lower, e.upper) if part is not None and part not in e.text)
    unit = f" {e.unit}" if e.unit is not None and limits else ""
    return f"{e.text} ({limits}{unit})" if limits else e.text


def _fixed(report: Report) -> list[Markup]:
    base = report.baseline
    if base is None or not base.fixed:
        return []
    lines = []
    for f in base.fixed:
        named = ", ".join(value for _, value in f.key)
        times = f" ({f.count} places)" if f.count > 1 else ""
        lines.append(tag("li", tag("code", f.code), " ", f.message, times, f" in {named}" if named else None))
    title = tag("h2", "Fixed since the delivery before", tag("span", base.previous))
    return [tag("section", title, tag("div", tag("ul", *lines, class_="gone"), class_="pad"), class_="box")]


def _open(report: Report) -> list[Markup]:
    """What is neither passed nor failed: a section of its own, so that nobody reads it as good."""
    words = {
        "could not evaluate": "These checks gave no answer. They are not passed. There is no action for you unless a "
        "finding above says so.",
        "needs the hub": "These checks need what only the sponsor's hub knows: earlier deliveries, registries, the "
        "schedule. They are neither passed nor failed.",
    }
    made = []
    for name, ids in wording.open_ends(report):
        look = "box open unread" if name == "could not evaluate" else "box open"
        items = [tag("li", clause) for clause in ids[:_LISTED]]
        if len(ids) > _LISTED:
            items.append(tag("li", f"and {len(ids) - _LISTED} more"))
        inside = tag("div", tag("p", words[name]), tag("ul", *items, class_="ids"), class_="pad")
        made.append(tag("section", tag("h2", f"{name.capitalize()}: {len(ids)}"), inside, class_=look))
    return made


def _checked(report: Report) -> Markup:
    at, contract = report.delivery, report.contract
    lines: list[tuple[str, Markup]] = [
        ("File", text(tag("code", at.file), f", {at.size:,} bytes")),
        ("sha256", tag("code", at.sha256)),
    ]
    if contract is not None:
        named = [("Contract", contract.id, contract.version, contract.sha256)]
        named += [("Table", name, version, sha256) for name, version, sha256 in contract.refs]
        for what, name, version, sha256 in named:
            lines.append((what, text(tag("code", f"{name} {version}"), ", sha256 ", tag("code", sha256[:16]))))
    if report.rows is not None:
        lines.append(("Rows", text(f"{report.rows:,} checked, {report.bad_rows:,} failed")))
    lines.append(("Engine", text(report.engine)))
    if report.findings and contract is not None:
        again = f"jid check {at.file} --contract {contract.id}"
        lines.append(("On your machine", text(tag("code", again), " gives the same list")))
        explain = f"jid explain {report.findings[0].code}"
        lines.append(("About a code", text(tag("code", explain), " says what it means and how to fix it")))
    passed = (*report.ends.passed, *report.hub_ends.passed)
    listed = tag("details", tag("summary", f"{len(passed)} checks that passed"), _ids(passed)) if passed else None
    inside = tag("div", tag("dl", *(text(tag("dt", n), tag("dd", s)) for n, s in lines), class_="say"), listed)
    return tag("footer", tag("h2", "What was checked"), tag("div", inside, class_="pad"), class_="box foot")


def _ids(clauses: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", clause) for clause in clauses), class_="ids")


def _glyph(shape: str) -> Markup:
    path = tag("path", d=_SHAPES[shape], fill="currentColor", fill_rule="evenodd")
    return tag("svg", path, viewBox="0 0 24 24", aria_hidden="true")
