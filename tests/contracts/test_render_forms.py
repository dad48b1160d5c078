"""Promise: each form of a report says the same as the others, in what its readers can read, and never calls good what
nobody judged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from contracts.codes import Action, Severity
from contracts.finding import Coverage, DeliveryRef, Ends, Report, Verdict
from contracts.place import Place
from contracts.render.github import github
from contracts.render.html import html
from contracts.render.junit import junit
from contracts.render.markdown import markdown
from contracts.render.receipt import receipt, receipt_name
from contracts.render.sarif import sarif
from contracts.render.style import CSS
from contracts.render.wording import parts, places
from tests.contracts.document_support import report_schema
from tests.contracts.render_support import (
    FORMS,
    GOLDEN,
    grouped_finding,
    held,
    one_of_everything,
    quality_finding,
    sheet_finding,
    text_finding,
)


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_the_one_that_was_agreed(name: str) -> None:
    assert FORMS[name](one_of_everything()) == (GOLDEN / name).read_text(encoding="utf-8")


def test_the_report_that_all_are_made_from_is_a_valid_one() -> None:
    from contracts.render.json import dumps, loads

    report = one_of_everything()
    report_schema().validate(json.loads(dumps(report)))
    assert loads(dumps(report)) == report


# places


def place(cell: str, end: str | None = None, sheet: str = "Results") -> Place:
    return Place("f.xlsx", sheet, cell, end, line=int(re.sub(r"\D", "", cell)), column=8)


def test_ranges_close_up_and_the_rest_is_counted() -> None:
    f = replace(grouped_finding(), where=(place("G5"), place("G7", "G19")), count=14, shown=14)
    assert places(f) == "Results!G5, G7..G19"
    assert places(replace(f, count=17)) == "Results!G5, G7..G19 and 3 more"
    lines = tuple(Place("f.csv", line=n, column=3) for n in range(10, 30))
    many = replace(f, where=lines, count=300, shown=20)
    assert places(many) == "10:3, 11:3, 12:3, 13:3, 14:3, 15:3 and 294 more"


def test_who_acts_orders_a_page_and_a_quality_event_is_no_fault_of_the_data() -> None:
    report = one_of_everything()
    named = [(name, [f.code for f in some]) for name, some in parts(report.findings)]
    assert named == [
        ("What to change", ["COA-E104", "FILE-E701", "COA-E203"]),
        ("For the sponsor to decide; nothing for you to correct", ["COA-E302"]),
        ("Could not be evaluated; no action for you", ["CON-E201"]),
    ]


# HTML


class Page(HTMLParser):
    """What a browser would make of a page: tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside != "style":
            self.text += data


