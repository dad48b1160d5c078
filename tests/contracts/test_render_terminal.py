"""The terminal text is the one that was agreed: message, place, window with carets, clause, note, help, summary.

The five failures of the sandbox's lot LV-04 and a sample of others, word for word.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.finding import Coverage, Excerpt, ExcerptLine, Report
from contracts.odcs import load_catalog
from contracts.place import Place
from contracts.render.terminal import terminal
from tests.contracts.document_support import check, clean, coa


def clauses() -> tuple[int, int]:
    """How many clauses the file alone decides, and how many there are."""
    return sum(clause.by_file for clause in coa().clauses), len(coa().clauses)


def lot_04() -> dict[str, Any]:
    """Revision 1 of the certificate of lot 04, as the sandbox's northvale sends it."""
    body = clean()
    rows = {row["characteristic"]: row for row in body["results"]}
    body["mfg_date"] = "12/08/2026"
    rows["PH"]["value"] = "7,3"
    rows["OSMO"]["comment"] = "repeat of sample 2"
    rows["MYCO_NAT"]["value"] = "o.B."
    rows["TITRE_INF"]["unit"] = "{IU}/mL"
    return body


def test_the_five_failures_of_lot_04(shared: Path) -> None:
    mine, every = clauses()
    _, report = check(lot_04(), file="LV-2611-04.json")
    assert terminal(report) == (
        f"""\
error[COA-E501]: mfg_date does not tell the day from the month
  --> LV-2611-04.json  12:15   /mfg_date
   |
12 |   "mfg_date": "12/08/2026",
   |               ^^^^^^^^^^^^ expected a date, such as 2026-11-20
   |
   = clause: northvale-coa 2.3.0, mfg_date (line 60)
   = note: 12/08/2026 is 2026-08-12 in one country and 2026-12-08 in another
   = help: write 2026-08-12 or 2026-12-08, whichever was meant

error[COA-E104]: the value of PH uses a decimal comma
  --> LV-2611-04.json  35:16   /results/1/value
   |
35 |       "value": "7,3",
   |                ^^^^^ expected a number with a decimal point
   |
   = clause: northvale-coa 2.3.0, results.value (line 75)
   = note: 7,3 is not read as 7.3: the hub never guesses a value
   = help: write 7.3

error[FILE-E206]: the key comment of OSMO is not in the contract
  --> LV-2611-04.json  55:18   /results/2/comment
   |
55 |       "comment": "repeat of sample 2"
   |                  ^^^^^^^^^^^^^^^^^^^^ expected only the agreed keys
   |
   = clause: northvale-coa 2.3.0, results[] (line 67)
   = help: leave the key out, or agree on it in the contract

error[COA-E108]: the value of MYCO_NAT is not in the agreed vocabulary
  --> LV-2611-04.json  92:16   /results/5/value
   |
92 |       "value": "o.B.",
   |                ^^^^^^ expected a word of the vocabulary absent: absent
   |
   = clause: northvale-coa 2.3.0, results.value (line 75)
   = help: write absent, or agree on this word in the contract

error[COA-E201]: the unit of TITRE_INF is not the agreed one and may not be converted
   --> LV-2611-04.json  133:15   /results/8/unit
    |
133 |       "unit": "{{IU}}/mL",
    |               ^^^^^^^^^ expected the unit {{TU}}/mL
    |
    = clause: northvale-coa 2.3.0, unit_is (line 114)
    = note: {{IU}}/mL would be converted to {{TU}}/mL only if the contract listed a factor
    = help: send the result in {{TU}}/mL

rejected: 5 errors; {mine - 5} of {every} checks passed, {every - mine} need the hub. jid explain COA-E501
"""
    )


def first_block(report: Report, **more: Any) -> str:
    return terminal(report, **more).split("\n\n")[0]


def test_a_sheet_shows_the_header_row_and_the_failing_row() -> None:
    # The example of contracts.md 5.7, cell for cell.
    base = check(lot_04())[1].findings[1]
    header = ExcerptLine(3, ("characteristic", "method_id", "stage", "Result", "unit"))
    row = ExcerptLine(5, ("PH", "M-PH-02", "final", "7,2", "[pH]"))
    where = (Place("LV-2611-04_CoA.xlsx", "Results", "G5", line=5, column=7, pointer="/results/1/value"),)
    finding = replace(base, excerpt=Excerpt((header, row), 3), where=where)
    report = replace(check(clean())[1], findings=(finding,))
    assert first_block(report).splitlines()[:6] == [
        "error[COA-E104]: the value of PH uses a decimal comma",
        "  --> LV-2611-04_CoA.xlsx  Results!G5   /results/1/value",
        "   |",
        " 3 | characteristic  method_id  stage  Result  unit",
        " 5 | PH              M-PH-02    final  7,2     [pH]",
        "   |                                   ^^^ expected a number with a decimal point",
    ]


