"""`jid contracts template|schema|sample|docs`: the partner kit, made from a contract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.commands.check import find_contract
from cli.exits import Exit, Stop, say

if TYPE_CHECKING:
    from contracts.contract import Contract

Folder = Annotated[Path | None, Parameter(help="Folder of contracts (default: the shipped catalog).")]
Out = Annotated[Path | None, Parameter(name=["--out", "-o"], help="Write to this file instead of standard output.")]


def template(name: str, *, out: Out = None, contracts: Folder = None) -> int:
    """A workbook to fill in: drop-downs, locked headers, a note on each header, and the contract's id inside.

    For example:

        jid contracts template brightwater-coa -o certificate.xlsx
    """
    from contracts.kit.template import template as make
    from contracts.kit.template import template_form

    contract = find_contract(name, contracts)
    _, agreed = template_form(contract)
    _send(make(contract), out, "workbook", f"jid contracts template {name} -o template.xlsx", text=False)
    if not agreed:
        forms = ", ".join(form.format for form in contract.schema.sources)
        csv = any(form.format == "csv" for form in contract.schema.sources)
        then = "save the sheet as CSV (UTF-8) and send that" if csv else "it shows the fields; send them as agreed"
        say(f"note: {contract.id} accepts {forms} and no workbook; {then}")
    return Exit.FINE


def schema(name: str, *, out: Out = None, contracts: Folder = None) -> int:
    """JSON Schema 2020-12 of the contract's JSON form, objects closed. Rules beyond structure stay with jid check.

    For example:

        jid contracts schema northvale-coa -o northvale-coa.schema.json
    """
    import json

    from contracts.kit.jsonschema import json_schema

    made = json_schema(find_contract(name, contracts))
    _send((json.dumps(made, indent=2, ensure_ascii=False) + "\n").encode(), out)
    return Exit.FINE


def docs(name: str, *, out: Out = None, contracts: Folder = None) -> int:
    """The contract in plain words as one HTML page: fields, limits, words, due times, finding codes, contacts.

    For example:

        jid contracts docs northvale-coa -o northvale-coa.html
    """
    from contracts.kit.contractpage import contract_page

    _send(contract_page(find_contract(name, contracts)).encode(), out)
    return Exit.FINE


def sample(
    name: str,
    *,
    good: Annotated[bool, Parameter(negative="", help="A delivery that is accepted (the default).")] = False,
    bad: Annotated[str | None, Parameter(help="A delivery that fails with this finding code.")] = None,
    all_: Annotated[
        bool, Parameter(name="--all", negative="", help="The whole kit in a new folder, named with -o.")
    ] = False,
    form: Annotated[
        str | None, Parameter(help="With --good: which of the agreed forms, such as json, csv or xlsx.")
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(name=["--out", "-o"], help="Write to this file, or with --all to this folder."),
    ] = None,
    contracts: Folder = None,
) -> int:
    """A delivery that the contract accepts, or one that fails with just one code; or the whole partner kit.

    For example:

        jid contracts sample northvale-coa

        jid contracts sample northvale-coa --bad COA-E104 -o comma.json

        jid contracts sample northvale-coa --all -o kit
    """
    if sum((good, bad is not None, all_)) > 1:
        raise Stop("--good, --bad and --all exclude each other")
    if form is not None and (bad is not None or all_):
        raise Stop("--form goes with --good only", next_step="a bad file has the form in which its fault can occur")
    contract = find_contract(name, contracts)
    if all_:
        return _whole_kit(contract, out, name)
    if bad is not None:
        return _bad(contract, bad.upper(), out, name)
    return _good(contract, form, out, name)


def _good(contract: Contract, form: str | None, out: Path | None, name: str) -> int:
    from contracts.kit.good import good as make
    from contracts.kit.write import write

    forms = {source.format: source for source in reversed(contract.schema.sources)}
    if form is not None and form not in forms:
        raise Stop(f"{contract.id} accepts no {form}", next_step=f"agreed: {', '.join(sorted(forms))}")
    source = forms[form] if form is not None else contract.schema.sources[0]
    text = source.format not in _BINARY
    again = f"jid contracts sample {name} --form {source.format} -o good.{source.format}"
    _send(write(make(contract), source), out, source.format, again, text=text)
    return Exit.FINE


def _bad(contract: Contract, code: str, out: Path | None, name: str) -> int:
    from contracts.codes import codes
    from contracts.kit.bad import bad as make
    from contracts.kit.bad import makers

    made = make(contract, code)
    if made is None:
        raised = {c for clause in contract.clauses for c in clause.codes}
        what = f"{contract.id} has no bad file for {code}" if code in codes() else f"no finding code {code!r}"
        raise Stop(what, next_step=f"it has one for: {', '.join(sorted(raised & makers().keys()))}")
    text = made.form.format not in _BINARY and _is_text(made.data)
    again = f"jid contracts sample {name} --bad {code} -o {made.name}"
    _send(made.data, out, made.form.format, again, text=text)
    if made.earlier or made.context is not None:
        say(f"note: {code} shows only to who knows more than this file; --all also writes what came before it")
    return Exit.FINE


def _whole_kit(contract: Contract, out: Path | None, name: str) -> int:
    from cli.exits import relative
    from cli.kitfolder import write_kit

    if out is None:
        raise Stop("--all writes a folder", next_step=f"name it: jid contracts sample {name} --all -o kit")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Stop(f"{out} is there already and not empty", next_step="name a new folder; nothing is overwritten")
    made = list(write_kit(contract, out))
    bad = sum(path.name == "expected.json" for path in made)
    good = sum(path.parent.name == "good" for path in made)
    print(f"{relative(out)}: {len(made)} files, {good} good and {bad} bad samples; start with README.txt")
    return Exit.FINE


_BINARY = frozenset({"xlsx", "parquet", "arrow"})


def _send(data: bytes, out: Path | None, what: str = "", again: str = "", *, text: bool = True) -> None:
    """To the file, or to standard output; what is no text is kept off a terminal."""
    if out is not None:
        if out.is_dir():
            raise Stop(f"{out} is a folder", next_step="name a file")
        try:
            out.write_bytes(data)
        except OSError as fault:
            raise Stop(f"cannot write {out}: {fault.strerror}") from None
        return
    if not text and sys.stdout.isatty():
        raise Stop(f"a {what} file is not for a terminal", next_step=f"write it into a file: {again}")
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # a stream that takes text only
        sys.stdout.write(data.decode())
    else:
        buffer.write(data)
        buffer.flush()


def _is_text(data: bytes) -> bool:
    try:
        return data.decode().isprintable() or b"\x00" not in data
    except UnicodeDecodeError:
        return False
