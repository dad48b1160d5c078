"""The page of a finding code: what it means, why it matters, how it comes about, and how to fix it in the usual tools.

One file a code in `contracts/pages`. The tests make each page's example as a real file, judge it, and hold the page to
what the engine said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from contracts.yamltree import plain, read_yaml


@dataclass(frozen=True, slots=True)
class Example:
    """A true example. `contract` is an id of the shipped catalog, or the name of a reference contract in
    `contracts/pages/reference` that has every rule of its kind switched on. `message` is the finding's, to the letter.
    """

    contract: str
    message: str
    bad: str
    good: str


@dataclass(frozen=True, slots=True)
class Page:
    """One code explained. `tools` says how to fix it in a named tool (Excel, CSV, JSON, historian)."""

    code: str
    what: str
    why: str
    causes: tuple[str, ...]
    fix: str
    clause: str
    tools: Mapping[str, str] = field(default_factory=dict)
    example: Example | None = None


@cache
def page(code: str) -> Page:
    """The page of a finding code. Raises FileNotFoundError for a code that has none."""
    data = files("contracts").joinpath(f"pages/{code}.yaml").read_bytes()
    body: dict[str, Any] = plain(read_yaml(data).root)
    example = Example(**body["example"]) if "example" in body else None
    rest = {k: v for k, v in body.items() if k not in ("example", "causes")}
    return Page(**rest, causes=tuple(body["causes"]), example=example)
