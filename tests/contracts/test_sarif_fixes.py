"""A change that a code review tool may apply by itself is true: put into the file, it makes its finding go away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.inspection import inspect
from contracts.codes import codes
from contracts.context import Context
from contracts.history import RecordHistory
from contracts.kit.bad import bad
from contracts.odcs import load_catalog
from contracts.render.sarif import sarif

NAMES = ("northvale-coa", "northvale-schedule")


def cases() -> list[tuple[str, str]]:
    made = ((name, code, bad(load_catalog().get(name), code)) for name in NAMES for code in sorted(codes()))
    return [
        (name, code) for name, code, one in made if one is not None and one.form.format == "json" and not one.earlier
    ]


def _applied(text: str, change: dict[str, Any]) -> str:
    """The text with one SARIF replacement: lines and columns count from 1, the end column is not part of it."""
    region, lines = change["deletedRegion"], text.split("\n")
    line = lines[region["startLine"] - 1]
    lines[region["startLine"] - 1] = (
        line[: region["startColumn"] - 1] + change["insertedContent"]["text"] + line[region["endColumn"] - 1 :]
    )
    return "\n".join(lines)


def test_every_change_that_is_offered_makes_its_finding_go_away(tmp_path: Path) -> None:
    offered = set()
    for name, code in cases():
        contract = load_catalog().get(name)
        one = bad(contract, code)
        assert one is not None
        path = tmp_path / one.name
        path.write_bytes(one.data)
        context = one.context or Context(history=RecordHistory())
        report = inspect(path, file=one.name, contract=contract, context=context).report
        for result in json.loads(sarif(report))["runs"][0]["results"]:
            for fix in result.get("fixes", ()):
                (change,) = fix["artifactChanges"][0]["replacements"]
                path.write_text(_applied(one.data.decode(), change))
                after = inspect(path, file=one.name, contract=contract, context=context).report
                same = [f for f in after.findings if f.fingerprint == result["partialFingerprints"]["justindata/v1"]]
                assert same == [], (name, code, change)
                assert not {f.code for f in after.findings} & {"FILE-E401", "FILE-E402", "FILE-E405"}, (code, change)
                offered.add(result["ruleId"])
    assert offered == {"COA-E103", "COA-E104", "COA-E202", "COA-E206", "FILE-E208"}


@pytest.mark.parametrize(("written", "meant"), [("7.4", '"7.4"'), ('"1"', "1")])
def test_a_wrong_type_is_changed_with_its_quotes(tmp_path: Path, written: str, meant: str) -> None:
    contract = load_catalog().get("northvale-coa")
    at = '"revision": 1' if meant == "1" else '"value": "7.4"'
    from contracts.kit.good import good
    from contracts.kit.write import write

    form = next(s for s in contract.schema.sources if s.format == "json")
    text = write(good(contract), form).decode()
    assert at in text
    path = tmp_path / "c.json"
    path.write_text(text.replace(at, f"{at.split(': ')[0]}: {written}", 1))
    report = inspect(path, file="c.json", contract=contract).report
    (result,) = json.loads(sarif(report))["runs"][0]["results"]
    (change,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    assert change["insertedContent"]["text"] == meant
    path.write_text(_applied(path.read_text(), change))
    assert inspect(path, file="c.json", contract=contract).report.findings == ()
