"""Promise: a successful answer that is empty, calculated or cut is told, where the contract asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.formats import open_series
from contracts.contract import SourceForm
from contracts.odcs import load_file
from tests.connectors.format_support import accepting, contract
from tests.connectors.test_format_piwebapi import answer, point, stream

REFERENCE = Path(__file__).resolve().parents[2] / "contracts" / "pages" / "reference" / "series.odcs.yaml"
HOST = "https://pi.example/piwebapi/streams/W1"


def told(folder: Path, body: dict[str, Any], *, asked: bool = True) -> list[tuple[str, str | None]]:
    path = folder / "pi.json"
    path.write_text(json.dumps(body, indent=1), encoding="utf-8")
    made = accepting(load_file(REFERENCE), SourceForm("piwebapi")) if asked else contract("pat", "northvale")
    problems = [p for b in open_series(path, file="pi.json", contract=made).batches() for p in b.problems]
    return [(p.code, p.found) for p in problems]


def linked(**links: str) -> dict[str, Any]:
    return answer(stream("A", point(0), point(1)), stream("B", point(0))) | {"Links": links}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (linked(), []),
        (linked(First=f"{HOST}/recorded?maxCount=3"), []),
        (linked(First=f"{HOST}/recorded?boundaryType=Inside"), []),
        (answer(stream("A"), stream("B")), [("PAT-E503", "no point")]),
        (answer(), [("PAT-E503", "no point")]),
        (linked(First=f"{HOST}/interpolated?interval=5s"), [("PAT-E504", "interpolated")]),
        (linked(Self=f"{HOST}/plot"), [("PAT-E504", "plot")]),
        (linked(Self=f"{HOST}/recorded?boundaryType=Interpolated"), [("PAT-E504", "boundaryType=Interpolated")]),
        (linked(Next=f"{HOST}/recorded?startTime=t"), [("PAT-E505", "a link to a next page")]),
        (linked(First=f"{HOST}/recorded?maxCount=2"), [("PAT-E505", "2 points of one tag, with maxCount 2")]),
        # An error inside speaks for the missing points.
        (answer(stream("A", Errors=["gone"])), [("PAT-E502", None)]),
    ],
)
def test_what_an_answer_says_about_itself(
    tmp_path: Path, body: dict[str, Any], expected: list[tuple[str, str | None]]
) -> None:
    assert told(tmp_path, body) == expected


def test_without_the_rule_nobody_looks(tmp_path: Path) -> None:
    assert told(tmp_path, linked(Next="x"), asked=False) == []
    assert told(tmp_path, answer(stream("A")), asked=False) == []


def test_every_stream_may_have_links_and_the_finding_is_told_once_with_its_line(tmp_path: Path) -> None:
    page = {"Links": {"Next": f"{HOST}/recorded?startTime=t"}}
    body = {"Items": [stream("A", point(0)) | page, stream("B", point(0)) | page]}
    assert told(tmp_path, body) == [("PAT-E505", "a link to a next page")]
    text = (tmp_path / "pi.json").read_text(encoding="utf-8")
    source = open_series(tmp_path / "pi.json", file="pi.json", contract=load_file(REFERENCE), format="piwebapi")
    problem = next(p for b in source.batches() for p in b.problems)
    assert '"Links"' in text.splitlines()[(problem.where.line or 0) - 1]
