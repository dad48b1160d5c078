"""Reference pages made from what lint and the engines read: the profile's schema, the rulebook, codes and their pages.

`python -m contracts.reference docs/reference` writes them; a test holds the files to what this module says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.codes import codes
from contracts.explain import page
from contracts.lint.profile import PLACES
from contracts.rulebook import RuleDef, profile_schema, rules

_MADE = "<!-- made by `make reference`; do not edit -->"
_FAMILIES = {
    "COA": "Certificates",
    "PAT": "Series",
    "SCH": "Schedules",
    "FILE": "Files of any kind",
    "CON": "Contracts, due items and connections",
}
_NEEDS = {
    "file": "this delivery",
    "history": "earlier deliveries",
    "registry": "what the hub knows of lots, batches, sites and people",
    "schedule": "current slots",
    "clock": "the time of evaluation",
    "hub": "decisions taken",
}


def pages() -> Mapping[str, str]:
    """File name -> text of every reference page."""
    return {"contract-profile.md": profile_page(), "codes.md": codes_page()}


def profile_page() -> str:
    schema = profile_schema()["$defs"]
    lines = [
        "# The profile: custom properties and rules",
        "",
        _MADE,
        "",
        "`jid contracts profile` prints the same as JSON Schema.",
        "How to write a contract: [contract-language.md](../contract-language.md).",
    ]
    for place, names in PLACES.items():
        lines += ["", f"## On {place}", "", "| Property | Value | Meaning |", "|---|---|---|"]
        for name in names:
            body = schema["customProperties"][name]
            lines.append(_row(f"`{name}`", _kind(body), body["description"]))
    lines += ["", "## Parts of tables", ""]
    for name in ("TestDef", "Criterion", "TagDef"):
        lines += [f"### {name}", "", *_keys(schema[name]), ""]
    lines += ["### SourceForm", "", *_keys(schema["customProperties"]["source"]["items"]), ""]
    lines += [
        "## Rules",
        "",
        "`needs` says what a rule must know beside the file. With the file alone, as in `jid check`,",
    ]
    lines += ["the others are listed as *needs the hub* and never as passed. Parameters in bold are required.", ""]
    for rule in rules().values():
        lines += _rule(rule, schema["rules"][rule.name])
    return "\n".join(lines).rstrip() + "\n"


def _rule(rule: RuleDef, body: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {rule.name}"
    yield ""
    yield body["description"]
    yield ""
    needs = f"{rule.needs} ({_NEEDS[rule.needs]})"
    raises = ", ".join(f"`{code}`" for code in rule.codes) or "the code that it names"
    yield f"For {', '.join(rule.kinds)}. Needs {needs}. Raises {raises}."
    yield ""
    yield from _keys(body, leave=("rule",))
    yield ""


def _keys(body: Mapping[str, Any], leave: Iterable[str] = ()) -> Iterator[str]:
    required = set(body.get("required", ()))
    yield "| Key | Value | Meaning |"
    yield "|---|---|---|"
    for key, part in body["properties"].items():
        if key not in leave:
            name = f"**`{key}`**" if key in required else f"`{key}`"
            yield _row(name, _kind(part), part.get("description", ""))


def _kind(body: Mapping[str, Any]) -> str:
    """What a value looks like, in a word or two."""
    if "$ref" in body:
        return str(body["$ref"]).rpartition("/")[2]
    if "const" in body:
        return f"`{json.dumps(body['const'])}`"
    if "enum" in body:
        return " or ".join(f"`{value}`" for value in body["enum"])
    if "anyOf" in body:
        return " or ".join(dict.fromkeys(_kind(branch) for branch in body["anyOf"]))
    if "allOf" in body:
        return _kind(body["allOf"][0])
    kind = body.get("type")
    if kind == "array":
        return f"list of {_kind(body.get('items', {}))}"
    if kind == "object":
        keys = ", ".join(body.get("properties", ()))
        return f"{{{keys}}}" if keys else "mapping"
    if kind == ["string", "number"]:
        return "decimal"
    if str(body.get("pattern", "")).startswith("^-?P"):
        return "duration"
    if str(body.get("pattern", "")).startswith("^(COA|"):
        return "finding code"
    if kind == "string" and body.get("minLength") == 1:
        return "path"
    return {"string": "text", "integer": "whole number", "boolean": "`true` or `false`"}.get(str(kind), "any value")


def codes_page() -> str:
    lines = ["# Finding codes", "", _MADE, "", "`jid explain CODE` shows the same on a terminal."]
    family = ""
    for code in codes().values():
        if (here := code.code.partition("-")[0]) != family:
            family = here
            lines += ["", f"## {_FAMILIES[family]}"]
        lines += ["", f"### {code.code}", "", f"**{code.title}**", ""]
        defects = f" Defects {', '.join(code.defects)}." if code.defects else ""
        lines += [f"Severity {code.severity}, impact {code.impact}, the {code.action} acts.{defects}", ""]
        lines += _explained(code.code)
    return "\n".join(lines).rstrip() + "\n"


def _explained(code: str) -> Iterator[str]:
    try:
        found = page(code)
    except FileNotFoundError:
        return
    yield _safe(found.what)
    yield ""
    yield _safe(found.why)
    yield ""
    yield from (f"- {_safe(cause)}" for cause in found.causes)
    yield ""
    yield f"*Fix*: {_safe(found.fix)}"
    for tool, advice in found.tools.items():
        yield f"*{tool}*: {_safe(advice)}"
    yield ""
    yield f"*Clause*: {_safe(found.clause)}"
    if found.example is not None:
        yield ""
        yield f"*Message*: `{found.example.message}`"
    yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _safe(text: str) -> str:
    """Text of a page in Markdown: what looks like a tag or emphasis stays as it was written."""
    for character in "\\`*_<>[]":
        text = text.replace(character, f"\\{character}")
    return text


def main(folder: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (Path(folder) / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
