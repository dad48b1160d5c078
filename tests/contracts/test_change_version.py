"""Promise: the version says what changed. The smallest one is proposed, and one that promises less is refused."""

from __future__ import annotations

import pytest

from contracts.change import suggested, too_small
from contracts.change.version import numbers
from tests.contracts.change_support import change

SMALLER = ("maxItems: 200", "maxItems: 100")  # major
LARGER = ("maxItems: 200", "maxItems: 300")  # minor
WORDS = ("domain: vector-release", "domain: release")  # patch


@pytest.mark.parametrize(
    ("edit", "written", "proposed", "refused"),
    [
        (SMALLER, "2.3.0", "3.0.0", True),
        (SMALLER, "2.4.0", "3.0.0", True),
        (SMALLER, "3.0.0", "3.0.0", False),
        (LARGER, "2.3.1", "2.4.0", True),
        (LARGER, "2.4.0", "2.4.0", False),
        (LARGER, "3.0.0", "2.4.0", False),
        (WORDS, "2.3.0", "2.3.1", True),
        (WORDS, "2.3.1", "2.3.1", False),
        (("status: active", "status: deprecated"), "2.3.0", "2.3.0", False),
        (WORDS, "2.2.9", "2.3.1", True),
    ],
)
def test_the_version_must_say_what_changed(edit: tuple[str, str], written: str, proposed: str, refused: bool) -> None:
    told = change("northvale-coa", edit, ("version: 2.3.0", f"version: {written}"))
    assert suggested(told) == proposed
    assert too_small(told) is refused


def test_versions_count_by_number() -> None:
    assert numbers("2.10.0") > numbers("2.9.9")
    assert numbers("3.0.0-rc.1") == (3, 0, 0)
    assert numbers("2") == (2, 0, 0)
