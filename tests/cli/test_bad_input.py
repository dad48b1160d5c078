"""Promise kept here: whatever is malformed, missing, silent or cut off ends in a sentence with place and valid values
and in the documented exit code, never in a traceback; the bytes are kept and the other feeds go on.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.samples import Sample
from tests.cli.home_support import HUB, folder_feed, make_home, partner_file

Samples = tuple[Path, list[Sample]]


def certificate(samples: Samples, lot: int) -> Sample:
    """The first certificate of a lot, as the story has it."""
    return next(s for s in samples[1] if f"-{lot:02d}_" in s.file and s.file.endswith(("_r1.json", "_r1.xlsx")))


def drop(folder: Path, sample: Sample) -> Path:
    """Put a file where a partner's folder feed looks."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(sample.file).name
    path.write_bytes(sample.data)
    return path


def halden(root: Path, contract: str | None = None) -> str:
    return partner_file("halden", folder_feed("halden", "coa", "*.json", root, "json", contract))


def northvale(url: str, **more: str) -> str:
    """A REST feed of northvale with time-outs that a test can sit out."""
    options = {
        "base_url": url,
        "path": "/v1/certificates",
        "items": "$.data",
        "key": '"{certificate_no}:{revision}"',
        "deadline": "1s",
        "read_timeout": "0.2s",
        **more,
    }
    lines = "".join(f"      {name}: {value}\n" for name, value in options.items())
    return partner_file(
        "northvale",
        "  - kind: coa\n    contract: northvale-coa@2.3\n    every: 15m\n    connector: rest\n    options:\n"
        + lines
        + "    format: json\n",
    )


def refused(ran: Any, code: int, *said: str) -> None:
    assert ran.code == code, ran.said
    for words in said:
        assert words in ran.err, ran.err
    assert "Traceback" not in ran.said
    assert "internal error" not in ran.said


# Configuration stops at start


@pytest.mark.parametrize(
    ("hub", "said"),
    [
        ("[hub\nname = 1\n", ["hub.toml:1:"]),
        ("[hub]\nnmae = 'x'\n", ["hub.toml:2:1", "nmae", "name"]),
        (HUB.replace('kind = "maildir"', 'kind = "pigeon"'), ["hub.toml:9:", "pigeon", "maildir, smtp"]),
        (HUB.replace('channels = ["mailbox"]', 'channels = ["mail-box"]'), ["hub.toml:13:", "mailbox"]),
        ("[store]\nledger = 'mysql://db'\n", ["hub.toml:2:", "sqlite:///"]),
    ],
)
def test_a_malformed_hub_file_is_named_with_its_line_and_what_is_valid(
    jid: Any, tmp_path: Path, hub: str, said: list[str]
) -> None:
    home = make_home(tmp_path / "home", {"halden": halden(tmp_path)}, hub)
    for command in (["status"], ["run", "--once"], ["pull", "halden"]):
        refused(jid(*command, "--home", home), 2, *said)
    assert not (home / "data").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t.replace("kind: coa", "kind: coax"), ["halden.yaml:5:", "coa", "pat", "schedule"]),
        (lambda t: t.replace("Europe/Brussels", "Brussels"), ["halden.yaml:3:", "Europe/Brussels"]),
        (lambda t: t.replace("connector: folder", "connector: ftp"), ["halden.yaml:8:", "folder", "rest", "sftp"]),
        (lambda t: t.replace("every: 5m", "every: often"), ["halden.yaml:7:"]),
        (lambda t: t.replace("paths:", "path:"), ["halden.yaml:9:", "paths"]),
        (lambda t: t + "  - [", ["halden.yaml:"]),
        pytest.param(
            lambda t: t.replace("halden-coa@2.3", "halden-coa@9.9"),
            ["halden.yaml:6:", "halden-coa@9.9", "halden-coa@2.3.0"],
        ),
        pytest.param(
            lambda t: t.replace("halden-coa@2.3", "northvale-coa@2.3"),
            ["halden.yaml:6:", "northvale-coa"],
        ),
    ],
)  # fmt: skip
def test_a_malformed_partner_file_is_named_with_its_line_and_what_is_valid(
    jid: Any, tmp_path: Path, spoil: Callable[[str], str], said: list[str]
) -> None:
    home = make_home(tmp_path / "home", {"halden": spoil(halden(tmp_path))})
    refused(jid("run", "--once", "--home", home), 2, *said)
    doctor = jid("doctor", "--home", home)
    assert doctor.code == 1
    assert said[0] in doctor.out


