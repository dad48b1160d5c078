"""Certificates per second through all file rules, one core: bytes -> document -> records and report.

The documents are those of ../shared/bench, 1 % of them with a defect; the contract is the example that they follow.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from connectors.formats import read_document
from contracts.check import check_document
from contracts.context import Context
from contracts.finding import DeliveryRef
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
    # Other documents in each round: the engine remembers texts that it has read before.
    taken = []
    for seed in range(1, ROUNDS + 1):
        lines = _documents(work / str(seed), DOCUMENTS, seed)
        taken.append(cpu_of(lambda lines=lines: judge(lines)))
    yield Figure("documents.coa", DOCUMENTS / statistics.median(taken), "per s", 5_000, at_least=True)


def _documents(folder: Path, count: int, seed: int) -> list[bytes]:
    module("gen_coa").generate(folder, count, 0.01, seed, False)
    return (folder / "coa.jsonl").read_bytes().splitlines()
