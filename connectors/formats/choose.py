"""Which accepted form of the contract a file takes: by the feed's declared format, the name and the first bytes.

A file that takes none is a finding: FILE-E401 when it is empty, FILE-E104 when its content is not what the name or the
contract says.
"""

from __future__ import annotations

from connectors.formats.reading import Unreadable
from connectors.formats.registry import Format, formats
from connectors.formats.sniff import WORDS, Kind, agrees, content_kind, named_kind
from contracts.contract import Contract, SourceForm
from contracts.document import FormProblem
from contracts.place import Place


def choose(
    head: bytes, *, file: str, contract: Contract, format: str | None
) -> tuple[Format, SourceForm, tuple[FormProblem, ...]]:
    """The format, the form, and FILE-E104 when the name lies about content that can be read all the same.

    Raises Unreadable when no form fits. Of several forms that fit, the one the name points to wins, then the first.
    """
    kind = content_kind(head)
    where = Place(file=file)
    if kind == "empty":
        fix = "send the file again when its export has finished"
        raise Unreadable(FormProblem("FILE-E401", "the file is empty", where, found="0 bytes", fix=fix))
    known = formats()
    forms = contract.schema.sources or tuple(SourceForm(f.name) for f in known.values())
    if format is not None:
        forms = tuple(form for form in forms if form.format == format)
        if not forms:
            raise Unreadable(_not_in_contract(format, contract, where))
    readable = [
        (known[form.format], form)
        for form in forms
        if form.format in known and known[form.format].serves(contract.schema.document_kind)
    ]
    fitting = [(f, form) for f, form in readable if kind in f.kinds]
    named = named_kind(file)
    if kind == "binary" and named is not None:
        # Damaged bytes in front of an honest name: let the reader of that name say where it breaks.
        fitting = [(f, form) for f, form in readable if named in f.kinds]
    if not fitting:
        raise Unreadable(_no_form(kind, named, readable, where))
    # Broken JSON is text too: a format that can stand in text only is the better guess for text.
    chosen, form = min(fitting, key=lambda at: (named not in at[0].kinds, len(at[0].kinds)))
    problems = () if agrees(named, kind) else (_lying_name(file, kind, where),)
    return chosen, form, problems


def _lying_name(file: str, kind: Kind, where: Place) -> FormProblem:
    return FormProblem(
        "FILE-E104",
        f"the name says {_suffix(file)}, the content is {WORDS[kind]}",
        where,
        found=WORDS[kind],
        expected=f"content of a {_suffix(file)} file",
        fix=f"name the file after what it is, or save it as {_suffix(file)}",
    )


def _no_form(kind: Kind, named: Kind | None, readable: list[tuple[Format, SourceForm]], where: Place) -> FormProblem:
    accepted = " or ".join(dict.fromkeys(form.format for _, form in readable)) or "a format that this hub can read"
    lies = f", whatever the name {_suffix(where.file or '')} says" if named is not None and named != kind else ""
    return FormProblem(
        "FILE-E104",
        f"the content is {WORDS[kind]}{lies}; the contract accepts {accepted}",
        where,
        found=WORDS[kind],
        expected=accepted,
        fix=f"send {accepted}",
    )


def _not_in_contract(format: str, contract: Contract, where: Place) -> FormProblem:
    """The feed's configuration names a format that the contract doesn't have: ours to mend, not the partner's."""
    accepted = ", ".join(dict.fromkeys(form.format for form in contract.schema.sources))
    return FormProblem(
        "CON-E201",
        f"the feed is set to {format}, which contract {contract.id} {contract.version} does not list",
        where,
        found=format,
        expected=accepted,
        fix="correct `format` of the feed, or leave it out",
    )


def _suffix(file: str) -> str:
    return file[file.rfind(".") :].lower() if "." in file else file
