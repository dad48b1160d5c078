"""The several looks of one certificate defect, each with the exact words that its partner reads.

The looks are those of domain.md 4.1; what each must be called is contracts.md 4.5, written out by hand.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.context import Context
from contracts.history import RecordHistory
from contracts.kit.draft import Draft
from contracts.kit.write import write
from contracts.records import Certificate, Result, Slot
from contracts.sponsor import SponsorFacts
from tests.contracts.certificate_support import Body, Edit, contract, field, judge, judged, record, result, said, value

COMMA = "brightwater-coa"


def stored(records: object, test: str) -> Result:
    assert isinstance(records, tuple)
    certificate = records[0]
    assert isinstance(certificate, Certificate)
    return next(r for r in certificate.results if r.characteristic == test)


def spoiled(*edits: Edit, name: str = "reference-coa") -> Body:
    body = record(name)
    for edit in edits:
        edit(body)
    return body


def look(folder: Path, *edits: Edit, name: str = "reference-coa", context: Context | None = None) -> list[list[str]]:
    """[code, message, fix] of every finding of the good certificate after the edits."""
    report = judged(folder, spoiled(*edits, name=name), name, context).report
    return [[f.code, f.message, f.fix.text if f.fix is not None else ""] for f in report.findings]


@pytest.mark.parametrize(
    ("text", "code", "says", "fix"),
    [
        # C01 decimal comma
        ("7,2", "COA-E104", "uses a decimal comma", "write 7.2"),
        ("1,2E+08", "COA-E104", "uses a decimal comma", "write 1.2E+08"),
        ("0,050", "COA-E104", "uses a decimal comma", "write 0.050"),
        ("<7,2", "COA-E104", "uses a decimal comma", "write <7.2"),
        ("1.234,5", "COA-E104", "uses a decimal comma", "write 1234.5"),
        ("1,234", "COA-E105", "can be read as two numbers", "write 1234 or 1.234, whichever was meant"),
        # C02 group separators, also those that look like a space
        ("1.234.567", "COA-E103", "holds a group separator", "write 1234567"),
        ("274 000", "COA-E103", "holds a group separator", "write 274000"),
        ("274\u00a0000", "COA-E103", "holds a group separator", "write 274000"),
        ("274\u202f000", "COA-E103", "holds a group separator", "write 274000"),
        ("1'200", "COA-E103", "holds a group separator", "write 1200"),
        ("1\u2019200", "COA-E103", "holds a group separator", "write 1200"),
        # C03 powers of ten that have no single reading
        ("1,2·10⁸", "COA-E104", "uses a decimal comma", "write 1.2·10⁸"),
        ("1.2xE8", "COA-E101", "cannot be read as a number", "write the number with digits, such as 3.1E+08"),
        ("1.2x10E8", "COA-E101", "cannot be read as a number", "write the number with digits, such as 3.1E+08"),
        ("three", "COA-E101", "cannot be read as a number", "write the number with digits, such as 3.1E+08"),
        # C07 a word instead of the number
        *(
            (word, "COA-E102", "is a word where a number is due",
             "write the number that was measured, or < and the limit of quantification")
            for word in ("Complies", "conforms", "Pass", "OK", "meets specification", "entspricht", "no growth")
        ),
        # C10 nothing there yet
        *(
            (word, "COA-E109", "is not there yet", "send the final result in the next revision when it is there")
            for word in ("pending", "TBD", "to follow", "-----", "negative to date")
        ),
        # C33 marks, brackets, several numbers
        *(
            (text, "COA-E115", "carries a mark, brackets or more than one number",
             "write the number alone and explain the mark in a comment")
            for text in ("( <4.0e10 )*", "280*", "280 (retest)", "7.1; 7.2", "6.9-7.8", "7.1 ± 0.1", "280†")
        ),
        # C34 no number at all
        *(
            (text, "COA-E111", "is not a finite number", "write the value that was measured")
            for text in ("NaN", "inf", "-Infinity", "∞", "ＮａＮ")
        ),
        ("1E400", "COA-E111", "is too large or too small for any measurement", "write the value that was measured"),
        ("1E-31", "COA-E111", "is too large or too small for any measurement", "write the value that was measured"),
    ],
)  # fmt: skip
def test_a_number_that_has_no_reading_says_why(tmp_path: Path, text: str, code: str, says: str, fix: str) -> None:
    found = look(tmp_path, value("P24", value=text, operator="<" if text == "<7,2" else "="), held)
    assert found == [[code, f"the value of P24 {says}", fix]]


@pytest.mark.parametrize(
    "text",
    ["<LOQ", "< LOQ", "BLQ", "BLOQ", "BQL", "ND", "NT", "< TEST RNG", ">ULOQ", "Out of range", "<LLOQ",
     "below LOQ", "loq"],
)  # fmt: skip
def test_a_limit_without_its_number_proves_nothing(tmp_path: Path, text: str) -> None:
    """C05. The level stays incomplete: the result is stored and not evaluated."""
    came = judged(tmp_path, spoiled(value("ENDOTOXIN", value=text)))
    assert said(came.report.findings) == [("COA-E106", "the value of ENDOTOXIN is censored without a numeric limit")]
    assert stored(came.records, "ENDOTOXIN").verdict.value == "NOT_EVALUATED"


@pytest.mark.parametrize(
    ("text", "operator", "sent"),
    [
        *((text, "=", "1.2E+8") for text in (
            "1.2x10^8", "1.2X10^8", "1.2×10⁸", "1.2·10⁸", "1.2⋅10⁸", "1.2*10^8", "1.2 x 10^8", "1.2e8 ", "1.2E+08",
            "１．２Ｅ＋０８", "１．２×１０⁸",
        )),
        ("1200×10⁵", "=", "1.200E+8"), (">1.2E+08", ">", "1.2E+8"), ("≥1.2E+08", ">=", "1.2E+8"),
    ],
)  # fmt: skip
def test_every_spelling_of_a_power_of_ten_is_the_same_number(
    tmp_path: Path, text: str, operator: str, sent: str
) -> None:
    """C03: no finding, the raw text and the digits are kept, and the criterion >= 1E+08 is met."""
    came = judged(tmp_path, spoiled(value("TITRE_INF", value=text, operator=operator)))
    assert came.report.findings == ()
    kept = stored(came.records, "TITRE_INF")
    assert (kept.raw, str(kept.value), kept.operator, kept.verdict.value) == (text, sent, operator, "PASS")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7,2", []),
        ("7.2", [("COA-E101", "the value of PH uses a decimal point where the contract says comma")]),
        ("1.234", [("COA-E105", "the value of PH can be read as two numbers")]),
        ("7 200", [("COA-E103", "the value of PH holds a group separator")]),
    ],
)
def test_where_the_contract_says_comma_a_comma_is_the_mark(
    tmp_path: Path, text: str, expected: list[tuple[str, str]]
) -> None:
    assert said(judged(tmp_path, spoiled(value("PH", value=text), name=COMMA), COMMA).report.findings) == expected


def held(body: Body) -> None:
    body["disposition"] = "on_hold"


@pytest.mark.parametrize(
    ("test", "parts", "verdict", "message"),
    [
        # C06: <20 against <= 10
        ("ENDOTOXIN", {"operator": "<", "value": "20"}, "INCONCLUSIVE", "cannot prove its acceptance criterion"),
        # a limit of quantification above the agreed 5 proves nothing either, though 8 is below 10
        ("ENDOTOXIN", {"operator": "<", "value": "8"}, "INCONCLUSIVE",
         "is censored above the highest agreed limit of quantification, 5"),
        ("ENDOTOXIN", {"operator": "<", "value": "5"}, "PASS", None),
        ("ENDOTOXIN", {"value": "not detected"}, "INCONCLUSIVE", "cannot prove its acceptance criterion"),
        ("ENDOTOXIN", {"value": "not detected", "loq": "0.5"}, "PASS", None),
        ("ENDOTOXIN", {"value": "n.d.", "loq": "0.5"}, "PASS", None),
        ("ENDOTOXIN", {"value": "not detected", "loq": "6"}, "INCONCLUSIVE",
         "is censored above the highest agreed limit of quantification, 5"),
        # < 200: exactly 200 is outside, and below 200 is inside
        ("RES_HCP", {"operator": "<", "value": "200"}, "PASS", None),
        ("RES_HCP", {"operator": "<=", "value": "200"}, "INCONCLUSIVE", "cannot prove its acceptance criterion"),
        # both of > 0.5 and <= 5
        ("VCN_TEST", {"operator": "<", "value": "3.0"}, "INCONCLUSIVE", "cannot prove its acceptance criterion"),
        # either of >= 60 and POTENCY_B >= 50
        ("POTENCY", {"value": "55", "partner_verdict": "PASS"}, "PASS", None),
    ],
)  # fmt: skip
def test_a_censored_result_passes_only_what_it_proves(
    tmp_path: Path, test: str, parts: dict[str, str], verdict: str, message: str | None
) -> None:
    came = judged(tmp_path, spoiled(value(test, **parts), value("POTENCY_B", value="50"), held))
    expected = [("COA-E107", f"the value of {test} {message}")] if message else []
    assert said(came.report.findings) == expected
    assert stored(came.records, test).verdict.value == verdict


@pytest.mark.parametrize(
    ("test", "text", "verdict", "code"),
    [
        ("PH", "7.84", "PASS", "COA-E114"),  # half up: 7.8
        ("PH", "7.85", "FAIL", "COA-E302"),  # half up: 7.9
        ("OSMO", "340.5", "PASS", "COA-E114"),  # half even: 340
        ("OSMO", "341.5", "FAIL", "COA-E302"),  # half even: 342
        ("RES_HCP", "199.9999", "PASS", None),  # not rounded
        ("VCN_TEST", "0.54", "FAIL", "COA-E302"),  # 0.5 is not above 0.5
        ("VCN_TEST", "0.55", "PASS", "COA-E114"),  # 0.6 is
    ],
)
def test_a_result_is_compared_after_rounding_as_its_test_says(
    tmp_path: Path, test: str, text: str, verdict: str, code: str | None
) -> None:
    """C32. The digits are said once (COA-E114), the verdict follows from the rounded value."""
    ours = "FAIL" if verdict == "FAIL" else "PASS"
    came = judged(tmp_path, spoiled(value(test, value=text, partner_verdict=ours), held))
    assert stored(came.records, test).verdict.value == verdict
    codes = [f.code for f in came.report.findings]
    rounded = test != "RES_HCP"
    assert sorted(codes) == sorted(([code] if code else []) + (["COA-E114"] if rounded and code != "COA-E114" else []))


def test_a_contradicted_verdict_brings_the_result_and_the_disposition_along(tmp_path: Path) -> None:
    """C08, the inevitable three: pH 8.1 with PASS, in a certificate that releases its lot."""
    assert said(judged(tmp_path, spoiled(value("PH", value="8.1"))).report.findings) == [
        ("COA-E302", "PH lies outside its acceptance criterion 6.9 to 7.8"),
        ("COA-E301", "partner_verdict of PH says PASS, the value says FAIL"),
        ("COA-E311", "disposition released contradicts the results: PH is outside its criterion"),
    ]


@pytest.mark.parametrize("word", ["o.B.", "keine", "nil", "not  detected"])
def test_a_word_that_nobody_agreed_on_is_refused(tmp_path: Path, word: str) -> None:
    """C09."""
    found = look(tmp_path, value("RCL_CELL", value=word))
    assert [(code, message) for code, message, _ in found] == [
        ("COA-E108", "the value of RCL_CELL is not in the agreed vocabulary")
    ]


@pytest.mark.parametrize("word", ["No Growth", "NEGATIVE ", "n.d.", "not detected"])
def test_agreed_words_are_folded_and_pass(tmp_path: Path, word: str) -> None:
    came = judged(tmp_path, spoiled(value("RCL_CELL", value=word)))
    assert came.report.findings == ()
    assert stored(came.records, "RCL_CELL").word == "absent"


@pytest.mark.parametrize("word", ["pending", "negative to date", "no growth to date", "TBD", "-----", "- - -"])
def test_a_result_that_is_not_there_yet_is_no_word_and_contradicts_a_release(tmp_path: Path, word: str) -> None:
    """C10."""
    assert said(judged(tmp_path, spoiled(value("STERILITY_71", value=word))).report.findings) == [
        ("COA-E109", "the value of STERILITY_71 is not there yet"),
        ("COA-E311", "disposition released contradicts the results: STERILITY_71 is not final"),
    ]


def test_a_text_may_be_pending_too(tmp_path: Path) -> None:
    """C10 of a test that is answered in words of its own."""
    assert look(tmp_path, value("SEQUENCE_NOTE", value="two silent changes in the backbone")) == []
    (found,) = look(tmp_path, value("SEQUENCE_NOTE", value="to follow"))
    assert found[:2] == ["COA-E109", "the value of SEQUENCE_NOTE is not there yet"]


@pytest.mark.parametrize("blank", ["", "   ", None])
def test_a_blank_result_is_empty_or_absent(tmp_path: Path, blank: str | None) -> None:
    """C10 as well."""
    (found,) = look(tmp_path, value("STERILITY_71", value=blank))
    if blank is None:
        assert found[:2] == ["FILE-E207", "the value of STERILITY_71 is missing"]
    else:
        assert found[:2] == ["FILE-E209", "the value of STERILITY_71 is empty"]


UNIT = "is not the agreed one and may not be converted"


@pytest.mark.parametrize(
    ("test", "unit", "code", "says"),
    [
        # C11: other annotations, other things
        *(("TITRE_INF", unit, "COA-E201", UNIT) for unit in ("{IU}/mL", "/mL", "TU/mL", "{vg}/mL", "1/mL")),
        *(("ENDOTOXIN", unit, "COA-E201", UNIT) for unit in ("{EU}/mg", "{IU}/mL", "EU/mL")),
        ("ENDOTOXIN", "[EU]/mL", "COA-E206", "is read as {EU}/mL but means something else in UCUM"),
        ("P24", "pg/mL", "COA-E201", UNIT), ("POTENCY_B", "[ppm]", "COA-E201", UNIT),
        ("OSMO", "mmol/L", "COA-E201", UNIT),
        # C12: spellings, agreed ones only
        ("P24", "ng/ml", "COA-E202", "is an agreed alias of ng/mL"),
        ("P24", "NG/ML", "COA-E201", UNIT), ("P24", "µg/mL", "COA-E201", UNIT), ("P24", "μg/mL", "COA-E201", UNIT),
        ("P24", "ug/mL", "COA-E205", "is converted to ng/mL by an agreed factor"),
        # C13
        ("OSMO", None, "COA-E203", "is missing"), ("OSMO", " ", "COA-E203", "is missing"),
    ],
)  # fmt: skip
def test_a_unit_is_the_agreed_text_or_a_finding(
    tmp_path: Path, test: str, unit: str | None, code: str, says: str
) -> None:
    found = look(tmp_path, value(test, unit=unit))
    assert [(c, m) for c, m, _ in found] == [(code, f"the unit of {test} {says}")]


def test_a_unit_in_the_header_counts_for_rows_whose_unit_it_is(tmp_path: Path) -> None:
    """C13: P24 is in ng/mL as the header says, OSMO is not."""
    bound = contract("reference-coa")
    form = bound.schema.sources[1]
    body = spoiled(value("P24", unit=None), value("OSMO", unit=None))
    data = write(Draft(bound, body), form).replace(b",value,", b",Result [ng/mL],")
    came = judge(tmp_path, data, "certificate.csv", bound)
    assert said(came.report.findings) == [
        ("COA-E203", "the unit of OSMO is missing"),
        ("COA-E204", "the unit of P24 stands only in the header of the column"),
    ]
    verdicts = [stored(came.records, test).verdict.value for test in ("OSMO", "P24")]
    assert verdicts == ["NOT_EVALUATED", "NOT_EVALUATED"]  # P24 is for information
    assert str(stored(came.records, "P24").value) == "50"


def test_one_column_name_twice_is_refused(tmp_path: Path) -> None:
    """C14, in the form of the file (FILE-E203)."""
    bound = contract("reference-coa")
    rows = list(csv.reader(io.StringIO(write(Draft(bound, record()), bound.schema.sources[1]).decode(), newline="")))
    at = rows[0].index("unit")
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[*row, row[at]] for row in rows])
    found = judge(tmp_path, out.getvalue().encode(), "certificate.csv", bound).report.findings
    assert said(found) == [("FILE-E203", 'column "unit" is there twice')]


def test_a_second_approved_name_of_a_method_or_laboratory_is_none(tmp_path: Path) -> None:
    """C18 and C19, each with its approved list."""
    assert look(tmp_path, value("ENDOTOXIN", method_id="M-LAL-08"), value("PH", lab_site="QC-ICN")) == [
        ["COA-E309", "the laboratory of PH is not approved",
         "repeat the test as approved, or ask for approval of this laboratory"],
        ["COA-E308", "the method of ENDOTOXIN is not approved",
         "repeat the test as approved, or ask for approval of this method"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lot", "code", "says", "fix"),
    [
        ("LV-26O2-01", "COA-E401", "is malformed", "did you mean LV-2602-01"),
        ("lv-2602-01", "COA-E401", "is malformed", "did you mean LV-2602-01"),
        ("LV-2602-0l", "COA-E401", "is malformed", "did you mean LV-2602-01"),
        ("LV-2602-01A", "COA-E401", "is malformed", "copy the identifier from the label"),
        ("LV-2602-01-1 R", "COA-E401", "is malformed", "copy the identifier from the label"),
        ("LV–2602–01", "COA-E411", "holds the character U+2013 (en dash)", "type it again; did you mean LV-2602-01"),
        ("LV-2602-01\u200b", "COA-E411", "holds the character U+200B (zero width space)",
         "type it again; did you mean LV-2602-01"),
        ("LV\u202e-2602-01", "COA-E411", "holds the character U+202E (right-to-left override)",
         "type it again; did you mean LV-2602-01"),
    ],
)  # fmt: skip
def test_a_lot_is_exact_and_a_near_spelling_only_a_hint(
    tmp_path: Path, lot: str, code: str, says: str, fix: str
) -> None:
    """C20."""
    assert look(tmp_path, field(lot_number=lot)) == [[code, f"lot_number {says}", fix]]


@pytest.mark.parametrize(
    ("lot", "known", "fix"),
    [
        ("LV-2602-02", {"LV-2602-01"}, "did you mean LV-2602-01"),
        ("LV-2602-011", {"LV-2602-01"}, "did you mean LV-2602-01"),
        ("LV-2602-02", {"LV-2602-01", "LV-2602-03"}, "check the lot, or register it with the sponsor first"),
        ("LV-2602-02", {"LV-2511-77"}, "check the lot, or register it with the sponsor first"),
        ("LV-2602-02", set(), "check the lot, or register it with the sponsor first"),
    ],
)
def test_an_unknown_lot_gets_a_hint_only_when_there_is_one_candidate(
    tmp_path: Path, lot: str, known: set[str], fix: str
) -> None:
    context = Context(registries={"lots": frozenset(known)})
    found = look(tmp_path, field(lot_number=lot), context=context)
    assert found == [["COA-E402", "lot_number is unknown to the hub", fix]]


ISO_DAY = "write it like 2026-11-20"
ISO_TIME = "write it like 2026-11-20T15:04:00+01:00"


@pytest.mark.parametrize(
    ("key", "text", "code", "says", "fix"),
    [
        # C26: order, form, zone
        ("mfg_date", "04/11/2025", "COA-E501", "does not tell the day from the month",
         "write 2025-11-04 or 2025-04-11, whichever was meant"),
        ("mfg_date", "4.11.2025", "COA-E501", "does not tell the day from the month",
         "write 2025-11-04 or 2025-04-11, whichever was meant"),
        ("mfg_date", "13/11/2025", "COA-E502", "is not in the agreed format", ISO_DAY),
        ("mfg_date", "13 Nov 2025", "COA-E502", "is not in the agreed format", ISO_DAY),
        ("mfg_date", "2025-02-30", "COA-E502", "names a day that does not exist", ISO_DAY),
        ("issued_at", "04/03/2026 15:04", "COA-E501", "does not tell the day from the month",
         "write 2026-03-04 or 2026-04-03, whichever was meant"),
        ("issued_at", "2026-03-04T15:04:00", "COA-E509", "has no zone offset",
         "add the offset, such as 2026-03-04T15:04:00+01:00 or 2026-03-04T15:04:00Z"),
        ("issued_at", "2026-03-04T15:04:00 CET", "COA-E502", "names the zone CET instead of an offset",
         "write the offset, such as +01:00"),
        # C27: placeholders and serials
        *(("mfg_date", text, "COA-E503", "is a placeholder, not a date", "write the real date")
          for text in ("1970-01-01", "1900-01-00")),
        ("expires_at", "1970-01-01T00:00:00Z", "COA-E503", "is a placeholder, not a date", "write the real date"),
        ("mfg_date", "1800-05-02", "COA-E503", "is before 2020-01-01", ISO_DAY),
        ("expires_at", "2099-12-31T00:00:00Z", "COA-E503", "is later than any real date", ISO_TIME),
        ("mfg_date", "45235", "COA-E504", "is a spreadsheet's day number, not a date",
         "write 2023-11-05 or 2027-11-06, whichever was meant"),
        ("issued_at", "45235.5", "COA-E504", "is a spreadsheet's day number, not a date",
         "write 2023-11-05 or 2027-11-06, whichever was meant"),
        ("mfg_date", "7", "COA-E504", "is a spreadsheet's day number, not a date", ISO_DAY),
        # C29
        ("mfg_date", "2025-11", "COA-E508", "is only part of a date", "write the day as well"),
        ("mfg_date", "2025", "COA-E508", "is only part of a date", "write the day as well"),
    ],
)  # fmt: skip
def test_a_date_is_read_or_says_why_not(tmp_path: Path, key: str, text: str, code: str, says: str, fix: str) -> None:
    assert look(tmp_path, field(**{key: text})) == [[code, f"{key} {says}", fix]]


@pytest.mark.parametrize("epoch", [1900, 1904])
def test_a_date_cell_is_the_day_that_its_workbook_means(tmp_path: Path, epoch: int) -> None:
    """C27: in a workbook that counts from 1904 the same serial is another day, and a date cell knows it."""
    import openpyxl
    from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

    bound = contract("reference-coa")
    form = bound.schema.sources[2]
    book = openpyxl.load_workbook(io.BytesIO(write(Draft(bound, record()), form)))
    book.epoch = CALENDAR_WINDOWS_1900 if epoch == 1900 else CALENDAR_MAC_1904
    sheet = book[form.sheet or ""]
    column = next(cell.column for cell in sheet[form.header_row] if cell.value == "mfg_date")
    numbers, dates = io.BytesIO(), io.BytesIO()
    day = datetime(2025, 12, 30)  # noqa: DTZ001 - a spreadsheet has no zones
    for row in range(form.header_row + 1, sheet.max_row + 1):
        sheet.cell(row=row, column=column).value = day
    book.save(dates)
    came = judge(tmp_path, dates.getvalue(), "dates.xlsx", bound)
    assert came.report.findings == ()
    assert came.records[0].mfg_date == day.date()  # type: ignore[union-attr]
    for row in range(form.header_row + 1, sheet.max_row + 1):
        cell = sheet.cell(row=row, column=column)
        cell.value, cell.number_format = 46021, "General"
    book.save(numbers)
    found = judge(tmp_path, numbers.getvalue(), "numbers.xlsx", bound).report.findings
    assert said(found) == [("COA-E504", "mfg_date is a spreadsheet's day number, not a date")]
    assert found[0].fix is not None
    assert found[0].fix.text == "write 2025-12-30 or 2029-12-31, whichever was meant"


def test_dates_that_contradict_each_other_name_both(tmp_path: Path) -> None:
    """C28: made after it was tested, tested after the certificate, expired when it was issued."""
    late = value("APPEARANCE", tested_to="2026-02-03T09:00:00Z")
    assert look(tmp_path, late)[0] == [
        "COA-E505", "issued_at is earlier than tested_to", "check both: tested_to and issued_at",
    ]  # fmt: skip
    made = look(tmp_path, field(mfg_date="2026-01-20"))
    assert {(code, fix) for code, _, fix in made} == {("COA-E505", "check both: mfg_date and tested_from")}
    expired = look(tmp_path, field(expires_at="2026-01-31T09:00:00Z"))
    assert expired == [["COA-E505", "expires_at is not later than issued_at", "check both: issued_at and expires_at"]]


def slot(uid: str, status: str, end: datetime, lot: str = "LV-2602-01") -> Slot:
    start = end - timedelta(days=9)
    return Slot(
        slot_uid=uid, revision=1, published_at=start - timedelta(days=20), status=status, site="NV-BOS", suite="S1",
        product="CT-19", coi="COI000000000012", vector_lot=lot, vector_doses=1, planned_start=start, planned_end=end,
        actual_start=None, actual_end=None, planned_final_release=None,
    )  # fmt: skip


def test_material_must_outlive_every_slot_that_will_use_it(tmp_path: Path) -> None:
    """C28: cancelled slots, other lots and slots that end in time don't count; the others are named, three at most."""
    expires = datetime(2027, 2, 2, 9, tzinfo=UTC)
    after, before = expires + timedelta(hours=1), expires - timedelta(hours=1)
    slots = [
        slot("SL-1", "confirmed", before),
        slot("SL-2", "cancelled", after),
        slot("SL-3", "confirmed", after, "LV-9"),
    ]

    def found(*more: Slot) -> list[list[str]]:
        facts = SponsorFacts(slots={"northvale/schedule": [*slots, *more]})
        return look(tmp_path, context=Context(sponsor=facts))

    assert found() == []
    assert found(slot("SL-4", "confirmed", expires)) == []
    fix = "use another lot for these slots, or move them before the expiry"
    assert found(slot("SL-4", "forecast", after)) == [["COA-E507", "expires_at is before the end of slot SL-4", fix]]
    many = [slot(f"SL-{n}", "confirmed", after + timedelta(days=n)) for n in range(5, 10)]
    said_of_many = "expires_at is before the end of slot SL-5, SL-6, SL-7 and 2 more"
    assert found(*many) == [["COA-E507", said_of_many, fix]]


