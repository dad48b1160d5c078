"""The demo as `make run` plays it, once for all tests that read from it, and the code blocks of our pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. `line` is that of its first line of code."""

    page: str
    language: str
    line: int
    text: str

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block without their comments."""
        lines = (re.sub(r"\s+#.*$", "", line).strip() for line in self.text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]


def blocks(language: str) -> list[Block]:
    """Every fenced block in this language, in README.md and docs/."""
    return [b for page in PAGES for b in _blocks(page) if b.language == language]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text[: found.start(2)].count("\n") + 1
        yield Block(str(page.relative_to(ROOT)), found[1], line, found[2])


@dataclass(frozen=True)
class Played:
    """One `make run`: its home, when it began, what it printed and how it ended."""

    home: Path
    began: datetime
    code: int
    out: str
    err: str


def make_run(home: Path) -> Played:
    """`make run` on `home` with this checkout's environment, which is not set up again while its tests run."""
    began = datetime.now(UTC)
    done = subprocess.run(
        ["make", "run", f"DEMO={home}", "-o", ".venv/.installed"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=280,
    )
    return Played(home, began, done.returncode, done.stdout, done.stderr)


def clean_environment() -> dict[str, str]:
    """This process's environment without what would point commands or Prefect elsewhere."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("JID_", "PREFECT_", "MAKE"))}


_first: list[Played] = []


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The first `make run` on a new home. Nobody writes to that home but a second `make run`."""
    if not _first:
        _first.append(make_run(tmp_path_factory.mktemp("demo") / "demo"))
        shutil.copytree(_first[0].home, _first[0].home.with_name("copy"))
    return _first[0]


@pytest.fixture(scope="session")
def workplace(first_run: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like a checkout after `make run`: .venv, and build/demo as it was after the first run."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    shutil.copytree(first_run.home.with_name("copy"), folder / "build/demo")
    return folder


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command of a page, run by a shell in `folder` with our `jid` on the path."""
    env = clean_environment()
    env["PATH"] = f"{ROOT / '.venv/bin'}:{env['PATH']}"
    return subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, timeout=120)
