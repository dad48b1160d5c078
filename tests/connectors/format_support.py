"""What the tests of formats share: one certificate as JSON, CSV and XLSX, and contracts that accept each form."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import openpyxl

from contracts.contract import Contract, Field, SourceForm
from contracts.document import Document
from contracts.odcs import load_catalog

HEADER_ROW = 6
HEADER_CELLS = {
    "certificate_no": "B1",
    "revision": "D1",
    "material_id": "B2",
    "lot_number": "D2",
    "spec.id": "F2",
    "spec.version": "H2",
    "purpose": "B3",
    "issued_at": "D3",
    "mfg_date": "F3",
    "expires_at": "H3",
    "disposition": "B4",
    "signatories.0.user_id": "D4",
    "signatories.0.role": "F4",
    "signatories.0.meaning": "H4",
    "signatories.0.signed_at": "J4",
}
RESULT_COLUMNS = (
    "characteristic",
    "method_id",
    "lab_site",
    "replicate",
    "stage",
    "operator",
    "value",
    "unit",
    "tested_from",
    "tested_to",
)
XLSX = SourceForm("xlsx", sheet="Results", header_row=HEADER_ROW, header_cells=HEADER_CELLS, rows="results")
CSV = SourceForm("csv")

CERTIFICATE: dict[str, Any] = {
    "certificate_no": "COA-0000012",
    "revision": 1,
    "material_id": "LV-CD19",
    "lot_number": "LV-2611-04",
    "spec": {"id": "SPC-014", "version": "3"},
    "purpose": "L1",
    "issued_at": "2026-11-20T15:04:00+01:00",
    "mfg_date": "2026-11-02",
    "expires_at": "2027-02-02T00:00:00Z",
    "results": [
        {
            "characteristic": "PH",
            "method_id": "M-PH-02",
            "lab_site": "QC-BOS",
            "replicate": 1,
            "stage": "final",
            "operator": "=",
            "value": "7.20",
            "unit": "[pH]",
            "tested_from": "2026-11-04T08:00:00+01:00",
            "tested_to": "2026-11-04T10:10:00+01:00",
        },
        {
            "characteristic": "ENDOTOXIN",
            "method_id": "M-LAL-07",
            "lab_site": "QC-BOS",
            "replicate": 1,
            "stage": "final",
            "operator": "<",
            "value": "0.05",
            "unit": "{EU}/mL",
            "tested_from": "2026-11-04T08:00:00+01:00",
            "tested_to": "2026-11-04T10:10:00+01:00",
        },
    ],
    "disposition": "provisional",
    "signatories": [
        {
            "user_id": "qa.17",
            "role": "QA approver",
            "meaning": "approval",
            "signed_at": "2026-11-20T15:03:10+01:00",
        }
    ],
}


@cache
def contract(kind: str = "coa", partner: str = "northvale") -> Contract:
    """A contract of the catalog."""
    return next(c for c in load_catalog().all() if c.partner == partner and c.kind == kind)


def accepting(base: Contract, *forms: SourceForm, **schema: Any) -> Contract:
    """The same contract with these source forms, and other properties of its schema if given."""
    return replace(base, schema=replace(base.schema, sources=forms, **schema))


def with_field(base: Contract, path: str, **change: Any) -> Contract:
    """The same contract with one field changed."""

    def changed(fields: tuple[Field, ...], parts: Sequence[str]) -> tuple[Field, ...]:
        return tuple(f if f.name != parts[0] else one(f, parts[1:]) for f in fields)

    def one(field: Field, rest: Sequence[str]) -> Field:
        if not rest:
            return replace(field, **change)
        if field.items is not None:
            return replace(field, items=replace(field.items, fields=changed(field.items.fields, rest)))
        return replace(field, fields=changed(field.fields, rest))

    return replace(base, schema=replace(base.schema, fields=changed(base.schema.fields, path.split("."))))


def certificate(**change: Any) -> dict[str, Any]:
    return {**copy.deepcopy(CERTIFICATE), **change}


def as_json(body: Any) -> bytes:
    return json.dumps(body, indent=1, ensure_ascii=False).encode()


def flat(body: Mapping[str, Any]) -> dict[str, str]:
    """Everything but the results, by the published names of the CSV form."""
    signer = body["signatories"][0]
    return {
        **{k: str(v) for k, v in body.items() if not isinstance(v, (list, dict))},
        "spec_id": body["spec"]["id"],
        "spec_version": body["spec"]["version"],
        "signer": signer["user_id"],
        "signer_role": signer["role"],
        "signature_meaning": signer["meaning"],
        "signed_at": signer["signed_at"],
    }


CSV_COLUMNS = [
    "certificate_no",
    "revision",
    "material_id",
    "lot_number",
    "spec_id",
    "spec_version",
    "purpose",
    "issued_at",
    "mfg_date",
    "expires_at",
    "characteristic",
    "method_id",
    "lab_site",
    "replicate",
    "stage",
    "operator",
    "value",
    "unit",
    "tested_from",
    "tested_to",
    "disposition",
    "signer",
    "signer_role",
    "signature_meaning",
    "signed_at",
]


def csv_rows(body: Mapping[str, Any]) -> list[list[str]]:
    """Header and one row a result, in the contract's order."""
    head = flat(body)
    rows = [{**head, **{k: str(v) for k, v in result.items()}} for result in body["results"]]
    return [list(CSV_COLUMNS), *([row.get(c, "") for c in CSV_COLUMNS] for row in rows)]


def as_csv(rows: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\r\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue().encode()


def workbook(body: Mapping[str, Any]) -> openpyxl.Workbook:
    """The certificate as a workbook of the form XLSX, every text cell a text cell."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Results"
    head = {**flat(body)}
    names = {
        "spec.id": "spec_id",
        "spec.version": "spec_version",
        "signatories.0.user_id": "signer",
        "signatories.0.role": "signer_role",
        "signatories.0.meaning": "signature_meaning",
        "signatories.0.signed_at": "signed_at",
    }
    for path, cell in HEADER_CELLS.items():
        value = body["revision"] if path == "revision" else head[names.get(path, path)]
        put(sheet, cell, value)
        sheet.cell(sheet[cell].row, sheet[cell].column - 1, path)
    for column, name in enumerate(RESULT_COLUMNS, 1):
        sheet.cell(HEADER_ROW, column, name)
        for row, result in enumerate(body["results"], HEADER_ROW + 1):
            put(sheet, sheet.cell(row, column).coordinate, result[name])
    return book


def put(sheet: Any, cell: str, value: Any) -> None:
    """A value as typed; a text stays a text, also when it begins with `=`."""
    sheet[cell] = value
    if isinstance(value, str):
        sheet[cell].data_type = "s"


def as_xlsx(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def codes(document: Document) -> list[str]:
    return sorted(p.code for p in document.problems)


def only(document: Document, code: str) -> Any:
    """The one problem of this code."""
    found = [p for p in document.problems if p.code == code]
    assert len(found) == 1, document.problems
    return found[0]
