"""Names made from an item's own fields: `"{certificate_no}:{revision}"`. Dots lead into objects: `{spec.id}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

_FIELD = re.compile(r"\{([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\}")


def _well_formed(text: str) -> str:
    rest = _FIELD.sub("", text)
    if "{" in rest or "}" in rest or not text:
        raise ValueError('not a template; fields stand in braces, like "{certificate_no}:{revision}"')
    return text


Template = Annotated[str, AfterValidator(_well_formed)]


def fill(template: str, fields: Any) -> str | None:
    """The template with its fields filled in; None when one is missing, null, or an object or list."""
    values = {name: pick(fields, name) for name in _FIELD.findall(template)}
    if any(value is None for value in values.values()):
        return None
    return _FIELD.sub(lambda match: str(values[match[1]]), template)


def pick(fields: Any, name: str) -> str | None:
    """The scalar at a dotted name, as text."""
    for step in name.split("."):
        fields = fields.get(step) if isinstance(fields, Mapping) else None
    match fields:
        case bool():
            return "true" if fields else "false"
        case str():
            return fields
        case _:
            return None
