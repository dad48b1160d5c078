"""A contract's file as a tree whose list items have names, so that places and leaves can be found by path."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.change.change import At
from contracts.contract import Contract, RefTable
from contracts.yamltree import Mapping, Node, Scalar

_NAMES = (
    "id",
    "name",
    "property",
    "code",
    "tag",
    "server",
    "channel",
    "username",
    "synonym",
    "role",
    "format",
    "value",
)


def children(node: Node) -> Iterator[tuple[str, Node]]:
    """The parts of a mapping by key, those of a list by the name that its items give themselves, else by number."""
    if isinstance(node, Scalar):
        return
    if isinstance(node, Mapping):
        yield from node
        return
    seen: dict[str, int] = {}
    for number, item in enumerate(node):
        name = _name(item, number)
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), item


def _name(item: Node, number: int) -> str:
    if isinstance(item, Mapping):
        for key in _NAMES:
            entry = item.entries.get(key)
            if entry is not None and isinstance(entry[1], Scalar) and isinstance(entry[1].value, str):
                return str(entry[1].value)
    return str(number)


def leaves(root: Node) -> dict[tuple[str, ...], tuple[object, Node]]:
    """Every scalar by its path: the value as written, and its node."""
    found: dict[tuple[str, ...], tuple[object, Node]] = {}

    def collect(node: Node, path: tuple[str, ...]) -> None:
        if isinstance(node, Scalar):
            found[path] = (type(node.value), node.value), node
            return
        inner = list(children(node))
        if not inner:
            found[path] = (type(node), ()), node
        for name, child in inner:
            collect(child, (*path, name))

    collect(root, ())
    return found


def find(root: Node | None, *path: str) -> Node | None:
    """The deepest node on the way along `path`; None only when there is no tree."""
    node = root
    for name in path:
        below = next((child for key, child in children(node) if key == name), None) if node is not None else None
        if below is None:
            return node
        node = below
    return node


def place(contract: Contract, *path: str) -> At | None:
    """Where in the contract's file the deepest part of `path` stands."""
    node = find(contract.tree, *path)
    return None if node is None else At(contract.file, node.line, node.column)


def in_object(contract: Contract, name: str, *path: str) -> At | None:
    """Where a custom property of the schema object stands, and further inside its value."""
    return place(contract, "schema", contract.schema.name, "customProperties", name, "value", *path)


def in_table(contract: Contract, table: RefTable | None, section: str, *path: str) -> At | None:
    """Where an entry of a reference table stands; with no table, in the contract's own list."""
    if table is None:
        return in_object(contract, section, *path)
    node = find(table.tree, section, *path)
    return None if node is None else At(table.file, node.line, node.column)


def table_of(contract: Contract, section: str) -> RefTable | None:
    """The reference table that the object's tests, tags, units or vocabularies come from, if they do."""
    held = getattr(contract.schema, section)
    return next((table for table in contract.refs if held and getattr(table, section) is held), None)
