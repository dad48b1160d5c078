"""Which version a set of changes needs: major when somebody breaks, minor when more is possible, patch for words."""

from __future__ import annotations

import re

from contracts.change.change import Comparison, Part


def numbers(version: str) -> tuple[int, int, int]:
    """`2.3.0-rc.1` as (2, 3, 0); what is missing is 0."""
    found = [int(part) for part in re.findall(r"\d+", re.split(r"[-+]", version)[0])[:3]]
    major, minor, patch = (*found, 0, 0, 0)[:3]
    return major, minor, patch


def suggested(comparison: Comparison) -> str:
    """The smallest version that says what the changes do."""
    major, minor, patch = numbers(comparison.old_version)
    match comparison.part:
        case Part.MAJOR:
            return f"{major + 1}.0.0"
        case Part.MINOR:
            return f"{major}.{minor + 1}.0"
        case Part.PATCH:
            return f"{major}.{minor}.{patch + 1}"
        case _:
            return comparison.old_version


def too_small(comparison: Comparison) -> bool:
    """Whether the written version promises less than what changed."""
    old, new = numbers(comparison.old_version), numbers(comparison.new_version)
    match comparison.part:
        case Part.MAJOR:
            return new[0] <= old[0]
        case Part.MINOR:
            return new[:2] <= old[:2]
        case Part.PATCH:
            return new <= old
        case _:
            return new < old
