"""Fingerprint: the identity of a finding that survives a resubmission, reordered rows and a re-levelled rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_BETWEEN = "\x1f"


def fingerprint(contract: str, clause: str, code: str, key: Iterable[tuple[str, str]], path: str) -> str:
    """`jf1:` and 16 hex digits (contracts.md 5.4).

    `key` is the business view of the place (certificate, characteristic; tag) in key order, or the normalised place
    where no business key can be read. Version, row number, severity, value, file name and time are left out on purpose.
    """
    parts = (contract, clause, code, *(value for _, value in key), path)
    return "jf1:" + hashlib.sha256(_BETWEEN.join(parts).encode()).hexdigest()[:16]
