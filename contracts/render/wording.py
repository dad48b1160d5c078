"""The sentences that every form of a report shares, so that page, mail, annotation and terminal say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contracts.baseline import KEEPS_COMING
from contracts.codes import Action, Severity
from contracts.finding import Ends, Finding, Kind, Report, Verdict
from contracts.place import Place

VERDICTS = {
    Verdict.ACCEPTED: "accepted",
    Verdict.ACCEPTED_WITH_WARNINGS: "accepted with warnings",
    Verdict.REJECTED: "rejected",
    Verdict.DUPLICATE: "duplicate",
}
ACTS = {Action.PARTNER: "you, the sender", Action.SPONSOR: "the sponsor", Action.PLATFORM: "the hub's operators"}
SHOWN_PLACES = 6


def held(report: Report) -> bool:
    """Whether the delivery waits for the platform alone: nothing is wanted from its sender."""
    stops = [f for f in report.findings if f.severity is Severity.ERROR]
    return bool(stops) and all(f.action is Action.PLATFORM for f in stops) and report.verdict is Verdict.REJECTED


def verdict(report: Report) -> str:
    """The report's verdict in words; `rejected (held)` when nothing is wanted from the sender."""
    return f"{VERDICTS[report.verdict]}{' (held)' if held(report) else ''}"


def meaning(report: Report) -> str:
    """What follows from the verdict, one sentence for the sender."""
    if held(report):
        return "The hub could not judge this file. It is kept, and there is no action for you."
    series = report.rows is not None
    match report.verdict:
        case Verdict.REJECTED:
            return "Nothing of this file counts until it is corrected and sent again."
        case Verdict.DUPLICATE:
            return "This came before. Nothing changes, and there is no action for you."
        case Verdict.ACCEPTED_WITH_WARNINGS if any(f.severity is Severity.ERROR for f in report.findings):
            what = f"{report.bad_rows} of {report.rows} rows" if series else "What is in error"
            return f"{what} would wait in quarantine; the rest is good."
        case Verdict.ACCEPTED_WITH_WARNINGS:
            return "The content is good to store, and somebody must look at what is listed."
        case _:
            return "The content is good to store."


def counts(findings: Iterable[Finding]) -> str:
    """`4 errors, 1 warning`; each place counts. Empty when nothing was found."""
    found = list(findings)
    said = []
    for severity in Severity:
        number = sum(f.count for f in found if f.severity is severity)
        if number:
            plural = "" if number == 1 or severity is Severity.INFO else "s"
            said.append(f"{number} {severity.value}{plural}")
    return ", ".join(said)


def checks(report: Report) -> str:
    """`57 of 64 checks passed, 4 need the hub`: over all clauses, those of the file and those beyond it."""
    file, hub = report.coverage, report.hub_coverage
    total = file.clauses + hub.clauses - file.switched_off - hub.switched_off
    said = [f"{file.passed + hub.passed} of {total} checks passed"]
    unread = file.could_not_evaluate + hub.could_not_evaluate
    if unread:
        said.append(f"{unread} could not be evaluated")
    waiting = file.needs_hub + hub.needs_hub
    if waiting:
        said.append(f"{waiting} {'needs' if waiting == 1 else 'need'} the hub")
    return ", ".join(said)


def open_ends(report: Report) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What is neither passed nor failed, by name: (how it ended, ids of clauses). Never shown as good."""
    return tuple(
        (name, ids)
        for name, of in (("could not evaluate", _unread), ("needs the hub", _waiting))
        if (ids := (*of(report.ends), *of(report.hub_ends)))
    )


def clause(finding: Finding, report: Report) -> str:
    """`northvale-coa 2.3.0, results.value (line 75)`."""
    contract = f"{report.contract.id} {report.contract.version}, " if report.contract is not None else ""
    of = finding.clause
    name = of.path.partition(".")[2] if of.id.startswith("auto.") else of.id
    return f"{contract}{name or of.path} (line {of.line})"


def places(finding: Finding) -> str:
    """`Results!G5, G7..G19 and 3 more`, `12:8, 19:8`: where it stands in the file, ranges of a column closed up."""
    labels: list[str] = []
    sheet: str | None = None
    for place in finding.where:
        label = _label(place, sheet, grouped=finding.count > 1)
        sheet = place.sheet
        if label:
            labels.append(label)
    shown = labels[:SHOWN_PLACES]
    if finding.count == 1:
        return ", ".join(shown)
    listed = sum(_size(place) for place in finding.where[: len(shown)]) if len(labels) > len(shown) else finding.shown
    hidden = finding.count - listed
    return ", ".join(shown) + (f" and {hidden} more" if hidden > 0 and shown else "")


def history(finding: Finding) -> str | None:
    """How the finding stands to the delivery before; None: nobody compared."""
    if finding.baseline == "unchanged" and finding.stays >= KEEPS_COMING:
        return f"the same in {finding.stays} deliveries in a row"
    return {"new": "new in this delivery", "unchanged": "unchanged since the delivery before"}.get(
        finding.baseline or ""
    )


def since(report: Report) -> str | None:
    """`against D-12: 1 new, 2 unchanged, 4 fixed`."""
    base = report.baseline
    if base is None:
        return None
    return f"against {base.previous}: {base.new} new, {base.unchanged} unchanged, {len(base.fixed)} fixed"


def parts(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """By who acts, errors first: (heading, findings). A result out of its specification is no fault of data."""
    mine = [f for f in findings if f.action is Action.PARTNER and f.kind is not Kind.QUALITY]
    theirs = [f for f in findings if f not in mine and f.action is not Action.PLATFORM]
    ours = [f for f in findings if f.action is Action.PLATFORM]
    named = (
        ("What to change", mine),
        ("For the sponsor to decide; nothing for you to correct", theirs),
        ("Could not be evaluated; no action for you", ours),
    )
    order = list(Severity)
    return [(name, sorted(some, key=lambda f: order.index(f.severity))) for name, some in named if some]


def sentence(text: str) -> str:
    """A message of ours as it stands in a page: with a capital, unless it begins with a name (`lot_number`)."""
    first = text.split(" ", 1)[0]
    return text if "_" in first or "." in first else text[:1].upper() + text[1:]


def visible(text: str) -> str:
    """The text with everything that does not print written out (`\\u001b`, `\\u202e`), so that it drives nothing."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _label(place: Place, sheet: str | None, *, grouped: bool) -> str:
    if place.cell is None or not grouped or place.end is None:
        label = place.label()
    else:
        label = f"{place.sheet}!{place.cell}..{place.end}" if place.sheet else f"{place.cell}..{place.end}"
    return label.removeprefix(f"{place.sheet}!") if sheet is not None and sheet == place.sheet else label


def _size(place: Place) -> int:
    """Cells of a range in one column; 1 for a single place."""
    if place.end is None or place.line is None:
        return 1
    return int("".join(c for c in place.end if c.isdigit())) - place.line + 1


def _unread(ends: Ends) -> tuple[str, ...]:
    return ends.could_not_evaluate


def _waiting(ends: Ends) -> tuple[str, ...]:
    return ends.needs_hub