def test_without_the_sponsor_nobody_says_that_material_outlives_its_use(tmp_path: Path) -> None:
    report = judged(tmp_path, record()).report
    assert report.findings == ()
    assert report.hub_coverage.needs_hub == report.hub_coverage.clauses == 5


def rows_of(test: str, count: int) -> Edit:
    def edit(body: Body) -> None:
        first = result(body, test)
        others = [row for row in body["results"] if row["characteristic"] != test]
        body["results"] = others + [{**first, "replicate": n + 1} for n in range(count)]

    return edit


@pytest.mark.parametrize(
    ("count", "message"),
    [(1, "TITRE_INF has 1 result where 2 to 3 are agreed"), (2, None), (3, None),
     (4, "TITRE_INF has 4 results where 2 to 3 are agreed")],
)  # fmt: skip
def test_a_mean_and_a_retest_must_be_explained(tmp_path: Path, count: int, message: str | None) -> None:
    """C33: one result where two are agreed is a mean, a fourth is a retest; a comment explains either."""
    fix = "send every result of the test, or explain it in comment"
    expected = [["COA-E115", message, fix]] if message else []
    assert look(tmp_path, rows_of("TITRE_INF", count)) == expected
    explained = value("TITRE_INF", comment="second plate repeated, positive control out of range")
    assert look(tmp_path, rows_of("TITRE_INF", count), explained) == []


