"""The series check beside what others take: CPU, wall clock and peak memory over the same faulty file.

Ours looks at all 17 rules and keeps the number of every failing row; each of the others at as many rules as it can say
(tests/bench/incumbents), so a ratio under 1 is won with more work done. Each runs alone in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.measure import Absent, Figure
from tests.contracts.series_support import BENCH, module

ROWS = int(os.environ.get("BENCH_ROWS", 2_000_000))
TAGS = 200
HERE = Path(__file__).resolve().parent
INTERPRETER = HERE.parents[1] / "build" / "incumbents" / "bin" / "python"
TOOLS = ("polars", "dataframely", "pandera", "datacontract")
LIMIT_S = 1_200


def figures(work: Path) -> Iterator[Figure]:
    if not BENCH.is_dir():
        raise Absent("generators not present: shared/bench")
    if not INTERPRETER.exists():
        raise Absent("the other tools are not installed; `make incumbents` does it")
    module("gen_pat").generate(work / "faulty", ROWS, TAGS, 5, max(3, ROWS // 100_000), 7, False)
    ours = _run(sys.executable, "-m", "tests.bench.series", str(work / "faulty"), "--told")
    for tool in TOOLS:
        theirs = _run(str(INTERPRETER), str(HERE / "incumbents" / f"with_{tool}.py"), str(work / "faulty"))
        about = f"beside.{tool}"
        yield Figure(f"{about}.cpu", ours["cpu_s"], "s CPU", 1.0, theirs["cpu_s"])
        yield Figure(f"{about}.wall", ours["wall_s"], "s", 1.0, theirs["wall_s"])
        yield Figure(f"{about}.memory", ours["peak_mb"], "MB", 1.0, theirs["peak_mb"])
        print(f"{'':24s} {tool}: {theirs['rules']} rules, {theirs['failing']} failing; ours: 17, {ours['failing']}")


def _run(*command: str) -> dict[str, Any]:
    run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if run.returncode:
        raise Absent(f"{Path(command[-2]).name} did not run: {run.stderr.strip().splitlines()[-1:]}")
    told: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return told
