"""Can any result meet a criterion? One that none can meet rejects every lot, or hides a slip of the pen.

A criterion is reduced to what it leaves: for each test that it looks at an interval of numbers and a set of words.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from contracts.errors import valid_values
from contracts.lint.problems import Problems, items, said
from contracts.yamltree import Mapping, Node, plain

OPERATORS = ("le", "lt", "ge", "gt", "range", "equals", "oneOf", "absent", "reportOnly", "anyOf", "allOf")
_NUMERIC = frozenset(("le", "lt", "ge", "gt", "range", "equals"))
_WORDS = frozenset(("oneOf", "absent"))
_KINDS = {"numeric": _NUMERIC, "qualitative": _WORDS, "text": _WORDS}


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers that are left. None: no limit on that side; `open`: the limit itself is not left."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False

    def both(self, other: Interval) -> Interval:
        """What is left of both."""
        lows = [(i.low, i.low_open) for i in (self, other) if i.low is not None]
        highs = [(i.high, i.high_open) for i in (self, other) if i.high is not None]
        low, low_open = max(lows, key=lambda e: (e[0], e[1]), default=(None, False))
        high, high_open = min(highs, key=lambda e: (e[0], not e[1]), default=(None, False))
        return Interval(low, high, low_open, high_open)

    @property
    def empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def __str__(self) -> str:
        below = f"{'>' if self.low_open else '>='} {self.low}" if self.low is not None else ""
        above = f"{'<' if self.high_open else '<='} {self.high}" if self.high is not None else ""
        return " and ".join(part for part in (below, above) if part)


def check_criterion(node: Node, test: Mapping, kinds: AnyMapping[str, str], problems: Problems) -> None:
    """One criterion and its parts: one condition each, that fits the kind of its test and that some value can meet.

    `kinds` tells the kind of value of every test that there is, aliases too.
    """
    if not isinstance(node, Mapping):
        return
    _form(node, kinds, problems)
    own = str(plain(test.get("valueKind")))
    _fits(node, own, kinds, problems)
    parts = (*items(node.get("anyOf")), *items(node.get("allOf")))
    for part in parts:
        check_criterion(part, test, kinds, problems)
    physical = _physical(test)
    if not parts:
        _reachable(node, physical, problems)
    if node.get("allOf") is not None:
        _together(items(node.get("allOf")), physical, problems)


def _form(node: Mapping, tests: AnyMapping[str, str], problems: Problems) -> None:
    used = [op for op in OPERATORS if node.get(op) is not None]
    if len(used) != 1:
        found = " and ".join(used) if used else "nothing"
        message = f"a criterion has one condition, this one has {found}"
        problems.add("CON-E105", node, message, valid_values("", OPERATORS))
    of = node.get("of")
    if of is not None and str(plain(of)) not in tests:
        problems.add("CON-E110", of, f"test {plain(of)} does not exist", valid_values(str(plain(of)), tuple(tests)))
    for key in ("includeLower", "includeUpper"):
        if node.get(key) is not None and node.get("range") is None:
            problems.add(
                "CON-E105", node.key(key) or node, f"{key} without range", "write it beside range, or remove it"
            )


def _fits(node: Mapping, own: str, kinds: AnyMapping[str, str], problems: Problems) -> None:
    kind = kinds.get(str(plain(node.get("of"))), own) if node.get("of") is not None else own
    fitting = _KINDS.get(kind)
    for op in (_NUMERIC | _WORDS) - (fitting or _NUMERIC | _WORDS):
        if node.get(op) is not None:
            listed = sorted((fitting or frozenset()) | {"reportOnly"})
            message = f"no {kind} result can meet {op}"
            problems.add("CON-E105", node.key(op) or node, message, f"valid: {', '.join(listed)}; or change valueKind")


def _reachable(node: Mapping, physical: Interval | None, problems: Problems) -> None:
    """A simple criterion against itself and against what a real value can be."""
    left = _left(node)
    if left is None:
        return
    if left.empty:
        low, high = (plain(end) for end in items(node.get("range")))
        at = node.get("range") or node
        if Decimal(str(low)) > Decimal(str(high)):
            problems.add(
                "CON-E105", at, f"the range starts at {low} and ends at {high}", "write the smaller number first"
            )
        else:
            problems.add("CON-E105", at, f"no value is {left}", "include both ends, or write a wider range")
    elif physical is not None and not physical.empty and node.get("of") is None and left.both(physical).empty:
        message = f"no real value meets this criterion: it is {left}, and physical is {physical}"
        problems.add("CON-E105", node, message, "correct the criterion or physical")


def _together(parts: Sequence[Node], physical: Interval | None, problems: Problems) -> None:
    """The parts of allOf, test by test."""
    numbers: dict[str | None, Interval] = {}
    words: dict[str | None, set[str]] = {}
    for part in parts:
        if not isinstance(part, Mapping):
            continue
        of = plain(part.get("of"))
        name = str(of) if of is not None else None
        left = _left(part)
        if left is not None and not left.empty:
            before = numbers.get(name, physical if name is None and physical is not None else Interval())
            both = before.both(left)
            if both.empty and not before.empty:
                message = f"no value meets these together: {before} and {left}"
                problems.add("CON-E105", part, message, "correct one of the two, or write anyOf")
            numbers[name] = both
        listed = {str(plain(word)) for word in items(part.get("oneOf"))}
        if plain(part.get("absent")) is True:
            listed = {"absent"}
        if listed:
            if name in words and not words[name] & listed:
                message = f"no word meets these together: {said(sorted(words[name])[0])} and {said(sorted(listed)[0])}"
                problems.add("CON-E105", part, message, "correct one of the two, or write anyOf")
            words[name] = words.get(name, listed) & listed


def _left(node: Mapping) -> Interval | None:
    """The numbers that a simple criterion leaves; None when it is not about numbers."""
    for op in ("le", "lt", "ge", "gt", "equals"):
        limit = _number(node.get(op))
        if limit is not None:
            match op:
                case "le" | "lt":
                    return Interval(high=limit, high_open=op == "lt")
                case "ge" | "gt":
                    return Interval(low=limit, low_open=op == "gt")
                case _:
                    return Interval(limit, limit)
    ends = [_number(end) for end in items(node.get("range"))]
    if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
        lower, upper = plain(node.get("includeLower")), plain(node.get("includeUpper"))
        return Interval(ends[0], ends[1], lower is False, upper is False)
    return None


def _physical(test: Mapping) -> Interval | None:
    ends = [_number(end) for end in items(test.get("physical"))]
    return Interval(ends[0], ends[1]) if len(ends) == 2 and None not in ends else None


def _number(node: Node | None) -> Decimal | None:
    value = plain(node)
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
