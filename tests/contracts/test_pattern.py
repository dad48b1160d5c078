"""A pattern means what ECMA-262 says and runs in linear time, whatever a stranger wrote.

Promise: contracts.md 1.2 and 4.3 rule 11; the bound is B14: 100 kB of hostile text in under 100 ms.
"""

import time

import pytest

from contracts.errors import PatternRefused
from contracts.pattern import compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("^LV-[0-9]{4}-[0-9]{2,6}$", "LV-2611-04", True),
        ("^LV-[0-9]{4}-[0-9]{2,6}$", "LV-2611-04\n", False),
        ("^LV", "xLV", False),
        ("LV", "xLVx", True),
        (r"^\d+$", "12", True),
        (r"^\d+$", "١٢", False),  # Arabic-Indic digits are no digits in ECMA-262
        (r"^\w+$", "é", False),
        (r"^[\w-]+$", "a-b_C9", True),
        (r"^\s$", "\ufeff", True),
        (r"^\S+$", "a\u00a0b", False),
        (r"^[^\D]$", "5", True),
        (r"^a\/b$", "a/b", True),
        (r"^[a&&b]+$", "&", True),
        (r"^[[]$", "[", True),
        ("^.$", "\u2028", False),
        (r"^\u0041$", "A", True),
        (r"\bend\b", "the end.", True),
        ("^(TBD|LV)$", "TBD", True),
        ("(?<year>[0-9]{4})", "in 2026", True),
    ],
)
def test_a_pattern_means_what_the_standard_says(pattern, text, matches):
    assert compile_pattern(pattern).matches(text) is matches


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", "(?!a)b", "(?<=a)b", r"(a)\1", "[]", "[^]", "(?i)a", "a\\", r"\Aa", "(", "a**b{"]
)
def test_what_has_no_linear_form_is_refused(pattern):
    with pytest.raises(PatternRefused) as refused:
        compile_pattern(pattern)
    assert refused.value.reason


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "(x+x+)+y", r"^(\w+\s?)*$"])
def test_hostile_text_takes_linear_time(pattern):
    run = compile_pattern(pattern)
    began = time.process_time()
    run.matches("a" * 100_000 + "!")
    assert time.process_time() - began < 0.1
