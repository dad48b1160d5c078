"""Paths as rules write them: `a.b` from the current object, `$.a` from the document's root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.document import Raw

if TYPE_CHECKING:
    from contracts.rules.examination import Node
    from contracts.rules.scalar import Scalar


class Path:
    """One path, resolved against the schema when the plan is made. `scalar` reads the field that it ends in."""

    __slots__ = ("_parts", "_suffix", "field", "from_root", "scalar", "single")

    def __init__(self, text: str, field: str, scalar: Scalar | None) -> None:
        self.from_root = text.startswith("$.")
        self._parts = text.removeprefix("$.").split(".")
        self.single = self._parts[0] if len(self._parts) == 1 and not self.from_root else None
        """The key, when the path is no more than one key of the current object."""
        self._suffix = "".join(f"/{part}" for part in self._parts)
        self.field = field
        """The field's path in the schema, `results.value`."""
        self.scalar = scalar

    def get(self, node: Node, root: Node) -> Raw:
        """What stands there, None when anything on the way is absent."""
        if self.single is not None:
            return node.get(self.single)
        here: Raw = root if self.from_root else node
        for part in self._parts:
            here = here.get(part) if isinstance(here, dict) else None
        return here

    def text(self, node: Node, root: Node) -> str | None:
        """The text that stands there, trimmed; None when it is no text or empty."""
        raw = self.get(node, root)
        return raw.strip(" \t") or None if isinstance(raw, str) else None

    def pointer(self, at: str) -> str:
        """The JSON pointer of this path seen from the object at `at`."""
        return self._suffix if self.from_root else at + self._suffix
