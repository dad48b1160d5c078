"""The report in short for a mail or a ticket: the verdict, the first five findings, and where the whole stands."""

from __future__ import annotations

import re

from contracts.codes import Severity
from contracts.finding import Finding, Report
from contracts.render import wording
from contracts.render.wording import visible

SHOWN = 5
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~:$=^])")


def markdown(report: Report, *, link: str | None = None) -> str:
    """CommonMark with nothing of the partner's that could be formatting, a link, HTML or a mention."""
    found = wording.counts(report.findings)
    verdict = wording.verdict(report).capitalize()
    lines = [
        f"**{verdict}{f': {found}' if found else ''}** {_code(report.delivery.file)}",
        "",
        f"{wording.meaning(report)} {wording.checks(report)}.",
    ]
    since = wording.since(report)
    if since is not None:
        lines += ["", f"{_escaped(wording.sentence(since))}."]
    order = list(Severity)
    listed = sorted(report.findings, key=lambda f: order.index(f.severity))
    if listed:
        lines.append("")
        lines += [_line(n, f) for n, f in enumerate(listed[:SHOWN], 1)]
    if len(listed) > SHOWN:
        lines += ["", f"{len(listed) - SHOWN} more in the whole report."]
    if link is not None:
        lines += ["", f"Whole report: <{_target(link)}>"]
    return "\n".join(lines) + "\n"


def _line(number: int, f: Finding) -> str:
    place = wording.places(f)
    said = [f"{number}. **{f.severity.value}** `{f.code}` {_escaped(wording.sentence(f.message))}"]
    if place:
        said.append(f"at {_code(place)}")
    if f.fix is not None:
        said.append(f"How to fix: {_escaped(f.fix.text)}")
    return "; ".join(said)


def _code(text: str) -> str:
    """A code span; its fence is longer than any run of backticks inside."""
    shown = visible(text)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _escaped(text: str) -> str:
    shown = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", shown).replace("@", "@&#8203;")  # nobody is mentioned by a partner's text


def _target(link: str) -> str:
    """Ours, but a bracket or a space in it would end it early."""
    return visible(link).replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")
