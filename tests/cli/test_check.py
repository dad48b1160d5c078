"""Promise kept here: `jid check` names code and place of everything wrong in a partner's file, in words and as JSON,
with an exit code a script can rely on. It needs no hub and no network and touches nothing.
"""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sandbox.samples import Sample

Samples = tuple[Path, list[Sample]]


def named(samples: Samples, ending: str) -> tuple[Path, Sample]:
    """The certificate `04_r1.json`: of lot 4, revision 1."""
    folder, made = samples
    before, _, after = ending.rpartition("_")
    half, _, lot = before.rpartition("_")
    form = re.compile(rf"/{half and half + '_'}LV-\d{{4}}-{lot}_COA-\d+_{re.escape(after)}$")
    sample = next(s for s in made if form.search(s.file))
    return folder / sample.file, sample


def wanted_exit(sample: Sample) -> int:
    """No finding of the story that is less than an error has critical impact (contracts/codes.csv)."""
    return 1 if sample.verdict == "rejected" else 0


def value_at(document: Any, pointer: str) -> Any:
    """RFC 6901; the story's field names hold neither `~` nor `/`."""
    for step in pointer.split("/")[1:]:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def test_every_file_gets_the_exit_code_and_the_codes_that_the_story_says(jid: Any, samples: Samples) -> None:
    folder, made = samples
    wrong = {}
    for sample in made:
        ran = jid("check", folder / sample.file, "--contract", sample.contract)
        codes = sorted(set(re.findall(r"^(?:error|warning|info)\[([A-Z]+-E\d+)\]: \S", ran.out, re.MULTILINE)))
        if (ran.code, codes) != (wanted_exit(sample), sample.codes):
            wrong[sample.file] = (ran.code, codes, ran.said)
    assert not wrong


def test_the_arrow_line_names_the_pointer_and_the_very_character(jid: Any, samples: Samples) -> None:
    path, sample = named(samples, "04_r1.json")
    text = path.read_text()
    lines, document = text.splitlines(), json.loads(text)
    out = jid("check", path, "--contract", sample.contract).out
    arrows = re.findall(r"^(?:error|warning)\[(\S+)\].*\n +--> (\S+)  (\d+):(\d+)   (/\S+)$", out, re.MULTILINE)
    assert {(code, pointer) for code, _, _, _, pointer in arrows} == set(sample.places)
    for _, file, line, column, pointer in arrows:
        assert file == path.name
        assert lines[int(line) - 1][int(column) - 1 :].startswith(json.dumps(value_at(document, pointer)))


@pytest.mark.parametrize("code", ["PAT-E102", "PAT-E305", "PAT-E303"])
def test_of_process_data_the_finding_names_tag_and_line(jid: Any, samples: Samples, code: str) -> None:
    folder, made = samples
    sample = next(s for s in made if s.codes == [code])
    path = folder / sample.file
    ((_, tag),) = sample.places
    out = jid("check", path, "--contract", sample.contract).out
    told = re.search(rf"\[{code}\]: [^\n]*{re.escape(str(tag))}", out)
    assert told, out
    place = re.search(r"--> \S+  (\d+)(?::(\d+))?", out)
    assert place, out
    assert str(tag) in path.read_text().splitlines()[int(place[1]) - 1]


def test_in_a_workbook_the_finding_names_sheet_and_cell(jid: Any, samples: Samples, tmp_path: Path) -> None:
    good, sample = named(samples, "11_r1.xlsx")
    book = openpyxl.load_workbook(good)
    sheet = book["Results"]
    cell = next(c for row in sheet.iter_rows() for c in row if c.value == "{TU}/mL")
    cell.value = "{IU}/mL"
    book.save(tmp_path / "unit.xlsx")
    ran = jid("check", tmp_path / "unit.xlsx", "--contract", sample.contract)
    assert ran.code == 1
    assert re.findall(r"^error\[(\S+)\]", ran.out, re.MULTILINE) == ["COA-E201"]
    assert f"unit.xlsx  Results!{cell.coordinate}  " in ran.out


