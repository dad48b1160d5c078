"""Promise: a malformed hub.toml stops at start with file:line, what is wrong and the valid values, all in one go."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub import faults
from hub.settings import ConfigError, Settings, home_folder, otlp_endpoint
from hub.tomlplaces import places

GOOD = """\
[hub]
name = "sponsor-demo"

[store]
ledger = "sqlite:///data/ledger.db"
archive = "data/archive"
lake = "/var/lake"

[contracts]
folder = "catalog"

[[channels]]
name = "screen"
kind = "terminal"

[[channels]]
name = "mailbox"
kind = "maildir"
folder = "mail"

[[channels]]
name = "post"
kind = "smtp"
host = "mail.sponsor.example"
from = "hub@sponsor.example"
password = "env:SMTP_PASSWORD"

[[channels]]
name = "hook"
kind = "webhook"
url = "https://hooks.sponsor.example/justindata"
secret = "file:secrets/hook"

[[routes]]
kind = "coa.*"
audience = "partner:*"
channels = ["post"]
recipients = ["data-desk@northvale.example"]

[[routes]]
severity = "critical"
channels = ["hook", "post"]
recipients = ["qp@sponsor.example"]

[[routes]]
channels = ["mailbox", "screen"]
recipients = ["quality@sponsor.example"]

[severity]
critical_before_slot_hours = 36

[watch]
every = "30s"
"""


def write(home: Path, text: str) -> Path:
    (home / "hub.toml").write_text(text, encoding="utf-8")
    return home


def problems(home: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        Settings.load(write(home, text), {})
    return [str(problem).replace(str(home) + "/", "") for problem in error.value.problems]


def test_a_good_file_is_read_with_paths_that_start_at_its_folder(tmp_path: Path) -> None:
    settings = Settings.load(write(tmp_path, GOOD), {"SMTP_PASSWORD": "x"})
    assert settings.hub.name == "sponsor-demo"
    assert settings.store.ledger == f"sqlite:///{tmp_path}/data/ledger.db"
    assert settings.store.archive == tmp_path / "data/archive"
    assert settings.store.lake == Path("/var/lake")
    assert settings.partners_folder == tmp_path / "partners"
    assert settings.contracts_folder is None
    assert [channel.kind for channel in settings.channels] == ["terminal", "maildir", "smtp", "webhook"]
    assert settings.severity.critical_before_slot == timedelta(hours=36)
    assert settings.severity.high_before_slot == timedelta(hours=120)
    assert settings.watch.every == timedelta(seconds=30)
    assert settings.environ["SMTP_PASSWORD"] == "x"
    assert settings.home == tmp_path


def test_an_empty_file_is_a_hub_with_the_defaults(tmp_path: Path) -> None:
    settings = Settings.load(write(tmp_path, ""), {})
    assert settings.store.ledger == f"sqlite:///{tmp_path}/data/ledger.db"
    assert settings.route(kind="coa.late", severity="high", audience="quality", partner=None).channels == ("terminal",)


def test_contracts_may_stand_in_a_folder_of_their_own(tmp_path: Path) -> None:
    settings = Settings.load(write(tmp_path, '[contracts]\nfolder = "contracts"\n'), {})
    assert settings.contracts_folder == tmp_path / "contracts"


def test_the_first_route_that_matches_is_taken(tmp_path: Path) -> None:
    settings = Settings.load(write(tmp_path, GOOD), {})

    def channels(kind: str, severity: str, audience: str) -> tuple[str, ...]:
        return settings.route(kind=kind, severity=severity, audience=audience, partner="northvale").channels

    assert channels("coa.late", "critical", "partner:northvale") == ("post",)
    assert channels("coa.late", "critical", "quality") == ("hook", "post")
    assert channels("pat.gap", "normal", "partner:northvale") == ("mailbox", "screen")


def test_everything_that_is_wrong_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = """\
[hub]
name = "Sponsor Demo"
colour = "red"

[store]
ledger = "mysql://db/hub"
arcive = "data"

[[channels]]
name = "a"
kind = "pigeon"

[[channels]]
name = "b"
kind = "smtp"
host = "mail.example"
port = 99999
password = "hunter2"

[[routes]]
severity = "critical"
channels = ["b", "c"]

