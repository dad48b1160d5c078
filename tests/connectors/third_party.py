"""What the tests of third-party files share: small contracts of our own for the tables that instruments write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.formats import read_document
from connectors.inspection import inspect
from contracts.contract import Contract
from contracts.finding import Finding
from contracts.odcs import load

FIELD = Mapping[str, Any]
CSV = {"format": "csv", "encoding": ["utf-8"], "delimiter": ",", "rows": "results"}
NUMERIC = {"valueKind": "numeric"}
SUPPORT = {
    "id": "desk", "channel": "desk", "tool": "email", "url": "mailto:desk@lab.example",
    "customProperties": [
        {"property": "alertRoute", "value": {"audience": "partner", "codes": ["*"], "minImpact": "low"}},
    ],
}  # fmt: skip


def data(shared: Path, name: str) -> Path:
    """A file or folder of third-party data; skips, with the reason, where it is absent."""
    path = shared / "fixtures" / name
    if not path.exists():
        pytest.skip(f"third-party data not present: shared/fixtures/{name}")
    return path


def field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """One field, `physicalName` being the header that the instrument writes; `custom` are properties of ours."""
    custom = custom_properties(more.pop("custom", {}))
    return {"name": name, "logicalType": kind, **({"customProperties": custom} if custom else {}), **more}


def custom_properties(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"property": key, "value": value} for key, value in values.items()]


def rule(name: str, severity: str = "error", **parameters: Any) -> dict[str, Any]:
    """A rule of ours, its id being its name."""
    made = {"rule": name, **parameters}
    return {"id": name, "type": "custom", "engine": "justindata", "severity": severity, "implementation": made}


def bound(
    source: Mapping[str, Any],
    *rows: FIELD,
    top: Sequence[FIELD] = (),
    quality: Sequence[FIELD] = (),
    **schema: Any,
) -> Contract:
    """A contract that reads a table of results and ignores the columns that it does not list."""
    ours = {"documentKind": "certificate", "contentModel": "open", "source": [source], **schema}
    results = {
        "name": "results", "logicalType": "array", "required": True,
        "items": {"logicalType": "object", "properties": list(rows)},
    }  # fmt: skip
    return contract("coa", ours, [*top, results], quality)


def contract(kind: str, ours: Mapping[str, Any], fields: Sequence[FIELD], quality: Sequence[FIELD]) -> Contract:
    body = {
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": "instrument", "version": "1.0.0", "status": "active",
        "name": "Instrument export",
        "customProperties": custom_properties({"jidProfile": 1, "feed": {"partner": "northvale", "kind": kind}}),
        "schema": [{
            "name": "export", "physicalType": "file", "customProperties": custom_properties(ours),
            "properties": list(fields), "quality": list(quality),
        }],
        "support": [SUPPORT],
    }  # fmt: skip
    return load(json.dumps(body).encode(), file="instrument.odcs.yaml", refs={}.get)


def found(path: Path, contract: Contract) -> list[Finding]:
    return list(inspect(path, file=path.name, contract=contract).report.findings)


def brief(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Code and first place of each finding, in the order of the file."""
    return sorted(((f.code, f.where[0].label()) for f in findings), key=lambda said: (said[0], len(said[1]), said[1]))


def results(path: Path, contract: Contract) -> list[dict[str, Any]]:
    """The rows as they were read."""
    document = read_document(path.read_bytes(), file=path.name, contract=contract)
    assert document.root is not None, document.problems
    rows: Any = document.root["results"]
    return list(rows)
