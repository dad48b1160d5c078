"""`jid contracts lint|show|profile`: for the engineer who writes a contract and the partner who reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.commands.check import find_contract
from cli.exits import Exit, Stop
from cli.output import COMMON, CommonOptions, emit_json, table

if TYPE_CHECKING:
    from contracts.contract import Clause, Contract, Field
    from contracts.errors import LintProblem


def lint(
    *files: Path,
    github: Annotated[bool, Parameter(negative="", help="As annotations of GitHub Actions.")] = False,
    common: CommonOptions = COMMON,
) -> int:
    """Every error of a contract file in one go: place, what is wrong, what is valid. No file named: the catalog.

    For example:

        jid contracts lint northvale-coa.odcs.yaml

        jid contracts lint

        jid contracts lint --github
    """
    from contracts.codes import Severity
    from contracts.lint import lint as lint_contract
    from contracts.odcs import CATALOG

    named = list(files) or sorted(CATALOG.glob("*/*.odcs.yaml"))
    problems = []
    for path in named:
        if not path.is_file():
            raise Stop(f"no such file: {path}")
        problems += lint_contract(path.read_bytes(), str(path))
    if common.as_json:
        emit_json("lint", files=[str(path) for path in named], problems=problems)
    elif github:
        print("\n".join(_annotation(p) for p in problems))
    else:
        for p in problems:
            print(f"{p.severity.value}[{p.code}] {p.file}:{p.line}:{p.column}: {p.message}")
            if p.help:
                print(f"   help: {p.help}")
        errors = sum(p.severity is Severity.ERROR for p in problems)
        print(f"{len(named)} contracts, {errors} errors, {len(problems) - errors} other remarks")
    return Exit.FINDINGS if any(p.severity is Severity.ERROR for p in problems) else Exit.FINE


def _annotation(p: LintProblem) -> str:
    """One workflow command. What comes from the file must not end the command or start another one."""
    level = {"error": "error", "warning": "warning", "info": "notice"}[p.severity.value]
    said = f"{p.message}; {p.help}" if p.help else p.message
    said, file = (re.sub(r"[%\r\n]", lambda m: f"%{ord(m[0]):02X}", text) for text in (said, p.file))
    file = file.replace(":", "%3A").replace(",", "%2C")
    return f"::{level} file={file},line={p.line},col={p.column},title={p.code}::{said}"


def profile() -> int:
    """The profile as JSON Schema: every custom property, rule and parameter, for editors and other tools.

    For example:

        jid contracts profile
    """
    import json

    from contracts.rulebook import profile_schema

    print(json.dumps(profile_schema(), indent=1, ensure_ascii=False))
    return Exit.FINE


def show(
    name: str,
    *,
    contracts: Annotated[Path | None, Parameter(help="Folder of contracts (default: the shipped catalog).")] = None,
    common: CommonOptions = COMMON,
) -> int:
    """One contract in plain words: fields, tests with limits, tags, due times, who is told.

    For example:

        jid contracts show northvale-coa
    """
    contract = find_contract(name, contracts)
    if common.as_json:
        emit_json("contract", contract=_summary(contract), clauses=[_clause(c) for c in contract.clauses])
        return Exit.FINE
    print(f"{contract.id} {contract.version}  {contract.name}  ({contract.status}, {contract.partner}/{contract.kind})")
    print(f"sha256 {contract.sha256}")
    print("\nfields")
    print(table(["field", "type", "required", "line"], list(_fields(contract.schema.fields)), indent=2))
    if contract.schema.tests:
        print("\ntests")
        rows = [
            (
                t.code,
                t.level,
                "yes" if t.required else "",
                t.unit or "",
                " / ".join(t.criterion_text),
                ", ".join(t.methods),
            )
            for t in contract.schema.tests
        ]
        print(table(["test", "level", "required", "unit", "criterion", "methods"], rows, indent=2))
    if contract.schema.tags:
        print("\ntags")
        tags = [(t.tag, t.name, t.unit, t.low, t.high, t.kind, t.max_gap) for t in contract.schema.tags]
        print(table(["tag", "name", "unit", "low", "high", "kind", "max gap"], tags, indent=2))
    if contract.service_levels:
        print("\ndue times")
        levels = [(s.id, s.subject, s.level or "", s.anchor, s.lead_time, s.timezone) for s in contract.service_levels]
        print(table(["id", "subject", "level", "anchor", "lead time", "zone"], levels, indent=2))
    print(f"\n{len(contract.clauses)} clauses; jid contracts show {contract.id} --json lists them with their lines")
    return Exit.FINE


def _fields(fields: tuple[Field, ...], prefix: str = "") -> Iterator[tuple[object, ...]]:
    for f in fields:
        yield (f"{prefix}{f.name}", f.type, "yes" if f.required else "", f.mark.line)
        inner = f.items.fields if f.items is not None else f.fields
        yield from _fields(inner, f"{prefix}{f.name}.")


def _summary(contract: Contract) -> dict[str, object]:
    return {k: getattr(contract, k) for k in ("id", "version", "name", "status", "partner", "kind", "sha256")}


def _clause(clause: Clause) -> dict[str, object]:
    return {
        "id": clause.id,
        "kind": clause.kind,
        "path": clause.path,
        "codes": clause.codes,
        "needs": sorted(clause.needs),
        "line": clause.mark.line,
        "column": clause.mark.column,
    }
