"""What the tests of the document check share: the example contract, the bench's certificates, a schedule in code."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from contracts.check import check_document
from contracts.context import Context
from contracts.contract import Contract
from contracts.document import Document
from contracts.finding import DeliveryRef, Report
from contracts.jsontree import read_json
from contracts.odcs import load_catalog, load_file
from contracts.records import Record
from contracts.render.json import dumps, from_json, loads, to_json
from tests.contracts.series_support import BENCH, module

EXAMPLES = BENCH.parent / "examples"
SCHEMA = Path(__file__).resolve().parents[2] / "contracts" / "schema" / "justindata-report-1.schema.json"


@cache
def coa() -> Contract:
    """The example contract of ../shared, which the bench's certificates follow."""
    return load_file(EXAMPLES / "coa-lentivirus.odcs.yaml")


@cache
def slots() -> Contract:
    return load_catalog().get("northvale-schedule@1")


@cache
def report_schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


@cache
def _clean_text() -> str:
    import random

    return str(module("gen_coa").dumps(module("gen_coa").certificate(1, random.Random(7))))


def clean() -> dict[str, Any]:
    """A certificate without any defect, fresh for every caller to spoil."""
    return copy.deepcopy(json.loads(_clean_text()))


def document(data: bytes | dict[str, Any], *, file: str = "coa.json", format: str = "json") -> Document:
    raw = data if isinstance(data, bytes) else json.dumps(data, indent=2, ensure_ascii=False).encode()
    tree = read_json(raw, file=file, max_depth=32)
    root = tree.root if isinstance(tree.root, dict) else None
    return Document(file, format, root, tree.locate, tree.excerpt, problems=tree.problems, size=len(raw))


def check(
    data: bytes | dict[str, Any],
    contract: Contract | None = None,
    context: Context | None = None,
    *,
    file: str = "coa.json",
) -> tuple[tuple[Record, ...], Report]:
    """Judge a JSON document. Every report that tests make goes through JSON and back, and holds to its schema."""
    delivery = DeliveryRef(file, "0" * 64, 1)
    records, report = check_document(document(data, file=file), contract or coa(), context or Context(), delivery)
    body = json.loads(dumps(report))
    report_schema().validate(body)
    assert from_json(to_json(report)) == report
    assert loads(dumps(report)) == report
    return records, report


def seen(report: Report) -> list[tuple[str, str | None]]:
    """(code, pointer) of every finding, in the report's order."""
    return [(f.code, f.where[0].pointer) for f in report.findings]


@dataclass(frozen=True)
class Line:
    """One line of the bench's certificates with what a checker must say of it."""

    number: int
    data: bytes
    needs: str
    expect: list[tuple[str, str, str]]
    verdict: str


def bench(folder: Path, documents: int, seed: int, *, share: float = 0.05, clean: bool = False) -> Iterator[Line]:
    manifest = module("gen_coa").generate(folder, documents, share, seed, clean)
    by_line = {entry["line"]: entry for entry in manifest["entries"]}
    for number, data in enumerate((folder / "coa.jsonl").read_bytes().splitlines(), 1):
        entry = by_line.get(number, {"expect": [], "verdict": "accepted", "needs": "file"})
        expect = [(e["code"], e["pointer"], e["severity"]) for e in entry["expect"]]
        yield Line(number, data, entry["needs"], sorted(expect), entry["verdict"])


Edit = Callable[[dict[str, Any]], None]


def slot(number: int, **fields: Any) -> dict[str, Any]:
    """One slot of a schedule, in suite S<number>, a day after the one before."""
    day = 1 + number
    body = {
        "slot_uid": f"SL-{number:03}",
        "revision": 1,
        "published_at": "2026-11-20T08:00:00Z",
        "status": "confirmed",
        "site": "NV-BOS",
        "suite": f"S{number}",
        "product": "CT-19",
        "coi": f"COI{number:012}",
        "vector_lot": f"LV-2611-{number:02}",
        "vector_doses": 1,
        "planned_start": f"2026-12-{day:02}T08:00:00Z",
        "planned_end": f"2026-12-{day + 9:02}T08:00:00Z",
    }
    return {k: v for k, v in (body | fields).items() if v is not None}
