"""Promise: kill -9 at every numbered step of the store, then one more run: nothing lost, twice or half."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub import faults

WALK = Path(__file__).with_name("store_walk.py")
pytestmark = pytest.mark.crash


def kills(folder: Path, which: str) -> list[dict[str, Any]]:
    """What store_walk.py found, one line a kill."""
    done = subprocess.run([sys.executable, WALK, folder, which], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_kill_at_every_named_step_loses_and_doubles_nothing(tmp_path: Path) -> None:
    results = kills(tmp_path, "named")
    assert [r["point"] for r in results] == [name for name in faults.POINTS if name.startswith("store.")]
    assert [r["point"] for r in results if not r["killed"]] == []
    assert [r for r in results if r["problems"]] == []


def test_the_check_finds_a_store_that_breaks_a_rule(tmp_path: Path) -> None:
    """Else the tests beside this one would pass on anything."""
    results = kills(tmp_path, "mutants")
    assert len(results) == 3
    assert [r["point"] for r in results if not r["killed"] or not r["problems"]] == []


def test_a_kill_at_every_step_of_a_whole_run_loses_and_doubles_nothing(tmp_path: Path, scale: str) -> None:
    if scale == "ci":
        pytest.skip("every step, also its repetitions, takes minutes: run with --scale=full")
    results = kills(tmp_path, "every")
    assert len(results) > 40
    assert [r for r in results if r["problems"]] == []
