"""A Prefect server of our own for the length of a demo or a test: on loopback, on a free port, stopped by its owner."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.exits import Exit, Stop

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",  # the default is pickle
}
"""Nothing is reported to anybody, nothing of a delivery is kept by Prefect."""


@dataclass
class PrefectServer:
    """`start` returns at once, `wait` when the server answers; use `with`, or call `stop`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path, *, services: bool = True) -> PrefectServer:
        """Start it on a free loopback port with its own database under `folder`; its log is `<folder>/server.log`.

        `services` are what schedules runs and keeps events: a demo that calls its flows itself needs none.
        """
        folder.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        command = [
            sys.executable,
            "-m",
            "prefect",
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-ui",
            *([] if services else ["--no-services"]),
        ]
        with (folder / "server.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, fixed arguments
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **QUIET, "PREFECT_HOME": str(folder.resolve())},
                start_new_session=True,  # its children end with it
            )
        return cls(folder, port, process)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to use this server and no other."""
        return {**QUIET, "PREFECT_API_URL": self.url, "PREFECT_HOME": str(self.folder.resolve())}

    def wait(self, seconds: float = 120) -> None:
        """Return when the server answers. Raises Stop, naming its log, when it does not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=2):  # noqa: S310 - loopback, our own server
                    return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.1)
        self.stop()
        raise Stop(
            f"the Prefect server did not answer within {seconds:.0f} s",
            Exit.INTERNAL,
            next_step=f"its log: {self.folder / 'server.log'}; without Prefect the same job is: jid run --once",
        )

    def stop(self) -> None:
        """End the server and its children; waits until they are gone."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def __enter__(self) -> PrefectServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