def test_an_interim_and_a_final_result_of_one_replicate_are_one(tmp_path: Path) -> None:
    """C33: two rows of replicate 1 are still one replicate where two are agreed."""

    def both_stages(body: Body) -> None:
        body["results"].append({**result(body, "TITRE_INF"), "stage": "interim", "partner_verdict": "NOT_EVALUATED"})

    found = [f[:2] for f in look(tmp_path, rows_of("TITRE_INF", 1), both_stages)]
    assert ["COA-E115", "TITRE_INF has 1 result where 2 to 3 are agreed"] in found


@pytest.mark.parametrize(
    ("test", "text"), [("POTENCY_B", "-4"), ("PH", "74"), ("OSMO", "-0.03"), ("PH", "14.1"), ("VCN_TEST", "1001")]
)
def test_what_no_material_can_show_is_impossible(tmp_path: Path, test: str, text: str) -> None:
    """C34."""
    assert look(tmp_path, value(test, value=text)) == [
        ["COA-E112", f"the value of {test} is physically impossible", "check the decimal mark and the unit"]
    ]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (field(signatories=[]), [["COA-E601", "nobody signed as QA approver", "let the QA approver sign"]]),
        (
            lambda body: body["signatories"][0].update(role="QC analyst"),
            [["COA-E601", "nobody signed as QA approver", "let the QA approver sign"]],
        ),
        (
            lambda body: body["signatories"][0].pop("signed_at"),
            [["COA-E604", "signed_at of signatories 1 is missing", "write when it was signed"]],
        ),
        (
            lambda body: body["signatories"][0].update(user_id="guest"),
            [["COA-E603", "user_id of signatories 1 is not on the agreed list of signers",
              "let an agreed person sign, or agree on this one"]],
        ),
        (
            value("PH", analyst="qa.17"),
            [["COA-E602", "user_id of signatories 1 is also the analyst", "let a second person approve"]],
        ),
    ],
)  # fmt: skip
def test_a_certificate_is_signed_by_the_right_person_in_time(
    tmp_path: Path, edit: Edit, expected: list[list[str]]
) -> None:
    """C30. A restricted name is in no message, fix or found text."""
    assert look(tmp_path, edit) == expected
    findings = judged(tmp_path, spoiled(edit)).report.findings
    assert all(f.found is None or "qa.17" not in str(f.found.text) for f in findings)


