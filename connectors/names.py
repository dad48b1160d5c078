"""Names that come from a partner are metadata: shown and stored, never a path to write to (reliability.md T8)."""

from __future__ import annotations

import re

MAX_BYTES = 255

# Control characters, and the two separators: neither may stand in one component of a path.
_BAD = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]")


def is_safe_name(name: str) -> bool:
    """May this be one component of a remote path? At most 255 bytes of UTF-8, no control, `/`, `\\`, `.` or `..`."""
    if not name or name in {".", ".."} or _BAD.search(name):
        return False
    return len(name.encode("utf-8")) <= MAX_BYTES


def safe_name(name: str) -> str:
    """A file name for people made of `name`: what may not stand in one becomes `_`."""
    cleaned = _BAD.sub("_", name).strip().lstrip(".")
    return cleaned.encode("utf-8")[:MAX_BYTES].decode("utf-8", "ignore") or "delivery"


def is_safe_key(key: str) -> bool:
    """May this be a source key? Like a name, but a certificate number may hold slashes."""
    return bool(key.strip()) and is_safe_name(key.replace("/", "-").replace("\\", "-"))
