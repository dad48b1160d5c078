"""Promise: `jid contracts diff` says in one line a change for whom it breaks and which version it needs, and ends with
1 where somebody breaks or the version promises less; with history it says which of the last files would pass.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hub.clock import FakeClock
from hub.hub import Hub
from hub.settings import Settings
from tests.contracts.change_support import edited, path_of, text_of
from tests.hub import crashlab


@pytest.fixture
def newer(tmp_path: Path) -> Any:
    """Writes a newer northvale-coa or halden-coa with these edits, beside the shipped reference tables."""

    def write(name: str, *pairs: tuple[str, str]) -> Path:
        path = tmp_path / "new.odcs.yaml"
        path.write_text(edited(text_of(name), *pairs))
        refs = tmp_path / "refs"
        refs.mkdir(exist_ok=True)
        for table in (path_of(name).parent.parent / "refs").glob("*.yaml"):
            (refs / table.name).write_bytes(table.read_bytes())
        return path

    return write


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's home after one pull of a partner's certificates."""
    made = tmp_path_factory.mktemp("diff") / "home"
    crashlab.prepare(made)
    (made / "drop/coa/broken.json").unlink()
    hub = Hub.open(Settings.load(made, {}), clock=FakeClock(crashlab.NOW))
    assert asyncio.run(hub.pull_once("halden", "coa")).status == "pulled"
    hub.close()
    return made


def test_a_breaking_change_ends_with_1_and_names_the_version(jid: Any, newer: Any) -> None:
    done = jid("contracts", "diff", "northvale-coa", newer("northvale-coa", ("maxItems: 200", "maxItems: 100")))
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0] == "northvale-coa 2.3.0 -> 2.3.0: 1 change, 1 breaking"
    line = text_of("northvale-coa").splitlines().index("      - name: results") + 1
    cells = lines[3].split()
    assert cells[:5] == ["breaking", "safe", "major", "auto.certificate.results.items", f"new.odcs.yaml:{line}"]
    assert " ".join(cells[5:]) == "results: most items 200 -> 100"
    assert lines[4] == "version 2.3.0 is too small: these changes need 3.0.0"


def test_a_change_that_breaks_nobody_in_a_fitting_version_ends_with_0(jid: Any, newer: Any) -> None:
    new = newer("northvale-coa", ("maxItems: 200", "maxItems: 300"), ("version: 2.3.0", "version: 2.4.0"))
    done = jid("contracts", "diff", "northvale-coa@2.3.0", new)
    assert done.code == 0
    assert done.out.splitlines()[-1] == "version 2.4.0 is enough"


def test_words_in_a_version_that_stays_end_with_1(jid: Any, newer: Any) -> None:
    new = newer("northvale-coa", ("domain: vector-release", "domain: release"))
    done = jid("contracts", "diff", "northvale-coa", new)
    assert done.code == 1
    assert "version 2.3.0 is too small: these changes need 2.3.1" in done.out


def test_the_same_contract_has_no_change(jid: Any) -> None:
    done = jid("contracts", "diff", "northvale-coa", "northvale-coa@2.3")
    assert (done.code, done.out) == (0, "northvale-coa 2.3.0 -> 2.3.0: no change\nversion 2.3.0 is enough\n")


def test_for_machines_each_change_has_its_places(jid: Any, newer: Any) -> None:
    new = newer("northvale-coa", ("maxItems: 200", "maxItems: 100"), ("version: 2.3.0", "version: 3.0.0"))
    done = jid("contracts", "diff", "northvale-coa", new, "--json")
    body = json.loads(done.out)
    assert done.code == 1
    assert (body["kind"], body["suggested"], body["too_small"], body["breaking"]) == (
        "contract_diff", "3.0.0", False, True
    )  # fmt: skip
    (change,) = body["changes"]
    assert (change["effect"], change["producer"], change["consumer"]) == ("tightens", "breaking", "safe")
    assert change["new"]["file"] == str(new)
    assert change["old"]["line"] == change["new"]["line"]
    assert text_of("northvale-coa").splitlines()[change["old"]["line"] - 1] == "      - name: results"


def test_for_a_ticket_it_is_a_table_in_markdown(jid: Any, newer: Any) -> None:
    done = jid(
        "contracts", "diff", "northvale-coa", newer("northvale-coa", ("[0-9]{7}$", "[0-9]|x")), "--output", "markdown"
    )
    assert done.out.splitlines()[0] == "## northvale-coa 2.3.0 -> 2.3.0: 1 change, 1 breaking".replace("_", "\\_")
    (row,) = [line for line in done.out.splitlines() if line.startswith("| breaking")]
    assert "\\|x" in row  # what a contract says does not end a cell


def test_history_says_how_many_of_the_last_files_would_pass(jid: Any, newer: Any, home: Path) -> None:
    files = [json.loads(path.read_text()) for path in (home / "drop/coa").glob("*.json")]
    purposes = [str(paper["purpose"]) for paper in files]
    word = purposes[0]
    passing = sum(purpose != word for purpose in purposes)
    new = newer("halden-coa", (f"{{value: {word}}}", "{value: other}"))
    done = jid("contracts", "diff", "halden-coa", new, "--against-history", "20", "--home", home)
    assert done.code == 1
    assert done.out.splitlines()[-1] == f"{passing} of your last {len(files)} files would pass"
    assert f"the last {len(files)} deliveries of halden/coa" in done.out
    body = json.loads(
        jid("contracts", "diff", "halden-coa", new, "--against-history", "20", "--home", home, "--json").out
    )
    assert sum(d["after"] == "rejected" for d in body["history"]["deliveries"]) == len(files) - passing


def test_a_hub_that_has_nothing_yet_is_told_and_not_made(jid: Any, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(crashlab.HUB)
    done = jid("contracts", "diff", "halden-coa", "halden-coa", "--against-history", "5", "--home", tmp_path)
    assert done.code == 2
    assert "has no archive yet" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["hub.toml"]


def test_a_contract_that_is_not_there_is_told_with_those_that_are(jid: Any) -> None:
    done = jid("contracts", "diff", "northvale-coa", "northvale-coa@9")
    assert done.code == 2
    assert "northvale-coa@2.3.0" in done.err
