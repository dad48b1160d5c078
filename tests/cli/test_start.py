"""Promise kept here: what a partner runs by hand starts at once. It loads no server, no database and no network, and
opens no socket.

Which modules are loaded is told, not how long it takes: machines differ, lists do not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.samples import Sample

SPONSORS = {"prefect", "sqlalchemy", "alembic", "deltalake", "polars", "fastapi", "opentelemetry", "pydantic_settings"}
NETWORK = {"httpx", "requests", "asyncssh", "asyncio", "urllib3", "anyio"}
HEAVY = {"pyarrow", "numpy", "openpyxl", "pydantic", "duckdb", "rich"}

PROBE = """
import json, sys
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith("socket.") else None)
from cli.main import invoke
code = invoke(sys.argv[1:])
loaded = sorted({name.partition(".")[0] for name in sys.modules})
sys.stdout.flush()
print("\\n@@@" + json.dumps({"code": int(code), "loaded": loaded, "sockets": seen}))
"""


def probe(*command: str | Path) -> tuple[int, set[str], list[str]]:
    """Exit code, modules loaded, and what was asked of sockets, of one command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, command)], capture_output=True, text=True, timeout=120, check=True
    )
    told = json.loads(done.stdout.rpartition("@@@")[2])
    return told["code"], set(told["loaded"]), told["sockets"]


@pytest.fixture(scope="module")
def certificate(samples: tuple[Path, list[Sample]]) -> Path:
    return next(path for path in sorted((samples[0] / "northvale" / "coa").glob("*.json")))


@pytest.mark.parametrize(
    "command",
    [
        ("--version",),
        ("explain", "COA-E104"),
        ("explain", "northvale-coa:in_spec"),
        ("contracts", "lint"),
        ("contracts", "show", "northvale-coa"),
        ("contracts", "profile"),
    ],
    ids=" ".join,
)
def test_a_command_about_contracts_loads_nothing_of_the_sponsors_side(command: tuple[str, ...]) -> None:
    code, loaded, sockets = probe(*command)
    assert code == 0
    assert loaded & (SPONSORS | NETWORK | HEAVY) == set()
    assert sockets == []


def test_a_certificate_is_checked_without_arrow_server_or_network(certificate: Path) -> None:
    code, loaded, sockets = probe("check", certificate, "--contract", "northvale-coa")
    assert code in (0, 1)
    assert loaded & (SPONSORS | NETWORK | HEAVY) == set()
    assert sockets == []


def test_the_version_is_told_without_the_engine() -> None:
    _, loaded, _ = probe("--version")
    assert loaded & {"contracts", "connectors", "hub", "yaml", "jsonschema_rs", "pydantic_core", "cyclopts"} == set()


def seconds(*arguments: str | Path) -> float:
    """The least CPU time of three runs."""
    import resource

    least = float("inf")
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, check=False, timeout=120)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return least


def test_a_start_costs_a_few_bare_interpreters(certificate: Path) -> None:
    """Ratios hold on any machine. With a bare start of 15 to 25 ms these bounds lie near 0.3 s and 1 s."""
    began = time.monotonic()
    bare = seconds("-c", "import json, re, argparse, dataclasses, decimal, zoneinfo, csv, importlib.resources")
    version = seconds("-m", "cli.main", "--version")
    check = seconds("-m", "cli.main", "check", certificate, "--contract", "northvale-coa")
    print(f"bare {bare:.3f} s, version {version / bare:.1f} times, check {check / bare:.1f} times")
    assert version < 8 * bare, (version, bare)
    assert check < 25 * bare, (check, bare)
    assert time.monotonic() - began < 60
