"""Promise kept here: what the pages in docs/ show is true. Each command runs and ends as it should, each piece of
configuration is read by the hub, and no link leads nowhere.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connectors.partners import load_partner
from hub.settings import Settings
from tests.demo_support import PAGES, ROOT, Block, blocks, first_run, shell, workplace

__all__ = ["first_run", "workplace"]

ENDS: dict[str, tuple[set[int], str]] = {
    "jid check build/demo/samples/northvale/coa/*r2.json --contract northvale-coa": ({0}, "accepted: "),
    "jid check build/demo/samples/brightwater/coa/LV*.xlsx --contract brightwater-coa --output markdown": (
        {0},
        "checks passed",
    ),
    "jid explain COA-E104": ({0}, "COA-E104  "),
    "jid contracts show northvale-coa": ({0}, "due times"),
    "jid contracts sample halden-schedule --all -o kit": ({0}, "start with README.txt"),
    "jid contracts docs northvale-coa -o contract.html": ({0}, ""),
    "jid contracts template brightwater-coa -o certificate.xlsx": ({0}, ""),
    "jid contracts schema northvale-coa -o schema.json": ({0}, ""),
    "jid contracts sample northvale-coa --good --form json -o good.json": ({0}, ""),
    "jid contracts sample northvale-coa --bad COA-E104": ({0}, '"value": "7,4"'),
    # nobody serves the demo's REST and SFTP partners any more: those feeds fail, the folder is pulled
    "jid run --once": ({5}, "halden/coa  pulled"),
    "cp -r \"$(python -c 'import contracts.odcs; print(contracts.odcs.CATALOG)')\" build/contracts": ({0}, ""),
    "sed 's/^version: 2.3.0/version: 2.4.0/; s/, {value: combined}//' build/contracts/northvale/coa.odcs.yaml "
    "> build/contracts/northvale/draft.odcs.yaml": ({0}, ""),
    "jid contracts diff northvale-coa build/contracts/northvale/draft.odcs.yaml": (
        {1},
        "version 2.4.0 is too small: these changes need 3.0.0",
    ),
    "jid contracts diff northvale-coa build/contracts/northvale/draft.odcs.yaml --against-history 20": (
        {1},
        "files would pass",
    ),
    "jid check build/demo/samples/northvale/coa/*r2.json --contract build/contracts/northvale/draft.odcs.yaml": (
        {1},
        "rejected: 1 error",
    ),
    "jid explain CON-E105": ({0}, "CON-E105  "),
    "jid contracts lint": ({0}, "9 contracts, 0 errors"),
    "jid doctor": ({0}, " 0 failed"),
    "jid alerts list": ({3}, "critical"),
    "jid alerts list --all --json": ({3}, '"schema_version": 1'),
    "jid lots list": ({0}, "HOLD"),
    "jid slots list": ({0}, "NO_GO"),
    "jid deliveries list --partner halden": ({0}, "halden/coa"),
}
"""How each command of the pages ends on the demo's home: its exit codes, and something that it says."""

SHELL = [b for b in blocks("sh") if b.page != "README.md"]


def named(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.slow
@pytest.mark.timeout(290)
@pytest.mark.parametrize("block", SHELL, ids=named)
def test_each_command_runs_as_it_stands(block: Block, workplace: Path) -> None:
    for command in block.commands:
        codes, said = ENDS[command]
        done = shell(command, workplace)
        assert done.returncode in codes, f"{command}\n{done.stdout}\n{done.stderr}"
        assert said in done.stdout, f"{command}\n{done.stdout}"
        assert "Traceback" not in done.stderr
        if "--json" in command:
            json.loads(done.stdout)


def test_no_command_is_expected_that_no_page_shows() -> None:
    assert {command for block in SHELL for command in block.commands} == set(ENDS)


@pytest.mark.parametrize("block", blocks("toml"), ids=named)
def test_settings_in_a_page_are_read_by_the_hub(block: Block, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(block.text)
    settings = Settings.load(tmp_path, environ={})
    assert settings.home == tmp_path.resolve()


@pytest.mark.parametrize("block", blocks("yaml"), ids=named)
def test_partner_files_in_a_page_are_read_by_the_hub(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "northvale.yaml"
    path.write_text(block.text)
    partner = load_partner(path)
    assert partner.feeds


def test_every_block_says_its_language_or_is_a_picture() -> None:
    assert {b.page for b in blocks("sh")} >= {"README.md", "docs/cdmo.md", "docs/quality.md"}
    for page in PAGES:
        languages = re.findall(r"^```(\w+)$", page.read_text(), re.MULTILINE)
        assert set(languages) <= {"sh", "toml", "yaml", "text"}, page


@pytest.mark.parametrize("page", [*PAGES, ROOT / "ARCHITECTURE.md"], ids=lambda p: p.name)
def test_no_link_leads_nowhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"
