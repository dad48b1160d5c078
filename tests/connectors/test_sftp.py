"""Promise kept here: an SFTP drop is read only from the server that was pinned, and a half-written file never comes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from connectors.errors import (
    ConfigError,
    DeadlineExceeded,
    HostKeyChanged,
    SecretMissing,
    SignInRefused,
    SourceMissing,
    Unreachable,
)
from connectors.timing import Timing

asyncssh = pytest.importorskip("asyncssh", reason="the extra sftp is not installed")

NOW = datetime(2026, 11, 20, 10, 17, tzinfo=UTC)  # where the clock of the fixture `ticks` stands
ENVIRON = {"BW_PASSWORD": "pw-canary"}


class Drop:
    """An SFTP server over one folder. `tried` lists the passwords it was shown; `files` may be replaced by worse."""

    def __init__(self, root: Path) -> None:
        self.root, self.tried, self.served = root, [], 0
        self.files: Any = asyncssh.SFTPServer
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_key = asyncssh.generate_private_key("ssh-ed25519")

    @property
    def fingerprint(self) -> str:
        return self.key.get_fingerprint("sha256")

    async def start(self, port: int = 0) -> None:
        drop = self

        class Door(asyncssh.SSHServer):
            def begin_auth(self, username: str) -> bool:
                return True

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                drop.tried.append(password)
                return (username, password) == ("justindata", "pw-canary")

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: Any) -> bool:
                return key == drop.client_key.convert_to_public()

        def files(channel: Any) -> Any:
            drop.served += 1
            return drop.files(channel, chroot=str(drop.root))

        self._listener = await asyncssh.listen(
            "127.0.0.1", port, server_factory=Door, server_host_keys=[self.key], sftp_factory=files
        )
        self.port = self._listener.get_port()

    async def stop(self) -> None:
        self._listener.close()
        await self._listener.wait_closed()

    def put(self, name: str, text: str = "x", *, minutes_ago: float = 5) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        stamp = (NOW - timedelta(minutes=minutes_ago)).timestamp()
        os.utime(path, (stamp, stamp))
        return path

    def options(self, **more: Any) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "username": "justindata",
            "password": "env:BW_PASSWORD",
            "host_key": self.fingerprint,
            "paths": ["/coa/*.xlsx"],
            "overlap": "10m",
            **more,
        }


@pytest_asyncio.fixture
async def drop(tmp_path: Path) -> AsyncIterator[Drop]:
    (tmp_path / "drop" / "coa").mkdir(parents=True)
    server = Drop(tmp_path / "drop")
    await server.start()
    yield server
    await server.stop()


async def test_files_come_oldest_first_with_the_fingerprint_as_evidence(drop, open_feed, pull) -> None:
    drop.put("coa/b.xlsx", "old" * 300_000, minutes_ago=30)
    drop.put("coa/a.xlsx", "new", minutes_ago=5)
    drop.put("coa/a.txt")
    drop.put("pat/hour/1.csv", "t", minutes_ago=2)
    feed = open_feed("sftp", drop.options(paths=["/coa/*.xlsx", "pat/*/*.csv"]), environ=ENVIRON)
    pulled = await pull(feed)
    assert pulled.error is None
    assert pulled.keys == ["/coa/b.xlsx", "/coa/a.xlsx", "pat/hour/1.csv"]
    assert pulled.data == [b"old" * 300_000, b"new", b"t"]
    first = pulled.deliveries[0]
    assert first.origin.peer == drop.fingerprint
    assert first.origin.uri == f"sftp://127.0.0.1:{drop.port}/coa/b.xlsx"
    assert (first.file, first.source_time) == ("b.xlsx", NOW - timedelta(minutes=30))


async def test_a_pull_that_stopped_is_resumed(drop, open_feed, pull) -> None:
    for minutes in (60, 45, 30, 15):
        drop.put(f"coa/{minutes}.xlsx", minutes_ago=minutes)
    feed = open_feed("sftp", drop.options(), environ=ENVIRON)
    first = await pull(feed, at_most=2)
    second = await pull(feed, first.cursor)
    assert (first.keys, second.keys) == (
        ["/coa/60.xlsx", "/coa/45.xlsx"],
        ["/coa/45.xlsx", "/coa/30.xlsx", "/coa/15.xlsx"],
    )


async def test_a_half_written_file_waits_until_it_is_stable(drop, open_feed, pull, ticks) -> None:
    drop.put("coa/whole.xlsx", minutes_ago=8)
    growing = drop.put("coa/growing.xlsx", "half", minutes_ago=0)

    async def partner_writes(seconds: float) -> None:
        growing.write_text(growing.read_text() + "more")

    feed = open_feed("sftp", drop.options(), environ=ENVIRON, timing=Timing(ticks.now, sleep=partner_writes))
    first = await pull(feed)
    assert (first.keys, first.error) == (["/coa/whole.xlsx"], None)
    second = await pull(open_feed("sftp", drop.options(), environ=ENVIRON), first.cursor)
    assert dict(zip(second.keys, second.data, strict=True))["/coa/growing.xlsx"] == b"halfmore"
    assert ticks.waits == [2.0]


async def test_a_done_file_makes_its_file_ready(drop, open_feed, pull) -> None:
    drop.put("coa/a.xlsx", minutes_ago=400)
    feed = open_feed("sftp", drop.options(ready={"done_suffix": ".done"}), environ=ENVIRON)
    assert (await pull(feed)).keys == []
    drop.put("coa/a.xlsx.done", "", minutes_ago=0)
    assert (await pull(feed)).keys == ["/coa/a.xlsx"]


async def test_another_host_key_is_refused_before_any_password_is_sent(drop, open_feed, pull) -> None:
    pinned = drop.fingerprint
    await drop.stop()
    impostor = Drop(drop.root)
    await impostor.start(drop.port)
    try:
        pulled = await pull(open_feed("sftp", drop.options(), environ=ENVIRON))
    finally:
        await impostor.stop()
    assert isinstance(pulled.error, HostKeyChanged)
    assert (pulled.error.pinned, pulled.error.seen) == ((pinned,), impostor.fingerprint)
    assert (impostor.tried, impostor.served, pulled.error.action) == ([], 0, "stop")
    await drop.start(drop.port)


async def test_a_whole_public_key_or_a_reference_pins_as_well(drop, open_feed, pull, tmp_path: Path) -> None:
    drop.put("coa/a.xlsx")
    line = drop.key.export_public_key("openssh").decode()
    (tmp_path / "host.pub").write_text(line)
    for key in [line.strip(), "file:host.pub", "env:BW_HOST_KEY", ["SHA256:" + "A" * 43, drop.fingerprint]]:
        feed = open_feed("sftp", drop.options(host_key=key), environ={**ENVIRON, "BW_HOST_KEY": drop.fingerprint})
        assert (await pull(feed)).keys == ["/coa/a.xlsx"]
    with pytest.raises(ConfigError, match="env:BW_HOST_KEY: holds no host key"):
        open_feed("sftp", drop.options(host_key="env:BW_HOST_KEY"), environ={**ENVIRON, "BW_HOST_KEY": "no key"})


async def test_a_private_key_signs_in(drop, open_feed, pull, tmp_path: Path) -> None:
    drop.put("coa/a.xlsx")
    (tmp_path / "id").write_bytes(drop.client_key.export_private_key("pkcs8-pem", passphrase="open"))
    options = drop.options(private_key="file:id", passphrase="env:PHRASE")
    del options["password"]
    pulled = await pull(open_feed("sftp", options, environ={"PHRASE": "open"}))
    assert (pulled.keys, drop.tried) == (["/coa/a.xlsx"], [])
    with pytest.raises(ConfigError, match="private_key holds no key"):
        open_feed("sftp", options, environ={"PHRASE": "canary"})


async def test_a_wrong_password_is_a_refused_sign_in(drop, open_feed, pull) -> None:
    pulled = await pull(open_feed("sftp", drop.options(), environ={"BW_PASSWORD": "wrong-canary"}))
    assert isinstance(pulled.error, SignInRefused)
    assert pulled.error.code == "CON-E402"
    assert "canary" not in f"{pulled.error} {pulled.error.detail} {pulled.error!r}"
    with pytest.raises(SecretMissing, match="env:BW_PASSWORD"):
        open_feed("sftp", drop.options(), environ={})


async def test_links_and_strange_names_are_left_alone(drop, open_feed, pull, tmp_path: Path) -> None:
    (tmp_path / "secret.xlsx").write_text("secret")
    (drop.root / "coa" / "link.xlsx").symlink_to(tmp_path / "secret.xlsx")
    (drop.root / "coa" / "a\x01b.xlsx").write_text("control")
    (drop.root / "coa" / "\udcff.xlsx").write_text("no UTF-8")
    (drop.root / "coa" / "dir.xlsx").mkdir()
    drop.put("coa/upload.xlsx.part")
    drop.put("coa/good.xlsx", "good")
    pulled = await pull(open_feed("sftp", drop.options(paths=["/coa/*"]), environ=ENVIRON))
    assert (pulled.keys, pulled.data) == (["/coa/good.xlsx"], [b"good"])


async def test_a_folder_that_is_not_there_is_an_error_not_silence(drop, open_feed, pull) -> None:
    feed = open_feed("sftp", drop.options(paths=["/nowhere/*.csv"]), environ=ENVIRON)
    assert isinstance((await pull(feed)).error, SourceMissing)
    [line] = await feed.check()
    assert (line.state, "/nowhere" in line.detail) == ("failed", True)


async def test_nobody_listens(open_feed, pull, drop, ticks, free_port: Callable[[], int]) -> None:
    pulled = await pull(open_feed("sftp", drop.options(port=free_port()), environ=ENVIRON))
    assert isinstance(pulled.error, Unreachable)
    assert (pulled.error.code, len(ticks.waits)) == ("CON-E401", 3)


async def test_a_server_that_says_nothing_is_left_at_the_deadline(drop, open_feed, pull, monkeypatch) -> None:
    monkeypatch.setattr("connectors.transports.sftpsession.CONNECT_SECONDS", 0.3)

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    mute = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = mute.sockets[0].getsockname()[1]
    pulled = await pull(open_feed("sftp", drop.options(port=port), environ=ENVIRON))
    mute.close()
    assert isinstance(pulled.error, DeadlineExceeded)


@pytest.mark.parametrize("stuck_at", ["opendir", "open", "read"])
async def test_a_server_that_hangs_in_the_middle_is_left_at_the_deadline(drop, open_feed, pull, stuck_at: str) -> None:
    over = asyncio.Event()

    class Hangs(asyncssh.SFTPServer):
        """Never answers the request, and none that closes what is open either."""

        async def scandir(self, path: bytes) -> AsyncIterator[Any]:
            if stuck_at == "opendir":
                await over.wait()
            async for name in super().scandir(path):
                yield name

        async def open(self, *asked: Any) -> Any:
            if stuck_at == "open":
                await over.wait()
            return super().open(*asked)

        async def read(self, *asked: Any) -> Any:
            await over.wait()

        async def close(self, file: Any) -> None:
            await over.wait()

    drop.files = Hangs
    drop.put("coa/a.xlsx")
    try:
        async with asyncio.timeout(5):
            pulled = await pull(open_feed("sftp", drop.options(deadline="300ms"), environ=ENVIRON))
    finally:
        over.set()
    assert isinstance(pulled.error, DeadlineExceeded)


async def test_a_line_that_is_cut_between_two_files_ends_the_pull_and_loses_nothing(drop, open_feed, pull) -> None:
    for minutes in (9, 8, 7):
        drop.put(f"coa/{minutes}.xlsx", minutes_ago=minutes)
    feed = open_feed("sftp", drop.options(), environ=ENVIRON)
    stream = feed.pull(None, None)
    first = await anext(stream)
    port = drop.port
    drop._listener.close()
    await stream.aclose()
    await drop._listener.wait_closed()
    assert isinstance((await pull(feed, first.cursor)).error, Unreachable)
    await drop.start(port)
    assert (await pull(feed, first.cursor)).keys == ["/coa/9.xlsx", "/coa/8.xlsx", "/coa/7.xlsx"]
