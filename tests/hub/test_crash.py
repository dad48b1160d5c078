"""The promise under kill -9: a receipted delivery is in the store exactly once, or in quarantine with a reason; never
both, never neither. The hub is killed at every fault point of the walk, then run once more."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import faults

LAB = Path(__file__).with_name("crashlab.py")

pytestmark = [pytest.mark.crash, pytest.mark.timeout(280)]

PASSES = {"ci": (1,), "full": (1, 2, 3, 5)}
"""Which pass of each point the process dies at."""


@pytest.fixture(scope="module")
def trials(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str | None, dict[str, Any]]:
    passes = PASSES[request.config.getoption("--scale")]
    points = [f"{name}:{n}" for name in faults.POINTS for n in passes]
    command = [sys.executable, str(LAB), str(tmp_path_factory.mktemp("crash")), *points]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    return {trial["point"]: trial for trial in map(json.loads, done.stdout.splitlines())}


def killed(trials: dict[str | None, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (trial for point, trial in trials.items() if point is not None)


def test_every_fault_point_is_on_the_way_and_kills(trials: dict[str | None, dict[str, Any]]) -> None:
    """A point that is never passed would make the other tests say nothing about it."""
    alive = [name for name in faults.POINTS if not trials[f"{name}:1"]["killed"]]
    assert alive == []


def test_after_one_more_run_the_store_is_as_if_nothing_had_happened(trials: dict[str | None, dict[str, Any]]) -> None:
    expected = trials[None]["seen"]
    assert expected["lake_rows"] == expected["lake_points"] == 6_000  # 20 tags x 300 s
    assert len(expected["deliveries"]) == 6  # three certificates, one broken, one schedule, one PAT file
    assert expected["unfinished"] == 0
    assert expected["bytes_kept"]
    different = {
        trial["point"]: {k: v for k, v in trial["seen"].items() if v != expected[k]}
        for trial in killed(trials)
        if trial["second"] != 0 or trial["seen"] != expected
    }
    assert different == {}
