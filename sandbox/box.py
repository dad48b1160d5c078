"""Sandbox: the three CDMOs, running. Start it on a home, let it publish an act, stop it.

    with Sandbox.start(home, story, clock, load_catalog()) as box:     # servers run, act 1 is published
        ...                                                            # pull
        box.publish(2)                                                 # corrections, the late file, the slip
        ...                                                            # pull again

What the partners hold lies in `<home>/sandbox`. Everything in it is made from the story; nothing is lost when it is
deleted while the sandbox is stopped, but then the story begins anew at the next start.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from contracts.contract import Contract
from contracts.shelf import Catalog
from hub.clock import Clock
from sandbox import certificates, pat, slots, workbook
from sandbox.home import CLIENT_ID, WEB_ID, Addresses, write_home
from sandbox.servers.brightwater import SftpServer, host_key
from sandbox.servers.dropbox import put, trickle
from sandbox.servers.loop import LoopThread
from sandbox.servers.northvale import HttpServer, Listed, Northvale
from sandbox.story import HOUR, Act, PartnerId, Story, save_story

STORM = 2
"""Requests for certificates that are turned away at each start in act 1."""


@dataclass
class Sandbox:
    """Use `Sandbox.start`. `story.act` is what has been published; `addresses` is where the servers listen."""

    home: Path
    story: Story
    clock: Clock
    contracts: dict[str, Contract]
    addresses: Addresses
    northvale: Northvale
    _loop: LoopThread
    _http: HttpServer
    _sftp: SftpServer
    _growing: asyncio.Task[None] | None = field(default=None)

    @classmethod
    def start(cls, home: Path, story: Story, clock: Clock, catalog: Catalog) -> Sandbox:
        """Start the servers on free loopback ports, publish up to the story's act, and write the home's configuration.

        Secrets are made once and kept in `<home>/secrets`. Whoever starts it calls `stop`, or uses `with`.
        """
        contracts = {
            f"{partner}/{kind}": catalog.get(f"{partner}-{kind}@{version}")
            for partner in ("northvale", "brightwater", "halden")
            for kind, version in (("coa", "2"), ("pat", "1"), ("schedule", "1"))
        }
        client_secret = _secret(home / "secrets" / "northvale_client_secret")
        password = _secret(home / "secrets" / "brightwater_password")
        folder = home / "sandbox"
        (folder / "brightwater").mkdir(parents=True, exist_ok=True)
        key = host_key(folder / "brightwater_host_key")

        def historian(start: datetime, end: datetime, max_count: int) -> bytes:
            contract = contracts["northvale/pat"]
            return pat.as_pi(story, contract, start, end, now=clock.now(), max_count=max_count)

        northvale = Northvale(CLIENT_ID, client_secret, WEB_ID, historian)
        loop = LoopThread("sandbox")
        try:
            http, sftp = HttpServer(northvale.app()), SftpServer(folder / "brightwater", key, password)
            addresses = Addresses(
                northvale_url=loop.run(http.start()),
                brightwater_port=loop.run(sftp.start()),
                brightwater_host_key=key.get_fingerprint(),
            )
        except BaseException:
            loop.stop()
            raise
        box = cls(home, story, clock, contracts, addresses, northvale, loop, http, sftp)
        write_home(home, story, addresses, clock.now())
        box.publish(story.act)
        northvale.storm = STORM if story.act == 1 else 0
        return box

    def publish(self, act: Act) -> Story:
        """Let the partners publish everything up to `act`, and the files of every hour that has ended by now."""
        second = self.story.second_act_at or (self._now() if act == 2 else None)
        self.story = replace(self.story, act=act, second_act_at=second)
        save_story(self.folder, self.story)
        self._publish_northvale()
        self._publish_brightwater()
        self._publish_halden()
        return self.story

    def stop(self) -> None:
        """Stop the servers. What they served stays in the home."""
        self._stop_growing()
        self._loop.run(self._sftp.stop())
        self._loop.run(self._http.stop())
        self._loop.stop()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        return self.home / "sandbox"

    def _publish_northvale(self) -> None:
        papers = certificates.newest(self.story, "northvale", self.contracts["northvale/coa"])
        self.northvale.certificates = tuple(Listed(paper.written(self.story), paper.text()) for paper in papers)
        self.northvale.schedule = slots.as_json(self.story, "northvale")

    def _publish_brightwater(self) -> None:
        root, story, contract = self.folder / "brightwater", self.story, self.contracts["brightwater/coa"]
        self._stop_growing()
        for paper in certificates.papers(story, "brightwater", contract):
            put(root / "coa" / paper.file_name("xlsx"), workbook.as_xlsx(paper, contract), paper.written(story))
        if story.act == 1:
            late = next(p for p in certificates.papers(story.at(2), "brightwater", contract) if p.number == 13)
            self._growing = self._loop.spawn(
                trickle(root / "coa" / late.file_name("xlsx"), workbook.as_xlsx(late, contract))
            )
        for told in {story.at(1), story}:
            put(root / "schedule" / slots.file_name(told), slots.as_csv(told, "brightwater"), slots.written(told))
        self._publish_hours("brightwater", root / "pat")

    def _publish_halden(self) -> None:
        root, story = self.folder / "halden", self.story
        # Of a file that was written anew only the newest wording is left.
        files = {p.file_name("json"): p for p in certificates.papers(story, "halden", self.contracts["halden/coa"])}
        for name, paper in files.items():
            put(root / "coa" / name, paper.text().encode() + b"\n", paper.written(story))
        told = story.at(1)
        put(root / "schedule" / slots.file_name(told), slots.as_csv(told, "halden"), slots.written(told))
        self._publish_hours("halden", root / "pat")

    def _publish_hours(self, partner: PartnerId, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        contract = self.contracts[f"{partner}/pat"]
        for hour in pat.hours(self.story, self._now()):
            path = folder / pat.file_name(partner, hour)
            if not path.exists():  # an hour's bytes never change, so they are not made again to be compared
                put(path, pat.as_csv(self.story, partner, contract, hour), hour + HOUR)

    def _stop_growing(self) -> None:
        if self._growing is not None:
            self._loop.cancel(self._growing)
            self._growing = None

    def _now(self) -> datetime:
        return self.clock.now().astimezone(UTC)


def _secret(path: Path) -> str:
    """A random secret, made once and readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
