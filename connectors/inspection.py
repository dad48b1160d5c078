"""Inspection: the one way a delivery is judged, by hand (`jid check`) and in the hub.

Bytes to Document or batches (`connectors.formats`), then the contract's rules (`contracts`), then a Report. The same
bytes under the same contract give the same report in both places, because both call this. What is wrong with the file
ends in the report; so does a fault in our own engine, as CON-E201 (could not be evaluated) with nothing for the partner
to do. Only faults of the machine leave as exceptions: an OSError is never a partner's error.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.formats import open_series, read_document
from connectors.formats.reading import leaving, line_of
from contracts.codes import Action, codes
from contracts.context import Context
from contracts.contract import Contract
from contracts.finding import ClauseRef, ContractRef, Coverage, DeliveryRef, Ends, Finding, Kind, Report, verdict_of
from contracts.place import Place
from contracts.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.series.state import SeriesState
    from contracts.series.trace import SeriesTrace

log = logging.getLogger(__name__)

Rows = Callable[["pa.RecordBatch"], None]

_ENGINE = "engine"


@dataclass(frozen=True)
class Inspection:
    """What one delivery turned out to be. A series has no `records`, but a `state` for its stream's next delivery.

    `named`: the identifiers that the delivery as a whole states (`lot_number`, `batch_id`), also of a rejected one.
    They are unchecked text: good for finding what the delivery is about, not for showing.
    """

    report: Report
    records: tuple[Record, ...] = ()
    state: SeriesState | None = None
    trace: SeriesTrace | None = None
    """What an accepted series leaves for later ones (`contracts.series.trace`)."""
    named: Mapping[str, str] = field(default_factory=dict)


def inspect(
    path: Path,
    *,
    file: str,
    contract: Contract,
    context: Context | None = None,
    delivery: DeliveryRef | None = None,
    format: str | None = None,
    on_good: Rows | None = None,
    on_bad: Rows | None = None,
    state: SeriesState | None = None,
) -> Inspection:
    """Judge the file at `path`. `file` is the name a person knows it by; `format` the one the feed declares.

    Of a series, `on_good` gets the rows that may be stored and `on_bad` the others, batch by batch in the contract's
    field names, before the verdict is known: whoever stores them waits for the report. `context` holds what is known
    beyond the file; without it the report is the partner's own. Raises OSError when the machine cannot read the file.
    """
    context = context or Context()
    reference = delivery or _reference(path, file)
    try:
        if contract.schema.document_kind == "series":
            return _series(path, file, contract, context, reference, format, on_good, on_bad, state)
        return _document(path, file, contract, context, reference, format)
    except _Stopped as stopped:
        return _not_evaluated(stopped.fault, contract, reference)


def _document(
    path: Path, file: str, contract: Contract, context: Context, reference: DeliveryRef, format: str | None
) -> Inspection:
    from contracts.check import check_document

    # A file past the limit is not read into memory to learn that: one byte more than allowed is enough to refuse it.
    with path.open("rb") as stream:
        data = stream.read(contract.safety.max_bytes + 1)
    with _engine():
        document = read_document(data, file=file, contract=contract, format=format)
        records, report = check_document(document, contract, context, reference)
        root = document.root or {}
        named = {name: text for name in _identifiers(contract) if isinstance(text := root.get(name), str)}
    return Inspection(report, records, named=named)


def _series(
    path: Path,
    file: str,
    contract: Contract,
    context: Context,
    reference: DeliveryRef,
    format: str | None,
    on_good: Rows | None,
    on_bad: Rows | None,
    state: SeriesState | None,
) -> Inspection:
    with _engine():
        # here, because a certificate needs neither: `jid check` of one answers within a second
        import pyarrow.compute as pc

        from contracts.series import SeriesCheck

        source = open_series(path, file=file, contract=contract, format=format)
        check = SeriesCheck(contract, received_at=context.received_at, state=state, context=context)
        batches = source.batches()
        stated: dict[str, set[str]] = {name: set() for name in _identifiers(contract)}
    while True:
        with _engine():
            batch = next(batches, None)
            if batch is None:
                break
            storable = check.feed(batch)
            rows = batch.rows.num_rows
            bad = rows - int(storable.true_count)
            kept = batch.rows.filter(storable) if bad else batch.rows
            left = batch.rows.filter(pc.invert(storable)) if bad else None
            _note_names(stated, batch.rows)
        # outside: a fault of whoever takes the rows is theirs
        if on_good is not None and kept.num_rows:
            on_good(kept)
        if on_bad is not None and left is not None:
            on_bad(left)
    with _engine():
        carried, report = check.finish(source, reference)
    named = {name: next(iter(found)) for name, found in stated.items() if len(found) == 1}
    return Inspection(report, state=carried, trace=check.trace, named=named)


def _note_names(stated: Mapping[str, set[str]], rows: pa.RecordBatch) -> None:
    """Add the words of the naming columns. A second word says already that the delivery as a whole has no such name, so
    no more than two are taken out of a column: a key such as the time has one for every row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, seen in stated.items():
        at = rows.schema.get_field_index(name)
        if at < 0 or len(seen) > 1:
            continue
        column = rows.column(at)
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_string(kind):
            seen.update(pc.unique(column).drop_null()[:2].to_pylist())


