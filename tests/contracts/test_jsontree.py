"""JSON is read strictly and every value has its place: numbers keep their text, a key twice is refused."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from contracts.document import RawNumber
from contracts.jsontree import read_json


@pytest.mark.parametrize(
    ("data", "code", "label"),
    [
        (b"", "FILE-E401", "1:1"),
        (b" \n ", "FILE-E401", "1:1"),
        (b'{"a":tru', "FILE-E402", "1:9"),
        (b'{"a":"x', "FILE-E402", "1:8"),
        (b'{"a":1.', "FILE-E402", "1:8"),
        (b'{"a":1', "FILE-E402", "1:7"),
        (b'{"a":"\\u12', "FILE-E402", "1:11"),
        (b"[1,\n2", "FILE-E402", "2:2"),
        (b'{"a":1}}', "FILE-E405", "1:8"),
        (b"{'a':1}", "FILE-E405", "1:2"),
        (b'{"a":NaN}', "FILE-E405", "1:6"),
        (b'{"s":"NaN","a":-Infinity}', "FILE-E405", "1:16"),
        (b'{"a":1,}', "FILE-E405", "1:8"),
        (b'{"a":"\\ud800"}', "FILE-E405", "1:7"),
        (b'{"a":"\\u0000"}', "FILE-E102", "1:7"),
        (b'{"a":1,"a":2}', "FILE-E404", "1:8"),
        (b'{"a" :1,"a":2}', "FILE-E404", "1:9"),
        (b'{"x":"\\":","a":1,"a":2}', "FILE-E404", "1:18"),
        (b'{"a":"\xe4"}', "FILE-E102", "1:7"),
        (b"[" * 30_000, "FILE-E603", "1:1"),
        (b"[" * 65 + b"]" * 65, "FILE-E603", "1:1"),
    ],
)
def test_what_is_no_clean_json_has_a_code_and_a_place(data: bytes, code: str, label: str) -> None:
    tree = read_json(data, file="f.json")
    assert tree.root is None
    assert [(p.code, p.where.label()) for p in tree.problems] == [(code, label)]


def test_every_repeated_key_is_named_with_the_place_of_its_second_coming() -> None:
    tree = read_json(b'{"b":{"c":1,"c":2},"a":[{"x":1},{"x":1,"x":2}]}', file="f")
    assert [(p.where.pointer, p.where.column) for p in tree.problems] == [("/b/c", 13), ("/a/1/x", 40)]


def test_the_same_key_in_two_objects_is_no_repetition() -> None:
    assert read_json(b'{"a":{"k":1},"b":{"k":"\\"k\\":"}}', file="f").problems == ()


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
def test_another_encoding_that_decodes_without_doubt_is_read_and_noted(mark: str) -> None:
    tree = read_json('{"a":"ä"}'.encode(mark), file="f")
    assert tree.root == {"a": "ä"}
    assert [p.code for p in tree.problems] == ["FILE-E101"]


def test_utf_16_without_a_mark_is_told_by_its_zeros() -> None:
    tree = read_json('{"a":"text"}'.encode("utf-16-le"), file="f")
    assert tree.root == {"a": "text"}
    assert [p.code for p in tree.problems] == ["FILE-E101"]


def test_damage_of_an_earlier_conversion_is_found() -> None:
    tree = read_json('{"a":"5 Â°C"}'.encode(), file="f")
    assert [(p.code, p.where.label(), p.found) for p in tree.problems] == [("FILE-E102", "1:9", "Â°")]


def test_numbers_keep_their_digits_and_their_kind() -> None:
    root = read_json(b'{"a":7.20,"b":1E+08,"c":"7.20","d":-0,"e":true,"f":null}', file="f").root
    assert isinstance(root, dict)
    assert root == {"a": "7.20", "b": "1E+08", "c": "7.20", "d": "-0", "e": True, "f": None}
    assert [isinstance(root[k], RawNumber) for k in "abcd"] == [True, True, False, True]


def random_tree(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.choice(["object", "list", "text", "number", "word"] if depth < 4 else ["text", "number", "word"])
    if kind == "object":
        keys = {
            rng.choice(["a", "b/c", "~", 'q"', "ä", ":", '":']) + str(rng.randrange(9)) for _ in range(rng.randrange(4))
        }
        return {key: random_tree(rng, depth + 1) for key in keys}
    if kind == "list":
        return [random_tree(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {"text": '{"x":[1,2]} \\ \n', "number": rng.random() * 1e3, "word": rng.choice([True, False, None])}[kind]


def pointers(node: Any, at: str = "") -> Any:
    yield at, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from pointers(value, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")


def test_every_value_is_found_where_it_stands(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        value = {"root": random_tree(rng)}
        text = json.dumps(value, indent=rng.choice([None, 1, "\t"]), ensure_ascii=rng.random() < 0.5)
        tree = read_json(text.encode(), file="f")
        assert tree.problems == ()
        lines = text.split("\n")
        for pointer, node in pointers(value):
            place = tree.locate(pointer)
            assert place.line is not None
            assert place.column is not None
            rest = "\n".join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
            assert json.JSONDecoder().raw_decode(rest)[0] == node


def test_an_absent_key_stands_where_its_object_begins() -> None:
    tree = read_json(b'{\n  "a": [\n    {"b": 1}\n  ]\n}', file="f")
    assert tree.locate("/a/0/missing").label() == "3:5"
    assert tree.locate("/a/7/b").label() == "2:8"
    assert tree.locate("/nothing/here").label() == "1:1"


def test_an_excerpt_is_the_line_cut_around_the_mark() -> None:
    data = json.dumps({"long": "x" * 300, "value": "7,2", "tail": "y" * 300}).encode()
    excerpt = read_json(data, file="f").excerpt("/value")
    assert excerpt is not None
    (cell,) = excerpt.lines[0].cells
    assert len(cell) <= 100
    assert cell[excerpt.mark_from : excerpt.mark_to] == '"7,2"'


def test_places_of_a_certificate_cost_little() -> None:
    body = {"results": [{"a": str(i), "b": "text" * 10, "c": 1.5} for i in range(60)]}
    tree = read_json(json.dumps(body).encode(), file="f")
    begin = time.process_time()
    for i in range(60):
        tree.locate(f"/results/{i}/b")
    assert time.process_time() - begin < 0.1


def test_a_key_twice_is_seen_deep_inside() -> None:
    tree = read_json(b'{"a":"x","b":{"c":"1","c":"2"}}', file="f.json")
    assert [p.code for p in tree.problems] == ["FILE-E404"]
