"""`jid` as a person types it, the sandbox's files in a folder, and a hub whose partners are folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.main import invoke
from contracts.odcs import load_catalog
from contracts.shelf import Catalog
from sandbox.samples import Sample, write_samples
from sandbox.story import Story

ROOT = Path(__file__).resolve().parents[2]
STORY = Story(2611, datetime.now(UTC).replace(microsecond=0))
"""It starts now: a file checked by hand arrives now, and one from the future would be refused."""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


Jid = Callable[..., Ran]


@pytest.fixture
def jid(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Jid:
    """Run a command in this process, as the console script does. JID_HOME is not set."""
    monkeypatch.delenv("JID_HOME", raising=False)

    def run(*tokens: str | Path) -> Ran:
        capsys.readouterr()
        code = invoke([str(token) for token in tokens])
        out, err = capsys.readouterr()
        return Ran(int(code), out, err)

    return run


@pytest.fixture
def jid_process(tmp_path: Path) -> Jid:
    """Run a command in a process of its own, from an empty folder: exit code and the two streams as a shell sees
    them."""

    def run(*tokens: str | Path, python: Sequence[str] = ("-m", "cli.main"), env: dict[str, str] | None = None) -> Ran:
        around = {k: v for k, v in os.environ.items() if k != "JID_HOME"} | {"PYTHONPATH": str(ROOT)} | (env or {})
        done = subprocess.run(
            [sys.executable, *python, *map(str, tokens)],
            cwd=tmp_path,
            env=around,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> tuple[Path, list[Sample]]:
    """Every file of the story, good ones and broken ones, in a folder; and what must be said of each."""
    folder = tmp_path_factory.mktemp("samples")
    return folder, write_samples(folder, catalog, STORY)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Gives a file system of the asked size (`"2m"`), and on the next call makes it that large."""
    folder = tmp_path / "small"

    def mount(size: str) -> Path:
        how = f"size={size}" if not folder.is_mount() else f"remount,size={size}"
        folder.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(folder)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a small file system can't be mounted here: {done.stderr.strip()}")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", "-l", str(folder)], check=True)