def test_a_contract_version_that_does_not_exist_stops_the_hub_and_the_valid_ones_are_listed(
    jid: Any, tmp_path: Path
) -> None:
    home = make_home(tmp_path / "home", {"halden": halden(tmp_path, "halden-coa@9.9")})
    refused(jid("run", "--once", "--home", home), 2, "halden-coa@9.9", "halden-coa@2.3.0")
    doctor = jid("doctor", "--home", home)
    assert doctor.code == 1
    assert "✗ partners" in doctor.out
    assert "halden-coa@9.9" in doctor.out


def test_every_problem_of_every_file_is_told_at_once(jid: Any, tmp_path: Path) -> None:
    broken = halden(tmp_path).replace("every: 5m", "every: often").replace("Europe/Brussels", "Mars")
    home = make_home(tmp_path / "home", {"halden": broken, "northvale": "partner: northvale\n"})
    refused(jid("status", "--home", home), 2, "halden.yaml:3:", "halden.yaml:7:", "northvale.yaml:1:")


def test_no_hub_anywhere_names_the_command_that_makes_one(
    jid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(jid("status"), 2, "jid demo")
    refused(jid("status", "--home", tmp_path / "nowhere"), 2, "nowhere", "--home")


# Names that nobody has


@pytest.fixture
def home(tmp_path: Path, samples: Samples) -> Path:
    drop(tmp_path / "drop", certificate(samples, 21))
    return make_home(tmp_path / "home", {"halden": halden(tmp_path / "drop")})


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["pull", "haldn"], ["haldn", "halden"]),
        (["pull", "halden", "--kind", "pat"], ["pat"]),
        (["pull", "halden", "--kind", "cao"], ["coa"]),
        (["run", "--once", "--every", "often"], ["often", "5m"]),
        (["deliveries", "list", "--partner", "haldn"], ["haldn", "halden"]),
        (["deliveries", "show", "D-99"], ["D-99", "jid deliveries list"]),
        (["deliveries", "download", "nonsense"], ["nonsense", "jid deliveries list"]),
        (["alerts", "show", "A-99"], ["A-99", "jid alerts list"]),
        (["alerts", "ack", "A-99", "-m", "mine"], ["A-99", "jid alerts list"]),
        (["replay", "D-99"], ["D-99", "jid deliveries list"]),
        (["replay"], ["jid deliveries list"]),
        (["contracts", "show", "nobody"], ["nobody", "halden-coa@2.3.0"]),
        (["contracts", "lint", "nowhere.yaml"], ["nowhere.yaml"]),
        (["explain", "COA-E999"], ["COA-E999", "COA-E"]),
        (["frobnicate"], ["frobnicate", "check"]),
    ],
)
def test_an_unknown_name_is_a_usage_error_that_says_what_there_is(
    jid: Any, home: Path, command: list[str], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)  # the working folder is the hub's home where it holds a hub.toml
    ran = jid(*command)
    refused(ran, 2, *said)
    assert ran.out == ""


# What partners send, or do not


def deliveries(jid: Any, home: Path, *options: str) -> dict[str, dict[str, Any]]:
    """The ledger's deliveries by file name."""
    ran = jid("deliveries", "list", *options, "--json", "--home", home)
    assert ran.code == 0
    return {d["file"]: d for d in json.loads(ran.out)["deliveries"]}


def kept_bytes(jid: Any, home: Path, id: str, folder: Path) -> bytes:
    folder.mkdir()
    assert jid("deliveries", "download", id, "--to", folder, "--home", home).code == 0
    (file,) = folder.iterdir()
    return bytes(file.read_bytes())


