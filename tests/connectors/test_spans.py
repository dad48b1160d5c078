"""Promise kept here: an item of a page is archived byte for byte, whatever is around it and wherever the page ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import BadAnswer
from connectors.transports.spans import cut
from connectors.transports.templates import fill

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(values, max_size=5), st.text(), values, st.sampled_from([None, 1]), st.booleans())
def test_items_are_slices_and_parse_as_themselves(
    items: list[Any], token: str, other: Any, indent: int | None, ascii: bool
) -> None:
    page = {"before": other, "data": items, "meta": {"next": token, "more": other}}
    data = json.dumps(page, indent=indent, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    found = cut(data, "$.data", ["$.meta.next"])
    assert found.broken is None
    assert [json.loads(item.data) for item in found.items] == items
    assert all(item.data in data for item in found.items)
    assert found.values == {"$.meta.next": token}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=3), values, max_size=2), min_size=1, max_size=3), st.data())
def test_a_page_cut_anywhere_gives_only_whole_items(items: list[Any], draw: st.DataObject) -> None:
    data = json.dumps({"data": items, "next": 1}).encode()
    at = draw.draw(st.integers(0, len(data) - 1))
    try:
        found = cut(data[:at], "$.data", ["$.next"])
    except BadAnswer:
        pytest.fail("a cut page is broken, not of another shape")
    assert found.broken is not None
    assert found.broken.truncated
    assert [json.loads(item.data) for item in found.items] == items[: len(found.items)]


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b'{"data": [1, 2}', 1, 15),
        (b'{"data": [\n  {"a": 1},\n  {"a" 1}, {"a": 12345}]}', 3, 8),
        (b'{"data": []} {"data": []}', 1, 14),
        (b"{'data': [] , 'more': 123}", 1, 2),
    ],
)
def test_what_is_not_json_is_shown_by_line_and_column(data: bytes, line: int, column: int) -> None:
    broken = cut(data, "$.data").broken
    assert broken is not None
    assert (broken.line, broken.column) == (line, column)


def test_what_is_wrong_inside_an_item_is_left_to_the_reader() -> None:
    odd = [b'{"a":NaN}', b'{"a":1,"a":2}', b'"\xff\xfe"', b'{"big":1e999}', b'"a\tb"', b"-0"]
    found = cut(b"\xef\xbb\xbf[" + b" , ".join(odd) + b"]\n", "$")
    assert [item.data for item in found.items] == odd
    assert found.broken is None


def test_deep_nesting_breaks_the_page_and_not_the_worker() -> None:
    found = cut(b'{"data": [1, ' + b"[" * 200_000, "$.data")
    assert [item.data for item in found.items] == [b"1"]
    assert found.broken is not None


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"no": "COA-1", "rev": "2", "spec": {"id": "S"}}, "COA-1:2:S"),
        ({"no": "COA-1", "rev": None, "spec": {"id": "S"}}, None),
        ({"no": "COA-1", "spec": {"id": "S"}}, None),
        ({"no": ["COA-1"], "rev": "2", "spec": {"id": "S"}}, None),
        ({"no": "{rev}", "rev": "2", "spec": {"id": True}}, "{rev}:2:true"),
        ("text", None),
    ],
)
def test_names_are_made_from_fields_or_not_at_all(fields: Any, name: str | None) -> None:
    assert fill("{no}:{rev}:{spec.id}", fields) == name
