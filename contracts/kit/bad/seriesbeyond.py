"""Bad series that need more than the file: a registry, what was decided, or an earlier series.

`earlier` files are judged first, and what they leave (`SeriesTrace`) is the history of the bad one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from contracts.context import Context
from contracts.contract import Contract
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.seriesdraft import TABULAR, Edit, Rows, Series, number
from contracts.kit.write import write
from contracts.sponsor import SponsorFacts

_DAY = timedelta(days=1)


def _batch_of(series: Series) -> tuple[str, str] | None:
    """(field, word) of the batch in the good series."""
    found = [c.params["batch"] for c in series.contract.clauses if "batch" in c.params]
    fields = [f.name for f in series.contract.schema.fields if f.custom.get("identifier", {}).get("scheme") == "batch"]
    rows = series.draft().rows
    name = next((str(n) for n in (*found, *fields)), None)
    return (name, str(rows[0][name])) if name is not None and rows and rows[0].get(name) is not None else None


def _next(batch: str) -> str:
    """Another identifier of the same form."""
    return f"{batch[:-1]}{(int(batch[-1]) + 1) % 10}" if batch[-1].isdigit() else f"{batch}2"


def _unknown_batch(contract: Contract) -> Bad | None:
    """Unknown to a registry where the contract asks one; else malformed, which the file alone shows."""
    series = Series(contract)
    named, clause, form = _batch_of(series), series.clause("batchContext"), series.form(*TABULAR)
    if named is None or form is None:
        return None
    field, batch = named
    if clause is None:
        cut = batch[: len(batch) // 2]
        return series.bad("PAT-E206", _all(field, cut), form=form) if series.clause("identifier") else None
    known = Context(registries={str(clause.params["registry"]): frozenset({batch})})
    return series.bad("PAT-E206", _all(field, _next(batch)), form=form, context=known)


def _two_batches(contract: Contract) -> Bad | None:
    series = Series(contract)
    named, clause, form = _batch_of(series), series.clause("batchContext"), series.form(*TABULAR)
    if named is None or clause is None or form is None:
        return None
    field, batch = named
    known = Context(registries={str(clause.params["registry"]): frozenset({batch, _next(batch)})})

    def spoil(rows: Rows) -> None:
        tag = rows[0]["tag"]
        for row in [row for row in rows if row["tag"] == tag][4:-4:2]:
            row[field] = _next(batch)

    return series.bad("PAT-E207", spoil, form=form, context=known)


def _foreign_phase(contract: Contract) -> Bad | None:
    series = Series(contract)
    named, clause, form = _batch_of(series), series.clause("batchContext"), series.form(*TABULAR)
    if named is None or clause is None or form is None or "phase" not in clause.params:
        return None
    known = Context(registries={str(clause.params["registry"]): frozenset({named[1]})})
    phase = str(clause.params["phase"])
    return series.bad("PAT-E208", lambda rows: rows[-1].update({phase: "polishing"}), form=form, context=known)


def _after_decision(contract: Contract) -> Bad | None:
    """Mended are the points after the window that the decision used."""
    series = Series(contract)
    named, form = _batch_of(series), series.form(*TABULAR)
    if named is None or form is None or series.clause("noLateHistory") is None:
        return None
    until = series.at + series.length
    context = Context(sponsor=SponsorFacts(decided={named[1]: until}))
    made = series.bad("PAT-E105", _nothing, form=form, context=context)
    later = Series(contract, at=until + timedelta(minutes=1))
    return None if made is None else replace(made, fixed=write(later.draft(), form))


def _replayed(contract: Contract) -> Bad | None:
    """Yesterday's values under today's batch. Of a good series every batch looks alike, so they get a pattern first."""
    clause, form = Series(contract).clause("notReplay"), Series(contract).form(*TABULAR)
    if clause is None or form is None:
        return None
    slowest = max((t.interval or timedelta(seconds=1) for t in contract.schema.tags), default=timedelta(seconds=1))
    length = slowest * int(int(clause.params.get("minPoints", 500)) * 1.5)
    before, series = Series(contract, length=length), Series(contract, at=Series(contract).at + _DAY, length=length)
    named = _batch_of(series)
    if named is None:
        return None
    other = _all(named[0], _next(named[1]))

    def again(rows: Rows) -> None:
        _pattern(rows, 1)
        other(rows)

    def own(rows: Rows) -> None:
        _pattern(rows, 2)
        other(rows)

    first = write(before.draft(lambda rows: _pattern(rows, 1)), form)
    return series.bad("PAT-E209", again, own, form=form, earlier=(first,))


def _pattern(rows: Rows, kind: int) -> None:
    """Values between those of a good series that come in an order of their own: a stretch of a random sequence."""
    spans: dict[str, tuple[Decimal, Decimal]] = {}
    for row in rows:
        low, high = spans.get(row["tag"], (Decimal(row["value"]), Decimal(row["value"])))
        spans[row["tag"]] = min(low, Decimal(row["value"])), max(high, Decimal(row["value"]))
    dice = {tag: 12345 * kind + nth for nth, tag in enumerate(spans)}
    for row in rows:
        low, high = spans[row["tag"]]
        dice[row["tag"]] = (dice[row["tag"]] * 1103515245 + 12345) % (1 << 31)
        row["value"] = number(low + (high - low) * Decimal(dice[row["tag"]] >> 11) / (1 << 20))


def _drifting(contract: Contract) -> Bad | None:
    """The next window of the same phase, moved by some of its own steps."""
    first = Series(contract)
    form = first.form(*TABULAR)
    if form is None or first.clause("drift") is None:
        return None
    series = Series(contract, at=first.at + first.length)
    tag = series.tag(lambda t: t.low is not None and t.high is not None and not t.sentinels[1:])
    if tag is None:
        return None

    def spoil(rows: Rows) -> None:
        mine = [row for row in rows if row["tag"] == tag.tag]
        values = [Decimal(row["value"]) for row in mine]
        step = max(values) - min(values)
        for nth, row in enumerate(mine):
            row["value"] = number(Decimal(row["value"]) + step * min(nth, 10) / 3)

    return series.bad("PAT-E307", spoil, form=form, earlier=(write(first.draft(), form),))


def _all(field: str, word: str) -> Edit:
    def edit(rows: Rows) -> None:
        for row in rows:
            row[field] = word

    return edit


def _nothing(_rows: Rows) -> None:
    return


MAKERS: Mapping[str, Maker] = {
    "PAT-E105": _after_decision,
    "PAT-E206": _unknown_batch,
    "PAT-E207": _two_batches,
    "PAT-E208": _foreign_phase,
    "PAT-E209": _replayed,
    "PAT-E307": _drifting,
}
