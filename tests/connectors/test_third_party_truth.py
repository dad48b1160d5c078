"""Promise: files that real instruments wrote give, under a contract that asks for it, the ground truth that the README
of their folder states. The contracts are ours and stand here; nothing of the data is copied.

Wait for a format of their own: material identity, FHIR PQ, B2MML, iCalendar, ASM and AnIML documents, EPCIS, OPC UA;
the Roche and Applied Biosystems text files (records of several kinds) and the key and value lines of NucleoView.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.third_party import CSV, NUMERIC, bound, data, field, found, results, rule


@pytest.fixture
def allotropy(shared: Path) -> Path:
    return data(shared, "allotropy-asm")


def test_a_date_in_two_orders_in_one_row_stays_a_finding_and_no_zone_is_invented(allotropy: Path) -> None:
    form = {**CSV, "trailingDelimiter": True}
    when = field("measured", "date", physicalName="Date & Time", required=True)
    sampled = field("sampled", "date", physicalName="Sample Time", required=True)
    found_ = found(allotropy / "novabio_flex2" / "SampleResults2022-06-28_142558.csv", bound(form, when, sampled))
    assert {(finding.code, finding.found.text if finding.found else None) for finding in found_} == {
        ("COA-E502", "6-24-2022  14:34:52"),
        ("COA-E502", "24-6-2022  14:34:52"),
    }


def test_an_absent_date_column_is_missing(allotropy: Path) -> None:
    when = field("measured", "timestamp", physicalName="Date & Time", required=True)
    (finding,) = [
        one
        for one in found(
            allotropy / "novabio_flex2" / "missing_date_time.csv", bound({**CSV, "trailingDelimiter": True}, when)
        )
        if one.code == "FILE-E201"
    ]
    assert finding.message.startswith('column "Date & Time" is missing')


def test_a_header_twice_is_a_finding(allotropy: Path) -> None:
    contract = bound(CSV, field("sample", physicalName="Test Name", required=True))
    path = allotropy / "thermo_fisher_qubit4" / "thermo_fisher_qubit4_example_3.csv"
    (finding,) = found(path, contract)
    assert (finding.code, finding.message) == ("FILE-E203", 'column "Units" is there twice')


def test_a_word_among_numbers_is_censored_without_a_limit(allotropy: Path) -> None:
    sample = field("tube", physicalName="Qubit® tube conc.", required=True)
    contract = bound(CSV, sample, quality=[rule("censored", each="results", value="tube")])
    path = allotropy / "thermo_fisher_qubit4" / "thermo_fisher_qubit4_example_3.csv"
    (finding,) = [f for f in found(path, contract) if f.clause is not None and f.clause.id == "censored"]
    assert finding.code == "COA-E106"
    assert (finding.count, finding.where[0].line, finding.found and finding.found.text) == (1, 7, "Out of range")
    numeric = bound(CSV, field("original", physicalName="Original sample conc.", required=True, custom=NUMERIC))
    words = [f for f in found(path, numeric) if f.found is not None and f.found.text == "Out of range"]
    assert [(f.where[0].line, f.message) for f in words] == [
        (7, "the original of results 6 is censored without a numeric limit")
    ]


@pytest.mark.parametrize(
    ("number", "code", "rows"),
    [
        (3, "COA-E501", 7),  # 04/11/2023 is never taken for one of its two days
        (1, "COA-E502", 2),  # 12/12/2023 has one day only and proves no order
    ],
)
def test_a_date_of_two_numbers_and_a_year_is_not_read(allotropy: Path, number: int, code: str, rows: int) -> None:
    contract = bound(CSV, field("tested", "date", physicalName="Test Date", required=True))
    path = allotropy / "thermo_fisher_qubit4" / f"thermo_fisher_qubit4_example_{number}.csv"
    dates = [f for f in found(path, contract) if f.code.startswith("COA-E5")]
    assert {f.code for f in dates} == {code}
    assert sum(f.count for f in dates) == rows


def test_a_date_that_a_spreadsheet_made_is_no_text(allotropy: Path) -> None:
    contract = bound(
        {"format": "xlsx", "rows": "results", "headerRow": 1},
        field("run", physicalName="Run ID", required=True, custom={"storedAsText": True}),
        field("tested", "timestamp", physicalName="Test Date", required=True, custom={"storedAsText": True}),
    )
    path = allotropy / "thermo_fisher_qubit4" / "thermo_fisher_qubit4_example_4.xlsx"
    stored = [finding for finding in found(path, contract) if finding.code == "FILE-E305"]
    assert [(f.message, f.where[0].cell, f.found and f.found.text) for f in stored] == [
        ("the run is stored as a date in 7 places", "A2", "2023-11-04"),
        ("the tested is stored as a date in 7 places", "D2", "2023-04-11T01:06:59"),  # months apart, in one row
    ]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_sep_line_of_a_pcr_export_is_noted(allotropy: Path, number: int) -> None:
    contract = bound(CSV, field("sample", physicalName="Sample/NTC/Control", required=True))
    findings = found(allotropy / "qiacuity_dpcr" / f"qiacuity_dpcr_example0{number}.csv", contract)
    codes = {finding.code for finding in findings}
    assert "FILE-E105" in codes
    assert ("FILE-E101" in codes) == (number == 4)  # a byte order mark
    if number == 3:
        damaged = [finding for finding in findings if finding.code == "FILE-E102"]
        assert sum(finding.count for finding in damaged) == 2  # copies/?L, in the value's column and the mean's
        assert [f.message for f in findings if f.code == "FILE-E203"] == ['column "CI (95%)" is there twice']


def test_a_group_separator_that_nobody_sees_and_a_signature_that_is_not_there(allotropy: Path) -> None:
    contract = bound(
        CSV,
        field("total", physicalName="TOTAL (cells/ml)", required=True, custom=NUMERIC),
        field("signer", physicalName="SIGNED BY", required=True),
    )
    path = allotropy / "chemometec_nc_view" / "chememotec_nc_view_example.csv"
    rows = len(path.read_text(encoding="utf-8").splitlines()) - 1
    codes = {finding.code: finding for finding in found(path, contract)}
    assert codes["FILE-E209"].count == rows  # nobody signed any sample
    assert "COA-E103" in codes  # 274 000 with U+00A0


def test_utf_16_is_noted_and_its_table_is_that_of_the_file_in_utf_8(allotropy: Path) -> None:
    folder = allotropy / "beckman_vi_cell_blu"
    contract = bound(
        CSV, field("sample", physicalName="Sample ID", required=True), field("cell", physicalName="Cell type")
    )
    wide = found(folder / "Beckman_Vi-Cell-BLU_example01_utf16.csv", contract)
    plain = found(folder / "Beckman_Vi-Cell-BLU_example01.csv", contract)
    assert [finding.code for finding in wide] == [
        "FILE-E101",
        *[finding.code for finding in plain if finding.code != "FILE-E101"],
    ]
    assert wide[0].message == "the file is UTF-16; the contract says UTF-8"


def test_a_renamed_particle_column_is_missing(allotropy: Path) -> None:
    form = {"format": "xlsx", "rows": "results", "headerRow": 17}
    contract = bound(form, field("size", physicalName="Particle Size(µm)", required=True))
    folder = allotropy / "beckman_pharmspec"
    (finding,) = [f for f in found(folder / "hiac_missing_particle.xlsx", contract) if f.code == "FILE-E201"]
    assert finding.found is not None
    assert finding.found.text == "Size(µm)"
    assert not [f for f in found(folder / "hiac_example_1.xlsx", contract) if f.code == "FILE-E201"]


def test_a_missing_approver_and_a_placeholder_for_the_time_of_approval(allotropy: Path) -> None:
    form = {"format": "xlsx", "rows": "results", "headerRow": 17}
    approver = field(
        "approver",
        required=True,
        logicalTypeOptions={"pattern": "^Approver"},
        custom={"locator": {"xlsx": {"cell": "A54"}}},
    )
    at = field(
        "approved_at",
        "date",
        required=True,
        logicalTypeOptions={"format": "dd.MM.yyyy HH:mm:ss"},
        custom={"locator": {"xlsx": {"cell": "D54"}}},
    )
    contract = bound(
        form,
        field("run", physicalName="Run No."),
        top=(approver, at),
        time={"zone": "offset", "minimum": "2020-01-01", "placeholders": ["1800-12-25", "25.12.1800 00:00:00"]},
    )
    folder = allotropy / "beckman_pharmspec"
    signed = {f.where[0].cell: f.code for f in found(folder / "hiac_example_1.xlsx", contract)}
    unsigned = {f.where[0].cell: f.code for f in found(folder / "hiac_missing_approver.xlsx", contract)}
    assert "A54" not in signed
    assert unsigned["A54"] == "FILE-E210"
    assert signed["D54"] == unsigned["D54"] == "COA-E503"


def test_dates_of_the_united_states_and_a_share_among_densities_are_not_read(allotropy: Path) -> None:
    contract = bound(
        {**CSV, "trailingDelimiter": True},
        field("measured", "date", physicalName="Date & Time", required=True),
        field("density", physicalName="Viable Density", custom=NUMERIC),
    )
    findings = found(allotropy / "novabio_flex2" / "SampleResultsDEVICE1232021-02-18_104838.csv", contract)
    assert [(f.code, f.count, f.where[0].line, f.found and f.found.text) for f in findings] == [
        ("COA-E502", 6, 2, "2/18/2021  10:28:04 AM"),
        ("COA-E101", 1, 3, "10.00%"),
    ]


def test_a_row_of_units_and_a_dilution_that_became_a_time_are_no_data(allotropy: Path) -> None:
    contract = bound(
        CSV,
        field("gln", physicalName="Gln", required=True, custom=NUMERIC),
        field("dilution", physicalName="Chemistry Dilution Ratio", logicalTypeOptions={"pattern": "^1:[1-9][0-9]*$"}),
    )
    findings = found(allotropy / "novabio_flex2" / "SampleResultsT123456789C2020-01-01_162647.csv", contract)
    assert [(f.code, f.where[0].line, f.found and f.found.text) for f in findings] == [
        ("COA-E101", 2, "mmol / L"),
        ("FILE-E210", 3, "1:01"),
    ]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_pcr_export_has_no_date_and_gets_none(allotropy: Path, number: int) -> None:
    """A declared sep= line is no finding, also where a spreadsheet has filled it up with commas."""
    when = field("measured", "date", physicalName="Date", required=True)
    sample = field("sample", physicalName="Sample/NTC/Control", required=True)
    path = allotropy / "qiacuity_dpcr" / f"qiacuity_dpcr_example0{number}.csv"
    findings = found(path, bound({**CSV, "sepLine": True}, sample, when))
    assert [f.message for f in findings if f.code == "FILE-E201"] == ['column "Date" is missing']
    assert {f.code for f in findings} <= {"FILE-E201", "FILE-E101", "FILE-E102", "FILE-E203"}


def test_a_concentration_in_two_units_is_two_columns(allotropy: Path) -> None:
    per_ul = field("per_ul", physicalName="Conc. [cp/µL] (dPCR reaction)", required=True, custom=NUMERIC)
    per_ml = field("per_ml", physicalName="Conc. [cp/mL] (dPCR reaction)", required=True, custom=NUMERIC)
    contract = bound({**CSV, "sepLine": True}, per_ul, per_ml)
    path = allotropy / "qiacuity_dpcr" / "qiacuity_dpcr_example04.csv"
    assert results(path, contract)[0] == {"per_ul": "7782.4", "per_ml": "7782381.203592551"}
    assert [f.code for f in found(path, contract)] == ["FILE-E101"]


def test_a_sample_with_a_warning_is_not_ok(allotropy: Path) -> None:
    contract = bound(CSV, field("status", physicalName="STATUS", required=True, enum=[{"value": "OK"}]))
    findings = found(allotropy / "chemometec_nc_view" / "chememotec_nc_view_example.csv", contract)
    warned = [f for f in findings if f.code == "FILE-E211"]
    assert (warned[0].where[0].line, warned[0].found and warned[0].found.text) == (
        9,
        "Warning: Foreign object detected",
    )
    assert len(warned) == len(findings)


@pytest.mark.parametrize("number", range(1, 9))
def test_lines_of_keys_and_values_are_no_table(allotropy: Path, number: int) -> None:
    path = allotropy / "chemometec_nucleoview" / f"chemometec_nucleoview_example0{number}.csv"
    when = field("measured", physicalName="Date time", required=True)
    offset = field("offset", physicalName="Time zone offset", required=True)
    findings = found(path, bound({**CSV, "delimiter": ";"}, when, offset))
    missing = {f.message for f in findings if f.code == "FILE-E201"}
    assert missing == {'column "Date time" is missing', 'column "Time zone offset" is missing'}
    assert {f.code for f in findings} <= {"FILE-E201", "FILE-E105"}


@pytest.mark.parametrize(
    ("name", "samples", "cell"),
    [
        ("example01", 10, "Mammalian"),
        ("example01_utf16", 10, "Mammalian"),
        ("example02", 5, "HeLa (\U0001f622)"),
        ("different_mu_character", 1, "Mammalian"),
    ],
)
def test_a_cell_type_survives_unchanged(allotropy: Path, name: str, samples: int, cell: str) -> None:
    contract = bound(CSV, field("cell", physicalName="Cell type", required=True))
    read = results(allotropy / "beckman_vi_cell_blu" / f"Beckman_Vi-Cell-BLU_{name}.csv", contract)
    assert [row["cell"] for row in read] == [cell] * samples


@pytest.mark.parametrize(
    ("name", "agreed"), [("different_mu_character", False), ("example01", True), ("example02", True)]
)
def test_a_micro_sign_is_no_greek_mu(allotropy: Path, name: str, agreed: bool) -> None:
    size = field("size", physicalName="Average diameter (\u03bcm)", required=True, custom=NUMERIC)
    findings = found(allotropy / "beckman_vi_cell_blu" / f"Beckman_Vi-Cell-BLU_{name}.csv", bound(CSV, size))
    renamed = [f for f in findings if f.code == "FILE-E205"]
    assert bool(renamed) is not agreed
    assert all(f.message.endswith("U+00B5 where U+03BC is agreed") for f in renamed)


def test_the_samples_of_a_run_repeat_names_and_leave_cells_empty(allotropy: Path) -> None:
    contract = bound(
        {"format": "xlsx", "rows": "results", "headerRow": 1},
        field("at", physicalName="Date", required=True),
        field("sample", physicalName="Sample Name", required=True),
        field("a260", physicalName="A260", required=True, custom=NUMERIC),
        quality=[rule("uniqueKey", each="results", key=["sample"])],
    )
    path = allotropy / "thermo_fisher_nanodrop_one" / "example1.xlsx"
    assert [row["at"].split(" ")[0] for row in results(path, contract)] == [
        *["7/19/2023"] * 2, *["7/12/2023"] * 2, *["7/19/2023"] * 2,
    ]  # fmt: skip
    assert {(f.code, f.where[0].cell) for f in found(path, contract)} == {
        ("COA-E310", "B4"),
        ("COA-E310", "B5"),
        ("FILE-E209", "F4"),
        ("FILE-E209", "F5"),
    }


PLATE = (
    field("plate", physicalName="Plate ID", required=True),
    field("position", physicalName="Plate\nPosition", required=True),
    field("amount", physicalName="Concentration\n(ng/ul)", required=True, custom=NUMERIC),
    field("group", physicalName="Sample group", required=True),
    field("day", "date", physicalName="Date", required=True, custom={"storedAsText": True}),
)


@pytest.mark.parametrize(("name", "above"), [("no_header", 0), ("with_header", 15)])
def test_a_plate_is_read_with_and_without_a_report_above_it(allotropy: Path, name: str, above: int) -> None:
    path = allotropy / "unchained_labs_lunatic_stunner" / f"Example_Lunatic_Plate_Reader_csv_{name}.csv"
    for agreed in (0, 15):
        contract = bound({**CSV, "preambleRows": agreed}, *PLATE)
        rows = results(path, contract)
        assert [(r["plate"], r["position"], r["group"], r["amount"], r["day"]) for r in rows] == [
            ("PLATE_1", "A1", "GROUP_1", "182.6", "01/08/2024"),
            ("PLATE_2", "B1", "GROUP_1", "182.8", "01/08/2024"),
        ]
        codes = [f.code for f in found(path, contract)]
        assert codes.count("COA-E501") == 2  # first of August, or eighth of January
        assert ("FILE-E105" in codes) == (agreed != above)


@pytest.mark.parametrize(("name", "header"), [("no_header", 1), ("with_header", 17)])
def test_a_plate_in_a_workbook_has_a_date_that_a_spreadsheet_chose(allotropy: Path, name: str, header: int) -> None:
    path = allotropy / "unchained_labs_lunatic_stunner" / f"Example_Lunatic_Plate_Reader_xlsx_{name}.xlsx"
    contract = bound({"format": "xlsx", "rows": "results", "headerRow": header}, *PLATE)
    stored = [(f.code, f.where[0].cell, f.found and f.found.text) for f in found(path, contract)]
    assert stored == [("FILE-E305", f"I{row}", "2024-01-08") for row in (header + 1, header + 2)]


def test_a_day_first_date_of_a_report_is_read_only_where_the_order_is_agreed(allotropy: Path) -> None:
    form = {"format": "xlsx", "rows": "results", "headerRow": 17}
    at = {"locator": {"xlsx": {"cell": "F9"}}}
    run = field("run", physicalName="Run No.")
    path = allotropy / "beckman_pharmspec" / "hiac_example_1.xlsx"
    open_ = bound(form, run, top=[field("sampled", "date", required=True, custom=at)])
    assert [(f.code, f.where[0].cell) for f in found(path, open_)] == [("COA-E501", "F9")]
    day_first = {"format": "dd.MM.yyyy HH:mm:ss"}
    settled = field("sampled", "date", required=True, custom=at, logicalTypeOptions=day_first)
    assert found(path, bound(form, run, top=[settled])) == []
