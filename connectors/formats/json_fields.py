"""Fields that a JSON file keeps somewhere else than under their own name (`locator: {json: /Certificate/Lot}`).

A pointer is read from the root of the file, or from the list's item for a field of an item. What is found there moves
to the field's name, and every pointer of the engine still leads to its place. What a move leaves empty goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from contracts.contract import Field
from contracts.document import Raw

Back = Callable[[str], str]
"""From the engine's pointer to the one in the file."""


def relocate(root: dict[str, Raw], fields: Sequence[Field]) -> tuple[dict[str, Raw], Back, tuple[str, ...]]:
    """The record with every located field under its own name, how its pointers read in the file, and the file's
    pointers of keys that have the name of a field which the contract places elsewhere."""
    if not has_located(fields):
        return root, _same, ()
    strays: list[str] = []
    return _moved(root, fields, "", strays), lambda pointer: _in_file(pointer, fields), tuple(strays)


def _same(pointer: str) -> str:
    return pointer


_KEPT = 64
_asked: dict[int, tuple[Sequence[Field], bool]] = {}
"""By the identity of a contract's fields, which are kept here so that no other can have it."""


def has_located(fields: Sequence[Field]) -> bool:
    """Whether any field stands elsewhere; asked once a contract, because every document asks."""
    known = _asked.get(id(fields))
    if known is None:
        if len(_asked) >= _KEPT:
            _asked.clear()
        known = _asked[id(fields)] = fields, _any_located(fields)
    return known[1]


def _any_located(fields: Sequence[Field]) -> bool:
    return any(
        ("locator" in f.custom and located(f) is not None)
        or _any_located(f.fields)
        or (f.items is not None and _any_located(f.items.fields))
        for f in fields
    )


def located(field: Field) -> tuple[str, ...] | None:
    """The parts of the field's JSON pointer, None when it stands under its own name."""
    locator = field.custom.get("locator")
    pointer = locator.get("json") if isinstance(locator, Mapping) else None
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        return None
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def _moved(node: dict[str, Raw], fields: Sequence[Field], at: str, strays: list[str]) -> dict[str, Raw]:
    """A copy of an object with its located fields in place. A value that is not there stays absent."""
    rest, found = dict(node), {}
    for field in fields:
        parts = located(field)
        if parts is not None:
            there, rest = _take(rest, parts)
            if there is not _ABSENT:
                found[field.name] = there
    for field in fields:
        if located(field) is not None and field.name in rest:
            strays.append(f"{at}{_pointer((field.name,))}")
            del rest[field.name]
    made: dict[str, Raw] = {**rest, **found}  # type: ignore[dict-item]
    for field in fields:
        inner, where = made.get(field.name), at + _pointer(located(field) or (field.name,))
        if isinstance(inner, dict) and field.fields:
            made[field.name] = _moved(inner, field.fields, where, strays)
        elif isinstance(inner, list) and field.items is not None:
            items = field.items.fields
            made[field.name] = [
                _moved(item, items, f"{where}/{nth}", strays) if isinstance(item, dict) else item
                for nth, item in enumerate(inner)
            ]
    return made


def _pointer(parts: Sequence[str]) -> str:
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)


_ABSENT = object()


def _take(node: dict[str, Raw], parts: Sequence[str]) -> tuple[object, dict[str, Raw]]:
    """(what stands at `parts`, the object without it and without what that left empty)."""
    first, *below = parts
    if first not in node:
        return _ABSENT, node
    if not below:
        return node[first], {key: value for key, value in node.items() if key != first}
    inner = node[first]
    if not isinstance(inner, dict):
        return _ABSENT, node
    there, left = _take(inner, below)
    if there is _ABSENT:
        return there, node
    return there, {key: left if key == first else value for key, value in node.items() if key != first or left}


def _in_file(pointer: str, fields: Sequence[Field]) -> str:
    """The file's pointer of one of the engine's."""
    out, parts = "", pointer.split("/")[1:]
    while parts:
        field = next((f for f in fields if f.name == parts[0]), None)
        if field is None:
            return "/".join([out, *parts])
        out += _pointer(located(field) or (field.name,))
        parts = parts[1:]
        if field.items is not None and parts:
            out, parts = f"{out}/{parts[0]}", parts[1:]
        fields = field.items.fields if field.items is not None else field.fields
    return out
