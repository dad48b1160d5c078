"""Promise: a historian's answer is read in columns when it is regular, and with a reason for each odd point when it is
not; both ways give the same rows, and a row can be pointed at in the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.formats import open_series, pi_points
from connectors.formats.reading import Reading
from contracts.contract import Safety, SourceForm
from contracts.document import FormProblem, SeriesSource
from tests.connectors.format_support import accepting, contract

PAT = contract("pat")
STATE = {"Name": "Bad Input", "Value": 255, "IsSystem": True}


def point(second: int, value: Any = 7.25, **change: Any) -> dict[str, Any]:
    return {
        "Timestamp": f"2026-11-20T15:04:{second:02d}.0000000Z",
        "Value": value,
        "UnitsAbbreviation": "",
        "Good": True,
        "Questionable": False,
        "Substituted": False,
        "Annotated": False,
    } | change


def stream(name: str, *points: Any, unit: str = "[pH]", **more: Any) -> dict[str, Any]:
    return {
        "WebId": f"w-{name}",
        "Name": name,
        "Path": f"\\\\pi\\{name}",
        "Items": list(points),
        "UnitsAbbreviation": unit,
    } | more


def answer(*streams: Any) -> dict[str, Any]:
    return {"Links": {}, "Items": list(streams)}


PLAIN = answer(
    stream("BR01.PH", point(0), point(1, 7), point(2, STATE, Good=False), point(3, None, Good=False)),
    stream("BR01.NONE", unit="%"),
    stream("BR01.DO", point(0, 41.5, Questionable=True), point(1, 4e1, UnitsAbbreviation="mg/L"), unit="%"),
)


def opened(tmp_path: Path, body: Any, **options: int) -> SeriesSource:
    data = body if isinstance(body, bytes) else json.dumps(body, indent=1).encode()
    path = tmp_path / "pi.json"
    path.write_bytes(data)
    return open_series(path, file="pi.json", contract=PAT, **options)


def rows_of(source: SeriesSource) -> pa.Table:
    return pa.Table.from_batches([b.rows for b in source.batches()])


def problems_of(source: SeriesSource) -> list[FormProblem]:
    return [p for b in source.batches() for p in b.problems]


def test_points_become_rows_with_quality_words_and_units(tmp_path: Path) -> None:
    source = opened(tmp_path, PLAIN)
    table = rows_of(source)
    assert problems_of(source) == []
    assert table["tag"].to_pylist() == ["BR01.PH"] * 4 + ["BR01.DO"] * 2
    assert table["ts"].to_pylist()[:2] == [datetime(2026, 11, 20, 15, 4, s, tzinfo=UTC) for s in (0, 1)]
    assert table["value"].to_pylist() == [7.25, 7.0, None, None, 41.5, 40.0]
    assert table["quality"].to_pylist() == ["GOOD", "GOOD", "BAD", "BAD", "UNCERTAIN", "GOOD"]
    assert table["unit"].to_pylist() == ["[pH]"] * 4 + ["%", "mg/L"]
    assert table.schema.field("tag").type == pa.dictionary(pa.int32(), pa.string())


def test_a_regular_answer_reads_the_same_both_ways() -> None:
    data = json.dumps(PLAIN).encode()
    fast = pi_points.regular(data)
    slow = pi_points.irregular(data, Reading("pi.json", PAT, SourceForm("piwebapi")))
    assert fast is not None
    for one, other in ((fast, slow),):
        assert (one.names, one.counts) == (other.names, other.counts)
        assert one.ts.to_pylist() == other.ts.to_pylist()
        assert one.value.to_pylist() == other.value.to_pylist()
        assert one.quality.tolist() == other.quality.tolist()
        assert one.unit.to_pylist() == other.unit.to_pylist()


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (answer(), 0),
        (answer(stream("BR01.PH")), 0),
        ({"Items": [point(0), point(1)], "Name": "BR01.PH", "UnitsAbbreviation": "[pH]"}, 2),
        ({"Items": [], "UnitsAbbreviation": "[pH]"}, 0),
    ],
)
def test_an_empty_answer_and_a_single_stream_are_fine(tmp_path: Path, body: Any, rows: int) -> None:
    source = opened(tmp_path, body)
    table = rows_of(source)
    assert problems_of(source) == []
    assert table.num_rows == rows
    assert table["tag"].to_pylist() == ["BR01.PH"] * rows


def test_a_point_has_pointer_line_column_tag_and_time(tmp_path: Path) -> None:
    source = opened(tmp_path, PLAIN)
    list(source.batches())
    place = source.locate(4, "value")
    assert place.pointer == "/Items/2/Items/0/Value"
    assert (place.row, place.tag, place.ts) == (4, "BR01.DO", "2026-11-20T15:04:00.0000000Z")
    text = json.dumps(PLAIN, indent=1).split("\n")
    assert text[place.line - 1][place.column - 1 :].startswith("41.5,")
    state = source.locate(2, "value")
    assert text[state.line - 1][state.column - 1 :].startswith("{")
    excerpt = source.excerpt(4, "value")
    assert excerpt is not None
    assert "41.5" in excerpt.lines[0].cells[0]


def test_the_excerpt_of_a_compact_answer_marks_the_value(tmp_path: Path) -> None:
    source = opened(tmp_path, json.dumps(PLAIN).encode())
    list(source.batches())
    excerpt = source.excerpt(5, "value")
    assert excerpt is not None
    line = excerpt.lines[0].cells[0]
    assert line[excerpt.mark_from : excerpt.mark_to] == "40.0"
    assert line.startswith('{"Timestamp"')


def test_an_error_inside_a_successful_answer_is_told(tmp_path: Path) -> None:
    broken = stream("BR01.DO", point(0), Errors=[{"FieldName": "Items", "Message": ["archive offline"]}])
    source = opened(tmp_path, answer(stream("BR01.PH", point(0)), broken))
    (problem,) = problems_of(source)
    assert (problem.code, problem.where.pointer) == ("PAT-E502", "/Items/1/Errors")
    assert rows_of(source).num_rows == 2
    lonely = {"Errors": ["no such stream"], "Items": []}
    assert [p.code for p in problems_of(opened(tmp_path, lonely))] == ["PAT-E502"]


@pytest.mark.parametrize(
    ("odd", "field"),
    [
        (point(1, "7.2"), "value"),
        (point(1, True), "value"),
        (point(1, [7.2]), "value"),
        (point(1, Timestamp=1763650000), "ts"),
        (point(1, Timestamp="20/11/2026"), "ts"),
        (point(1, Good="yes"), "quality"),
        (7.2, "ts"),
    ],
)
def test_an_odd_point_is_one_row_with_a_reason(tmp_path: Path, odd: Any, field: str) -> None:
    source = opened(tmp_path, answer(stream("BR01.PH", point(0), odd, point(2))))
    (problem,) = problems_of(source)
    assert (problem.code, problem.field, problem.rows) == ("FILE-E208", field, (1,))
    assert problem.where.pointer is not None
    assert problem.where.pointer.startswith("/Items/0/Items/1")
    table = rows_of(source)
    assert table.num_rows == 3
    assert table[field].is_null().to_pylist() == [False, True, False]


def test_a_time_without_offset_is_named(tmp_path: Path) -> None:
    source = opened(tmp_path, answer(stream("BR01.PH", point(0), point(1, Timestamp="2026-11-20T15:04:01"))))
    (problem,) = problems_of(source)
    assert (problem.code, problem.rows) == ("PAT-E108", (1,))
    assert problem.where.pointer == "/Items/0/Items/1/Timestamp"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            b'{"Items": [{"Name": "a", "Items": [{"Timestamp": "2026-11-20T15:04:00Z", "Value": 1, "Value": 2}]}]}',
            "FILE-E404",
        ),
        (b'{"Items": [{"Name": "a", "Items": [{"Timestamp": "2026-11-20T15:04:00Z", "Value": NaN}]}]}', "FILE-E405"),
        (b'{"Items": [{"Name": "a", "Items": [{"Timestamp": "2026-11-20T15:04', "FILE-E402"),
        (b'{"Items": {"a": 1}}', "FILE-E207"),
        (b'{"value": 3}', "FILE-E207"),
        (b"[]", "FILE-E207"),
        (b"{" + b'"a":{' * 3000 + b"}" * 3001, "FILE-E603"),
    ],
)
def test_what_is_no_such_answer_is_a_finding_without_rows(tmp_path: Path, text: bytes, code: str) -> None:
    batches = list(opened(tmp_path, text).batches())
    assert sum(b.rows.num_rows for b in batches) == 0
    assert [p.code for b in batches for p in b.problems] == [code]


def test_a_value_beyond_a_double_is_infinite_and_left_to_the_rule(tmp_path: Path) -> None:
    text = json.dumps(answer(stream("BR01.PH", point(0, 123.5)))).replace("123.5", "1e999").encode()
    assert rows_of(opened(tmp_path, text))["value"].to_pylist() == [float("inf")]


def test_problems_go_with_the_batch_of_their_rows(tmp_path: Path) -> None:
    points = [point(s, "x" if s in (3, 17) else 7.0) for s in range(20)]
    batches = list(opened(tmp_path, answer(stream("BR01.PH", *points)), batch_rows=10).batches())
    assert [(b.first_row, [p.rows for p in b.problems]) for b in batches] == [(0, [(3,)]), (10, [(17,)])]


def test_a_point_without_good_has_no_quality(tmp_path: Path) -> None:
    bare = {"Timestamp": "2026-11-20T15:04:00Z", "Value": 7.1}
    table = rows_of(opened(tmp_path, answer(stream("BR01.PH", bare, bare))))
    assert table["quality"].to_pylist() == [None, None]


def test_fields_that_a_historian_never_sends_must_be_optional(tmp_path: Path) -> None:
    strict = accepting(contract("pat", "brightwater"), SourceForm("piwebapi"))
    path = tmp_path / "pi.json"
    path.write_bytes(json.dumps(PLAIN).encode())
    source = open_series(path, file="pi.json", contract=replace(strict, safety=Safety()))
    assert {(p.code, p.field) for p in problems_of(source)} >= {("FILE-E207", "batch_id")}


@pytest.mark.parametrize("wrong", [0, 7.5, True, "x"])
@pytest.mark.parametrize("key", ["Name", "UnitsAbbreviation", "State", "Good"])
def test_the_fast_way_never_makes_another_reading_than_the_strict_one(key: str, wrong: Any) -> None:
    for body in (
        answer(stream("BR01.PH", point(0, **{key: wrong}), point(1))),
        answer(stream("BR01.PH", point(0), **{key: wrong})),
        answer(stream("BR01.PH", *(point(n, Questionable=True) | {"Good": None} for n in range(2)))),
        answer(stream("BR01.PH", point(0), unit="")),
    ):
        data = json.dumps(body).encode()
        fast = pi_points.regular(data)
        slow = pi_points.irregular(data, Reading("pi.json", PAT, SourceForm("piwebapi")))
        if fast is not None:
            assert (fast.names, slow.problems) == (slow.names, [])
            assert fast.quality.tolist() == slow.quality.tolist()
            assert fast.unit.to_pylist() == slow.unit.to_pylist()


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'"Bad Input"', b'"Bad Input"n'),
        (b'"IsSystem": true', b'IsSystem": true'),
        (b'"Value": 255', b'"Value": 0255'),
        (b"Bad Input", b"Bad\\dInput"),
        (b"Bad Input", b"Bad\nInput"),
        (b"w-BR01.NONE", b"w-\xff"),
        (b"w-BR01.NONE", b"w-\\ud800"),
    ],
)
def test_what_is_no_json_is_left_to_the_strict_reader_wherever_it_stands(good: bytes, bad: bytes) -> None:
    data = json.dumps(PLAIN).encode()
    assert pi_points.regular(data) is not None
    assert good in data
    assert pi_points.regular(data.replace(good, bad, 1)) is None
