"""References to secrets: `env:NAME`, `file:PATH`. Files that people write hold the reference, never the value.

A reference is resolved when a connector is opened, in the process that connects. A value never stands in an error,
a repr, a log line or a stored row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from connectors.errors import SecretMissing

# Longer than any key or token; a reference to a log or a database is a slip.
MAX_BYTES = 65_536

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f]+")


def is_reference(text: str) -> bool:
    return _REFERENCE.fullmatch(text) is not None


def resolve_secret(ref: str, environ: Mapping[str, str], base: Path) -> str:
    """The value behind `ref`. A relative `file:` path starts at `base`; one newline at the end of the file is dropped.

    Raises SecretMissing, which names the reference and never a value.
    """
    if not is_reference(ref):
        raise SecretMissing("a secret", "is not written as a reference; write env:NAME or file:PATH")
    scheme, _, name = ref.partition(":")
    if scheme == "env":
        value = environ.get(name)
        if not value:
            raise SecretMissing(ref, "this environment variable is not set, or is empty")
        return value
    path = base / name
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SecretMissing(ref, f"cannot be read ({error.strerror or type(error).__name__})") from None
    if len(data) > MAX_BYTES:
        raise SecretMissing(ref, f"is longer than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretMissing(ref, "is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise SecretMissing(ref, "is empty")
    return text


def _must_be_reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError("a secret is written as a reference, env:NAME or file:PATH, never as its value")
    return text


SecretRef = Annotated[str, AfterValidator(_must_be_reference)]
"""A field that must hold a reference."""

TextOrRef = str
"""A field that may hold a plain value or a reference: a URL, a user name, a fingerprint."""
