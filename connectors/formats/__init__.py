"""What the bytes of a delivery say: one module a format, each makes a Document or a stream of batches.

Used by `connectors.inspection`, and by whoever writes a format. A format reads bytes that somebody else sent: it
guesses nothing, corrects nothing, opens no connection and knows no rule of the contract beyond where a field stands.
What is wrong with the form of a file is a FormProblem; no exception about the content of a file leaves this package.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from connectors.formats.choose import choose
from connectors.formats.privacy import personal_data
from connectors.formats.reading import Reading, Unreadable, reading_safely, unread_document
from connectors.formats.registry import Format, formats
from connectors.formats.sniff import HEAD
from contracts.contract import Contract
from contracts.document import Document, FormProblem, SeriesSource
from contracts.place import Place
from contracts.redaction import file_name
from contracts.values.personal import PersonalData

__all__ = ["Format", "Reading", "Unreadable", "formats", "open_series", "read_document"]

BATCH_ROWS = 65_536


def read_document(data: bytes, *, file: str, contract: Contract, format: str | None = None) -> Document:
    """The Document in `data`. Never raises for what is in the file: then `root` is None and `problems` say why.

    `format` is the format that the feed declares; None lets the name and the content decide among the contract's.
    """
    name = format or "unknown"
    problems: tuple[FormProblem, ...] = ()
    try:
        _within_size(len(data), file, contract)
        chosen, form, problems = choose(data[:HEAD], file=file, contract=contract, format=format)
        name = chosen.name
        assert chosen.document is not None
        with reading_safely(file, f"{name} file"):
            document = chosen.document(data, Reading(file, contract, form))
    except Unreadable as unreadable:
        return unread_document(file, name, (*problems, *unreadable.problems), len(data))
    return replace(document, problems=(*problems, *document.problems)) if problems else document


def open_series(
    path: Path, *, file: str, contract: Contract, format: str | None = None, batch_rows: int = BATCH_ROWS
) -> SeriesSource:
    """The series in the file at `path`, to be read once, batch by batch of at most `batch_rows` rows.

    Raises OSError when the machine cannot read the file, and nothing for what is in it: an unreadable file is a source
    with one empty batch that carries the problems.
    """
    from connectors.formats.series_source import GuardedSeries, UnreadSeries  # here: a certificate needs no Arrow

    name = format or "unknown"
    file, named = _shown_name(file, contract)
    problems = named
    try:
        _within_size(path.stat().st_size, file, contract)
        with path.open("rb") as stream:
            head = stream.read(HEAD)
        chosen, form, more = choose(head, file=file, contract=contract, format=format)
        name, problems = chosen.name, (*named, *more)
        assert chosen.series is not None
        with reading_safely(file, f"{name} file"):
            if contract.schema.time.base == "relative":
                from connectors.formats.relative import RelativeSeries, with_lengths

                source = chosen.series(path, Reading(file, with_lengths(contract), form), batch_rows)
                source = RelativeSeries(source, contract)
            else:
                source = chosen.series(path, Reading(file, contract, form), batch_rows)
    except Unreadable as unreadable:
        return UnreadSeries(file, name, (*problems, *unreadable.problems))
    return GuardedSeries(source, problems)


def _shown_name(file: str, contract: Contract) -> tuple[str, tuple[FormProblem, ...]]:
    """How the file is called in a series' report, and FILE-E701 when its own name may not be shown. The engine does
    the same for a document."""
    personal = PersonalData(contract.personal_data) if contract.personal_data else None
    kind = personal.in_text(file) if personal is not None else None
    if kind is None:
        return file, ()
    shown = file_name(file, personal)
    fix = "rename the file, with the batch and the day"
    return shown, (personal_data(f"the name of the file holds {kind}", Place(file=shown), fix),)


def _within_size(size: int, file: str, contract: Contract) -> None:
    limit = contract.safety.max_bytes
    if size > limit:
        message = "the file is larger than agreed"
        raise Unreadable(
            FormProblem("FILE-E603", message, Place(file=file), found=f"{size:,} bytes", expected=f"at most {limit:,}")
        )
