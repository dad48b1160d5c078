"""A report made by hand, with one of everything, that the renderers are held to.

`python -m tests.contracts.render_support` writes the golden files anew: read them before you commit them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

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
    Report,
    Verdict,
)
from contracts.place import Place
from contracts.render.github import github
from contracts.render.html import html
from contracts.render.junit import junit
from contracts.render.markdown import markdown
from contracts.render.receipt import receipt
from contracts.render.sarif import sarif
from contracts.render.terminal import terminal

GOLDEN = Path(__file__).parent / "golden"
FILE = "LV-2611-04_CoA.xlsx"
LINK = "https://hub.example/d/D-12"
CHECKPOINT = {"size": 120, "head": "ab12", "signature": "c2lnbmVk"}

_STARS = "*" * 10
_COLUMNS = (4, 5, 6, 7, 8)
_HEAD = ExcerptLine(3, ("characteristic", "method_id", "stage", "Result", "unit"))
_REFERENCE = ClauseRef("auto.certificate.results.value.number", "certificate.results.value", 75, 15)


def sheet_finding() -> Finding:
    """A decimal comma in G5 of the sheet Results."""
    return Finding(
        "COA-E104", "decimal comma where the contract says point", "the value of PH uses a decimal comma",
        Severity.ERROR, Impact.HIGH, Action.PARTNER, _REFERENCE,
        (Place(FILE, "Results", "G5", line=5, column=7, pointer="/results/1/value"),),
        key=(("certificate_no", "COA-0000012"), ("characteristic", "PH")),
        found=Found("7,2"), expected=Expected("a number with a decimal point", "6.9", "7.8", "[pH]"),
        fix=Fix("write 7.2, or format column G as a number with an English locale", "7.2"),
        note="the hub never guesses a value", fingerprint="jf1:6c1b0f2a9d2e4c11", baseline="unchanged", stays=3,
        excerpt=Excerpt((_HEAD, ExcerptLine(5, ("PH", "M-PH-02", "final", "7,2", "[pH]"))), 3, columns=_COLUMNS),
    )  # fmt: skip


def grouped_finding() -> Finding:
    """A unit missing in eight rows of column H."""
    where = (
        Place(FILE, "Results", "H9", line=9, column=8, pointer="/results/5/unit"),
        Place(FILE, "Results", "H11", "H17", line=11, column=8, pointer="/results/7/unit"),
    )
    return replace(
        sheet_finding(), code="COA-E203", title="unit missing", message="unit is empty in 8 places",
        severity=Severity.WARNING, clause=ClauseRef("unit_is", "certificate.quality.unit_is", 114, 9), where=where,
        key=(("certificate_no", "COA-0000012"),), found=None, expected=Expected("the unit of the test"),
        fix=Fix("write the unit in each row"), note="in P24, VG_RNA and 6 more", fingerprint="jf1:00000000000000a1",
        baseline="new", stays=1, count=8, shown=8,
        excerpt=Excerpt((_HEAD, ExcerptLine(9, ("P24", "M-ELISA-11", "final", "430", ""))), 4, columns=_COLUMNS),
    )  # fmt: skip


def text_finding() -> Finding:
    """The same comma in a line of JSON, where a tool can apply the fix."""
    return replace(
        sheet_finding(), where=(Place("coa.json", line=35, column=16, pointer="/results/1/value"),),
        excerpt=Excerpt((ExcerptLine(35, ('      "value": "7,2",',)),), 0, 15, 20), fix=Fix("write 7.2", "7.2"),
    )  # fmt: skip


def quality_finding() -> Finding:
    return replace(
        sheet_finding(), code="COA-E302", title="result is outside its acceptance criterion (quality event)",
        message="OSMO lies outside its acceptance criterion 260 to 340", severity=Severity.WARNING, kind=Kind.QUALITY,
        action=Action.SPONSOR, clause=ClauseRef("in_spec", "certificate.quality.in_spec", 121, 9),
        where=(Place(FILE, "Results", "G6", line=6, column=7, pointer="/results/2/value"),), found=Found("512"),
        expected=Expected("acceptance criterion 260 to 340"), note=None, fingerprint="jf1:00000000000000a2",
        fix=Fix("the sponsor decides about the lot; the partner has nothing to correct in the file"), stays=2,
        excerpt=Excerpt((_HEAD, ExcerptLine(6, ("OSMO", "M-OSM-01", "final", "512", "mosm/kg"))), 3, columns=_COLUMNS),
    )  # fmt: skip


def unread_finding() -> Finding:
    """A clause that our own engine could not judge."""
    return Finding(
        "CON-E201", "clause could not be evaluated", "clause tests_due could not be evaluated; nothing is wanted from "
        "the sender", Severity.ERROR, Impact.HIGH, Action.PLATFORM,
        ClauseRef("tests_due", "certificate.quality.tests_due", 116, 9), (Place(FILE),), kind=Kind.UNEVALUATED,
        fix=Fix("nothing to do for the sender"), note="no rule of this engine judges it",
        fingerprint="jf1:00000000000000a3", baseline="new", stays=1,
    )  # fmt: skip


def hidden_finding() -> Finding:
    """Personal data: what was found is shown nowhere."""
    return replace(
        sheet_finding(), code="FILE-E701", title="personal data", message="comment holds a date of birth",
        clause=ClauseRef("auto.certificate.personalData", "certificate", 16, 3),
        found=Found(None, "text of 10 characters", redacted=True),
        where=(Place(FILE, "Results", "D6", line=6, column=4, pointer="/results/2/comment"),),
        expected=Expected("no personal data"), fix=Fix("leave it out"), note=None, fingerprint="jf1:00000000000000a4",
        baseline="new", stays=1,
        excerpt=Excerpt((_HEAD, ExcerptLine(6, (_STARS, "M-OSM-01", "final", "512", "mosm/kg"))), 0, columns=_COLUMNS),
    )  # fmt: skip


def one_of_everything() -> Report:
    findings = (sheet_finding(), grouped_finding(), hidden_finding(), quality_finding(), unread_finding())
    fixed = replace(
        sheet_finding(), where=(), found=None, excerpt=None, fix=None, note=None, shown=0, baseline="fixed", stays=0,
        message="the value of P24 uses a decimal comma", fingerprint="jf1:00000000000000a5",
        key=(("certificate_no", "COA-0000012"), ("characteristic", "P24")),
    )  # fmt: skip
    ends = Ends(
        passed=("auto.certificate.lot_number.identifier", "auto.certificate.lot_number.required"),
        failed=("auto.certificate.personalData", "auto.certificate.results.value.number", "in_spec", "unit_is"),
        could_not_evaluate=("tests_due",),
    )
    hub = Ends(needs_hub=("l1_due", "revisions"))
    return Report(
        DeliveryRef(FILE, "9b" * 32, 18_211, "D-12", "northvale", "northvale/coa", "2026-11-20T14:07:12+00:00"),
        ContractRef("northvale-coa", "2.3.0", "5d" * 32, (("lv_panel", "3", "77" * 32),)),
        "justindata-contracts 1",
        Verdict.REJECTED,
        findings,
        Coverage.of(ends),
        Coverage.of(hub),
        ends=ends,
        hub_ends=hub,
        baseline=Baseline("D-9", new=3, unchanged=2, fixed=(fixed,)),
    )


def held() -> Report:
    """Only the platform is at fault."""
    report = one_of_everything()
    ends = Ends(passed=report.ends.passed, could_not_evaluate=("tests_due",))
    return replace(report, findings=(unread_finding(),), ends=ends, coverage=Coverage.of(ends), baseline=None)


FORMS: dict[str, Callable[[Report], str]] = {
    "report.html": html,
    "report.junit.xml": lambda report: junit(report),
    "report.sarif": lambda report: sarif(report),
    "report.github.txt": lambda report: github(report),
    "report.md": lambda report: markdown(report, link=LINK),
    "report.receipt.json": lambda report: receipt(report, link=LINK, checkpoint=CHECKPOINT),
    "report.receipt.txt": lambda report: receipt(report, form="text", link=LINK, checkpoint=CHECKPOINT),
    "report.terminal.txt": terminal,
}

if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, form in FORMS.items():
        (GOLDEN / name).write_text(form(one_of_everything()), encoding="utf-8")
    (GOLDEN / "held.receipt.json").write_text(receipt(held()), encoding="utf-8")
