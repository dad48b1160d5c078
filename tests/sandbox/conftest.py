"""A story on a fixed day, the shipped contracts, and a running sandbox on a temporary home."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.odcs import load_catalog
from contracts.shelf import Catalog
from hub.clock import FakeClock
from sandbox.box import Sandbox
from sandbox.story import Story

T0 = datetime(2026, 11, 22, 5, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def story() -> Story:
    return Story(2611, T0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(T0)


@pytest.fixture
def box(tmp_path: Path, story: Story, clock: FakeClock, catalog: Catalog) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path, story, clock, catalog) as running:
        yield running