def test_a_wide_row_is_cut_around_the_mark_and_the_caret_stays_under_it() -> None:
    base = check(lot_04())[1].findings[1]
    cells = tuple(f"column_{i:02}" for i in range(30))
    row = tuple("7,2" if i == 20 else f"value_{i}" for i in range(30))
    finding = replace(base, excerpt=Excerpt((ExcerptLine(3, cells), ExcerptLine(5, row)), 20))
    lines = first_block(replace(check(clean())[1], findings=(finding,)), width=80).splitlines()
    assert max(map(len, lines[2:5])) <= 80
    at = lines[5].index("^")
    assert lines[4][at : at + 3] == "7,2"
    assert lines[3][at : at + 9] == "column_20"
    assert lines[4][5] == "…"


def test_wide_characters_do_not_move_the_caret() -> None:
    base = check(lot_04())[1].findings[1]
    finding = replace(base, excerpt=Excerpt((ExcerptLine(2, ("제목", "값")), ExcerptLine(3, ("검사", "7,2"))), 1))
    lines = first_block(replace(check(clean())[1], findings=(finding,))).splitlines()
    assert lines[4] == " 3 | 검사  7,2"
    assert lines[5].index("^") == len(" 3 | ") + 4 + 2  # two wide characters are four columns


def test_colour_is_only_there_when_asked_for() -> None:
    report = check(lot_04())[1]
    assert "\x1b" not in terminal(report)
    assert "\x1b[91m" in terminal(report, colour=True)
    import re

    assert re.sub(r"\x1b\[[0-9]+m", "", terminal(report, colour=True)) == terminal(report)


def test_control_characters_of_a_partner_never_reach_the_terminal() -> None:
    body = clean()
    body["results"][1]["value"] = "7\u001b[2J,2"
    assert "\x1b" not in terminal(check(body)[1])


def test_nothing_found_is_one_calm_line() -> None:
    mine, every = clauses()
    assert terminal(check(clean())[1]) == f"accepted: {mine} of {every} checks passed, {every - mine} need the hub\n"


def test_what_only_the_hub_knows_stands_apart_after_the_summary_of_the_file() -> None:
    mine, every = clauses()
    from contracts.context import Context
    from contracts.history import RecordHistory

    records, _ = check(clean())
    body = clean() | {"revision": 2}
    report = check(body, context=Context(history=RecordHistory(records)))[1]
    alone, _, hub = terminal(report).partition("\n\n")
    assert alone == f"accepted: {mine} of {every} checks passed, {every - mine} need the hub"
    assert hub.startswith("info[COA-E406]: revision 2 amends revision 1: nothing but the revision\n")
    assert hub.endswith("\n2 of 2 checks with the hub's knowledge passed; 3 more checks need the hub\n")


def test_an_unreadable_file_has_no_checks_that_passed(shared: Path) -> None:
    mine, every = clauses()
    _, report = check(b'{"certificate_no": "COA-0000001", "revision"', file="half.json")
    checks = f"0 of {every} checks passed, {mine - 1} could not be evaluated, {every - mine} need the hub"
    assert terminal(report) == (
        f"""\
error[FILE-E402]: the file ends in the middle
  --> half.json  1:45
   = clause: northvale-coa 2.3.0, certificate (line 16)
   = help: send the whole file again

rejected: 1 error; {checks}. jid explain FILE-E402
"""
    )


def test_rows_of_a_series_are_counted() -> None:
    report = replace(
        check(clean())[1], rows=1_000, bad_rows=3, coverage=Coverage(17, passed=17), hub_coverage=Coverage()
    )
    assert terminal(report).startswith("accepted: 17 of 17 checks passed; 3 of 1000 rows failed")


def test_every_shipped_schedule_reads_the_same_way() -> None:
    from contracts.context import Context
    from tests.contracts.document_support import slot

    contract = load_catalog().get("halden-schedule@1")
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    body = {"slots": [slot(1, planned_end="2026-12-01T08:00:00Z")]}
    _, report = check(body, contract, Context(now=now), file="slots.json")
    assert first_block(report).splitlines()[0] == "error[SCH-E102]: planned_end of SL-001 is not after the start"