@pytest.mark.parametrize(
    ("lots", "text", "says"),
    [
        (3, "1500", None),  # 30 times the median of 50 is still inside
        (3, "1501", "is 30 times above the median of 3 earlier results"),
        (3, "24000", "is 480 times above the median of 3 earlier results"),
        (3, "1.6", "is 31 times below the median of 3 earlier results"),
        (3, "0", "is 0, far below 50, the median of 3 earlier results"),
        (2, "24000", None),  # too little is known
    ],
)
def test_a_slip_of_magnitude_is_told_by_earlier_lots(tmp_path: Path, lots: int, text: str, says: str | None) -> None:
    """C04: P24 was 50 in every lot so far; within a factor of 30 nothing is said, and below 3 lots nothing either."""
    past = [record() | {"certificate_no": f"COA-025010{n}", "lot_number": f"LV-2501-0{n}"} for n in range(lots)]
    found = look(tmp_path, value("P24", value=text), context=accepted(tmp_path, *past))
    fix = "confirm the value, or correct it in a new revision"
    assert found == ([["COA-E113", f"the value of P24 {says}", fix]] if says else [])


def accepted(folder: Path, *bodies: Body) -> Context:
    history = RecordHistory()
    for body in bodies:
        history.add(judged(folder, body, context=Context(history=history)).records)
    return Context(history=history)


