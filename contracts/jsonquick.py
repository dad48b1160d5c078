"""The quick reading of clean JSON: orjson parses, and whatever it would lose or forgive goes back to the strict reader.

orjson is several times as fast as the strict reader and hands out the same string for the same key in every file, which
makes every later look-up by key cheap. What it can't keep: the digits of a fraction, the sign of a negative zero, and
which key came twice. So a text with any of these, or with anything orjson refuses, is none of its business.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from contracts.document import Raw, RawNumber

_NUMBERS = {number: RawNumber(number) for number in range(1, 1000)}
_PLANS = 1024  # shapes of objects that are remembered
_WIDEST = 64  # members of an object whose shape is
_Plan = tuple[tuple[int, ...], tuple[int, ...]]


class Quick(NamedTuple):
    """The tree, how many members its objects have in all, and how many objects and lists there are."""

    root: Raw
    members: int
    nodes: int


def read_quickly(text: str) -> Quick | None:
    """The tree of `text` with every number as it was written; None: ask the strict reader."""
    try:
        root: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    members = nodes = 0
    waiting = [root]
    while waiting:
        node = waiting.pop()
        nodes += 1
        if type(node) is dict:
            members += len(node)
            kinds = tuple(map(type, node.values()))
            plan = _plans.get(kinds) or _plan(kinds)
            if plan is None:
                return None
            numbers, inner = plan
            if not numbers and not inner:
                continue
            keys = list(node)
            for at in numbers:
                value = node[keys[at]]
                if value == 0:  # perhaps a negative zero, which has lost its sign
                    return None
                node[keys[at]] = _NUMBERS.get(value) or RawNumber(value)
            waiting += [node[keys[at]] for at in inner]
        elif type(node) is list:
            kinds = tuple(set(map(type, node)))
            if int in kinds or float in kinds:  # lists of numbers are rare, and as good in the strict reader
                return None
            waiting += [value for value in node if type(value) is dict or type(value) is list]
        else:  # a lone value: nobody's delivery
            return None
    return Quick(root, members, nodes)


_plans: dict[tuple[type, ...], _Plan] = {}


def _plan(kinds: tuple[type, ...]) -> _Plan | None:
    """Where an object with values of these types holds whole numbers, and where objects and lists."""
    if float in kinds:
        return None
    numbers = tuple(at for at, kind in enumerate(kinds) if kind is int)
    plan = numbers, tuple(at for at, kind in enumerate(kinds) if kind in (dict, list))
    if len(_plans) < _PLANS and len(kinds) <= _WIDEST:
        _plans[kinds] = plan
    return plan
