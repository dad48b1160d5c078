"""Promise kept here: the report of a file checked by hand and the report of the same file pulled by the hub are the
same text, byte for byte. So a partner and the sponsor never argue about what was said.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from contracts.finding import Report
from contracts.render.json import to_json
from contracts.render.terminal import terminal
from hub.hub import Hub
from hub.settings import Settings
from hub.store import DeliveryRow
from sandbox.samples import Sample
from tests.cli.home_support import folder_feed, make_home, partner_file

FORMATS = {
    "northvale": {"coa": ("json", "json"), "pat": ("json", "piwebapi"), "schedule": ("json", "json")},
    "brightwater": {"coa": ("xlsx", "xlsx"), "pat": ("csv", "csv"), "schedule": ("csv", "csv")},
    "halden": {"coa": ("json", "json"), "pat": ("csv", "csv"), "schedule": ("csv", "csv")},
}
"""Per partner and kind: the files' suffix and the format that the feed declares."""


@pytest.fixture(scope="module")
def home(samples: tuple[Path, list[Sample]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub whose partners are folders that hold the story's files, after one pull."""
    folder, _ = samples
    partners = {
        partner: partner_file(
            partner,
            *(
                folder_feed(partner, kind, f"{kind}/*.{suffix}", folder / partner, form)
                for kind, (suffix, form) in kinds.items()
            ),
        )
        for partner, kinds in FORMATS.items()
    }
    made = make_home(tmp_path_factory.mktemp("same") / "home", partners)
    hub = Hub.open(Settings.load(made))
    try:
        results = asyncio.run(hub.pull_all(hub.feeds_to_pull(None, force=True)))
    finally:
        hub.close()
    assert [r.status for r in results] == ["pulled"] * 9, results
    return made


@pytest.fixture
def stored(home: Path) -> list[tuple[DeliveryRow, Report]]:
    """Every delivery with the report that the hub keeps of it."""
    hub = Hub.open(Settings.load(home))
    try:
        with hub.store.reading() as tx:
            kept = [(row, tx.report(row.id)) for row in tx.deliveries()]
    finally:
        hub.close()
    assert all(report is not None for _, report in kept)
    return [(row, report) for row, report in kept if report is not None]


def test_by_hand_and_in_the_hub_every_file_gets_the_same_text(
    jid: Any,
    home: Path,
    stored: list[tuple[DeliveryRow, Report]],
    samples: tuple[Path, list[Sample]],
    tmp_path: Path,
) -> None:
    assert len(stored) == len(samples[1])
    for row, report in stored:
        here = tmp_path / row.id
        here.mkdir()
        assert jid("deliveries", "download", row.id, "--to", here, "--home", home).code == 0
        (file,) = here.iterdir()
        assert file.read_bytes() == (samples[0] / row.partner / row.kind / file.name).read_bytes()
        by_hand = jid("check", file, "--contract", f"{row.partner}-{row.kind}")
        assert by_hand.out == terminal(report.file_part())
        assert jid("deliveries", "show", row.id, "--file-only", "--home", home).out == by_hand.out


def test_the_json_of_both_is_the_same_too(
    jid: Any, stored: list[tuple[DeliveryRow, Report]], samples: tuple[Path, list[Sample]]
) -> None:
    for row, report in stored:
        if row.kind == "coa":
            file = samples[0] / row.partner / row.kind / Path(row.file).name
            by_hand = jid("check", file, "--contract", f"{row.partner}-coa", "--json")
            assert json.loads(by_hand.out)["reports"] == [to_json(report.file_part())]


def test_what_only_the_hub_knows_stands_in_a_block_of_its_own(
    jid: Any, home: Path, stored: list[tuple[DeliveryRow, Report]]
) -> None:
    changed, report = next((row, r) for row, r in stored if any(f.code == "COA-E408" for f in r.findings))
    full = jid("deliveries", "show", changed.id, "--home", home)
    alone = jid("deliveries", "show", changed.id, "--file-only", "--home", home)
    assert full.code == 1
    assert alone.code == 0
    assert "COA-E408" in full.out
    assert "COA-E408" not in alone.out
    file_text = terminal(report.file_part()).partition("\n")[0]
    assert file_text in full.out
    assert full.out.startswith(f"{changed.id}  {changed.feed}")
    assert changed.sha256 in full.out
