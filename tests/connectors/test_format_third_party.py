"""Promise: files that real instruments wrote, none of which fit our contracts, are findings and nothing worse."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.formats import open_series, read_document
from contracts.contract import SourceForm
from tests.connectors.format_support import CSV, accepting, contract

COA = accepting(contract(), SourceForm("json"), CSV, SourceForm("xlsx"))
PAT = accepting(contract("pat", "brightwater"), CSV, SourceForm("piwebapi"))


@pytest.fixture
def files(shared: Path) -> list[Path]:
    folder = shared / "fixtures"
    found = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.stat().st_size < 2_000_000]
    if not found:
        pytest.skip("third-party files not present: ../shared/fixtures")
    return found


def test_every_third_party_file_is_read_or_refused_with_a_reason(files: list[Path]) -> None:
    for path in files:
        document = read_document(path.read_bytes(), file=path.name, contract=COA)
        assert "CON-E201" not in {p.code for p in document.problems}, path
        assert document.root is None or document.problems or path.suffix == ".json", path


def test_no_third_party_file_passes_as_a_series(files: list[Path]) -> None:
    for path in files:
        batches = list(open_series(path, file=path.name, contract=PAT).batches())
        codes = {p.code for b in batches for p in b.problems}
        assert codes, path
        assert "CON-E201" not in codes, path