FIRST, OTHER = "COA-0260201", "COA-0260202"


def instead(number: str, of: str, revision: int = 1, replaced: int = 1, p24: str = "51") -> Body:
    body = spoiled(value("P24", value=p24))
    body |= {"certificate_no": number, "revision": revision}
    return body | {"replaces": {"certificate_no": of, "revision": replaced}}


def test_a_certificate_under_another_number_is_an_amendment_too(tmp_path: Path) -> None:
    """C23: the changed fields are listed, whichever number the new certificate has."""
    found = judged(tmp_path, instead(OTHER, FIRST), context=accepted(tmp_path, record())).report.findings
    assert said(found) == [("COA-E406", f"revision 1 amends certificate {FIRST}: value of P24")]


@pytest.mark.parametrize(
    ("earlier", "new", "expected"),
    [
        # what is revised after another number replaced it
        ([record(), instead(OTHER, FIRST)], instead(FIRST, FIRST, 2),
         ("COA-E410", f"certificate {FIRST} is revoked: {OTHER} replaced it")),
        # what arrives after another number replaced it already
        ([instead(OTHER, FIRST)], record(), ("COA-E410", f"certificate {FIRST} is revoked: {OTHER} replaced it")),
        # two that replace the same one
        ([record(), instead(OTHER, FIRST)], instead("COA-0260203", FIRST),
         ("COA-E410", f"certificate {FIRST} is replaced by {OTHER} already")),
        # an older revision than the newest
        ([record(), instead(FIRST, FIRST, 2)], instead(OTHER, FIRST, 1, 1, "52"),
         ("COA-E410", f"revision 1 of {FIRST} is replaced by revision 2 already")),
    ],
)  # fmt: skip
def test_only_one_certificate_stands(tmp_path: Path, earlier: list[Body], new: Body, expected: tuple[str, str]) -> None:
    """C25: a certificate that was replaced, or that replaces what is replaced, never becomes the one that counts."""
    found = judged(tmp_path, new, context=accepted(tmp_path, *earlier)).report.findings
    assert expected in said(found)
    assert {f.code for f in found} - {"COA-E410"} <= {"COA-E406"}


