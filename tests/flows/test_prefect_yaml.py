"""prefect.yaml can be deployed as it stands: every entry point is there and takes its parameters."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def deployments() -> list[dict[str, Any]]:
    return yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("deployment", deployments(), ids=lambda d: d["name"])
def test_each_entry_point_takes_the_parameters_it_is_given(deployment: dict[str, Any]) -> None:
    path, _, name = deployment["entrypoint"].partition(":")
    flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    inspect.signature(flow.fn).bind_partial(**deployment.get("parameters", {}))
    flow.validate_parameters({**_needed(flow.fn), **deployment.get("parameters", {})})
    assert inspect.iscoroutinefunction(flow.fn), "a sync flow costs a second at its end"


@pytest.mark.parametrize("deployment", deployments(), ids=lambda d: d["name"])
def test_nothing_is_retried_or_kept_by_prefect(deployment: dict[str, Any]) -> None:
    path, _, name = deployment["entrypoint"].partition(":")
    flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert flow.retries == 0
    assert flow.persist_result is False


def test_each_schedule_has_a_slug_and_a_zone_and_no_slug_stands_twice() -> None:
    schedules = [s for d in deployments() for s in d.get("schedules", [])]
    assert all(s["timezone"] == "UTC" for s in schedules)
    slugs = [s["slug"] for s in schedules]
    assert len(slugs) == len(set(slugs)) == 6


def test_ticks_never_run_beside_themselves_and_never_cancel_what_runs() -> None:
    for deployment in deployments():
        if "schedules" in deployment:
            assert deployment["concurrency_limit"] == 1, deployment["name"]


def _needed(fn: Any) -> dict[str, Any]:
    """Values for parameters without a default, which the person who starts the run types."""
    typed = {"cadence": "coa", "partner": "northvale", "feed": "coa", "deliveries": ["D-1"]}
    return {n: typed[n] for n, p in inspect.signature(fn).parameters.items() if p.default is p.empty}
