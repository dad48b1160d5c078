"""Promise kept here: a partner gets its kit from one command each, and every bad sample fails with just its code."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import openpyxl
import pytest

from cli.kitfolder import judged
from contracts.contract import Contract
from contracts.finding import Verdict
from contracts.kit.bad import Bad, bad, makers
from contracts.odcs import load_catalog
from tests.cli.conftest import ROOT

SHIPPED = {contract.id: contract for contract in load_catalog().all()}


def raised(contract: Contract) -> list[str]:
    """Codes for which the contract has a clause and somebody a maker. Those of points themselves are held to every
    contract in tests/contracts/test_catalogue_series.py; making each of these long files twice would take a minute."""
    found = {code for clause in contract.clauses for code in clause.codes} & makers().keys()
    return sorted(code for code in found if not code.startswith("PAT-"))


CASES = [(name, code) for name, contract in SHIPPED.items() for code in raised(contract)]


@cache
def made(name: str, code: str) -> Bad | None:
    return bad(SHIPPED[name], code)


@pytest.mark.parametrize(("name", "code"), CASES)
def test_a_bad_sample_fails_with_just_its_code_and_is_accepted_once_mended(name: str, code: str) -> None:
    one = made(name, code)
    if one is None:
        pytest.skip(f"no file of {name} can show {code}")
    contract = SHIPPED[name]
    report = judged(contract, one, one.data)
    assert sorted(f.code for f in report.findings) == sorted((code, *one.also))
    mended = judged(contract, one, one.fixed)
    assert code not in {f.code for f in mended.findings}
    assert mended.verdict in (Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS)


def test_nearly_every_code_has_a_bad_sample_of_a_shipped_contract() -> None:
    assert len({code for name, code in CASES if made(name, code) is not None}) >= 80


def test_the_good_sample_goes_to_standard_output_and_is_accepted(jid: Any, tmp_path: Path) -> None:
    ran = jid("contracts", "sample", "northvale-coa")
    assert ran.code == 0
    assert ran.err == ""
    path = tmp_path / "good.json"
    path.write_text(ran.out)
    checked = jid("check", path, "--contract", "northvale-coa")
    assert checked.code == 0
    assert "accepted" in checked.out


@pytest.mark.parametrize("form", ["json", "csv"])
def test_the_form_of_a_good_sample_is_chosen(jid: Any, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"slots.{form}"
    ran = jid("contracts", "sample", "northvale-schedule", "--good", "--form", form, "-o", path)
    assert (ran.code, ran.out) == (0, "")
    assert jid("check", path, "--contract", "northvale-schedule").code == 0
    assert path.read_text().startswith("{" if form == "json" else "slot_uid,")


def test_a_bad_sample_is_rejected_with_its_code(jid: Any, tmp_path: Path) -> None:
    path = tmp_path / "comma.json"
    assert jid("contracts", "sample", "northvale-coa", "--bad", "coa-e104", "-o", path).code == 0
    checked = jid("check", path, "--contract", "northvale-coa", "--json")
    assert checked.code == 1
    [report] = json.loads(checked.out)["reports"]
    assert [f["code"] for f in report["findings"]] == ["COA-E104"]


def test_a_bad_sample_that_needs_more_than_the_file_says_so(jid: Any, tmp_path: Path) -> None:
    ran = jid("contracts", "sample", "northvale-coa", "--bad", "COA-E405", "-o", tmp_path / "again.json")
    assert ran.code == 0
    assert "COA-E405 shows only to who knows more than this file" in ran.err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("northvale-coa", "--form", "csv"), "northvale-coa accepts no csv\n  agreed: json"),
        (
            ("northvale-coa", "--bad", "FILE-E301"),
            "northvale-coa has no bad file for FILE-E301\n  it has one for: COA-",
        ),
        (("northvale-coa", "--bad", "COA-E999"), "no finding code 'COA-E999'\n  it has one for: COA-"),
        (("northvale-coa", "--bad", "COA-E104", "--good"), "exclude each other"),
        (("northvale-coa", "--bad", "COA-E104", "--form", "json"), "--form goes with --good only"),
        (("northvale-coa", "--all"), "name it: jid contracts sample northvale-coa --all -o kit"),
        (("northvale",), "no contract 'northvale'\n  valid: brightwater-coa"),
    ],
)
def test_what_cannot_be_made_is_told_with_what_can(jid: Any, typed: tuple[str, ...], said: str) -> None:
    ran = jid("contracts", "sample", *typed)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_the_template_is_a_workbook_of_the_contract(jid_process: Any, jid: Any, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    assert jid("contracts", "template", "brightwater-coa", "-o", path).said == ""
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    assert book.sheetnames == ["Results", "_contract"]
    ran = jid("contracts", "template", "halden-schedule", "-o", path)
    assert ran.code == 0
    assert ran.err == (
        "note: halden-schedule accepts csv and no workbook; save the sheet as CSV (UTF-8) and send that\n"
    )


def test_a_workbook_goes_into_a_pipe_unharmed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "contracts", "template", "brightwater-coa"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout[:2] == b"PK"
    assert openpyxl.load_workbook(io.BytesIO(done.stdout)).sheetnames[0] == "Results"


def test_a_workbook_is_kept_off_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "contracts", "template", "brightwater-coa"],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=theirs, stderr=subprocess.PIPE,
            text=True, timeout=60,
        )  # fmt: skip
        os.close(theirs)
        assert done.returncode == 2
        assert "not for a terminal" in done.stderr
        assert "jid contracts template brightwater-coa -o template.xlsx" in done.stderr
        with pytest.raises(OSError):  # nothing was written, so there is nothing but the end of the line
            screen.read(1)


def test_schema_and_page_come_as_text(jid: Any, tmp_path: Path) -> None:
    schema = json.loads(jid("contracts", "schema", "halden-coa").out)
    assert jsonschema_rs.meta.is_valid(schema)
    page = tmp_path / "page.html"
    assert jid("contracts", "docs", "halden-coa", "-o", page).code == 0
    assert page.read_text().startswith("<!doctype html>")
    assert jid("contracts", "docs", "halden-coa").out == page.read_text()


def test_a_folder_or_an_unwritable_place_is_no_file(jid: Any, tmp_path: Path) -> None:
    assert jid("contracts", "docs", "halden-coa", "-o", tmp_path).err == f"{tmp_path} is a folder\n  name a file\n"
    missing = tmp_path / "no" / "page.html"
    ran = jid("contracts", "docs", "halden-coa", "-o", missing)
    assert ran.code == 2
    assert ran.err.startswith(f"cannot write {missing}: ")


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cli.kitfolder import write_kit

    folder = tmp_path_factory.mktemp("kit") / "brightwater"
    assert list(write_kit(SHIPPED["brightwater-coa"], folder))
    return folder


def test_the_whole_kit_lies_in_a_folder(kit: Path) -> None:
    assert {path.name for path in kit.iterdir()} == {
        "README.txt", "contract.html", "schema.json", "template.xlsx", "good", "bad",
    }  # fmt: skip
    assert [path.name for path in (kit / "good").iterdir()] == ["brightwater-coa-xlsx.xlsx"]
    codes = sorted(path.name for path in (kit / "bad").iterdir())
    assert codes == [c for c in raised(SHIPPED["brightwater-coa"]) if made("brightwater-coa", c) is not None]


def test_each_bad_file_of_the_kit_is_what_expected_json_says(kit: Path, jid: Any) -> None:
    """With the command a partner types, for what the file alone shows; the mended file has the finding no more."""
    seen = 0
    for folder in sorted((kit / "bad").iterdir())[::4]:
        told = json.loads((folder / "expected.json").read_text())
        assert told["code"] == folder.name
        assert folder.name in {f["code"] for f in told["findings"]}
        if told["needs_hub"]:
            continue
        ran = jid("check", folder / told["file"], "--contract", "brightwater-coa", "--json")
        [report] = json.loads(ran.out)["reports"]
        assert report["verdict"] == told["verdict"]
        assert [(f["code"], f["message"]) for f in report["findings"]] == [
            (f["code"], f["message"]) for f in told["findings"]
        ]
        again = jid("check", folder / "mended" / told["file"], "--contract", "brightwater-coa", "--json")
        [mended] = json.loads(again.out)["reports"]
        assert folder.name not in {f["code"] for f in mended["findings"]}
        seen += 1
    assert seen >= 10


def test_the_kit_is_written_into_a_new_folder_only(jid: Any, kit: Path, tmp_path: Path) -> None:
    ran = jid("contracts", "sample", "brightwater-coa", "--all", "-o", kit)
    assert ran.code == 2
    assert "is there already and not empty" in ran.err
    ran = jid("contracts", "sample", "northvale-schedule", "--all", "-o", tmp_path / "new")
    assert ran.code == 0
    assert "2 good and" in ran.out
    assert "jid check FILE --contract northvale-schedule" in (tmp_path / "new" / "README.txt").read_text()
