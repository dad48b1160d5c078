"""Spot: where a comparison stands, and the ways to hold two values of one thing against each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from contracts.change import rows
from contracts.change.change import At, Change, Effect
from contracts.change.rows import Row
from contracts.contract import Contract
from contracts.duration import format_duration
from contracts.errors import PatternRefused
from contracts.pattern import same_pattern


@dataclass
class Book:
    """The two contracts and what was found so far."""

    old: Contract
    new: Contract
    changes: list[Change] = field(default_factory=list)

    def clauses(self, *kinds: str) -> tuple[str, ...]:
        """Ids of the clauses of these kinds in either contract."""
        found = (c.id for contract in (self.old, self.new) for c in contract.clauses if c.kind in kinds)
        return tuple(dict.fromkeys(found))

    def clauses_at(self, path: str, *, below: bool = False) -> tuple[str, ...]:
        """Ids of the implied clauses of a path of the schema object; `below`: of everything under it too."""
        inner = (f"{path}.", f"{path}[")
        found = (
            c.id
            for contract in (self.old, self.new)
            for c in contract.clauses
            if c.path == path or (below and c.path.startswith(inner))
        )
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Spot:
    """`name` is how a sentence about this thing starts; `path` where it stands; the rest goes into every Change."""

    book: Book
    path: str
    name: str
    clauses: tuple[str, ...] = ()
    old: At | None = None
    new: At | None = None
    word: str = ""

    def tell(self, what: str, row: Row, text: str, *, path: str | None = None) -> None:
        change = Change(
            what=what,
            path=path or self.path,
            text=f"{self.name}: {text}" if self.name else text,
            effect=row.effect,
            producer=row.producer,
            consumer=row.consumer,
            part=row.part,
            needs_quality_approval=row.approval,
            clauses=self.clauses,
            old=self.old,
            new=self.new,
        )
        self.book.changes.append(change)

    def on(self, attribute: str) -> Spot:
        return replace(self, path=f"{self.path}.{attribute}", word=attribute)


Handler = Callable[[Spot, Any, Any], None]
"""Tells of one attribute whose two values differ."""


def ignore(_spot: Spot, _old: Any, _new: Any) -> None:
    """For what somebody else compares, or what is no part of the agreement."""


def undetermined(spot: Spot, old: Any, new: Any) -> None:
    """Whatever this package does not know is breaking until somebody has looked at it."""
    spot.tell("undetermined", rows.UNKNOWN, f"{spot.word} {said(old)} -> {said(new)}")


def walk(spot: Spot, old: Any, new: Any, handlers: Mapping[str, Handler]) -> None:
    """Hold two equal dataclasses against each other, attribute by attribute; one without a handler is undetermined."""
    for attribute in fields(old):
        before, after = getattr(old, attribute.name), getattr(new, attribute.name)
        if before != after:
            handlers.get(attribute.name, undetermined)(spot.on(attribute.name), before, after)


def walk_keys(spot: Spot, old: Mapping[str, Any], new: Mapping[str, Any], handlers: Mapping[str, Handler]) -> None:
    """The same for two mappings; a key that is absent counts as None."""
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            handlers.get(key, undetermined)(spot.on(key), old.get(key), new.get(key))


def told(what: str, word: str, row: Row) -> Handler:
    """Any difference is this row."""

    def handle(spot: Spot, old: Any, new: Any) -> None:
        spot.tell(what, row, f"{word} {said(old)} -> {said(new)}")

    return handle


def limit(
    what: str,
    word: str,
    tighter: Literal["less", "more"],
    *,
    none: Literal["off", "strictest", "elsewhere"] = "off",
    default: Any = None,
    loose: Row = rows.WIDER,
) -> Handler:
    """A bound. `tighter` says which way less is accepted. None is `default`, else no bound at all, the strictest there
    is, or whatever another place says, which nobody can weigh here."""

    def handle(spot: Spot, old: Any, new: Any) -> None:
        text = f"{word} {said(old)} -> {said(new)}"
        before, after = (default if end is None else end for end in (old, new))
        if before == after:
            spot.tell(what, rows.DOCUMENTATION, f"{text}, which is the default")
        elif before is None or after is None:
            tightens = (before is None) == (none == "off")
            spot.tell(what, rows.UNKNOWN if none == "elsewhere" else rows.TIGHTER if tightens else loose, text)
        elif not _comparable(before, after):
            spot.tell(what, rows.UNKNOWN, text)
        else:
            tightens = after < before if tighter == "less" else after > before
            spot.tell(what, rows.TIGHTER if tightens else loose, text)

    return handle


def _comparable(old: Any, new: Any) -> bool:
    """Whether two bounds have an order: not a number and a day, nor two times written with their offsets."""
    if isinstance(old, str) and isinstance(new, str):
        return len(old) == len(new) == len("2020-01-01")
    return isinstance(old, str) == isinstance(new, str)


def switch(what: str, word: str, *, strict: Any = True, loose: Row = rows.WIDER) -> Handler:
    """Two states, of which `strict` accepts less."""

    def handle(spot: Spot, old: Any, new: Any) -> None:
        row = rows.TIGHTER if new == strict else loose if old == strict else rows.UNKNOWN
        spot.tell(what, row, f"{word} {said(old)} -> {said(new)}")

    return handle


def members(
    what: str,
    word: str,
    *,
    added: Row = rows.WEAKER,
    removed: Row = rows.TIGHTER,
    order: Row = rows.DOCUMENTATION,
    empty_is_off: bool = False,
    off: Row = rows.WEAKER,
) -> Handler:
    """A list of what is accepted (or, with the rows turned round, demanded). One change for each member.

    `empty_is_off`: an empty list accepts everything, so the first member closes it and the last one gone opens it.
    """

    def handle(spot: Spot, old: Collection[Any] | None, new: Collection[Any] | None) -> None:
        before, after = list(old or ()), list(new or ())
        if empty_is_off and not before:
            spot.tell(what, rows.TIGHTER, f"only {word} {said(after)} from now on")
            return
        if empty_is_off and not after:
            spot.tell(what, off, f"any {word} from now on")
            return
        gone, come = [m for m in before if m not in after], [m for m in after if m not in before]
        for member in gone:
            spot.tell(f"{what}.removed", removed, f"{word} {said(member)} removed")
        for member in come:
            spot.tell(f"{what}.added", added, f"{word} {said(member)} added")
        if not gone and not come:
            spot.tell(what, order, f"{word} in another order: {said(after)}")

    return handle


DEMANDED: Mapping[str, Row] = {"added": rows.TIGHTER, "removed": rows.WEAKER}
"""For `members` of a list that a file must satisfy whole."""


def pattern(what: str, word: str) -> Handler:
    """A pattern that nobody can prove equal is breaking; the history shows what it does."""

    def handle(spot: Spot, old: str | None, new: str | None) -> None:
        text = f"{word} {said(old)} -> {said(new)}"
        if old is None or new is None:
            spot.tell(what, rows.TIGHTER if old is None else rows.WIDER, text)
        elif _provably_equal(old, new):
            spot.tell(what, rows.DOCUMENTATION, f"{text}, the same words pass")
        else:
            spot.tell(what, rows.UNKNOWN, text)

    return handle


def _provably_equal(old: str, new: str) -> bool:
    try:
        return same_pattern(old, new)
    except PatternRefused:
        return False


def either(effect: Effect | None) -> Row:
    """The row of a smaller or wider range whose effect was worked out."""
    match effect:
        case Effect.TIGHTENS:
            return rows.TIGHTER
        case Effect.LOOSENS:
            return rows.WIDER
        case Effect.BOTH:
            return rows.MEANING
        case _:
            return rows.UNKNOWN


def said(value: Any) -> str:
    """A value in a sentence."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return ("-" if value < timedelta() else "") + format_duration(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return ", ".join(f"{key}: {said(inner)}" for key, inner in value.items()) or "none"
        case tuple() | list():
            return ", ".join(said(inner) for inner in value) or "none"
        case _:
            return str(value)
