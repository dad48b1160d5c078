"""Promise: files that real instruments wrote give, under a contract that asks for it, the ground truth that the README
of their folder states. The contracts are ours and stand in this file; nothing of the data is copied.

Wait for a format of their own: material identity, FHIR PQ, B2MML, iCalendar, ASM and AnIML documents, EPCIS; the Roche
and Applied Biosystems text files (records of several kinds and key-value blocks) and tables without a header
(Tennessee Eastman). Wait for a record of their own: Lunatic and Stunner plates, whose column names hold line breaks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.inspection import inspect
from contracts.contract import Contract
from contracts.finding import Finding
from contracts.odcs import load

FIELD = Mapping[str, Any]
SUPPORT = {
    "id": "desk", "channel": "desk", "tool": "email", "url": "mailto:desk@lab.example",
    "customProperties": [
        {"property": "alertRoute", "value": {"audience": "partner", "codes": ["*"], "minImpact": "low"}},
    ],
}  # fmt: skip


def field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """One field, `physicalName` being the header that the instrument writes; `custom` are properties of ours."""
    custom = [{"property": key, "value": value} for key, value in more.pop("custom", {}).items()]
    return {"name": name, "logicalType": kind, **({"customProperties": custom} if custom else {}), **more}


def bound(source: Mapping[str, Any], *rows: FIELD, top: tuple[FIELD, ...] = (), **schema: Any) -> Contract:
    """A contract that reads a table of results and ignores the columns that it does not list."""
    ours: dict[str, Any] = {"documentKind": "certificate", "contentModel": "open", "source": [source], **schema}
    body = {
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": "instrument", "version": "1.0.0", "status": "active",
        "name": "Instrument export",
        "customProperties": [
            {"property": "jidProfile", "value": 1},
            {"property": "feed", "value": {"partner": "northvale", "kind": "coa"}},
        ],
        "schema": [{
            "name": "export", "physicalType": "document",
            "customProperties": [{"property": key, "value": value} for key, value in ours.items()],
            "properties": [*top, {
                "name": "results", "logicalType": "array", "required": True,
                "items": {"logicalType": "object", "properties": list(rows)},
            }],
        }],
        "support": [SUPPORT],
    }  # fmt: skip
    return load(json.dumps(body).encode(), file="instrument.odcs.yaml", refs={}.get)


@pytest.fixture
def allotropy(shared: Path) -> Path:
    folder = shared / "fixtures" / "allotropy-asm"
    if not folder.is_dir():
        pytest.skip("third-party data not present: shared/fixtures/allotropy-asm")
    return folder


def found(path: Path, contract: Contract) -> list[Finding]:
    return list(inspect(path, file=path.name, contract=contract).report.findings)


def brief(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.where[0].label()) for finding in findings]


CSV = {"format": "csv", "encoding": ["utf-8"], "delimiter": ",", "rows": "results"}


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


def test_a_word_among_numbers_and_an_ambiguous_date_are_findings(allotropy: Path) -> None:
    contract = bound(
        CSV,
        field("concentration", physicalName="Original sample conc.", required=True, custom={"valueKind": "numeric"}),
        field("tested", "date", physicalName="Test Date", required=True),
    )
    path = allotropy / "thermo_fisher_qubit4" / "thermo_fisher_qubit4_example_3.csv"
    findings = {finding.code: finding for finding in found(path, contract)}
    word = next(f for f in findings.values() if f.found is not None and f.found.text == "Out of range")
    assert word.message.endswith("is censored without a numeric limit")
    assert {"COA-E501", "COA-E502"} & findings.keys()  # 04/11/2023 is never taken for one of its two days


def test_a_date_that_a_spreadsheet_made_is_no_text(allotropy: Path) -> None:
    contract = bound(
        {"format": "xlsx", "rows": "results", "headerRow": 1},
        field("run", physicalName="Run ID", required=True, custom={"storedAsText": True}),
    )
    path = allotropy / "thermo_fisher_qubit4" / "thermo_fisher_qubit4_example_4.xlsx"
    stored = [finding for finding in found(path, contract) if finding.code == "FILE-E305"]
    assert [finding.message for finding in stored] == ["the run is stored as a date in 7 places"]
    assert stored[0].where[0].cell == "A2"
    assert stored[0].found is not None
    assert stored[0].found.text == "2023-11-04"


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
        field("total", physicalName="TOTAL (cells/ml)", required=True, custom={"valueKind": "numeric"}),
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


def test_a_batch_in_hours_has_no_time_that_a_contract_of_instants_accepts(shared: Path) -> None:
    for name, header in (
        ("pensimpy/random_batch_0.csv", "Time Step"),
        ("chemotools-raman-fermentation/fermentation_hplc.csv", "time"),
    ):
        path = shared / "fixtures" / name
        if not path.is_file():
            pytest.skip(f"third-party data not present: shared/fixtures/{name}")
        rows = len(path.read_text().splitlines()) - 1
        findings = found(path, bound(CSV, field("ts", "timestamp", physicalName=header, required=True)))
        assert {finding.code for finding in findings} <= {"COA-E502", "COA-E504", "COA-E509"}
        assert sum(finding.count for finding in findings) == rows == (1150 if "pensimpy" in name else 34)


def test_a_table_without_a_header_is_refused(shared: Path) -> None:
    folder = shared / "fixtures" / "tennessee-eastman"
    if not folder.is_dir():
        pytest.skip("third-party data not present: shared/fixtures/tennessee-eastman")
    contract = bound({**CSV, "delimiter": " "}, field("v1", required=True), field("v2", required=True))
    for path in sorted(folder.glob("*.dat")):
        assert "FILE-E201" in {finding.code for finding in found(path, contract)}
