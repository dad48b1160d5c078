"""The Prefect shell on the real engine: server, worker, `prefect deploy --all`, a triggered run, data in the store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.prefectserver import PrefectServer
from contracts.odcs import load_catalog
from hub.clock import SystemClock
from hub.settings import Settings
from hub.store import Store
from sandbox.box import Sandbox
from sandbox.story import Story

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PrefectServer]:
    with PrefectServer.start(tmp_path / "prefect") as server:
        yield server


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    story = Story(seed=7, t0=datetime.now(UTC).replace(microsecond=0))
    with Sandbox.start(tmp_path / "home", story, SystemClock(), load_catalog()) as box:
        yield box


def test_a_deployed_tick_run_by_a_process_worker_lands_certificates(server: PrefectServer, box: Sandbox) -> None:
    server.wait()
    env = {**os.environ, **server.environment, "JID_HOME": str(box.home), "JID_ROOT": str(ROOT)}
    prefect = [sys.executable, "-m", "prefect"]

    def run(*args: str) -> str:
        done = subprocess.run([*prefect, *args], cwd=ROOT, env=env, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, f"prefect {' '.join(args)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run("work-pool", "create", "jid-process", "--type", "process")
    deployed = run("--no-prompt", "deploy", "--all")
    assert "watch" in deployed
    log = box.home / "worker.log"
    with log.open("wb") as out:
        worker = subprocess.Popen(
            [*prefect, "worker", "start", "--pool", "jid-process", "--limit", "2"],
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        run("deployment", "run", "dispatch/coa-hourly", "--watch", "--watch-timeout", "180")
    except AssertionError as error:
        pytest.fail(f"{error}\nworker said:\n{log.read_text()[-3000:]}")
    finally:
        worker.terminate()
        worker.wait(30)
    # Under a newer FastAPI flows run while this query answers 422: the pin in pyproject.toml is held here.
    assert "COMP" in run("flow-run", "ls", "--flow-name", "dispatch")  # its table cuts words short

    store = Store.open(Settings.load(box.home, {}).store)
    try:
        with store.reading() as tx:
            stored = tx.deliveries(kind="coa")
            partners = {d.partner for d in stored}
            verdicts = {d.verdict for d in stored}
    finally:
        store.close()
    assert partners == {"northvale", "brightwater", "halden"}
    assert {"accepted", "rejected"} <= verdicts