[watch]
every = "soon"
"""
    told = problems(tmp_path, text)
    assert [line.split(" ")[0] for line in told] == [
        "hub.toml:2:8",
        "hub.toml:3:1",
        "hub.toml:6:10",
        "hub.toml:7:1",
        "hub.toml:11:8",
        "hub.toml:13:1",
        "hub.toml:17:8",
        "hub.toml:18:12",
        "hub.toml:20:1",
        "hub.toml:22:12",
        "hub.toml:25:9",
    ]
    assert told[1] == 'hub.toml:3:1 unknown key "colour"; valid: name'
    assert "sqlite:///PATH" in told[2]
    assert told[3] == 'hub.toml:7:1 unknown key "arcive"; did you mean archive? valid: archive, lake, ledger'
    assert told[4] == "hub.toml:11:8 \"kind\" cannot be 'pigeon'; valid: maildir, smtp, terminal, webhook"
    assert told[5].startswith('hub.toml:13:1 "from" is missing')
    assert "less than or equal to 65535" in told[6]
    assert "env:NAME or file:PATH" in told[7]
    assert "no default route" in told[8]
    assert told[9] == 'hub.toml:22:12 there is no channel "c"; valid: a, b'
    assert "15m" in told[10]
    assert "hunter2" not in "\n".join(told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[hub\nname = 'x'\n", "hub.toml:1:5 expected ']' at the end of a table declaration"),
        ('[hub]\nname = "x\n', "hub.toml:2:10 illegal character '\\n'"),
        ('[hub]\nname = "x"\nname = "y"\n', "hub.toml:3:11 cannot overwrite a value"),
    ],
)
def test_text_that_is_no_toml_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (told,) = problems(tmp_path, text)
    assert told.startswith(said)


def test_a_missing_or_unreadable_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"hub.toml:1:1 cannot be read: No such file"):
        Settings.load(tmp_path, {})
    (tmp_path / "hub.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(ConfigError, match="not UTF-8"):
        Settings.load(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channels = 3\n", '"channels" must be a list of tables'),
        ("routes = [1]\n", '"routes" must be a list of tables'),
        ('hub = "x"\n', '"hub"'),
        ("[[routes]]\nchannels = []\n", '"channels" is empty'),
        ('[[routes]]\nchannels = ["terminal"]\n[[routes]]\nchannels = ["terminal"]\n', "no alert ever comes here"),
        ('[[channels]]\nname="a"\nkind="terminal"\n[[channels]]\nname="a"\nkind="terminal"\n', "names two channels"),
        ("[[channels]]\nkind = 'terminal'\n", '"name" is missing'),
    ],
)
def test_a_wrong_shape_is_told_and_never_a_crash(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in told for told in problems(tmp_path, text))


def test_a_secret_given_as_a_value_is_refused_and_not_repeated(tmp_path: Path) -> None:
    text = '[[channels]]\nname="h"\nkind="webhook"\nurl="https://x.example"\nsecret="whsec_c2VjcmV0"\n'
    told = problems(tmp_path, text + '[[routes]]\nchannels=["h"]\n')
    assert told == [
        'hub.toml:5:8 "secret": a secret is written as a reference, env:NAME or file:PATH, never as its value'
    ]


def test_neither_repr_nor_dump_shows_the_environment(tmp_path: Path) -> None:
    settings = Settings.load(write(tmp_path, GOOD), {"SMTP_PASSWORD": "hunter2"})
    assert "hunter2" not in repr(settings) + settings.model_dump_json()


def test_the_environment_may_arm_a_fault_point(tmp_path: Path, no_faults: None) -> None:
    Settings.load(write(tmp_path, ""), {"JID_FAULT": "store.in_tx_a:2"})
    assert faults._armed["store.in_tx_a"][0] == 2
    for wrong in ("store.nowhere", "store.in_tx_a:x"):
        with pytest.raises(ConfigError, match=r"is no fault point; write NAME or NAME:N; .*store.in_tx_a"):
            Settings.load(tmp_path, {"JID_FAULT": wrong})


def test_home_and_endpoint_come_from_the_environment(tmp_path: Path) -> None:
    assert home_folder({"JID_HOME": str(tmp_path)}) == tmp_path
    assert home_folder({}) == Path()
    assert otlp_endpoint({}) is None
    assert otlp_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}) == "http://localhost:4318"


def test_places_are_found_through_comments_strings_and_lists_over_lines() -> None:
    import tomllib

    text = '''\
# [not] = "a table"
top = 1
text = """
[hub]
name = "not a key"
"""
[a."b c"]
list = [
  "x", # ]
  'y = [',
]
after.dotted = true
[[t]]
k = {one = 1, two = 2}
[[t]]
[t.sub]
k = 2
'''
    tree = places(text, tomllib.loads(text))

    def at(*steps: str | int) -> tuple[int, int]:
        from connectors.configfile import ConfigFile

        return ConfigFile("x", tree, {}).place(steps)

    assert at("top") == (2, 7)
    assert at("a", "b c", "list") == (8, 8)
    assert at("a", "b c", "after", "dotted") == (12, 16)
    assert at("t", 0, "k") == (14, 5)
    assert at("t", 0, "k", "two") == (14, 5)
    assert at("t", 1, "sub", "k") == (17, 5)
