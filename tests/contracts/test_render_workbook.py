"""Promise: a partner gets its own workbook back with the failing cells marked, and nothing else in it was changed.

The comparison is made by a reader that had no part in writing: openpyxl over cells, styles, rules and comments, and
bytes over every part that holds no mark.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from contracts.codes import Severity
from contracts.finding import Excerpt, ExcerptLine, Report
from contracts.place import Place
from contracts.render.cellmarks import FILLS
from contracts.render.workbook import annotated
from tests.contracts.render_support import (
    grouped_finding,
    hidden_finding,
    one_of_everything,
    sheet_finding,
    text_finding,
)
from tests.contracts.test_render_forms import HOSTILE, poisoned

MARKED = {"G5": "error", "D6": "error", "G6": "warning", "H9": "warning"} | {f"H{n}": "warning" for n in range(11, 18)}


def original() -> bytes:
    """A workbook with much that a library loses or a careless change breaks."""
    book = openpyxl.Workbook()
    cover = book.active
    assert cover is not None
    cover.title = "Cover & co"
    cover["A1"] = "front"
    sheet = book.create_sheet("Results")
    sheet["A1"] = "merged title"
    sheet.merge_cells("A1:D1")
    for row in range(3, 15):
        for column in range(1, 8):
            cell = sheet.cell(row, column, f"r{row}c{column}" if column < 7 else row / 8)
            cell.number_format = "0.00" if column == 7 else "@"
    sheet["G5"].font = Font(bold=True, color="FF112233")
    sheet["G5"].border = Border(left=Side(style="double"))
    sheet["G6"].fill = PatternFill("solid", fgColor="FF00FF00")
    sheet["G6"].comment = Comment("our own remark", "partner")
    sheet["A4"].comment = Comment("kept as it is", "partner")
    sheet["F3"] = "=SUM(G3:G9)"
    rule = DataValidation(type="list", formula1='"a,b"', allow_blank=True)
    rule.add("B5:B9")
    sheet.add_data_validation(rule)
    sheet.conditional_formatting.add("G3:G9", CellIsRule(operator="lessThan", formula=["1"], font=Font(italic=True)))
    sheet.freeze_panes = "B4"
    sheet.column_dimensions["C"].width = 33
    sheet.column_dimensions["D"].hidden = True
    sheet["A9"].hyperlink = "#Results!A1"
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=7, min_row=3, max_row=9))
    sheet.add_chart(chart, "J3")
    secret = book.create_sheet("lists")
    secret["A1"] = "x"
    secret.sheet_state = "hidden"
    book.defined_names["whole"] = DefinedName("whole", attr_text="Results!$A$1")
    sheet.defined_names["mine"] = DefinedName("mine", attr_text="Results!$G$5")
    sheet.print_area = "A1:H9"
    book.active = 1
    out = io.BytesIO()
    book.save(out)
    # what a spreadsheet program stores beside a formula, and openpyxl would drop on saving
    return rewritten(out.getvalue(), "xl/worksheets/sheet2.xml", rb"(<f>SUM\(G3:G9\)</f>)<v\s*/>", rb"\1<v>5.25</v>")


def rewritten(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            body = before.read(name)
            if name == part:
                body, count = re.subn(old, new, body)
                assert count == 1
            after.writestr(name, body)
    return out.getvalue()


def opened(data: bytes, **more: Any) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data), **more)


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert book.testzip() is None
        return {name: book.read(name) for name in book.namelist()}


def look(cell: Any) -> tuple[Any, ...]:
    """Everything that a cell is but its fill and its comment."""
    return (
        cell.value, cell.data_type, cell.number_format, repr(cell.font), repr(cell.border), repr(cell.alignment),
        repr(cell.protection),
        cell.hyperlink.location if cell.hyperlink else None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def before() -> bytes:
    return original()


@pytest.fixture(scope="module")
def after(before: bytes) -> bytes:
    return annotated(one_of_everything(), before)


def test_only_the_marked_cells_differ_and_only_by_fill_and_comment(before: bytes, after: bytes) -> None:
    old, new = opened(before), opened(after)
    assert new.sheetnames == ["jid report", *old.sheetnames]
    for sheet in old.worksheets:
        copy = new[sheet.title]
        assert copy.max_row == max(sheet.max_row, 17 if sheet.title == "Results" else 0)
        for row in copy.iter_rows():
            for cell in row:
                there = sheet[cell.coordinate]
                assert look(cell) == look(there), cell.coordinate
                if sheet.title == "Results" and cell.coordinate in MARKED:
                    assert cell.fill.fgColor.rgb == FILLS[Severity(MARKED[cell.coordinate])]
                    assert cell.comment is not None
                else:
                    assert repr(cell.fill) == repr(there.fill)
                    assert (cell.comment and cell.comment.text) == (there.comment and there.comment.text)


def test_rules_ranges_views_and_names_are_kept(before: bytes, after: bytes) -> None:
    old, new = opened(before), opened(after)
    for sheet in old.worksheets:
        copy = new[sheet.title]
        assert copy.sheet_state == sheet.sheet_state
        assert copy.merged_cells.ranges == sheet.merged_cells.ranges
        rules = [[(r.sqref, r.formula1, r.type) for r in s.data_validations.dataValidation] for s in (sheet, copy)]
        assert rules[0] == rules[1]
        formats = [[(r.sqref, len(r.rules)) for r in s.conditional_formatting] for s in (sheet, copy)]
        assert formats[0] == formats[1]
        assert copy.freeze_panes == sheet.freeze_panes
        assert copy.print_area == sheet.print_area
        widths = [{k: (d.width, d.hidden) for k, d in s.column_dimensions.items()} for s in (sheet, copy)]
        assert widths[0] == widths[1]
    assert new.defined_names["whole"].attr_text == "Results!$A$1"
    assert new["Results"].defined_names["mine"].attr_text == "Results!$G$5"
    assert new["Results"].defined_names.keys() == old["Results"].defined_names.keys()


def test_charts_and_stored_results_survive_and_untouched_parts_are_the_same_bytes(before: bytes, after: bytes) -> None:
    assert opened(after, data_only=True)["Results"]["F3"].value == 5.25
    old, new = parts(before), parts(after)
    changed = {name for name in old if new[name] != old[name]}
    assert changed <= {
        "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        "xl/worksheets/sheet2.xml", "xl/comments/comment1.xml", "xl/drawings/commentsDrawing1.vml",
        "xl/drawings/legacyDrawing1.vml",
    }  # fmt: skip
    assert any("chart" in name for name in old)
    assert "xl/worksheets/sheet1.xml" not in changed


def test_the_report_is_in_front_and_one_sheet_alone_is_selected(after: bytes) -> None:
    new = opened(after)
    assert new.active.title == "jid report"
    assert [s.title for s in new.worksheets if s.sheet_view.tabSelected] == ["jid report"]


def test_a_comment_says_what_to_do_and_a_cell_keeps_its_own(after: bytes) -> None:
    sheet = opened(after)["Results"]
    said = sheet["G5"].comment.text
    assert said == (
        "error COA-E104: the value of PH uses a decimal comma\nExpected: a number with a decimal point\n"
        "How to fix: write 7.2, or format column G as a number with an English locale\nWho acts: you, the sender"
    )
    assert sheet["G6"].comment.text.startswith("our own remark\n\nwarning COA-E302: OSMO lies outside")
    assert sheet["A4"].comment.text == "kept as it is"


def test_every_cell_of_a_group_is_marked_also_where_no_row_was(after: bytes) -> None:
    sheet = opened(after)["Results"]
    for row in (9, 11, 12, 13, 14, 15, 16, 17):
        assert sheet.cell(row, 8).comment.text.startswith("warning COA-E203: unit is empty in 8 places")
    assert sheet["H10"].comment is None
    assert sheet["H10"].fill.fgColor.rgb == "00000000"


def test_the_first_sheet_lists_the_findings_with_links_and_what_nobody_judged(after: bytes) -> None:
    sheet = opened(after)["jid report"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "Rejected: 3 errors, 9 warnings"
    assert any(row[0] == "2 of 9 checks passed, 1 could not be evaluated, 2 need the hub." for row in rows)
    at = next(n for n, row in enumerate(rows) if row[0] == "no")
    listed = [(row[1], row[2], row[3]) for row in rows[at + 1 : at + 6]]
    assert listed == [
        ("error", "Results!G5", "COA-E104"),
        ("error", "Results!D6", "FILE-E701"),
        ("warning", "Results!H9, H11..H17", "COA-E203"),
        ("warning", "Results!G6", "COA-E302"),
        ("error", None, "CON-E201"),
    ]
    links = [sheet.cell(at + 2 + n, 3).hyperlink for n in range(5)]
    assert [link.location if link else None for link in links] == [
        "'Results'!G5", "'Results'!D6", "'Results'!H9", "'Results'!G6", None,
    ]  # fmt: skip
    below = [row[0] for row in rows[at + 6 :] if row[0]]
    assert "Could not evaluate: 1 checks, neither passed nor failed" in below
    assert "Fixed since D-9" in below


def test_the_same_report_and_file_give_the_same_bytes(before: bytes, after: bytes) -> None:
    assert annotated(one_of_everything(), before) == after


def test_marking_a_marked_copy_again_keeps_it_whole(after: bytes) -> None:
    again = opened(annotated(one_of_everything(), after))
    assert again.sheetnames == ["jid report 2", "jid report", "Cover & co", "Results", "lists"]
    assert again["Results"]["G5"].comment.text.count("COA-E104") == 2


def test_a_sheet_without_comments_rows_or_numbers_of_cells_is_marked_too() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Results"
    out = io.BytesIO()
    book.save(out)
    empty = opened(annotated(one_of_everything(), out.getvalue()))["Results"]
    assert {c.coordinate for row in empty.iter_rows() for c in row if c.comment} == set(MARKED)
    book.active.append(["a", "b"])
    book.active.append(["c"])
    out = io.BytesIO()
    book.save(out)
    # positions may be left out of a file: then a row or cell stands behind the one before it
    bare = rewritten(out.getvalue(), "xl/worksheets/sheet1.xml", rb'<row r="2"[^>]*><c r="A2"', rb"<row><c")
    report = replace(one_of_everything(), findings=(moved("A2"), moved("B2"), moved("A3")))
    sheet = opened(annotated(report, bare))["Results"]
    assert [sheet[at].value for at in ("A1", "B1", "A2", "B2")] == ["a", "b", "c", None]
    assert {c.coordinate for row in sheet.iter_rows() for c in row if c.comment} == {"A2", "B2", "A3"}


def moved(cell: str) -> Any:
    return replace(sheet_finding(), where=(Place("f.xlsx", "Results", cell, line=int(cell[1:]), column=1),))


def test_a_range_that_one_finding_names_is_marked_at_its_first_cell(before: bytes) -> None:
    whole = replace(sheet_finding(), where=(Place("f.xlsx", "Results", "A4", "A9", line=4, column=1),))
    sheet = opened(annotated(replace(one_of_everything(), findings=(whole,)), before))["Results"]
    filled = [c.coordinate for row in sheet.iter_rows() for c in row if c.fill.fgColor.rgb == FILLS[Severity.ERROR]]
    assert filled == ["A4"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:24])
def test_no_text_of_a_partner_becomes_a_formula_or_breaks_the_file(text: str, before: bytes) -> None:
    report = poisoned(text)
    book = opened(annotated(report, before))
    for row in book["jid report"].iter_rows():
        for cell in row:
            assert cell.data_type in ("s", "n"), cell.coordinate
            assert cell.data_type == "s" or cell.value is None
            assert cell.value is None or cell.quotePrefix
    poison = replace(report.findings[0], where=sheet_finding().where)
    sheet = opened(annotated(replace(report, findings=(poison,)), before))["Results"]
    assert sheet["G5"].comment.text.startswith("error COA-E104: the value of ")
    assert all(c.isprintable() or c == "\n" for c in sheet["G5"].comment.text)


# A file that is no workbook


def table(report: Report, data: bytes) -> Any:
    book = opened(annotated(report, data))
    assert book.sheetnames == ["jid report", "your file"]
    for sheet in book.worksheets:
        assert not [c for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    return book["your file"]


def marks(sheet: Any) -> list[str]:
    return [c.coordinate for row in sheet.iter_rows() for c in row if c.comment]


def csv_report() -> Report:
    head = ExcerptLine(1, ("lot", "value", "birth"))
    line = ExcerptLine(3, ("L,2", "7,2", "***"))
    f = replace(sheet_finding(), where=(Place("f.csv", line=3, column=6),), excerpt=Excerpt((head, line), 1))
    return replace(one_of_everything(), findings=(f,))


def test_of_a_csv_file_the_rows_come_as_texts_with_the_marks() -> None:
    sheet = table(csv_report(), b'lot;value;birth\n=1+1;"two\n";1960\n"L,2";7,2;1961-02-03\n-5;@x;1962\n')
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["lot", "value", "birth"]
    assert rows[1][0] == "=1+1"
    # the second row of the table takes two lines of the file, so the third row stands at line 4
    assert [row for row in rows if row[0] == "-5"] == [["-5", "@x", "***"]]
    assert "1961" not in str(rows)
    shifted = replace(csv_report().findings[0], where=(Place("f.csv", line=4, column=6),))
    sheet = table(replace(csv_report(), findings=(shifted,)), b'lot;value;birth\n=1+1;"two\n";1960\n"L,2";7,2;1961\n')
    assert marks(sheet) == ["B4"]
    assert sheet["B4"].value == "7,2"


def test_of_a_long_csv_file_the_rows_around_the_marks_are_shown() -> None:
    rows = b"".join(b"L%d,%d,x\n" % (n, n) for n in range(2, 9_000))
    f = replace(csv_report().findings[0], where=(Place("f.csv", line=7_000, column=3),))
    sheet = table(replace(csv_report(), findings=(f,)), b"lot,value,birth\n" + rows)
    assert [row[0].row for row in sheet.iter_rows() if row[0].value] == [1, 6998, 6999, 7000, 7001, 7002]
    assert marks(sheet) == ["B7000"]


def test_of_a_json_file_pointers_and_values_come_as_texts() -> None:
    wrong = replace(text_finding(), where=(Place("c.json", line=2, column=3, pointer="/results/0/value"),))
    secret = replace(hidden_finding(), where=(Place("c.json", pointer="/who"),))
    absent = replace(text_finding(), where=(Place("c.json", pointer="/results/0/unit"),))
    report = replace(one_of_everything(), findings=(wrong, secret, absent))
    sheet = table(report, b'{"who": "Jane Doe", "a/b": "=1+1", "results": [{"value": "7,2", "n": 1.50}]}')
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows == [
        ["pointer", "value"], ["/who", "***"], ["/a~1b", "=1+1"], ["/results/0/value", "7,2"], ["/results/0/n", "1.50"],
        ["/results/0/unit", None],
    ]  # fmt: skip
    assert marks(sheet) == ["B2", "B4", "B6"]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04" + b"\x00" * 60, b"\x00\xff" * 40, b"{", b"\xff\xfe<\x00"])
def test_of_what_cannot_be_read_there_is_the_report_alone_or_the_text(data: bytes) -> None:
    book = opened(annotated(one_of_everything(), data))
    assert book.sheetnames[0] == "jid report"
    assert book["jid report"]["A1"].value == "Rejected: 3 errors, 9 warnings"


def test_a_workbook_with_a_document_type_or_a_bomb_is_not_changed_in_place(before: bytes) -> None:
    entity = rb'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]><worksheet'
    evil = rewritten(before, "xl/worksheets/sheet2.xml", rb"<worksheet", entity)
    assert opened(annotated(one_of_everything(), evil)).sheetnames == ["jid report"]


def test_grouped_places_in_a_sheet_that_is_not_there_are_listed_without_a_link(before: bytes) -> None:
    elsewhere = replace(grouped_finding(), where=(Place("f.xlsx", "Nowhere", "H5", line=5, column=8),))
    book = opened(annotated(replace(one_of_everything(), findings=(elsewhere,)), before))
    assert not [c for row in book["jid report"].iter_rows() for c in row if c.hyperlink]
