"""What is shipped: every file the packages read at run time, honest exports, a lock file with hashes and no index."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("contracts", "connectors", "hub", "flows", "cli", "sandbox")


def package_inits() -> list[str]:
    return sorted(
        str(path.parent.relative_to(ROOT)).replace("/", ".")
        for p in PACKAGES
        for path in (ROOT / p).rglob("__init__.py")
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("wheel")
    source = out / "source"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (
            name.split("/")[0] in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE", "NOTICE")
            and (ROOT / name).is_file()
        ):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "-w",
            out,
            source,
        ],
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_holds_every_data_file_that_is_read_at_run_time(wheel: zipfile.ZipFile) -> None:
    shipped = set(wheel.namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".py") and "__pycache__" not in path.parts
    }
    assert wanted, "no data file found: the test looks in the wrong place"
    assert wanted - shipped == set()


def test_the_wheel_installs_nothing_but_our_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {t for t in tops if not t.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("name", package_inits())
def test_each_package_says_what_it_is_for_and_exports_what_it_names(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    for exported in getattr(module, "__all__", ()):
        there = hasattr(module, exported) or importlib.util.find_spec(f"{name}.{exported}") is not None
        assert there, f"{name}.__all__ names {exported}, which is not there"


def test_the_lock_has_a_hash_for_everything_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE)
    named = re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)
    assert pinned == named
    assert len(named) > 50


def test_the_lock_satisfies_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    locked = {
        n.lower().replace("_", "-")
        for n in re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements.lock").read_text(), re.M)
    }
    names = {re.split(r"[\[<>=!~; ]", d)[0].lower().replace("_", "-").replace(".", "-") for d in asked} - {
        "justindata-hub"
    }
    assert names - locked == set()
