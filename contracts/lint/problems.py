"""Collecting problems: one list for a whole file, each at the place of its cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from contracts.codes import Severity, codes
from contracts.errors import LintProblem
from contracts.yamltree import Mapping, Node, Scalar, plain
from contracts.yamltree import Sequence as ListNode

Anywhere: TypeAlias = "Node | None"


class Problems:
    """The problems of one file. A problem at a place that has one with the same code already is dropped."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[LintProblem] = []
        self._seen: set[tuple[str, int, int, str]] = set()

    def add(self, code: str, at: Node, message: str, help: str, severity: Severity | None = None) -> None:
        """`at` is the node whose first character is quoted; the severity is the code's own unless given."""
        key = (code, at.line, at.column, message)
        if key not in self._seen:
            self._seen.add(key)
            level = severity or codes()[code].severity
            self.found.append(LintProblem(code, self.file, at.line, at.column, message, help, level))

    def sorted(self) -> tuple[LintProblem, ...]:
        return tuple(sorted(self.found, key=lambda p: (p.file, p.line, p.column, p.code)))


def walk(root: Node, path: Iterable[str | int]) -> tuple[Node, Scalar | None]:
    """The node at a JSON Schema instance path, and its key when it is a mapping's value. Stops where the path ends."""
    node, key = root, None
    for part in path:
        if isinstance(node, Mapping) and isinstance(part, str) and part in node.entries:
            key, node = node.entries[part]
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            key, node = None, node.items[part]
        else:
            break
    return node, key


def text(owner: Anywhere, key: str) -> str | None:
    """The text under `key`, or None when there is none or it isn't text. Lint meets every shape."""
    value = plain(owner.get(key)) if isinstance(owner, Mapping) else None
    return value if isinstance(value, str) else None


def maps(owner: Anywhere, key: str) -> list[Mapping]:
    """The mappings in the list under `key`."""
    node = owner.get(key) if isinstance(owner, Mapping) else None
    return [item for item in node if isinstance(item, Mapping)] if isinstance(node, ListNode) else []


def items(node: Anywhere) -> Sequence[Node]:
    return node.items if isinstance(node, ListNode) else ()


def entries(node: Anywhere) -> Iterable[tuple[Scalar, Node]]:
    return node.entries.values() if isinstance(node, Mapping) else ()


def customs(owner: Anywhere) -> dict[str, tuple[Mapping, Node]]:
    """Our custom properties by name: the entry, for its place, and the value's node. The first of a name counts."""
    found: dict[str, tuple[Mapping, Node]] = {}
    for entry in maps(owner, "customProperties"):
        name, value = text(entry, "property"), entry.get("value")
        if name is not None and value is not None and text(entry, "vendor") in (None, "justindata"):
            found.setdefault(name, (entry, value))
    return found


def said(value: Any) -> str:
    """A found value in a message: short, and as it was written."""
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
