"""What the tests of the certificate catalogue share: contracts by name, and files judged as `jid check` judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from connectors.inspection import Inspection, inspect
from contracts.context import Context
from contracts.contract import Contract, SourceForm
from contracts.finding import Finding
from contracts.history import RecordHistory
from contracts.kit.draft import Draft
from contracts.kit.good import good
from contracts.kit.write import suffix, write
from contracts.odcs import load_catalog, load_file

PAGES = Path(__file__).resolve().parents[2] / "contracts" / "pages"
SHIPPED = ("northvale-coa", "halden-coa", "brightwater-coa")
NAMES = ("reference-coa", *SHIPPED)

Body = dict[str, Any]


@cache
def contract(name: str) -> Contract:
    """A shipped certificate contract, or the reference that has every certificate rule switched on."""
    if name in SHIPPED:
        return load_catalog().get(name)
    return load_file(PAGES / "reference" / "certificate.odcs.yaml")


def judge(folder: Path, data: bytes, name: str, bound: Contract, context: Context | None = None) -> Inspection:
    """What the file turns out to be. `name` is how its partner calls it."""
    path = folder / "delivery"
    path.write_bytes(data)
    return inspect(path, file=name, contract=bound, context=context)


def past(folder: Path, earlier: Iterable[bytes], name: str, bound: Contract, context: Context | None) -> Context:
    """The context with the earlier deliveries in its history, each of them accepted."""
    context = context or Context()
    if context.history is None:
        return context
    history = RecordHistory()
    context = replace(context, history=history)
    for data in earlier:
        came = judge(folder, data, name, bound, context)
        assert came.records, [f.message for f in came.report.findings]
        history.add(came.records)
    return context


def record(name: str = "reference-coa") -> Body:
    """The good certificate of a contract, fresh for every caller to spoil."""
    return good(contract(name)).record


def result(body: Body, test: str) -> Body:
    """The first result of a test."""
    found: Body = next(row for row in body["results"] if row["characteristic"] == test)
    return found


def judged(
    folder: Path,
    body: Body,
    name: str = "reference-coa",
    context: Context | None = None,
    *,
    form: SourceForm | None = None,
    file: str | None = None,
) -> Inspection:
    """A certificate written in one of its contract's forms (the first without `form`) and judged."""
    bound = contract(name)
    form = form or bound.schema.sources[0]
    data = write(Draft(bound, body), form)
    return judge(folder, data, file or f"certificate.{suffix(form)}", bound, context)


def said(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """(code, message) of every finding, in the report's order."""
    return [(f.code, f.message) for f in findings]


Edit = Callable[[Body], None]


def value(test: str, **parts: object) -> Edit:
    """Sets keys of one result; None takes a key away."""

    def edit(body: Body) -> None:
        row = result(body, test)
        for key, part in parts.items():
            if part is None:
                row.pop(key, None)
            else:
                row[key] = part

    return edit


def field(**parts: object) -> Edit:
    """Sets keys of the certificate."""
    return lambda body: body.update(parts)
