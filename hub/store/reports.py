"""How a report is kept in the ledger: as the JSON bytes of `justindata-report/1`, the same that `jid` prints."""

from __future__ import annotations

import hashlib
import json

from contracts.finding import Report


def dumps(report: Report) -> bytes:
    from contracts.render import json as rendered

    return rendered.dumps(report)


def loads(body: bytes) -> Report:
    from contracts.render import json as rendered

    return rendered.from_json(json.loads(body))


def digest(report: Report) -> str:
    """sha256 of the stored bytes: the report's name in audit events and evidence."""
    return hashlib.sha256(dumps(report)).hexdigest()
