"""Certificates per second through all file rules, one core: bytes -> document -> records and report.

The documents are those of ../shared/bench, 1 % of them with a defect; the contract is the example that they follow.
Beside it, over the same bytes, what structure alone costs: jsonschema-rs with the contract's own JSON Schema, and
pydantic with models of the same fields. Neither reads a unit, a date, a limit or a verdict, nor says where.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import jsonschema_rs
import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from connectors.formats import read_document
from contracts.check import check_document
from contracts.context import Context
from contracts.contract import Contract
from contracts.finding import DeliveryRef
from contracts.kit.jsonschema import json_schema
from contracts.odcs import load_file
from tests.bench.measure import Absent, Figure, cpu_of
from tests.contracts.series_support import BENCH, module

DOCUMENTS = int(os.environ.get("BENCH_DOCUMENTS", 5_000))
ROUNDS = 3


def figures(work: Path) -> Iterator[Figure]:
    example = BENCH.parent / "examples" / "coa-lentivirus.odcs.yaml"
    if not example.is_file() or not BENCH.is_dir():
        raise Absent("generators or examples not present: shared/bench, shared/examples")
    contract = load_file(example)

    def judge(lines: list[bytes]) -> None:
        for number, line in enumerate(lines):
            file = f"coa-{number}.json"
            document = read_document(line, file=file, contract=contract, format="json")
            check_document(document, contract, Context(), DeliveryRef(file, "", len(line)))

    judge(_documents(work / "warm", 1_000, 0))
    structure, models = _by_schema(contract), _by_models()
    # Other documents in each round: the engine remembers texts that it has read before.
    taken: list[tuple[float, float, float]] = []
    for seed in range(1, ROUNDS + 1):
        lines = _documents(work / str(seed), DOCUMENTS, seed)
        works = (judge, structure, models)
        taken.append(tuple(cpu_of(lambda lines=lines, one=one: one(lines)) for one in works))
    ours, schema, pydantic = (DOCUMENTS / statistics.median(column) for column in zip(*taken, strict=True))
    yield Figure("documents.coa", ours, "per s", 5_000, at_least=True)
    # The bars of contracts.md on one machine: 30,000 a second by structure, 25,000 by pydantic, 5,000 with every rule.
    yield Figure("documents.beside_schema", ours, "per s", 6.0, schema, slower=True)
    yield Figure("documents.beside_pydantic", ours, "per s", 5.0, pydantic, slower=True)


def _by_schema(contract: Contract) -> Callable[[list[bytes]], None]:
    validator = jsonschema_rs.Draft202012Validator(json_schema(contract))

    def judge(lines: list[bytes]) -> None:
        for line in lines:
            with suppress(orjson.JSONDecodeError):
                list(validator.iter_errors(orjson.loads(line)))

    return judge


def _by_models() -> Callable[[list[bytes]], None]:
    def judge(lines: list[bytes]) -> None:
        for line in lines:
            with suppress(ValidationError):
                _Certificate.model_validate_json(line)

    return judge


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Replaces(_Model):
    certificate_no: str
    revision: int


class _Spec(_Model):
    id: str
    version: str


class _Result(_Model):
    characteristic: str
    method_id: str
    lab_site: str
    replicate: int
    stage: Literal["final", "interim"]
    operator: Literal["=", "<", "<=", ">", ">="]
    value: str
    unit: str | None = None
    loq: str | None = None
    criterion_text: str | None = None
    partner_verdict: Literal["PASS", "FAIL", "NOT_EVALUATED"] | None = None
    tested_from: AwareDatetime
    tested_to: AwareDatetime


class _Signature(_Model):
    user_id: str
    role: str
    meaning: str
    signed_at: AwareDatetime


class _Attachment(_Model):
    name: str
    media_type: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Certificate(_Model):
    certificate_no: Annotated[str, Field(pattern="^COA-[0-9]{7}$")]
    revision: Annotated[int, Field(ge=1)]
    replaces: _Replaces | None = None
    material_id: str
    lot_number: str
    spec: _Spec
    purpose: Literal["L1", "L2", "combined"]
    issued_at: AwareDatetime
    mfg_date: date
    expires_at: AwareDatetime
    results: Annotated[list[_Result], Field(min_length=1, max_length=200)]
    disposition: Literal["released", "provisional", "rejected", "on_hold", "none"]
    signatories: list[_Signature]
    attachments: list[_Attachment] | None = None


def _documents(folder: Path, count: int, seed: int) -> list[bytes]:
    module("gen_coa").generate(folder, count, 0.01, seed, False)
    return (folder / "coa.jsonl").read_bytes().splitlines()
