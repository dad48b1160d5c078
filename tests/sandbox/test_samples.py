"""Promise kept here: what the story says of each of its files is what the project's one way to judge a file says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.inspection import inspect
from contracts.shelf import Catalog
from sandbox.samples import Sample, write_samples
from sandbox.story import Story


def found_at(folder: Path, sample: Sample, catalog: Catalog) -> tuple[str, set[tuple[str, str | None]]]:
    """Verdict, and (code, place) of each finding; a place is a pointer or a tag as the sample names it."""
    contract = next(c for c in catalog.all() if c.id == sample.contract)
    report = inspect(folder / sample.file, file=Path(sample.file).name, contract=contract).report
    named = {at for _, at in sample.places}
    found: set[tuple[str, str | None]] = set()
    for finding in report.findings:
        seen = {at for place in finding.where for at in (place.pointer, place.tag)}
        found.add((finding.code, next(iter(sorted(at for at in seen & named if at)), None)))
    return report.verdict.value, found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> tuple[Path, list[Sample]]:
    folder = tmp_path_factory.mktemp("samples")
    return folder, write_samples(folder, catalog, Story(2611, datetime(2026, 11, 22, 5, 12, 30, tzinfo=UTC)))


def test_every_file_is_judged_as_the_story_says(written: tuple[Path, list[Sample]], catalog: Catalog) -> None:
    folder, made = written
    wrong = {}
    for sample in made:
        verdict, found = found_at(folder, sample, catalog)
        if (verdict, found) != (sample.verdict, set(sample.places)):
            wrong[sample.file] = (verdict, found)
    assert not wrong


def test_every_defect_of_the_story_is_among_the_samples(written: tuple[Path, list[Sample]]) -> None:
    codes = {code for sample in written[1] for code in sample.codes}
    assert codes == {
        *("COA-E104", "COA-E108", "COA-E201", "COA-E302", "COA-E304", "COA-E501"),
        *("FILE-E206", "FILE-E402", "PAT-E102", "PAT-E303", "PAT-E305", "PAT-E404"),
    }


def test_expected_json_lists_every_file(written: tuple[Path, list[Sample]]) -> None:
    folder, _ = written
    listed = json.loads((folder / "expected.json").read_text())
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"expected.json"}
    assert {entry["file"] for entry in listed} == there
    broken = next(entry for entry in listed if entry["file"].endswith("LV-2611-04_COA-2611004_r1.json"))
    assert broken["verdict"] == "rejected"
    assert {"code": "COA-E501", "at": "/mfg_date"} in broken["places"]
