"""The good schedule of a contract, and small changes to it: what bad files of the schedule family are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from contracts.context import Cleared, Context
from contracts.contract import Clause, Contract, SourceForm
from contracts.history import RecordHistory
from contracts.kit.bad import Bad
from contracts.kit.draft import Draft
from contracts.kit.good import AT, good
from contracts.kit.scalars import moment, scalar
from contracts.kit.write import suffix, write
from contracts.records import Slot
from contracts.sponsor import SponsorFacts

Row = dict[str, Any]
Edit = Callable[[list[Row]], None]

HOUR = timedelta(hours=1)


class Schedule:
    """The good schedule of a contract, and bad files made of it."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.draft = good(contract)
        self.rows = self.draft.rows

    @property
    def form(self) -> SourceForm:
        return self.contract.schema.sources[0]

    def bad(
        self,
        code: str,
        spoil: Edit,
        mend: Edit | None = None,
        *,
        before: Edit | None = None,
        context: Context | None = None,
    ) -> Bad:
        """`spoil` makes the good schedule bad. `mend` makes a good one of it again; without it the good one is it.
        `before` makes the schedule that came earlier."""
        earlier: tuple[bytes, ...] = ()
        if before is not None:
            earlier = (self._bytes(before),)
            context = replace(context or Context(), history=RecordHistory())
        name = f"{code.lower()}.{suffix(self.form)}"
        return Bad(code, name, self.form, self._bytes(spoil), self._bytes(mend or nothing), earlier, context)

    def _bytes(self, edit: Edit) -> bytes:
        draft: Draft = self.draft.copy()
        edit(draft.rows)
        return write(draft, self.form)

    def time(self, name: str, nth: int = 0) -> datetime:
        """A time of the nth good slot."""
        return _instant(self.rows[nth][name])

    def text(self, name: str, at: datetime) -> str:
        """A time as the contract wants it written."""
        return str(moment(self.contract, self._field(name), at))

    def another(self, name: str) -> Any:
        """A value of the field that no good slot has."""
        return scalar(self.contract, self._field(name), AT, len(self.rows) + 1)

    def slot(self, nth: int, **other: Any) -> Slot:
        """The nth good slot as the hub would keep it."""
        row = self.rows[nth]
        known = {field.name: row.get(field.name) for field in fields(Slot)}
        instants = ("_at", "_start", "_end", "_release")
        times = {n: _instant(v) for n, v in known.items() if v is not None and n.endswith(instants)}
        return Slot(**{**known, **times, **other})

    def cleared(self, nth: int) -> SponsorFacts:
        """A sponsor that gave the nth slot a GO an hour before its planned start."""
        row = self.rows[nth]
        bound = {name: str(row[name]) for name in ("vector_lot", "coi") if row.get(name)}
        at = self.time("planned_start", nth) - HOUR
        one = Cleared(str(row["slot_uid"]), "GO", at, bound)
        return SponsorFacts(clearances={(str(row.get("site", "")), str(row["slot_uid"])): [one]})

    def rule(self, kind: str, **params: Any) -> Clause | None:
        """The first clause of a rule, with these parameters where they are given."""
        found = (c for c in self.contract.clauses if c.kind == kind)
        return next((c for c in found if all(c.params.get(k) == v for k, v in params.items())), None)

    def _field(self, name: str) -> Any:
        field = self.contract.schema.find(name)
        assert field is not None, name
        return field


def nothing(_rows: list[Row]) -> None:
    pass


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def put(nth: int, **values: Any) -> Edit:
    """Sets fields of one slot; None leaves the field empty."""

    def edit(rows: list[Row]) -> None:
        for name, value in values.items():
            if value is None:
                rows[nth].pop(name, None)
            else:
                rows[nth][name] = value

    return edit


def only(nth: int) -> Edit:
    """Leaves one slot in the file."""

    def edit(rows: list[Row]) -> None:
        rows[:] = [rows[nth]]

    return edit


def without(nth: int) -> Edit:
    def edit(rows: list[Row]) -> None:
        del rows[nth]

    return edit


def both(*edits: Edit) -> Edit:
    def edit(rows: list[Row]) -> None:
        for one in edits:
            one(rows)

    return edit
