"""Promise kept here: every command explains itself with an example, what machines read says which shape it has, and
`jid --version` is quick because it loads nothing of the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from cli.exits import Exit
from cli.tree import app
from sandbox.samples import Sample
from tests.cli.home_support import folder_feed, make_home, partner_file

PROMISED = {
    "demo", "run", "pull", "check", "status", "watch", "replay", "deliveries list", "deliveries show", "alerts list",
    "alerts show", "alerts ack", "lots list", "slots list", "contracts lint", "contracts show", "contracts profile",
    "explain", "doctor",
}  # fmt: skip
"""The commands that people were promised."""


def commands(branch: App = app, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in branch:
        if not name.startswith("-"):
            below = list(commands(branch[name], (*path, name)))
            yield from below or [(*path, name)]


def test_every_promised_command_exists() -> None:
    assert {" ".join(c) for c in commands()} >= PROMISED


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_help_has_a_sentence_an_example_and_the_exit_codes(jid: Any, command: tuple[str, ...]) -> None:
    ran = jid(*command, "--help")
    assert ran.code == 0
    assert re.search(rf"^[ *]*jid {' '.join(command)}\b", ran.out.partition("For example")[2], re.MULTILINE), ran.out
    assert "Exit codes:" in ran.out
    first = ran.out.splitlines()[2]
    assert first[:1].isupper()


def test_lists_of_commands_show_a_sentence_each(jid: Any) -> None:
    groups = [(), *{c[:1] for c in commands() if len(c) > 1}]
    for group in groups:
        for asked in ([*group, "--help"], [*group]):
            out = jid(*asked).out
            named = re.findall(r"^│ (\w+) +(\S.*?) *│$", out, re.MULTILINE)
            below = {c[len(group)] for c in commands() if c[: len(group)] == tuple(group)}
            assert below <= {name for name, _ in named}, out


def test_the_exit_codes_are_in_the_help(jid: Any) -> None:
    told = " ".join(jid("--help").out.split()).partition("Exit codes: ")[2]
    assert {int(number) for number in re.findall(r"(?:^|, )(\d+) ", told)} == {int(code) for code in Exit}


def test_the_version_loads_nothing_of_the_engine(jid_process: Any) -> None:
    heavy = ["prefect", "polars", "pyarrow", "sqlalchemy", "deltalake", "pydantic", "httpx", "hub", "contracts"]
    program = (
        "import sys; from cli.main import invoke\n"
        "code = invoke(['--version'])\n"
        f"print(code, sorted(set({heavy!r}) & set(sys.modules)))"
    )
    ran = jid_process(program, python=["-c"])
    version, loaded = ran.out.splitlines()
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", version)
    assert loaded == "0 []"


def test_checking_a_certificate_loads_neither_prefect_nor_the_lake(
    jid_process: Any, samples: tuple[Path, list[Sample]]
) -> None:
    path = next(samples[0] / s.file for s in samples[1] if s.file.endswith("_r2.json"))
    heavy = ["prefect", "polars", "sqlalchemy", "deltalake", "httpx", "asyncssh", "opentelemetry"]
    program = (
        "import sys; from cli.main import invoke\n"
        f"code = invoke(['check', {str(path)!r}, '--contract', 'northvale-coa', '--json'])\n"
        f"print(code, sorted(set({heavy!r}) & set(sys.modules)), file=sys.stderr)"
    )
    assert jid_process(program, python=["-c"]).err == "0 []\n"


READS: list[list[str]] = [
    ["status"],
    ["doctor"],
    ["lots", "list"],
    ["slots", "list"],
    ["alerts", "list"],
    ["alerts", "list", "--all"],
    ["deliveries", "list"],
    ["deliveries", "show", "D-1"],
    ["contracts", "lint"],
    ["contracts", "show", "halden-coa"],
    ["explain", "COA-E104"],
    ["pull", "halden"],
    ["run", "--once"],
    ["watch", "--once"],
    ["replay", "D-1"],
]


@pytest.fixture(scope="module")
def home(samples: tuple[Path, list[Sample]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = samples[0] / "halden"
    feeds = [
        folder_feed("halden", "coa", "coa/LV*.json", root, "json"),
        folder_feed("halden", "schedule", "schedule/*.csv", root, "csv"),
    ]
    return make_home(tmp_path_factory.mktemp("help") / "home", {"halden": partner_file("halden", *feeds)})


def test_json_says_which_shape_it_has(jid: Any, home: Path) -> None:
    assert jid("run", "--once", "--home", home).code in (0, 1)
    for command in READS:
        where = [] if command[0] == "explain" else ["--home", home]
        ran = jid(*command, "--json", *where)
        body = json.loads(ran.out)
        assert body["schema_version"] == 1, command
        assert isinstance(body["kind"], str)
        table = jid(*command, *where)
        assert table.code == ran.code, command
        assert table.out
        assert not table.out.startswith("{")


def test_the_long_form_of_json_is_the_same(jid: Any, home: Path) -> None:
    for command in (["lots", "list"], ["deliveries", "list"]):
        assert jid(*command, "--output", "json", "--home", home).out == jid(*command, "--json", "--home", home).out


def test_an_output_that_does_not_exist_lists_those_that_do(jid: Any, home: Path) -> None:
    ran = jid("status", "--output", "xml", "--home", home)
    assert ran.code == 2
    assert "table" in ran.err
    assert "json" in ran.err
