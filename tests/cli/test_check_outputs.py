"""Promise: `jid check` says the same in every form, with the same exit code, writes only what it is told to write, and
its marked workbook can be corrected and sent as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from tests.cli.test_check import Samples, named
from tests.cli.test_same_text import home

__all__ = ["home"]

FORMS = ["table", "json", "html", "junit", "sarif", "github", "markdown", "receipt"]


@pytest.fixture
def spoiled(samples: Samples, tmp_path: Path) -> tuple[Path, str]:
    """A workbook of brightwater with two wrong cells, and its contract."""
    good, sample = named(samples, "11_r1.xlsx")
    book = openpyxl.load_workbook(good)
    sheet = book["Results"]
    for cell in (c for row in sheet.iter_rows() for c in row):
        if cell.value == "{TU}/mL":
            cell.value = "{IU}/mL"
        elif cell.value == "M-FACS-05":
            cell.value = None
    path = tmp_path / "LV-2611-11_r1.xlsx"
    book.save(path)
    return path, sample.contract


@pytest.mark.parametrize("form", FORMS)
def test_the_exit_code_is_the_same_in_every_form(jid: Any, samples: Samples, form: str) -> None:
    bad, sample = named(samples, "04_r1.json")
    good, _ = named(samples, "04_r2.json")
    for path, code in ((bad, 1), (good, 0)):
        ran = jid("check", path, "--contract", sample.contract, "--output", form)
        assert ran.code == code, ran.said
        assert ran.err == ""
        assert ran.out.endswith("\n")
        assert ("COA-E104" in ran.out) == (code == 1)


def test_machines_can_read_what_is_made_for_them(jid: Any, samples: Samples) -> None:
    bad, sample = named(samples, "04_r1.json")
    good, _ = named(samples, "04_r2.json")

    def ran(form: str) -> str:
        return str(jid("check", bad, good, "--contract", sample.contract, "--output", form).out)

    suites = ElementTree.fromstring(ran("junit")).findall("testsuite")
    report = json.loads(ran("json"))["reports"][0]
    failed = [len(suite.findall("testcase/failure")) for suite in suites]
    assert failed == [report["coverage"]["failed"], 0]
    skipped = [len(suite.findall("testcase/skipped")) for suite in suites]
    assert skipped == [report["hub_coverage"]["needs_hub"]] * 2
    found = [[r["ruleId"] for r in run["results"]] for run in json.loads(ran("sarif"))["runs"]]
    assert found == [[f["code"] for f in report["findings"]], []]
    uri = json.loads(ran("sarif"))["runs"][0]["artifacts"][0]["location"]["uri"]
    assert uri == bad.as_posix()  # as typed, so that a code host finds it
    lines = ran("github").splitlines()
    assert sum(line.startswith(f"::error file={bad.as_posix()},line=") for line in lines) == 5
    assert lines[-1].startswith(f"accepted {good.as_posix()}: ")


@pytest.mark.parametrize("form", ["html", "receipt"])
def test_a_form_about_one_file_refuses_several(jid: Any, samples: Samples, form: str) -> None:
    path, sample = named(samples, "04_r1.json")
    ran = jid("check", path, path, "--contract", sample.contract, "--output", form)
    assert (ran.code, ran.out) == (2, "")
    assert "is about one file" in ran.err


def test_a_report_goes_into_a_file_and_never_over_the_file_that_is_checked(
    jid: Any, samples: Samples, tmp_path: Path
) -> None:
    path, sample = named(samples, "04_r1.json")
    before = path.read_bytes()
    to = tmp_path / "report.html"
    ran = jid("check", path, "--contract", sample.contract, "--output", "html", "-o", to)
    assert (ran.code, ran.out) == (1, "")
    assert to.read_text().startswith("<!doctype html>")
    for option in ("-o", "--annotate"):
        ran = jid("check", path, "--contract", sample.contract, option, path)
        assert (ran.code, ran.out) == (2, "")
        assert "stays as it is" in ran.err
    ran = jid("check", path, "--contract", sample.contract, "-o", tmp_path / "no" / "folder.txt")
    assert ran.code == 2
    assert path.read_bytes() == before


def test_a_marked_workbook_that_is_corrected_is_accepted_as_it_is(
    jid: Any, spoiled: tuple[Path, str], tmp_path: Path
) -> None:
    path, contract = spoiled
    to = tmp_path / "marked.xlsx"
    ran = jid("check", path, "--contract", contract, "--annotate", to)
    assert ran.code == 1
    assert "COA-E201" in ran.out
    book = openpyxl.load_workbook(to)
    assert book.sheetnames == ["jid report", "Results"]
    marked = {c.value: c for row in book["Results"].iter_rows() for c in row if c.comment}
    assert set(marked) == {"{IU}/mL", None}
    assert jid("check", to, "--contract", contract).out == ran.out.replace(path.name, to.name)
    marked["{IU}/mL"].value = "{TU}/mL"
    marked[None].value = "M-FACS-05"
    book.save(to)
    assert jid("check", to, "--contract", contract).code == 0


def test_annotate_wants_one_file_and_a_workbooks_name(jid: Any, samples: Samples, tmp_path: Path) -> None:
    path, sample = named(samples, "04_r1.json")
    ran = jid("check", path, path, "--contract", sample.contract, "--annotate", tmp_path / "a.xlsx")
    assert (ran.code, "marks one file" in ran.err) == (2, True)
    ran = jid("check", path, "--contract", sample.contract, "--annotate", tmp_path / "a.csv")
    assert (ran.code, "NAME.xlsx" in ran.err) == (2, True)


def test_a_correction_is_held_against_the_report_of_the_first_try(jid: Any, samples: Samples, tmp_path: Path) -> None:
    first, sample = named(samples, "04_r1.json")
    kept = tmp_path / "first.json"
    assert jid("check", first, "--contract", sample.contract, "--json", "-o", kept).code == 1
    body = json.loads(first.read_text())
    body["mfg_date"] = "2026-08-12"
    second = tmp_path / first.name
    second.write_text(json.dumps(body, indent=2))
    ran = jid("check", second, "--contract", sample.contract, "--baseline", kept)
    assert ran.out.endswith(f"against {first.name}: 0 new, 4 unchanged, 1 fixed\n")
    told = json.loads(jid("check", second, "--contract", sample.contract, "--baseline", kept, "--json").out)
    assert {f["baseline"] for f in told["reports"][0]["findings"]} == {"unchanged"}
    assert [f["code"] for f in told["reports"][0]["baseline"]["fixed"]] == ["COA-E501"]


def test_of_several_files_each_is_held_against_its_own_report(jid: Any, samples: Samples, tmp_path: Path) -> None:
    first, sample = named(samples, "04_r1.json")
    kept, other = tmp_path / "first.json", tmp_path / "other.json"
    other.write_bytes(first.read_bytes())
    jid("check", first, "--contract", sample.contract, "--json", "-o", kept)
    assert jid("check", other, "--contract", sample.contract, "--baseline", kept).code == 1  # a new name for it
    ran = jid("check", first, other, "--contract", sample.contract, "--baseline", kept)
    assert (ran.code, ran.out) == (2, "")
    assert "the baseline has no report of other.json" in ran.err


def test_a_folder_is_called_a_folder(jid: Any, tmp_path: Path) -> None:
    ran = jid("check", tmp_path, "--contract", "northvale-coa")
    assert ran.code == 2
    assert f"{tmp_path} is a folder" in ran.err
    assert f"jid check {tmp_path}/*" in ran.err


def test_a_baseline_that_is_none_is_a_usage_error(jid: Any, samples: Samples, tmp_path: Path) -> None:
    path, sample = named(samples, "04_r1.json")
    for data in (b"{}", b"[]", b"7", b'{"reports": [{}]}', b"\xff", b'{"reports": []}'):
        (tmp_path / "b.json").write_bytes(data)
        ran = jid("check", path, "--contract", sample.contract, "--baseline", tmp_path / "b.json")
        assert (ran.code, ran.out) == (2, ""), data
        assert "holds no report" in ran.err
    assert jid("check", path, "--contract", "halden-coa", "--json", "-o", tmp_path / "b.json").code == 1
    ran = jid("check", path, "--contract", sample.contract, "--baseline", tmp_path / "b.json")
    assert ran.code == 2
    assert "halden-coa is no baseline for one under northvale-coa" in ran.err


def test_of_a_delivery_the_page_and_the_marked_file_can_be_had(jid: Any, home: Path, tmp_path: Path) -> None:
    listed = json.loads(jid("deliveries", "list", "--home", home, "--json").out)["deliveries"]
    row = next(d for d in listed if d["verdict"] == "rejected" and d["file"].endswith("r1.json"))
    for form, name in (("html", "report.html"), ("annotated", "marked.xlsx")):
        ran = jid("deliveries", "download", row["id"], "--report", form, "--to", tmp_path, "--home", home)
        assert ran.code == 0, ran.said
        path = tmp_path / f"{Path(row['file']).stem}.{name}"
        assert path.stat().st_size > 1000
        assert jid("deliveries", "download", row["id"], "--report", form, "--to", tmp_path, "--home", home).code == 2
    assert openpyxl.load_workbook(path).sheetnames == ["jid report", "your file"]
