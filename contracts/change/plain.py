"""What is written differently and means the same: descriptions, examples, people, order, another spelling."""

from __future__ import annotations

from contracts.change import rows
from contracts.change.change import At
from contracts.change.spot import Book, Spot
from contracts.change.tree import leaves
from contracts.contract import Contract
from contracts.yamltree import Node

_SECTIONS = frozenset(
    {
        "authoritativeDefinitions", "businessName", "contractCreatedTs", "dataGranularityDescription", "dataProduct",
        "description", "dimension", "domain", "driver", "element", "examples", "physicalType", "price", "relationships",
        "roles", "servers", "support", "tags", "team", "tenant", "transformDescription", "transformLogic",
        "transformSourceObjects", "businessImpact",
    }
)  # fmt: skip
"""Keys under which nothing is evaluated, wherever they stand; `tags` of the standard are labels."""

_UNREAD = frozenset({"calendar", "root", "namespaces"})
"""Keys of the profile that bind the partner although nothing of this package sees them compiled."""


def compare_plain(book: Book) -> None:
    """One change for each part of the file that only documents; and one if nothing else explains what differs."""
    same = frozenset(t.sha256 for t in book.old.refs) & frozenset(t.sha256 for t in book.new.refs)
    old, new = _all(book.old, same), _all(book.new, same)
    paths = [path for path in dict.fromkeys((*old, *new)) if _value(old, path) != _value(new, path)]
    told: set[tuple[str, ...]] = set()
    for path in paths:
        cut = _documented(path)
        if cut is not None and cut not in told:
            told.add(cut)
            _spot(book, cut, old.get(path), new.get(path)).tell("documentation", rows.DOCUMENTATION, "changed")
        unread = next((key for key in path if key in _UNREAD), None)
        if cut is None and unread is not None and "customProperties" in path and path not in told:
            told.add(path)
            spot = _spot(book, path, old.get(path), new.get(path))
            spot.tell("undetermined", rows.UNKNOWN, "another value")
    rest = [path for path in paths if _documented(path) is None and path not in (("version",), ("status",))]
    if rest and not any(change.what != "documentation" for change in book.changes):
        spot = _spot(book, rest[0], old.get(rest[0]), new.get(rest[0]))
        spot.tell("written", rows.DOCUMENTATION, "written in another way, with the same meaning")


Leaf = tuple[object, Node, str]


def _all(contract: Contract, same: frozenset[str]) -> dict[tuple[str, ...], Leaf]:
    """Every leaf of the contract and of the tables that it uses, but for those that both sides use (by hash)."""
    found: dict[tuple[str, ...], Leaf] = {}
    for file, tree, name in (
        (contract.file, contract.tree, ()),
        *((table.file, table.tree, ("refs", table.name)) for table in contract.refs if table.sha256 not in same),
    ):
        if tree is not None:
            found |= {(*name, *path): (value, node, file) for path, (value, node) in leaves(tree).items()}
    return found


def _value(side: dict[tuple[str, ...], Leaf], path: tuple[str, ...]) -> object:
    leaf = side.get(path)
    return None if leaf is None else leaf[0]


def _documented(path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The part of `path` that names a piece of documentation; None when the leaf is no documentation."""
    if path[0] == "customProperties" or "implementation" in path or path[0] == "refs":
        return None
    if path[0] in _SECTIONS:
        return path[:2] if path[0] in ("description", "support", "servers") else path[:1]
    if path == ("name",):
        return path
    level = path[0] == "slaProperties" and len(path) == 3 and path[2] != "id"
    for number, key in enumerate(path[1:], start=1):
        if key == "customProperties":
            return None
        if key in _SECTIONS:
            return path[: number + 1]
    return path if level else None


def _spot(book: Book, path: tuple[str, ...], old: Leaf | None, new: Leaf | None) -> Spot:
    where = ".".join(part for part in path if part not in ("schema", "properties", "items"))
    return Spot(book, where, where, (), _at(old), _at(new))


def _at(leaf: Leaf | None) -> At | None:
    return None if leaf is None else At(leaf[2], leaf[1].line, leaf[1].column)
