"""Promise: every defect of a series in the catalogue is found with its own code, at its place, in its page's words, and
doing what the fix says makes the finding go away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from connectors.inspection import Inspection, inspect
from contracts.codes import codes
from contracts.context import Context
from contracts.contract import Contract, SourceForm
from contracts.explain import page
from contracts.finding import Finding, Verdict
from contracts.kit.bad import Bad, bad
from contracts.kit.bad.series import MAKERS
from contracts.kit.good import good
from contracts.kit.write import suffix, write
from contracts.levels import levels
from contracts.odcs import load_catalog, load_file
from contracts.series.trace import SeriesTrace, TraceHistory

REFERENCE = Path(__file__).resolve().parents[2] / "contracts" / "pages" / "reference"
PAT = tuple(code for code in codes() if code.startswith("PAT-"))
SILENT = "PAT-E101"  # that nothing came is the due plan's to say: no file shows it


@cache
def contracts() -> dict[str, Contract]:
    own = (load_file(REFERENCE / name) for name in ("series.odcs.yaml", "series-relative.odcs.yaml"))
    return {c.id: c for c in (*own, *load_catalog().all()) if c.kind == "pat"}


def judged(data: bytes, made: Bad, contract: Contract, folder: Path) -> Inspection:
    """As it would be judged after everything earlier was accepted."""
    history = [_inspected(early, made.name, contract, folder, Context()).trace for early in made.earlier]
    traces = [trace for trace in history if trace is not None]
    context = made.context or Context()
    if traces:
        context = replace(context, series=TraceHistory(traces))
    return _inspected(data, made.name, contract, folder, context)


def _inspected(data: bytes, name: str, contract: Contract, folder: Path, context: Context) -> Inspection:
    path = folder / name
    path.write_bytes(data)
    return inspect(path, file=name, contract=contract, context=context)


@cache
def example(code: str) -> tuple[Contract, Bad]:
    shown = page(code).example
    assert shown is not None
    contract = contracts()[shown.contract]
    made = bad(contract, code)
    assert made is not None
    return contract, made


def finding(found: Sequence[Finding], code: str) -> Finding:
    return next(f for f in found if f.code == code)


def test_each_defect_of_the_catalogue_has_its_codes_with_a_bad_file_and_a_page() -> None:
    defects = {d for code in codes().values() for d in code.defects if d.startswith("P")}
    assert defects == {f"P{number:02}" for number in range(1, 21)}
    assert {code for code in PAT if "P01" in codes()[code].defects} == {SILENT}
    assert set(MAKERS) == set(PAT) - {SILENT}
    assert [page(code).code for code in PAT] == list(PAT)


@pytest.mark.parametrize("code", sorted(MAKERS))
def test_a_bad_file_fails_with_just_its_code_in_the_words_of_its_page(code: str, tmp_path: Path) -> None:
    contract, made = example(code)
    report = judged(made.data, made, contract, tmp_path).report
    assert {f.code for f in report.findings} == {code, *made.also}
    found = finding(report.findings, code)
    shown = page(code).example
    assert shown is not None
    assert found.message == shown.message
    clause = next(c for c in contract.clauses if c.id == found.clause.id)
    assert (found.severity, found.action) == (levels(contract, clause, code)[0], codes()[code].action)
    assert found.clause.line > 1
    assert found.where[0].file == made.name


@pytest.mark.parametrize("code", sorted(MAKERS))
def test_the_place_of_a_finding_is_the_line_that_was_spoiled(code: str, tmp_path: Path) -> None:
    contract, made = example(code)
    if made.form.format != "csv" or made.data.count(b"\n") != made.fixed.count(b"\n"):
        pytest.skip("no line against line: rows are missing or added, or the form has no rows")
    lines = zip(made.data.splitlines(), made.fixed.splitlines(), strict=True)
    spoiled = [number for number, (one, other) in enumerate(lines, start=1) if one != other]
    found = finding(judged(made.data, made, contract, tmp_path).report.findings, code)
    told = [place.line for place in found.where if place.line is not None]
    if not told:
        pytest.skip("about the file as a whole")
    if len(spoiled) == 1:
        assert told[0] == spoiled[0]
    else:
        assert spoiled[0] <= told[0] <= spoiled[-1]


@pytest.mark.parametrize("code", sorted(MAKERS))
def test_doing_what_the_fix_says_makes_the_finding_go_away(code: str, tmp_path: Path) -> None:
    contract, made = example(code)
    report = judged(made.fixed, made, contract, tmp_path).report
    assert [f.code for f in report.findings] == []
    assert report.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("name", ["northvale-pat", "brightwater-pat", "halden-pat"])
def test_bad_files_of_the_shipped_contracts_fail_with_just_their_code(name: str, tmp_path: Path, scale: str) -> None:
    contract = contracts()[name]
    made = [one for code in sorted(MAKERS) if (one := bad(contract, code)) is not None]
    assert len(made) > 20
    for one in made if scale == "full" else made[:: len(made) // 4]:
        found = judged(one.data, one, contract, tmp_path).report.findings
        assert {f.code for f in found} == {one.code, *one.also}, one.code
        assert judged(one.fixed, one, contract, tmp_path).report.findings == (), one.code


def forms() -> list[tuple[Contract, SourceForm]]:
    return [(c, form) for c in contracts().values() if c.id.startswith("reference") for form in c.schema.sources]


@pytest.mark.parametrize(("contract", "form"), forms(), ids=lambda value: getattr(value, "format", "contract"))
def test_a_good_series_of_a_reference_contract_is_accepted(
    contract: Contract, form: SourceForm, tmp_path: Path
) -> None:
    name = f"good.{suffix(form)}"
    report = _inspected(write(good(contract), form), name, contract, tmp_path, Context()).report
    assert report.findings == ()
    assert report.coverage.could_not_evaluate == 0


@pytest.mark.parametrize("code", [c for c in sorted(MAKERS) if c not in ("PAT-E106", "PAT-E109")])
def test_the_form_of_a_file_changes_nothing(code: str, tmp_path: Path) -> None:
    """What CSV shows, lines of JSON show too: the same codes, messages and rows."""
    contract, made = example(code)
    other = next((f for f in contract.schema.sources if f.format == "ndjson"), None)
    if made.form.format != "csv" or other is None or code == "PAT-E302":  # JSON has no NaN
        pytest.skip("this form of the file only")
    single = replace(contract, schema=replace(contract.schema, sources=(other,)))
    again = bad(single, code)
    assert again is not None
    found, told = (
        [(f.code, f.message, f.count, [w.row for w in f.where]) for f in judged(b.data, b, c, tmp_path).report.findings]
        for b, c in ((made, contract), (again, single))
    )
    assert found == told


def test_a_trace_survives_being_written_down(tmp_path: Path) -> None:
    contract, made = example("PAT-E209")
    trace = _inspected(made.earlier[0], made.name, contract, tmp_path, Context()).trace
    assert trace is not None
    assert trace.prints
    assert SeriesTrace.from_dict(trace.to_dict()) == trace
    with pytest.raises(ValueError, match="not a series trace"):
        SeriesTrace.from_dict({"format": "other"})
