"""One contract's good certificate in the hands of somebody who spoils it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from contracts.context import Context
from contracts.contract import Clause, Contract, Field, SourceForm, TestDef
from contracts.kit.bad import Bad, Maker
from contracts.kit.draft import Draft
from contracts.kit.good import AT, good
from contracts.kit.scalars import moment
from contracts.kit.write import suffix, write

Body = dict[str, Any]
Edit = Callable[[Body], None]
MONTH = timedelta(days=31)


class NothingToSpoil(Exception):
    """The contract holds nothing that could go wrong in this way."""


class Spoiling:
    """The good certificate, what the contract says about its parts, and bad files made of it."""

    def __init__(self, contract: Contract, code: str) -> None:
        self.contract, self.code = contract, code
        self.draft = good(contract)
        self.form = contract.schema.sources[0]

    @property
    def good(self) -> Body:
        return self.draft.record

    def bad(
        self,
        spoil: Edit,
        mend: Edit | None = None,
        *,
        base: Edit | None = None,
        earlier: Sequence[Body] = (),
        context: Context | None = None,
        also: tuple[str, ...] = (),
    ) -> Bad:
        """`spoil` makes the certificate bad, after `base` has made it the one to begin with. `mend` does to the same
        beginning what the finding's fix says; without it the beginning is the mended file."""
        begin = base or nothing
        wrong, right = self.edited(begin, spoil), self.edited(begin, mend or nothing)
        before = tuple(self.bytes_of(one) for one in earlier)
        data, fixed = self.bytes_of(wrong), self.bytes_of(right)
        return Bad(self.code, self.name, self.form, data, fixed, before, context, also)

    @property
    def name(self) -> str:
        return f"{self.code.lower()}.{suffix(self.form)}"

    def edited(self, *edits: Edit) -> Body:
        """The good certificate after some edits, in their order."""
        record = self.draft.copy().record
        for edit in edits:
            edit(record)
        return record

    def bytes_of(self, record: Body, form: SourceForm | None = None) -> bytes:
        return write(Draft(self.contract, record), form or self.form)

    def another(self, months: int) -> Body:
        """A good certificate of another lot, some months before (negative) or after."""
        return good(self.contract, at=AT + months * MONTH).record

    # What the contract says

    def rule(self, kind: str) -> Clause:
        """The first clause of a rule. Raises NothingToSpoil without one."""
        found = next((c for c in self.contract.clauses if c.kind == kind), None)
        if found is None:
            raise NothingToSpoil(kind)
        return found

    def key(self, part: str) -> str:
        """The key of a result that holds its code, value, operator, unit, loq, stage or verdict."""
        for kind in ("within", "unitIs", "requiredTests"):
            clause = next((c for c in self.contract.clauses if c.kind == kind and part in c.params), None)
            if clause is not None:
                return str(clause.params[part])
        raise NothingToSpoil(part)

    def field(self, path: str) -> Field:
        """A field of the contract. Raises NothingToSpoil where it has none."""
        found = self.contract.schema.find(path)
        if found is None:
            raise NothingToSpoil(path)
        return found

    def tests(self, wanted: Callable[[TestDef], bool]) -> Iterator[TestDef]:
        """Tests that the good certificate holds exactly once and that are as wanted, in the order of the panel."""
        code = self.key("code")
        present = [row[code] for row in self.draft.rows]
        return (t for t in self.contract.schema.tests if present.count(t.code) == 1 and wanted(t))

    def test(self, wanted: Callable[[TestDef], bool]) -> TestDef:
        """The first of `tests`. Raises NothingToSpoil when there is none."""
        found = next(self.tests(wanted), None)
        if found is None:
            raise NothingToSpoil("a test")
        return found

    def number(self, value: Decimal | str) -> str:
        """A number with the decimal mark of the contract."""
        return str(value).replace(".", self.contract.schema.locale.decimal)

    def value_of(self, test: TestDef) -> str:
        """What the good certificate says of a test."""
        return str(self.row(self.good, test)[self.key("value")])

    def time(self, path: str, at: datetime) -> str:
        return str(moment(self.contract, self.field(path), at))

    # Edits

    def row(self, record: Body, test: TestDef) -> Body:
        return next(row for row in record["results"] if row[self.key("code")] == test.code)

    def result(self, test: TestDef, **parts: str | None) -> Edit:
        """Sets parts of one result by what they are (value, operator, unit ...); None takes one away."""
        named = {self.key(part): text for part, text in parts.items()}

        def edit(record: Body) -> None:
            _set(self.row(record, test), named)

        return edit

    def fields_of(self, test: TestDef, **fields: str | None) -> Edit:
        """Sets fields of one result by their own names."""
        return lambda record: _set(self.row(record, test), fields)

    def held(self, record: Body) -> None:
        """A disposition that claims nothing, so that it contradicts no result."""
        claim = next((c for c in self.contract.clauses if c.kind == "dispositionAgrees"), None)
        if claim is None:
            return
        name = str(claim.params["disposition"])
        claims = (claim.params["released"], claim.params["provisional"])
        record[name] = next(word for word in (*self.field(name).enum, "none") if word not in claims)


def _set(row: Body, fields: dict[str, str | None]) -> None:
    for name, text in fields.items():
        if text is None:
            row.pop(name, None)
        else:
            row[name] = text


def nothing(_record: Body) -> None:
    pass


def put(**fields: Any) -> Edit:
    """Sets fields of the certificate; None takes one away."""
    return lambda record: _set(record, fields)


def both(*edits: Edit) -> Edit:
    def edit(record: Body) -> None:
        for one in edits:
            one(record)

    return edit


@dataclass(frozen=True)
class Spoiler:
    """A maker of one code: silent about contracts that cannot raise it or hold nothing to spoil."""

    code: str
    make: Callable[[Spoiling], Bad]

    def __call__(self, contract: Contract) -> Bad | None:
        about = contract.schema.document_kind == "certificate"
        if not about or not any(self.code in clause.codes for clause in contract.clauses):
            return None
        try:
            return self.make(Spoiling(contract, self.code))
        except NothingToSpoil:
            return None


def makers(**made: Callable[[Spoiling], Bad]) -> dict[str, Maker]:
    """`E104=decimal_comma` -> {"COA-E104": its maker}."""
    return {f"COA-{short}": Spoiler(f"COA-{short}", make) for short, make in made.items()}
