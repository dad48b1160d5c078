"""Equal findings are one with a count from the fifth on, with at most twenty places (contracts.md 5.5)."""

from __future__ import annotations

import copy

import pytest

from tests.contracts.document_support import check, clean


@pytest.mark.parametrize(("missing", "counts"), [(1, [1]), (4, [1, 1, 1, 1]), (5, [5]), (14, [14])])
def test_five_equal_findings_are_one(shared: object, missing: int, counts: list[int]) -> None:
    record = clean()
    for result in record["results"][:missing]:
        del result["lab_site"]
    found = [f for f in check(record)[1].findings if f.code == "FILE-E207"]
    assert [f.count for f in found] == counts
    assert [f.shown for f in found] == counts
    assert sum(len(f.where) for f in found) == missing


def test_a_group_shows_twenty_places_and_counts_all(shared: object) -> None:
    record = clean()
    first = record["results"][0]
    for number in range(2, 32):
        record["results"].append(copy.deepcopy(first) | {"replicate": number})
        del record["results"][-1]["lab_site"]
    (found,) = [f for f in check(record)[1].findings if f.code == "FILE-E207"]
    assert (found.count, found.shown, len(found.where)) == (30, 20, 20)
