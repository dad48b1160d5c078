"""What a successful PI Web API answer says about itself: nothing inside, interpolated values, or more pages to come.

Judged only where the contract has an `envelope` rule. An error inside the answer (PAT-E502) is told in any case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from connectors.formats.reading import Reading
from contracts.document import FormProblem
from contracts.place import Place

if TYPE_CHECKING:
    from connectors.formats.pi_points import Points

# `"Links": {` cannot stand inside a JSON string, whose quotes would be escaped; links hold no braces.
_LINKS = re.compile(rb'"Links"\s*:\s*(\{[^{}]*\})')
_MADE_UP = ("interpolated", "interpolatedattimes", "plot", "summary")
"""Last words of the addresses that answer with calculated values; raw ones come from `recorded`."""


def envelope_problems(data: bytes, points: Points, reading: Reading) -> list[FormProblem]:
    """PAT-E503, E504 and E505, as the contract's `envelope` rule asks for them."""
    rule = next((c for c in reading.contract.clauses if c.kind == "envelope"), None)
    if rule is None:
        return []
    problems = [] if len(points.ts) or points.problems else [_empty(reading)]
    told: set[str] = set()
    for at, links in _links(data):
        for problem in _of_links(links, points, _place(data, at, reading), raw=bool(rule.params.get("raw"))):
            if problem.code not in told:  # every stream of a set may say the same
                told.add(problem.code)
                problems.append(problem)
    return problems


def _of_links(links: dict[str, Any], points: Points, where: Place, *, raw: bool) -> Iterator[FormProblem]:
    addresses = [urlsplit(link) for link in links.values() if isinstance(link, str)]
    queries = [{k.lower(): v[-1].lower() for k, v in parse_qs(address.query).items()} for address in addresses]
    made_up = next((a.path.rpartition("/")[2] for a in addresses if a.path.lower().endswith(_MADE_UP)), None)
    if made_up is None and any(query.get("boundarytype") == "interpolated" for query in queries):
        made_up = "boundaryType=Interpolated"
    if raw and made_up is not None:
        yield FormProblem(
            "PAT-E504",
            "the answer holds interpolated values where raw ones are agreed",
            where,
            found=made_up,
            expected="recorded values",
            fix="ask for recorded values, with boundaryType Inside",
        )
    if isinstance(links.get("Next"), str):
        yield _cut(where, "a link to a next page")
        return
    limit = min((int(query["maxcount"]) for query in queries if query.get("maxcount", "").isdigit()), default=0)
    if limit and max(points.counts, default=0) >= limit:
        yield _cut(where, f"{max(points.counts)} points of one tag, with maxCount {limit}")


def _empty(reading: Reading) -> FormProblem:
    return FormProblem(
        "PAT-E503",
        "the answer holds no point although a batch runs",
        reading.place(),
        found="no point",
        expected="the points of the window",
        fix="check whether the collector of the historian runs and the window is right",
    )


def _cut(where: Place, found: str) -> FormProblem:
    return FormProblem(
        "PAT-E505",
        "the page limit was reached and the rest was not fetched",
        where,
        found=found,
        expected="an answer below its page limit",
        fix="fetch the window in smaller parts, or raise maxCount of the feed",
    )


def _links(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for found in _LINKS.finditer(data):
        try:
            links = json.loads(found.group(1))
        except ValueError:
            continue  # the reader of the points has said that the answer is broken
        if links:
            yield found.start(), links


def _place(data: bytes, at: int, reading: Reading) -> Place:
    begin = data.rfind(b"\n", 0, at) + 1
    return reading.place(data.count(b"\n", 0, at) + 1, len(data[begin:at].decode("utf-8", errors="replace")) + 1)
