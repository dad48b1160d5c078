"""`jid explain`: what a finding means, and what a contract asks for at one place. Works offline."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cli.exits import Exit, Stop
from cli.output import COMMON, CommonOptions, colour_wanted, emit_json, terminal_width
from contracts.codes import Code, Severity, codes

if TYPE_CHECKING:
    from contracts.contract import Clause, Contract
    from contracts.explain import Page

FATE = {
    Severity.ERROR: "the content is not stored as a fact; the delivery, row or slot waits in quarantine",
    Severity.WARNING: "the content is stored, and somebody must act",
    Severity.INFO: "the content is stored and the finding noted",
}
_COLOURS = {Severity.ERROR: "\x1b[91m", Severity.WARNING: "\x1b[33m", Severity.INFO: "\x1b[94m"}
_LABEL = 12  # columns before the text of a part


def explain(
    what: str,
    *,
    contracts: Annotated[Path | None, Parameter(help="Folder of contracts (default: the shipped catalog).")] = None,
    common: CommonOptions = COMMON,
) -> int:
    """What a finding code means and how to fix it; or what a clause of a contract asks for, and where it stands.

    For example:

        jid explain COA-E104

        jid explain northvale-coa:in_spec
    """
    code = codes().get(what.upper())
    if code is not None:
        return _code(code, common)
    name, _, clause = what.rpartition(":")
    if not name and _looks_like_code(what):
        near = ", ".join(get_close_matches(what.upper(), codes(), n=3)) or "COA-E104, FILE-E201, PAT-E303, SCH-E202"
        raise Stop(f"no finding code {what!r}", next_step=f"did you mean: {near}")
    found = list(_clauses(name, clause or what, contracts))
    if common.as_json:
        emit_json("clause", clauses=[_clause_json(contract, one) for contract, one in found])
    else:
        print("\n\n".join("\n".join(_clause_text(contract, one)) for contract, one in found))
    return Exit.FINE


def _looks_like_code(text: str) -> bool:
    return text[-3:].isdigit() or "-E" in text.upper()


def _code(code: Code, common: CommonOptions) -> int:
    from contracts.explain import page

    try:
        found = page(code.code)
    except FileNotFoundError:  # of a code that a newer catalogue has and its page not yet
        found = None
    if common.as_json:
        emit_json("code", code=code, page=found)
    else:
        print("\n".join(_page_text(code, found)))
    return Exit.FINE


def _page_text(code: Code, page: Page | None) -> Iterator[str]:
    yield f"{_paint(code.code, _COLOURS[code.severity])}  {_bold(code.title)}"
    yield ""
    if page is not None:
        yield from _part("what", page.what)
        yield from _part("why", page.why)
        for number, cause in enumerate(page.causes):
            yield from _part("causes" if number == 0 else "", f"- {cause}")
        yield from _part("fix", page.fix)
        for tool, advice in page.tools.items():
            yield from _part("", f"{tool}: {advice}")
        if page.example is not None:
            yield ""
            yield from _verbatim("bad", page.example.bad)
            yield from _part("", _paint(f"{code.severity.value}[{code.code}]: {page.example.message}", "\x1b[2m"))
            yield from _verbatim("good", page.example.good)
            yield from _part("", f"(an example under {page.example.contract})")
        yield ""
        yield from _part("clause", page.clause)
    yield from _part("severity", f"{code.severity.value}: {FATE[code.severity]}")
    yield from _part("impact", code.impact.value)
    yield from _part("who acts", code.action.value)
    if code.defects:
        yield from _part("defects", ", ".join(code.defects))


def _clauses(name: str, wanted: str, folder: Path | None) -> Iterator[tuple[Contract, Clause]]:
    """The clauses with this id, or of this kind, of the named contract or of the catalog. Raises Stop for none."""
    from cli.commands.check import find_contract
    from contracts.odcs import load_catalog

    agreed = [find_contract(name, folder)] if name else list(load_catalog(folder).all())
    by_id = [(contract, c) for contract in agreed for c in contract.clauses if c.id == wanted]
    found = by_id or [(contract, c) for contract in agreed for c in contract.clauses if name and c.kind == wanted]
    if found:
        return iter(found)
    ids = sorted({c.id for contract in agreed for c in contract.clauses})
    near = get_close_matches(wanted, [*ids, *codes()], n=3)
    where = f" in {name}" if name else ""
    advice = (
        f"did you mean: {', '.join(near)}" if near else f"jid contracts show {name or agreed[0].id} --json lists them"
    )
    raise Stop(f"no finding code and no clause {wanted!r}{where}", next_step=advice)


def _clause_text(contract: Contract, clause: Clause) -> Iterator[str]:
    yield f"{_bold(f'{contract.id}:{clause.id}')}  {clause.kind}, version {contract.version}"
    yield ""
    yield from _part("stands in", f"{contract.file}:{clause.mark.line}:{clause.mark.column}")
    yield from _verbatim("", _line(contract, clause.mark.line))
    yield from _part("about", clause.path.partition(".quality.")[0])
    for number, (key, value) in enumerate(clause.params.items()):
        yield from _part("with" if number == 0 else "", f"{key}: {_said(value)}")
    yield from _part("needs", ", ".join(sorted(clause.needs)))
    from contracts.levels import levels

    for number, code in enumerate(clause.codes):
        severity = levels(contract, clause, code)[0]
        yield from _part(
            "raises" if number == 0 else "",
            f"{_paint(code, _COLOURS[severity])}  {severity.value}: {codes()[code].title}",
        )
    if clause.codes:
        yield from _part("more", f"jid explain {clause.codes[0]}")


def _clause_json(contract: Contract, clause: Clause) -> dict[str, Any]:
    from contracts.levels import levels

    return {
        "contract": f"{contract.id}@{contract.version}",
        "file": contract.file,
        "id": clause.id,
        "kind": clause.kind,
        "path": clause.path,
        "line": clause.mark.line,
        "column": clause.mark.column,
        "params": {key: _said(value) for key, value in clause.params.items()},
        "needs": sorted(clause.needs),
        "codes": {code: levels(contract, clause, code)[0].value for code in clause.codes},
    }


def _line(contract: Contract, number: int) -> str:
    """The line of the contract file, if the file is still there."""
    path = Path(contract.file)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return lines[number - 1].strip() if number <= len(lines) else ""


def _said(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, (tuple, list, frozenset)) else str(value)


def _part(label: str, text: str) -> Iterator[str]:
    """A label and its text: wrapped on a terminal, one line in a pipe so that it can be searched."""
    width = terminal_width()
    lines = textwrap.wrap(text, max(width - _LABEL - 2, 30)) if width is not None else [text]
    for number, line in enumerate(lines or [""]):
        yield f"  {label if number == 0 else '':<{_LABEL - 2}}{line}".rstrip()


def _verbatim(label: str, text: str) -> Iterator[str]:
    """Text that must keep its own lines."""
    for number, line in enumerate(text.rstrip("\n").split("\n") if text else ()):
        yield f"  {label if number == 0 else '':<{_LABEL - 2}}{line}".rstrip()


def _paint(text: str, colour: str) -> str:
    return f"{colour}{text}\x1b[0m" if colour_wanted() else text


def _bold(text: str) -> str:
    return _paint(text, "\x1b[1m")
