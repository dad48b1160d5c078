"""The good series of a contract, ready to be spoiled: its points, its forms, and tags that have some limit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from contracts.context import Context
from contracts.contract import Clause, Contract, SourceForm, TagDef
from contracts.document import RawNumber
from contracts.kit.bad import Bad, Maker
from contracts.kit.draft import Draft
from contracts.kit.good import AT, LENGTH, good
from contracts.kit.write import suffix, write

Row = dict[str, Any]
Rows = list[Row]
Edit = Callable[[Rows], None]

TABULAR = ("csv", "ndjson", "parquet", "arrow")
DEFAULT_INTERVAL = timedelta(seconds=1)


class Series:
    """`at` and `length` are those of the good series. Times and values in rows are text, as they will be written."""

    def __init__(self, contract: Contract, *, at: datetime = AT, length: timedelta = LENGTH) -> None:
        self.contract, self.at, self.length = contract, at, length

    def form(self, *formats: str) -> SourceForm | None:
        """The first accepted form; with `formats`, the first among those."""
        sources = self.contract.schema.sources
        return next((f for f in sources if not formats or f.format in formats), None)

    def clause(self, kind: str) -> Clause | None:
        return next((c for c in self.contract.clauses if c.kind == kind), None)

    def tag(self, fits: Callable[[TagDef], bool] = lambda _tag: True) -> TagDef | None:
        """A tag that has what is asked for, preferably one whose values are judged in every phase."""
        found = [t for t in self.contract.schema.tags if t.kind == "measured" and fits(t)]
        return next((t for t in found if not t.phases), found[0] if found else None)

    def quality(self, grade: str) -> str | None:
        """The partner's word for a grade."""
        return next((word for word, own in self.contract.schema.quality_map.items() if own == grade), None)

    def draft(self, edit: Edit | None = None) -> Draft:
        draft = good(self.contract, at=self.at, length=self.length)
        if edit is not None:
            edit(draft.rows)
        return draft

    def bad(
        self,
        code: str,
        spoil: Edit,
        mend: Edit | None = None,
        *,
        form: SourceForm | None = None,
        earlier: tuple[bytes, ...] = (),
        context: Context | None = None,
        also: tuple[str, ...] = (),
    ) -> Bad | None:
        """`spoil` makes the good series bad; `mend` makes what the fix asks for, without it the good series is that."""
        form = form or self.form()
        if form is None:
            return None
        data, fixed = write(self.draft(spoil), form), write(self.draft(mend), form)
        return Bad(code, f"{code.lower()}.{suffix(form)}", form, data, fixed, earlier, context, also)


def one_field(code: str, kind: str, field: str, value: object, *formats: str) -> Maker:
    """A maker that writes `value` into one field of one point."""

    def make(contract: Contract) -> Bad | None:
        series = Series(contract)
        tag, form = series.tag(), series.form(*formats)
        if tag is None or form is None or series.clause(kind) is None or contract.schema.find(field) is None:
            return None
        return series.bad(code, lambda rows: middle(rows, tag).update({field: value}), form=form)

    return make


def of(rows: Rows, tag: TagDef) -> Rows:
    return [row for row in rows if row.get("tag") == tag.tag]


def middle(rows: Rows, tag: TagDef) -> Row:
    """A point of the tag with others around it."""
    mine = of(rows, tag)
    return mine[len(mine) // 2]


def interval(tag: TagDef) -> timedelta:
    return tag.interval or DEFAULT_INTERVAL


def number(value: Decimal) -> RawNumber:
    return RawNumber(f"{value:f}")


def later(text: str, by: timedelta) -> str:
    """A time as the kit writes it, moved."""
    moved = datetime.fromisoformat(text) + by
    return moved.isoformat(timespec="seconds").replace("+00:00", "Z")