def test_revisions_that_come_in_order_are_never_revoked(tmp_path: Path) -> None:
    chain = [record(), instead(FIRST, FIRST, 2, 1), instead(FIRST, FIRST, 3, 2, "52")]
    for n in (1, 2):
        found = judged(tmp_path, chain[n], context=accepted(tmp_path, *chain[:n])).report.findings
        assert [f.code for f in found] == ["COA-E406"]


def test_an_older_revision_that_comes_late_is_out_of_order(tmp_path: Path) -> None:
    """C25."""
    context = accepted(tmp_path, record(), instead(FIRST, FIRST, 2))
    context = replace(context, received_at=datetime(2026, 3, 1, tzinfo=UTC))
    found = judged(tmp_path, instead(FIRST, FIRST, 4, 3, "53"), context=context).report.findings
    assert said(found) == [("COA-E409", "revision 4 came without the one before it: the newest here is revision 2")]


def test_results_of_two_lots_in_one_certificate_are_told_at_the_second(tmp_path: Path) -> None:
    """C21."""
    mine, other = value("PH", lot_number="LV-2602-01"), value("OSMO", lot_number="LV-2603-07")
    found = judged(tmp_path, spoiled(mine, other)).report.findings
    assert said(found) == [("COA-E403", "lot_number of OSMO is a second lot_number in one certificate")]
    assert found[0].where[0].pointer == "/results/2/lot_number"
