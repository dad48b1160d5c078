"""Where every key of a TOML file stands. tomllib reads values and keeps no places, and an error needs the line.

Run over text that tomllib accepted, so it only has to find keys, not to judge them. A value inside an inline table or
an array has the place of the key that it belongs to.
"""

from __future__ import annotations

import re
from typing import Any

from contracts.yamltree import Mapping, Node, Scalar, Sequence

Steps = tuple[int | str, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEY})[ \t]*\]\]?")
_ASSIGN = re.compile(rf"[ \t]*({_KEY})[ \t]*=[ \t]*")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)


def places(text: str, data: dict[str, Any]) -> Mapping:
    """The tree of `data` with line and column (1-based) of each key and value."""
    keys: dict[Steps, tuple[int, int]] = {}
    values: dict[Steps, tuple[int, int]] = {}
    table: Steps = ()
    counts: dict[Steps, int] = {}
    position = 0
    while position < len(text):
        line, column = _line_column(text, position)
        if header := _HEADER.match(text, position):
            table = _table(_parts(header[2]), counts, array=header[1] == "[[")
            named = table[:-1] if isinstance(table[-1], int) else table
            for steps in (named, table):
                keys.setdefault(steps, (line, column))
                values.setdefault(steps, (line, column))
            position = _end_of_line(text, header.end())
        elif assign := _ASSIGN.match(text, position):
            steps = (*table, *_parts(assign[1]))
            keys[steps] = _line_column(text, assign.start(1))
            values[steps] = _line_column(text, assign.end())
            position = _end_of_value(text, assign.end())
        else:
            position = _end_of_line(text, position)
    return _mapping((), data, keys, values, (1, 1))


def _table(parts: Steps, counts: dict[Steps, int], *, array: bool) -> Steps:
    """The steps of a header. A name that is an array of tables leads into its newest item."""
    steps: Steps = ()
    for index, part in enumerate(parts):
        steps = (*steps, part)
        if array and index == len(parts) - 1:
            counts[steps] = counts.get(steps, -1) + 1
        if steps in counts:
            steps = (*steps, counts[steps])
    return steps


def _parts(key: str) -> Steps:
    return tuple(part.strip("\"'") for part in re.findall(_PART, key))


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _end_of_value(text: str, position: int) -> int:
    """Past the value that starts here: its line, or more lines while a bracket or a string is open."""
    depth = 0
    while position < len(text):
        string = _STRING.match(text, position)
        if string:
            position = string.end()
            continue
        match text[position]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "#":
                position = _end_of_line(text, position) - 1
                continue
            case "\n" if depth == 0:
                return position + 1
        position += 1
    return position


def _line_column(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _mapping(
    steps: Steps,
    data: dict[str, Any],
    keys: dict[Steps, tuple[int, int]],
    values: dict[Steps, tuple[int, int]],
    around: tuple[int, int],
) -> Mapping:
    here = values.get(steps, around)
    entries = {}
    for name, value in data.items():
        below = (*steps, name)
        entries[name] = (Scalar(name, *keys.get(below, here)), _node(below, value, keys, values, here))
    return Mapping(entries, *here)


def _node(
    steps: Steps,
    value: Any,
    keys: dict[Steps, tuple[int, int]],
    values: dict[Steps, tuple[int, int]],
    around: tuple[int, int],
) -> Node:
    here = values.get(steps, around)
    if isinstance(value, dict):
        return _mapping(steps, value, keys, values, around)
    if isinstance(value, list):
        return Sequence(tuple(_node((*steps, n), item, keys, values, here) for n, item in enumerate(value)), *here)
    return Scalar(None, *here)