def test_a_file_that_cannot_be_parsed_is_rejected_and_kept_while_the_others_land(
    jid: Any, home: Path, samples: Samples, tmp_path: Path
) -> None:
    rubbish = {"half.json": certificate(samples, 22).data[:700], "noise.json": bytes(range(256)) * 9, "empty.json": b""}
    for name, data in rubbish.items():
        (tmp_path / "drop" / name).write_bytes(data)
    ran = jid("run", "--once", "--home", home)
    assert ran.code == 1, ran.said
    assert "Traceback" not in ran.said
    assert "1 accepted, 3 rejected" in ran.out
    found = deliveries(jid, home)
    assert {name for name, d in found.items() if d["verdict"] == "rejected"} == set(rubbish)
    assert set(deliveries(jid, home, "--quarantined")) == set(rubbish)
    for name, data in rubbish.items():
        shown = jid("deliveries", "show", found[name]["id"], "--home", home)
        assert shown.code == 1
        assert "error[FILE-E" in shown.out
        assert kept_bytes(jid, home, found[name]["id"], tmp_path / f"back-{name}") == data
    again = jid("run", "--once", "--home", home)
    assert again.code == 0, again.said
    assert "0 rejected" in again.out


Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Starts a real HTTP server on loopback that answers as told; gives its address."""
    running: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing: the test's output is not the place."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        running.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes, *, claimed: int | None = None) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) if claimed is None else claimed))
    handler.end_headers()
    handler.wfile.write(body)


def hang(release: threading.Event) -> None:
    """Take the request and say nothing."""
    release.wait(30)


def test_a_server_that_hangs_fails_its_feed_alone(
    jid: Any, samples: Samples, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    drop(tmp_path / "drop", certificate(samples, 21))
    release = threading.Event()
    url = serve(lambda _: hang(release))
    home = make_home(tmp_path / "home", {"northvale": northvale(url), "halden": halden(tmp_path / "drop")})
    try:
        ran = jid("run", "--once", "--home", home)
    finally:
        release.set()
    assert ran.code == 5, ran.said
    assert re.search(r"^northvale/coa  failed: .*127\.0\.0\.1", ran.out, re.MULTILINE), ran.out
    assert "1 accepted, 0 rejected, 0 duplicates; failed: northvale/coa." in ran.out
    assert "Traceback" not in ran.said
    assert [d["verdict"] for d in deliveries(jid, home).values()] == ["accepted"]
    alerts = json.loads(jid("alerts", "list", "--json", "--home", home).out)["alerts"]
    assert [(a["kind"], a["partner"], a["audience"]) for a in alerts] == [("link.down", "northvale", "platform")]


def test_a_page_that_breaks_off_keeps_its_bytes_and_takes_the_whole_items(
    jid: Any, samples: Samples, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    first, second = certificate(samples, 1), certificate(samples, 2)
    page = b'{"data": [' + first.data + b"," + second.data[:900]
    url = serve(lambda handler: send(handler, page))
    home = make_home(tmp_path / "home", {"northvale": northvale(url)})
    ran = jid("pull", "northvale", "--home", home)
    assert ran.code == 5, ran.said
    assert "the answer breaks off at" in ran.out
    (row,) = deliveries(jid, home).values()
    assert row["verdict"] == "accepted"
    assert kept_bytes(jid, home, row["id"], tmp_path / "back").strip() == first.data.strip()
    blobs = [path.read_bytes() for path in (home / "data/archive").rglob("*") if path.is_file()]
    assert page in blobs


def test_a_line_that_is_cut_leaves_no_half_delivery(
    jid: Any, samples: Samples, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    page = b'{"data": [' + certificate(samples, 1).data
    url = serve(lambda handler: send(handler, page, claimed=len(page) + 500))
    home = make_home(tmp_path / "home", {"northvale": northvale(url)})
    ran = jid("pull", "northvale", "--home", home)
    assert ran.code == 5, ran.said
    assert "Traceback" not in ran.said
    assert all(d["verdict"] == "accepted" for d in deliveries(jid, home).values())


def test_a_secret_that_is_missing_is_named_by_its_reference(jid: Any, tmp_path: Path) -> None:
    auth = '{oauth2: {token_path: /oauth/token, client_id: "env:JID_TEST_NOBODY", client_secret: "file:secrets/none"}}'
    home = make_home(tmp_path / "home", {"northvale": northvale("http://127.0.0.1:9", auth=auth)})
    ran = jid("pull", "northvale", "--home", home)
    assert ran.code == 2, ran.said
    assert "env:JID_TEST_NOBODY" in ran.out or "file:secrets/none" in ran.out


def test_nobody_listens_there(jid: Any, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = make_home(tmp_path / "home", {"northvale": northvale(f"http://127.0.0.1:{port}")})
    ran = jid("pull", "northvale", "--json", "--home", home)
    assert ran.code == 5, ran.said
    (result,) = json.loads(ran.out)["results"]
    assert (result["status"], result["audience"]) == ("failed", "platform")


# The machine


def test_a_full_disk_loses_nothing_and_is_made_good_by_the_next_run(
    jid: Any, samples: Samples, tmp_path: Path, small_disk: Callable[[str], Path]
) -> None:
    for lot in (21, 22, 23):
        drop(tmp_path / "drop", certificate(samples, lot))
    (tmp_path / "drop" / "big.json").write_bytes(b"[" + b"0," * 1_500_000 + b"0]")
    disk = small_disk("2m")
    home = make_home(disk / "home", {"halden": halden(tmp_path / "drop")})
    ran = jid("pull", "halden", "--home", home)
    assert "Traceback" not in ran.said
    assert "internal error" not in ran.said
    assert "no space left" in ran.said
    assert ran.code == 5, ran.said
    small_disk("64m")
    again = jid("pull", "halden", "--home", home)
    assert again.code == 1, again.said  # big.json is no certificate
    found = deliveries(jid, home)
    assert sorted(d["verdict"] for d in found.values()) == ["accepted", "accepted", "accepted", "rejected"]
    assert (
        kept_bytes(jid, home, found["big.json"]["id"], tmp_path / "back") == (tmp_path / "drop/big.json").read_bytes()
    )
