"""Promise kept here: every code of lint has a page, and its example is true: the shipped contract with that one change
gives this code and these words, and nothing else wrong.
"""

from __future__ import annotations

import pytest

from contracts.codes import Severity, codes
from contracts.explain import page
from contracts.lint import lint
from contracts.odcs import CATALOG

CODES = [code for code in codes() if code.startswith("CON-E1")]
CONTRACT = CATALOG / "northvale" / "coa.odcs.yaml"


@pytest.mark.parametrize("code", CODES)
def test_the_example_of_a_page_is_what_lint_says(code: str) -> None:
    example = page(code).example
    assert example is not None
    text = CONTRACT.read_text(encoding="utf-8")
    assert example.contract == "northvale-coa"
    at = text.index(example.good)
    spoilt = text.replace(example.good, example.bad, 1)
    found = lint(spoilt.encode(), str(CONTRACT))
    (problem,) = [p for p in found if p.code == code]
    assert problem.message == example.message
    assert problem.help
    first = text[:at].count("\n") + 1
    assert first <= problem.line <= first + example.bad.count("\n") + 1
    assert [p for p in found if p is not problem and p.severity is Severity.ERROR] == []


def test_the_contract_of_the_examples_has_no_problem() -> None:
    assert lint(CONTRACT.read_bytes(), str(CONTRACT)) == []
