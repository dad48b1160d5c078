"""Rules of a series: all of them look at the same columns, and each stands there once, because rows pass once.

What the engine of a series would have to leave out (contracts.series.plan) is refused before anybody relies on it.
"""

from __future__ import annotations

from contracts.lint.problems import Problems, customs, items, maps, text
from contracts.rulebook import rules
from contracts.yamltree import Mapping, Node, plain

_COLUMNS = ("key", "ts", "value")
_SEVERAL = ("referenceExists", "rowsPerBatch")  # each of these looks at a column of its own


def check_series(root: Mapping, problems: Problems) -> None:
    """CON-E105 for a rule that is there twice, another column than the other rules have, and another unique key."""
    for schema in maps(root, "schema"):
        kind = customs(schema).get("documentKind")
        if kind is not None and plain(kind[1]) == "series":
            _rules(schema, problems)


def _rules(schema: Mapping, problems: Problems) -> None:
    seen: dict[str, Node] = {}
    columns: dict[str, tuple[str, Node]] = {}
    keys: list[Mapping] = []
    for rule in maps(schema, "quality"):
        body = rule.get("implementation")
        name = text(body, "rule") if text(rule, "engine") == "justindata" else None
        if name is None or name not in rules() or not isinstance(body, Mapping) or name in _SEVERAL:
            continue
        at = body.get("rule") or body
        if name in seen:
            advice = f"keep one; the first is on line {seen[name].line}"
            problems.add("CON-E105", at, f"rule {name} is there twice, and a series is judged by one", advice)
            continue
        seen[name] = at
        if name == "uniqueKey":
            keys.append(body)
            continue
        for column in _COLUMNS:
            named, where = text(body, column), body.get(column)
            if named is None or where is None:
                continue
            first = columns.setdefault(column, (named, where))
            if first[0] != named:
                message = f"{column} is {named} here and {first[0]} on line {first[1].line}"
                problems.add("CON-E105", where, message, f"a series has one such column; write {first[0]}")
    for body in keys:
        _unique(body, columns, problems)


def _unique(body: Mapping, columns: dict[str, tuple[str, Node]], problems: Problems) -> None:
    wanted = tuple(columns[name][0] for name in ("key", "ts") if name in columns)
    listed = [plain(part) for part in items(body.get("key"))]
    if len(wanted) == len(("key", "ts")) and sorted(map(str, listed)) != sorted(wanted):
        message = "a series is unique by its tag and its time"
        problems.add("CON-E105", body.get("key") or body, message, f"write key: [{', '.join(wanted)}]")
