"""What the standard's schema lets through and shouldn't, or leaves open (contracts.md 1.2)."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.codes import Severity
from contracts.errors import PatternRefused, valid_values
from contracts.lint.problems import Problems, customs, items, maps, said, text
from contracts.pattern import compile_pattern
from contracts.yamltree import Mapping, Node, Scalar, plain
from contracts.yamltree import Sequence as ListNode

_DATE_LETTERS = frozenset("yMdHmsSX")


def check_semantics(root: Mapping, problems: Problems, *, ours: bool) -> None:
    """`ours`: the profile is on. Only then do patterns and date formats have to run in this engine."""
    _unique_names(root, problems)
    for owner in (*maps(root, "schema"), *(node for node, _path in properties(root))):
        _relationships(owner, problems)
        for rule in maps(owner, "quality"):
            _rule(rule, problems)
    for node, _path in properties(root):
        _untyped_options(node, problems)
        if ours:
            _translatable(node, problems)


def properties(root: Mapping) -> Iterator[tuple[Mapping, str]]:
    """Every property and every array's items, with the dotted path from the schema object's name."""
    for schema in maps(root, "schema"):
        yield from _below(schema, text(schema, "name") or "")


def _below(owner: Mapping, path: str) -> Iterator[tuple[Mapping, str]]:
    for node in maps(owner, "properties"):
        here = f"{path}.{text(node, 'name') or ''}"
        yield node, here
        yield from _below(node, here)
        inner = node.get("items")
        while isinstance(inner, Mapping):
            here += "[]"
            yield inner, here
            yield from _below(inner, here)
            inner = inner.get("items")


def _unique_names(root: Mapping, problems: Problems) -> None:
    _unique(maps(root, "schema"), "name", "schema object", problems)
    for owner in (*maps(root, "schema"), *(node for node, _path in properties(root))):
        _unique(maps(owner, "properties"), "name", "property", problems)
    rules = [rule for owner in maps(root, "schema") for rule in maps(owner, "quality")]
    rules += [rule for node, _path in properties(root) for rule in maps(node, "quality")]
    # Rules and service levels share one name space: both become clauses, and a clause's id is quoted in reports.
    _unique([*rules, *maps(root, "slaProperties")], "id", "rule or service level", problems)
    _unique(maps(root, "support"), "id", "support channel", problems)
    _unique(maps(root, "servers"), "server", "server", problems)
    for owner in (root, *maps(root, "schema"), *(n for n, _p in properties(root)), *rules, *_others(root)):
        _unique(maps(owner, "customProperties"), "property", "custom property", problems)


def _others(root: Mapping) -> list[Mapping]:
    return [*maps(root, "slaProperties"), *maps(root, "support")]


def _unique(owners: list[Mapping], key: str, noun: str, problems: Problems) -> None:
    seen: dict[str, Node] = {}
    for owner in owners:
        name, node = text(owner, key), owner.get(key)
        if name is None or node is None:
            continue
        if name in seen:
            problems.add("CON-E106", node, f"{noun} {name} is there twice", f"the first is on line {seen[name].line}")
        seen.setdefault(name, node)


def _relationships(owner: Mapping, problems: Problems) -> None:
    for relation in maps(owner, "relationships"):
        start, end = relation.get("from"), relation.get("to")
        if start is None or end is None:
            continue
        a, b = _ends(start), _ends(end)
        if a != b:
            message = f"the relationship goes from {a} to {b} fields"
            problems.add("CON-E111", end, message, "name as many fields on one end as on the other")


def _ends(node: Node) -> int:
    return len(items(node)) if isinstance(node, ListNode) else 1


def _rule(rule: Mapping, problems: Problems) -> None:
    severity = rule.get("severity")
    if severity is not None and plain(severity) not in list(Severity):
        advice = valid_values(str(plain(severity)), [s.value for s in Severity])
        problems.add("CON-E105", severity, f"severity is {said(plain(severity))}", advice)
    sort = text(rule, "type")
    if sort == "sql":
        problems.add("CON-E114", rule, "an SQL rule is not run", "write it as one of our rules, or leave it as a note")
    elif sort == "custom" and text(rule, "engine") != "justindata":
        engine = text(rule, "engine") or "none"
        message = f"a rule of engine {engine} is not run"
        problems.add("CON-E113", rule, message, "it is counted as not evaluated; ours have engine: justindata")
    for key in ("mustBeBetween", "mustNotBeBetween"):
        if rule.get(key) is not None:
            message = f"{key} is written as an open interval and named as a closed one"
            problems.add("CON-E117", rule.key(key) or rule, message, "read as closed: both ends belong to it")


def _untyped_options(node: Mapping, problems: Problems) -> None:
    options = node.get("logicalTypeOptions")
    if options is not None and node.get("logicalType") is None:
        at = node.key("logicalTypeOptions") or options
        problems.add(
            "CON-E112", at, "logicalTypeOptions without logicalType", "say the type, or the options are ignored"
        )


def _translatable(node: Mapping, problems: Problems) -> None:
    """Patterns must have a linear-time form, date formats one that is read here."""
    options, identifier = node.get("logicalTypeOptions"), customs(node).get("identifier")
    if identifier is not None and isinstance(identifier[1], Mapping):
        check_pattern(identifier[1].get("pattern"), problems)
    if isinstance(options, Mapping):
        check_pattern(options.get("pattern"), problems)
        form = options.get("format")
        if form is not None and text(node, "logicalType") in ("date", "timestamp", "time"):
            _date_format(form, problems)


def check_pattern(node: Node | None, problems: Problems) -> None:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    try:
        compile_pattern(node.value)
    except PatternRefused as refused:
        message = f"pattern {said(node.value)} cannot be used: {refused.reason}"
        problems.add(
            "CON-E107", node, message, "look-around and back references have no linear-time form; write it without"
        )


def _date_format(node: Node, problems: Problems) -> None:
    form = plain(node)
    if not isinstance(form, str):
        return
    outside = "".join(form.split("'")[::2])
    unknown = sorted({letter for letter in outside if letter.isalpha() and letter not in _DATE_LETTERS})
    if form.count("'") % 2:
        problems.add("CON-E107", node, f"date format {said(form)} has an open quote", "close the quote")
    elif unknown:
        message = f"date format {said(form)} uses {', '.join(unknown)}"
        problems.add("CON-E107", node, message, "the letters y M d H m s S X and quoted text are read")
