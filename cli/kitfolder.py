"""The partner kit as a folder, and how a bad file of it is judged.

README.txt  contract.html  schema.json  template.xlsx
good/       one accepted file in each agreed form
bad/CODE/   a file that fails with this code, the same file mended, what is said of it, and what came before it
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.inspection import Inspection
    from contracts.context import Context
    from contracts.contract import Contract
    from contracts.finding import Finding, Report
    from contracts.kit.bad import Bad

SCHEMA_VERSION = 1


def judged(contract: Contract, made: Bad, data: bytes) -> Report:
    """The report of a bad file (or of its mended twin), after the deliveries before it were accepted."""
    from contracts.context import Context
    from contracts.history import RecordHistory
    from contracts.series.trace import TraceHistory

    context = made.context or Context()
    with tempfile.TemporaryDirectory() as folder:
        if made.earlier and contract.schema.document_kind == "series":
            came = (_inspected(contract, one, made.name, Path(folder), context) for one in made.earlier)
            traces = [one.trace for one in came if one.trace is not None]
            context = replace(context, series=TraceHistory(traces))
        elif made.earlier:
            history = RecordHistory()
            context = replace(context, history=history)
            for one in made.earlier:
                history.add(_inspected(contract, one, made.name, Path(folder), context).records)
        return _inspected(contract, data, made.name, Path(folder), context).report


def write_kit(contract: Contract, folder: Path) -> Iterator[Path]:
    """Write the whole kit, file by file; each path when it is written. `folder` is made when it is not there."""
    from contracts.errors import CannotMake
    from contracts.kit.bad import bad, makers
    from contracts.kit.contractpage import contract_page
    from contracts.kit.good import good
    from contracts.kit.jsonschema import json_schema
    from contracts.kit.template import template
    from contracts.kit.write import suffix, write

    yield _put(folder / "README.txt", readme(contract).encode())
    yield _put(folder / "contract.html", contract_page(contract).encode())
    yield _put(folder / "schema.json", _as_json(json_schema(contract)))
    yield _put(folder / "template.xlsx", template(contract))
    draft = good(contract)
    for form in contract.schema.sources:
        try:
            yield _put(folder / "good" / f"{contract.id}-{form.format}.{suffix(form)}", write(draft, form))
        except CannotMake:
            continue  # a form that another package reads; the kit has no writer for it
    for code in makers():
        made = bad(contract, code)
        if made is not None:
            yield from _write_bad(contract, made, folder / "bad" / code)


def expected(contract: Contract, made: Bad) -> dict[str, Any]:
    """What `jid check` says of a bad file, for a machine to compare with. `needs_hub`: it takes more than the file."""
    report = judged(contract, made, made.data)
    return {
        "schema_version": SCHEMA_VERSION,
        "contract": f"{contract.id}@{contract.version}",
        "file": made.name,
        "code": made.code,
        "verdict": report.verdict.value,
        "needs_hub": bool(made.earlier or made.context is not None),
        "findings": [_told(finding) for finding in report.findings],
    }


def readme(contract: Contract) -> str:
    """Three commands, and what lies in the folder."""
    code = {"coa": "COA-E104", "pat": "PAT-E303"}.get(contract.kind, "SCH-E101")
    return f"""\
{contract.name}
contract {contract.id}, version {contract.version}, sha256 {contract.sha256}

1. Check a file before you send it:    jid check FILE --contract {contract.id}
2. See what a finding code means:      jid explain {code}
3. See what is due, and when:          open contract.html, "When it is due"; at the sponsor: jid status

contract.html   the contract in plain words: fields, limits, words, due times, finding codes
template.xlsx   {_about_template(contract)}
schema.json     JSON Schema 2020-12 of the JSON form, for your own export
good/           accepted files, one in each agreed form
bad/CODE/       a file that fails with this code; mended/ holds the same file after its fix;
                expected.json says what jid check says of it; earlier/ holds what was sent before it

Where expected.json says "needs_hub": true, the file alone does not show the finding: jid check does not raise it, and
the sponsor's hub, which knows more than this file, does.
"""


def _about_template(contract: Contract) -> str:
    from contracts.kit.template import template_form

    form, agreed = template_form(contract)
    if agreed:
        return f"a workbook to fill in and send: sheet {form.sheet}, drop-downs, notes on each header"
    forms = ", ".join(form.format for form in contract.schema.sources)
    return f"the agreed columns with drop-downs and notes; no workbook is agreed, send {forms}"


def _write_bad(contract: Contract, made: Bad, folder: Path) -> Iterator[Path]:
    yield _put(folder / made.name, made.data)
    yield _put(folder / "mended" / made.name, made.fixed)
    for nth, data in enumerate(made.earlier, start=1):
        yield _put(folder / "earlier" / str(nth) / made.name, data)
    yield _put(folder / "expected.json", _as_json(expected(contract, made)))


def _told(finding: Finding) -> dict[str, Any]:
    where: Sequence[Any] = finding.where
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "place": where[0].label() if where else None,
        "pointer": where[0].pointer if where else None,
        "fix": finding.fix.text if finding.fix is not None else None,
    }


def _inspected(contract: Contract, data: bytes, name: str, folder: Path, context: Context) -> Inspection:
    from connectors.inspection import inspect

    path = folder / "delivery"
    path.write_bytes(data)
    return inspect(path, file=name, contract=contract, context=context)


def _put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _as_json(body: Any) -> bytes:
    return (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode()