def test_a_truncated_workbook_is_one_finding_about_the_file(jid: Any, samples: Samples) -> None:
    path, sample = named(samples, "half_13_r1.xlsx")
    ran = jid("check", path, "--contract", sample.contract)
    assert ran.code == 1
    assert ran.out.startswith("error[FILE-E402]: ")
    assert path.name in ran.out
    assert "rejected" in ran.out
    assert "help: " in ran.out


def test_json_holds_the_findings_of_the_table(jid: Any, samples: Samples) -> None:
    folder, made = samples
    small = [s for s in made if "/coa/" in s.file]
    for sample in small:
        table = jid("check", folder / sample.file, "--contract", sample.contract)
        ran = jid("check", folder / sample.file, "--contract", sample.contract, "--json")
        assert ran.code == table.code
        body = json.loads(ran.out)
        assert body["schema_version"] == 1
        (report,) = body["reports"]
        assert report["format"] == "justindata-report/1"
        assert report["verdict"] == sample.verdict
        told = re.findall(r"^(\w+)\[(\S+)\]: (.*)$", table.out, re.MULTILINE)
        assert [(f["severity"], f["code"], f["message"]) for f in report["findings"]] == told
        pointers = {(f["code"], p) for f in report["findings"] for w in f["where"] if (p := w.get("pointer"))}
        assert {(code, at) for code, at in sample.places if at} <= pointers


def test_several_files_give_one_report_each_and_the_worst_exit_code(jid: Any, samples: Samples) -> None:
    bad, sample = named(samples, "04_r1.json")
    good, _ = named(samples, "04_r2.json")
    ran = jid("check", good, bad, good, "--contract", sample.contract)
    assert ran.code == 1
    assert re.findall(r"^(accepted|rejected)\b", ran.out, re.MULTILINE) == ["accepted", "rejected", "accepted"]
    assert len(json.loads(jid("check", good, bad, "--contract", sample.contract, "--json").out)["reports"]) == 2


def test_strict_makes_a_warning_count(jid: Any, samples: Samples) -> None:
    warned, sample = named(samples, "12_r1.xlsx")
    assert sample.verdict == "accepted_with_warnings"
    assert jid("check", warned, "--contract", sample.contract).code == 0
    assert jid("check", warned, "--contract", sample.contract, "--strict").code == 1
    good, sample = named(samples, "11_r1.xlsx")
    assert jid("check", good, "--contract", sample.contract, "--strict").code == 0


def test_a_finding_that_is_critical_for_a_run_counts_although_the_file_is_accepted(
    jid: Any, samples: Samples, tmp_path: Path
) -> None:
    good, sample = named(samples, "04_r2.json")
    body = json.loads(good.read_text())
    # COA-E301: our verdict and the partner's differ; a warning with critical impact in codes.csv
    next(r for r in body["results"] if r["partner_verdict"] == "PASS")["partner_verdict"] = "FAIL"
    path = tmp_path / good.name
    path.write_text(json.dumps(body, indent=2))
    ran = jid("check", path, "--contract", sample.contract)
    assert ran.code == 1, ran.said
    assert ran.out.startswith("warning[COA-E301]")
    assert "accepted with warnings" in ran.out


def test_a_contract_may_be_named_by_version_or_be_a_file(jid: Any, samples: Samples, catalog: Any) -> None:
    path, sample = named(samples, "04_r1.json")
    plain = jid("check", path, "--contract", sample.contract)
    assert jid("check", path, "--contract", f"{sample.contract}@2.3").out == plain.out
    file = catalog.folder / "northvale" / "coa.odcs.yaml"
    assert jid("check", path, "--contract", file).out == plain.out