def test_the_page_needs_nothing_from_anywhere() -> None:
    page = Page(html(one_of_everything()))
    names = {name for name, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset")]
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in CSS
    assert "@import" not in CSS
    policy = next(a["content"] for n, a in page.tags if n == "meta" and a.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_page_shows_the_sheet_with_its_own_headers_and_each_mark_leads_to_its_finding() -> None:
    text = html(one_of_everything())
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", text)
    assert re.findall(r'<th scope="col">(\w+)</th>', rows[0]) == ["D", "E", "F", "G", "H"]
    assert re.findall(r'<th scope="row">(\d+)</th>', text) == ["3", "5", "6", "9"]
    marked = re.findall(r'<td class="(\w+)"><span class="v">([^<]*)</span> <a class="n" href="#f(\d+)"', text)
    stars = "*" * 10
    assert marked == [("error", "7,2", "1"), ("error", stars, "2"), ("warning", "512", "4"), ("warning", "", "3")]
    assert re.findall(r'<li id="f(\d+)"', text) == ["1", "2", "3", "4", "5"]


def test_the_page_never_shows_what_was_not_judged_as_good() -> None:
    text = html(one_of_everything())
    assert "Could not evaluate: 1" in text
    assert "Needs the hub: 2" in text
    assert "is-pass" not in text.partition("</style>")[2]
    ends = Ends(passed=("a",), could_not_evaluate=("b",))
    quiet = replace(one_of_everything(), findings=(), verdict=Verdict.ACCEPTED, ends=ends, coverage=Coverage.of(ends))
    assert "is-open" in html(quiet).partition("</style>")[2]
    assert "is-pass" not in html(quiet).partition("</style>")[2]
    fine = replace(quiet, ends=Ends(passed=("a",)), coverage=Coverage(1, passed=1))
    assert "is-pass" in html(fine).partition("</style>")[2]


def test_when_only_the_platform_is_at_fault_nothing_is_wanted_from_the_sender() -> None:
    assert "Rejected (held)" in html(held())
    assert "no action for you" in html(held())
    body = json.loads(receipt(held()))
    assert (body["verdict"], body["action"], body["findings"]) == ("held", "no action for you", [])
    mixed = replace(one_of_everything())
    assert json.loads(receipt(mixed))["verdict"] == "rejected"


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "ground"),
    [("ink", "page"), ("ink2", "sheet"), ("ink3", "page"), ("ink3", "open-t"), ("accent", "sheet"), ("fail", "fail-t"),
     ("warn", "warn-t"), ("open", "open-t"), ("back", "back-t"), ("pass", "sheet"), ("fail", "page")],
)  # fmt: skip
def test_every_pair_of_colours_can_be_read(ink: str, ground: str) -> None:
    tokens = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", CSS))
    full = {name: c if len(c) == 7 else "#" + "".join(x * 2 for x in c[1:]) for name, c in tokens.items()}
    light, dark = sorted((luminance(full[ink]), luminance(full[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


# JUnit


def test_junit_has_one_case_a_clause_and_its_end() -> None:
    root = ElementTree.fromstring(junit(one_of_everything(), held()))
    suites = root.findall("testsuite")
    first = suites[0]
    ends: dict[str, list[str]] = {}
    for case in first.findall("testcase"):
        ends.setdefault(next((child.tag for child in case), "passed"), []).append(case.attrib["name"])
    report = one_of_everything()
    assert ends["failure"] == sorted(report.ends.failed)
    assert ends["error"] == ["tests_due"]
    assert ends["skipped"] == ["l1_due", "revisions"]
    assert ends["passed"] == sorted(report.ends.passed)
    assert [first.get(n) for n in ("tests", "failures", "errors", "skipped")] == ["9", "4", "1", "2"]
    assert [root.get(n) for n in ("tests", "failures", "errors", "skipped")] == ["14", "4", "2", "4"]
    (failure,) = first.findall("testcase[@name='auto.certificate.results.value.number']/failure")
    assert failure.get("type") == "COA-E104"
    assert "Results!G5" in str(failure.text)
    assert "help: write 7.2" in str(failure.text)


def test_a_finding_without_a_clause_of_the_contract_is_a_case_of_its_own() -> None:
    report = replace(one_of_everything(), ends=Ends(passed=("a",)), hub_ends=Ends())
    root = ElementTree.fromstring(junit(report))
    bad = [c.get("name") for c in root.iter("testcase") if c.find("failure") is not None]
    assert bad == ["auto.certificate.results.value.number", "unit_is", "auto.certificate.personalData", "in_spec"]
    assert [c.get("name") for c in root.iter("testcase") if c.find("error") is not None] == ["tests_due"]


# SARIF

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def runs(report: Report) -> Any:
    body = json.loads(sarif(report))
    assert body["version"] == "2.1.0"
    assert set(body) == {"$schema", "version", "runs"}
    for run in body["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["kind"] in ("fail", "open")
            assert (result["level"] == "none") == (result["kind"] == "open")  # 3.27.10: only a failure has a level
            assert result["level"] in ("none", "note", "warning", "error")
            assert result["message"]["text"]
            for location in result["locations"]:
                at = location["physicalLocation"]
                assert at["artifactLocation"]["index"] < len(run["artifacts"])
                assert all(value >= 1 for value in at.get("region", {}).values())
            assert result.get("baselineState", "new") in ("new", "unchanged", "updated", "absent")
    return body["runs"]


def test_sarif_has_rules_fingerprints_and_what_became_of_each_finding() -> None:
    (run,) = runs(one_of_everything())
    told = [(r["ruleId"], r["level"], r["baselineState"]) for r in run["results"]]
    assert told == [
        ("COA-E104", "error", "unchanged"),
        ("COA-E203", "warning", "new"),
        ("FILE-E701", "error", "new"),
        ("COA-E302", "warning", "unchanged"),
        ("CON-E201", "none", "new"),
        ("COA-E104", "error", "absent"),
    ]
    first = run["results"][0]
    assert first["partialFingerprints"] == {"justindata/v1": "jf1:6c1b0f2a9d2e4c11"}
    assert "region" not in first["locations"][0]["physicalLocation"]  # SARIF has no cells
    names = [n["fullyQualifiedName"] for n in first["locations"][0]["logicalLocations"]]
    assert names == ["Results!G5", "/results/1/value"]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_a_fix_of_sarif_put_into_the_file_is_the_fix() -> None:
    base = one_of_everything()
    delivery = DeliveryRef("coa.json", "0" * 64, 9)
    (run,) = runs(replace(base, findings=(text_finding(),), baseline=None, delivery=delivery))
    (result,) = run["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    (change,) = result["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    assert replacement["deletedRegion"] == region == {"startLine": 35, "startColumn": 16, "endColumn": 21}
    line = '      "value": "7,2",'
    put = line[: region["startColumn"] - 1] + replacement["insertedContent"]["text"] + line[region["endColumn"] - 1 :]
    assert put == '      "value": "7.2",'
    assert "fixes" not in runs(replace(base, findings=(sheet_finding(),)))[0]["results"][0]
    assert "baselineState" not in result or result["baselineState"] == "unchanged"


def test_names_in_sarif_are_references_that_no_scheme_is_read_from() -> None:
    odd = replace(one_of_everything().delivery, file="C:x y#1.csv")
    (run,) = runs(replace(one_of_everything(), delivery=odd))
    assert run["artifacts"][0]["location"]["uri"] == "C%3Ax%20y%231.csv"


# GitHub


def test_github_gets_ten_of_a_level_over_all_files_and_a_line_with_the_rest() -> None:
    one = replace(one_of_everything(), findings=(text_finding(),) * 7 + (quality_finding(),))
    lines = github(one, one).splitlines()
    assert [sum(line.startswith(f"::{level} ") for line in lines) for level in ("error", "warning", "notice")] == [
        10,
        2,
        0,
    ]
    assert lines[-3] == "4 more errors not shown here; jid check without --output github lists all"
    assert lines[-1].startswith(
        "rejected LV-2611-04_CoA.xlsx: 7 errors, 1 warning; 2 of 9 checks passed, 1 could not be"
    )
    assert "line=35,col=16," in lines[0]


def test_github_properties_and_data_are_escaped() -> None:
    f = replace(text_finding(), title="a,b:c%", message="50% :: done")
    (line, _) = github(replace(one_of_everything(), findings=(f,))).splitlines()
    assert ",title=COA-E104 a%2Cb%3Ac%25::35:16: 50%25 :: done%0A" in line


# Markdown and the acknowledgement


def test_markdown_is_short() -> None:
    many = replace(one_of_everything(), findings=(sheet_finding(),) * 9)
    text = markdown(many, link="https://hub.example/d 1")
    assert len(re.findall(r"^\d\. ", text, re.MULTILINE)) == 5
    assert "4 more in the whole report." in text
    assert text.endswith("Whole report: <https://hub.example/d%201>\n")


def test_an_acknowledgement_tells_the_partner_only_what_is_theirs() -> None:
    body = json.loads(receipt(one_of_everything()))
    assert [f["code"] for f in body["findings"]] == ["COA-E104", "COA-E203", "FILE-E701"]
    assert body["findings_for_others"] == 2
    assert body["counts"] == {"error": 2, "warning": 8, "info": 0}
    assert "found" not in body["findings"][2]
    assert {"report", "checkpoint"}.isdisjoint(body)
    theirs = replace(one_of_everything(), findings=(quality_finding(),), verdict=Verdict.ACCEPTED_WITH_WARNINGS)
    assert json.loads(receipt(theirs))["action"] == "no action for you"
    assert quality_finding().action is Action.SPONSOR


@pytest.mark.parametrize(
    ("agreed", "file", "name"),
    [
        ({}, "a.xlsx", "a.xlsx.receipt.json"),
        ({"name": "{file}.ack.txt"}, "../../etc/passwd", "passwd.ack.txt"),
        ({"name": "../up/{file}"}, "..\\a.csv", "a.csv"),
        ({"name": "{file}"}, "a\u202egpj.csv", "a\\u202egpj.csv"),
    ],
)
def test_an_acknowledgement_is_named_by_the_contract_and_stays_in_its_folder(
    agreed: dict[str, str], file: str, name: str
) -> None:
    assert receipt_name(agreed, file) == name


# What a partner's text may do: nothing

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt; &amp;",
    "]]>",
    "\x1b[2J\x1b[31mred",
    "\x00\x07\x9b",
    "\u202egpj.exe \u2066x\u2069 \u200b\ufeff",
    "\n::error::no\r\n::set-output name=x::y",
    "::add-mask::x",
    "##[error]x",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "_x001B_[2J",
    "`x` **b** [a](javascript:alert(1)) <http://evil.example> http://evil.example @everyone",
    "| a | b |\n|---|---|",
    "\ud800",
]  # fmt: skip


def poisoned(text: str) -> Report:
    """The report with this text wherever a partner's own text may stand."""
    f = sheet_finding()
    assert f.found is not None
    assert f.expected is not None
    assert f.fix is not None
    assert f.excerpt is not None
    lines = tuple(replace(line, cells=(text,) * 5) for line in f.excerpt.lines)
    sheet = replace(
        f, message=f"the value of {text} is wrong", found=replace(f.found, text=text),
        expected=replace(f.expected, text=text, lower=text, unit=text), fix=replace(f.fix, text=text, replacement=text),
        note=text, key=((text, text),), where=(replace(f.where[0], file=text, sheet=text, pointer=text),),
        excerpt=replace(f.excerpt, lines=lines),
    )  # fmt: skip
    flat = text_finding()
    assert flat.excerpt is not None
    cut = replace(flat.excerpt.lines[0], cells=(f"{text} {text}",))
    line = replace(
        sheet, where=(replace(flat.where[0], file=text, tag=text),),
        excerpt=replace(flat.excerpt, lines=(cut,), mark_from=1, mark_to=len(text)),
    )  # fmt: skip
    base = one_of_everything()
    assert base.baseline is not None
    fixed = tuple(replace(gone, message=text, key=((text, text),)) for gone in base.baseline.fixed)
    return replace(
        base, findings=(sheet, line, *base.findings[1:]), baseline=replace(base.baseline, previous=text, fixed=fixed),
        delivery=replace(base.delivery, file=text, id=text, feed=text),
    )  # fmt: skip


def unprintable(text: str) -> list[str]:
    return [c for c in text if not c.isprintable() and c != "\n"]


def harmless_html(text: str) -> None:
    page = Page(text)
    clean = Page(html(one_of_everything()))
    assert {n for n, _ in page.tags} <= {n for n, _ in clean.tags} | {"mark", "div", "b"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert (attributes.get("href") or "#").startswith("#")


def harmless_xml(text: str) -> None:
    ElementTree.fromstring(text)


def harmless_json(text: str) -> None:
    assert text.isascii()
    json.loads(text)


def harmless_commands(text: str) -> None:
    for line in text.splitlines():
        command = line.lstrip().startswith("::")
        assert not command or re.match(r"::(error|warning|notice) file=[^:,]*,(line=35,col=16,)?title=[^:,]*::", line)
        assert command or "##[" not in line
    assert sum(line.startswith("::") for line in text.splitlines()) == 6


def harmless_markdown(text: str) -> None:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inner = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in (*tokens, *inner)}
    assert not kinds & {"html_block", "html_inline", "image", "table_open", "heading_open", "fence", "code_block"}
    links = [token.attrs["href"] for token in inner if token.type == "link_open"]
    assert links == ["https://hub.example/d/D-12"]
    assert "@e" not in "".join(token.content for token in inner if token.type == "text")


def harmless_text(_text: str) -> None:
    return


HARMLESS: dict[str, Callable[[str], None]] = {
    "report.html": harmless_html,
    "report.junit.xml": harmless_xml,
    "report.sarif": harmless_json,
    "report.github.txt": harmless_commands,
    "report.md": harmless_markdown,
    "report.receipt.json": harmless_json,
    "report.receipt.txt": harmless_text,
    "report.terminal.txt": harmless_text,
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:24])
def test_a_partners_text_does_nothing_in_any_form(name: str, text: str) -> None:
    made = FORMS[name](poisoned(text))
    assert unprintable(made) == []
    made.encode()
    HARMLESS[name](made)


def test_every_golden_file_has_its_form() -> None:
    assert {path.name for path in Path(GOLDEN).iterdir()} == {*FORMS, "held.receipt.json"}
    assert receipt(held()) == (GOLDEN / "held.receipt.json").read_text(encoding="utf-8")
