"""The part of a contract page about limits: tests of a panel, tags of a process."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.contract import Contract, TagDef, TestDef
from contracts.kit.duetexts import duration_words
from contracts.render.markup import Markup, tag
from contracts.rules.criterion import wording


def tests(panel: Sequence[TestDef]) -> list[Markup]:
    if not panel:
        return []
    names = ("test", "level", "limit", "unit", "methods", "laboratories", "at least")
    rows = [
        tag(
            "tr",
            tag("th", tag("code", t.code), tag("span", t.name, class_="sub") if t.name else None, scope="row"),
            tag("td", t.level, "" if t.required else " (optional)"),
            tag("td", _limit(t), class_="num"),
            tag("td", tag("code", t.unit) if t.unit else "no unit"),
            tag("td", ", ".join(t.methods) or "any"),
            tag("td", ", ".join(t.labs) or "any"),
            tag("td", duration_words(t.min_duration) if t.min_duration else "", class_="num"),
        )
        for t in panel
    ]
    said = (
        "L1 decides whether a run may start, L2 whether the product may be released; INFO is reported and never blocks."
    )
    return [tag("p", said, class_="note"), _wide("tests and limits", names, rows)]


def _limit(test: TestDef) -> str:
    said = test.criterion_text[0] if test.criterion_text else wording(test.criterion)
    said = "report the value" if said == "report" else said.replace("<=", "≤").replace(">=", "≥")
    if test.decimals is not None:
        digits = "whole number" if test.decimals == 0 else f"{test.decimals} decimal{'s' * (test.decimals > 1)}"
        return f"{said}, {digits}"
    return said


def tags(contract: Contract) -> list[Markup]:
    agreed = contract.schema.tags
    if not agreed:
        return []
    names = ("tag", "range", "unit", "a point every", "longest silence", "fastest change", "must move within")
    rows = [
        tag(
            "tr",
            tag("th", tag("code", t.tag), tag("span", t.name.replace("_", " "), class_="sub"), scope="row"),
            tag("td", _range(t), class_="num"),
            tag("td", tag("code", t.unit) if t.unit else ""),
            tag("td", duration_words(t.interval) if t.interval else "", class_="num"),
            tag("td", duration_words(t.max_gap) if t.max_gap else "", class_="num"),
            tag("td", f"{t.max_rate} a second" if t.max_rate is not None else "", class_="num"),
            tag("td", duration_words(t.stuck_after) if t.stuck_after and t.noise_floor else "", class_="num"),
        )
        for t in agreed
    ]
    limit = contract.schema.reject_bad_rows_percent
    said = f"A delivery is rejected as a whole when more than {limit} % of its rows break a rule of severity error."
    return [tag("p", said, class_="note"), _wide("tags and limits", names, rows)]


def _range(t: TagDef) -> str:
    if t.low is not None and t.high is not None:
        return f"{t.low} to {t.high}"
    return f"at least {t.low}" if t.low is not None else f"at most {t.high}" if t.high is not None else "any"


def _wide(label: str, names: Sequence[str], rows: Sequence[Markup]) -> Markup:
    """A table that scrolls in a region of its own on a small screen, also with the keyboard."""
    heads = tag("tr", *(tag("th", name, scope="col") for name in names))
    table = tag("table", tag("thead", heads), tag("tbody", *rows), class_="wide")
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)