@pytest.mark.parametrize("which", ["brightwater/coa/LV", "northvale/schedule/", "northvale/pat/", "halden/pat/"])
def test_without_a_contract_the_only_fitting_one_is_taken_and_named(jid: Any, samples: Samples, which: str) -> None:
    folder, made = samples
    for sample in [s for s in made if s.file.startswith(which)][:2]:
        ran = jid("check", folder / sample.file)
        assert f"judged under {sample.contract} " in ran.err
        assert ran.out == jid("check", folder / sample.file, "--contract", sample.contract).out
        assert ran.code == wanted_exit(sample)


def test_without_a_contract_several_that_fit_are_listed_and_nothing_is_judged(jid: Any, samples: Samples) -> None:
    path, _ = named(samples, "04_r1.json")  # northvale and halden agreed on the same form
    ran = jid("check", path)
    assert (ran.code, ran.out) == (2, "")
    assert "fits 2 contracts" in ran.err
    assert "halden-coa@2.3.0, northvale-coa@2.3.0" in ran.err


def test_without_a_contract_a_file_that_fits_none_lists_all(jid: Any, samples: Samples) -> None:
    path, _ = named(samples, "half_13_r1.xlsx")
    ran = jid("check", path)
    assert (ran.code, ran.out) == (2, "")
    assert "fits no contract" in ran.err
    assert "brightwater-coa@2.3.0" in ran.err


@pytest.mark.parametrize("contract", ["northvale-cao", "northvale-coa@9", "nobody"])
def test_an_unknown_contract_lists_the_valid_ones(jid: Any, samples: Samples, contract: str) -> None:
    path, _ = named(samples, "04_r1.json")
    ran = jid("check", path, "--contract", contract)
    assert ran.code == 2
    assert ran.out == ""
    assert contract in ran.err
    for valid in ("northvale-coa@2.3.0", "brightwater-pat@1.4.0", "halden-schedule@1.1.0"):
        assert valid in ran.err
    assert "Traceback" not in ran.err


def test_a_file_that_is_not_there_is_a_usage_error(jid: Any, tmp_path: Path) -> None:
    ran = jid("check", tmp_path / "nowhere.json", "--contract", "northvale-coa")
    assert (ran.code, ran.out) == (2, "")
    assert "nowhere.json" in ran.err
    ran = jid("check", tmp_path, "--contract", "northvale-coa")
    assert (ran.code, ran.out) == (2, "")
    ran = jid("check", "--contract", "northvale-coa")
    assert ran.code == 2
    assert "name at least one file" in ran.err


def test_a_file_that_holds_nothing_or_rubbish_is_the_partners_finding(jid: Any, tmp_path: Path) -> None:
    for n, data in enumerate((b"", b"{", b"\x00\xff\xfe" * 50, b"<html><body>502 Bad Gateway</body></html>")):
        path = tmp_path / f"{n}.json"
        path.write_bytes(data)
        ran = jid("check", path, "--contract", "northvale-coa")
        assert ran.code == 1, ran.said
        assert re.match(r"error\[FILE-E\d+\]: ", ran.out)
        assert path.read_bytes() == data


def test_no_hub_is_needed_and_nothing_is_asked_of_the_network(
    jid: Any, samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("jid check opened a socket")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    folder, made = samples
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    for sample in made:
        if "/coa/" in sample.file:
            assert jid("check", folder / sample.file, "--contract", sample.contract).code == wanted_exit(sample)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert list(tmp_path.iterdir()) == []


def test_in_a_shell_the_report_is_on_stdout_and_nothing_else_is_said(jid_process: Any, samples: Samples) -> None:
    path, sample = named(samples, "04_r1.json")
    ran = jid_process("check", path, "--contract", sample.contract)
    assert ran.code == 1
    assert ran.out.startswith("error[COA-E501]")
    assert "\x1b" not in ran.out  # no colour into a pipe
    assert ran.out.endswith(" need the hub. jid explain COA-E501\n")
    assert ran.err == ""