def _identifiers(contract: Contract) -> list[str]:
    """The fields of the whole record that name something: keys and declared identifiers."""
    return [f.name for f in contract.schema.fields if f.primary_key is not None or "identifier" in f.custom]


class _Stopped(Exception):
    """Our own code threw `fault` while it judged a delivery."""

    def __init__(self, fault: BaseException) -> None:
        self.fault = fault
        super().__init__(type(fault).__name__)


@contextmanager
def _engine() -> Iterator[None]:
    """Around reading and judging. An OSError with a number is the machine's and goes on."""
    try:
        yield
    except leaving():
        raise
    except OSError as fault:
        if fault.errno is not None:
            raise
        raise _Stopped(fault) from fault
    except BaseException as fault:  # polars' PanicException is no Exception
        raise _Stopped(fault) from fault


def _reference(path: Path, file: str) -> DeliveryRef:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return DeliveryRef(file, digest, path.stat().st_size)


def _not_evaluated(fault: BaseException, contract: Contract, reference: DeliveryRef) -> Inspection:
    """A fault of our engine: the delivery is held, and the report says that nothing is wanted from the partner.

    The exception's own text may quote a value of the delivery, so it goes nowhere; its type and our line do.
    """
    where = line_of(fault)
    log.error("inspection.failed contract=%s fault=%s at=%s", contract.id, type(fault).__name__, where)
    code, mark = codes()["CON-E201"], contract.schema.mark
    finding = Finding(
        code.code,
        code.title,
        f"the check stopped with {type(fault).__name__} at {where}; nothing is wanted from the sender",
        code.severity,
        code.impact,
        Action.PLATFORM,
        ClauseRef(_ENGINE, contract.schema.name, mark.line, mark.column),
        (Place(file=reference.file),),
        kind=Kind.UNEVALUATED,
    )
    return unjudged(finding, contract, reference)


def unjudged(finding: Finding, contract: Contract, reference: DeliveryRef) -> Inspection:
    """A delivery that no clause was held against, and the one finding that says why."""
    ends = Ends(could_not_evaluate=tuple(sorted(clause.id for clause in contract.clauses if clause.by_file)))
    hub_ends = Ends(needs_hub=tuple(sorted(clause.id for clause in contract.clauses if not clause.by_file)))
    report = Report(
        reference,
        ContractRef(
            contract.id, contract.version, contract.sha256, tuple((r.name, r.version, r.sha256) for r in contract.refs)
        ),
        _ENGINE,
        verdict_of((finding,)),
        (finding,),
        Coverage.of(ends),
        Coverage.of(hub_ends),
        ends=ends,
        hub_ends=hub_ends,
    )
    return Inspection(report)
