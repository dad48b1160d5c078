"""What every test may use: the size option, the seed of random tests, and the shared third-party data when present."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scale", choices=["ci", "full"], default="ci", help="size of the long tests (default: ci)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that has a long form is found by `make fuzz`, unless `make crash` has it."""
    for item in items:
        if "scale" in getattr(item, "fixturenames", ()) and item.get_closest_marker("crash") is None:
            item.add_marker(pytest.mark.fuzz)


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> str:
    """`ci` or `full`: long tests read their sizes from it."""
    return str(request.config.getoption("--scale"))


@pytest.fixture
def seed() -> int:
    """A fresh seed, printed so that a failing run can be made again with JID_TEST_SEED."""
    value = int(os.environ.get("JID_TEST_SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed: JID_TEST_SEED={value}")
    return value


@pytest.fixture
def shared() -> Path:
    """The folder of shared generators and third-party data; skips, with the reason, where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("shared generators and third-party data not present: ../shared")
    return SHARED
