"""Hub-native JSON -> Document: a certificate, or a schedule as `{"slots": [...]}`, a bare list, or one slot.

The strict reader is `contracts.jsontree`: numbers keep their digits, a key twice and NaN are refused. A schedule that
comes without the outer object gets one, and every pointer still leads to its place in the file.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.formats.json_fields import Back, has_located, relocate
from connectors.formats.reading import Reading, Unreadable
from contracts.contract import Field
from contracts.document import Document, FormProblem, Raw
from contracts.finding import Excerpt
from contracts.jsontree import JsonTree, read_json
from contracts.place import Place


def read(data: bytes, reading: Reading) -> Document:
    """The Document of a JSON file. Raises Unreadable when the text is no JSON, or no object where one is due."""
    safety = reading.contract.safety
    tree = read_json(
        data,
        file=reading.file,
        max_depth=safety.max_depth,
        max_bytes=safety.max_bytes,
        max_values=safety.max_cells,
        encodings=reading.form.encoding,
    )
    if tree.root is None:
        raise Unreadable(*tree.problems, *([] if tree.problems else [_no_object(reading, None)]))
    root, inner = _outer_object(tree.root, reading)
    root = _without_schema_version(root, reading, tree)
    root, moved, strays = _located(root, reading)

    def locate(pointer: str) -> Place:
        return tree.locate(inner(moved(pointer))).at(pointer)

    def excerpt(pointer: str) -> Excerpt | None:
        return tree.excerpt(inner(moved(pointer)))

    problems = (*tree.problems, *(_stray(tree.locate(inner(pointer))) for pointer in strays))
    return Document(reading.file, reading.form.format, root, locate, excerpt, problems=problems, size=len(data))


def _outer_object(root: Raw, reading: Reading) -> tuple[dict[str, Raw], Callable[[str], str]]:
    """The tree that the engine expects, and how one of its pointers reads in the file."""
    if reading.schema.document_kind == "schedule":
        if isinstance(root, list):
            return {"slots": root}, lambda pointer: pointer.removeprefix("/slots")
        if isinstance(root, dict) and "slots" not in root and "slot_uid" in root:
            return {"slots": [root]}, lambda pointer: pointer.removeprefix("/slots").removeprefix("/0")
    if isinstance(root, dict):
        return root, lambda pointer: pointer
    raise Unreadable(_no_object(reading, root))


def _located(root: dict[str, Raw], reading: Reading) -> tuple[dict[str, Raw], Back, tuple[str, ...]]:
    """The tree with located fields under their own names; in a schedule they belong to its slots."""
    fields, schema = reading.schema.fields, reading.schema
    if schema.document_kind == "schedule" and has_located(fields):
        slot = Field("", "", "object", schema.mark, fields=fields)
        fields = (Field("slots", "slots", "array", schema.mark, items=slot),)
    return relocate(root, fields)


def _stray(where: Place) -> FormProblem:
    name = (where.pointer or "").rpartition("/")[2][:60]
    message = f"the key {name} is not in the contract, which reads this field from another place"
    return FormProblem("FILE-E206", message, where, expected="only the agreed keys", fix="leave the key out")


def _without_schema_version(root: dict[str, Raw], reading: Reading, tree: JsonTree) -> dict[str, Raw]:
    """Check the file's own schema version (FILE-E406) and drop its key when it is no field of the contract."""
    at, allowed = reading.form.schema_version_at, reading.form.schema_version_allowed
    if at is None:
        return root
    parts = (
        [p for p in at.removeprefix("$").replace(".", "/").split("/") if p]
        if not at.startswith("/")
        else at[1:].split("/")
    )
    node: Raw = root
    for part in parts:
        node = node.get(part) if isinstance(node, dict) else None
    if not isinstance(node, str) or node not in allowed:
        pointer = "/" + "/".join(parts)
        found = node if isinstance(node, str) else None
        said = f"schema version {found} is not in the contract" if found else "the file names no schema version"
        where = tree.locate(pointer)
        listed = " or ".join(allowed)
        fix = f"send version {listed}, or agree on this one in the next version of the contract"
        raise Unreadable(FormProblem("FILE-E406", said, where, found=found, expected=listed, fix=fix))
    declared = {field.name for field in reading.schema.fields}
    if len(parts) == 1 and parts[0] not in declared:
        return {key: value for key, value in root.items() if key != parts[0]}
    return root


def _no_object(reading: Reading, root: Raw) -> FormProblem:
    said = "a list" if isinstance(root, list) else "null" if root is None else "a single value"
    return FormProblem(
        "FILE-E208",
        f"the file holds {said} where an object is due",
        reading.place(1, 1).at(""),
        found=said,
        expected="an object",
        fix="send the one record alone, as an object in braces",
    )
