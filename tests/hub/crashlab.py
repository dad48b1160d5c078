"""The crash laboratory: kill the whole hub at a fault point, run it once more, and look at what stands in the store.

Run as a process of its own (`python tests/hub/crashlab.py FOLDER POINT:N ...`). It imports everything once and forks a
child for each life of the hub, so that no child inherits a thread. Prints one JSON object a line, one for each kill.

The world is one partner with three folder feeds: certificates (one of them rejected), a slot schedule, and five minutes
of PAT at 1 Hz from 20 tags.
"""

from __future__ import annotations

import asyncio
import json
import mailbox
import os
import shutil
import signal
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from contracts.odcs import load_catalog
from hub import faults
from hub.clock import FakeClock
from hub.hub import Hub
from hub.settings import Settings
from sandbox import certificates, pat, slots
from sandbox.samples import samples
from sandbox.story import HOUR, Story

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
STORY = Story(seed=11, t0=NOW)
ROWS = 6_000

HUB = """
[hub]
name = "crash"
[[channels]]
name = "mailbox"
kind = "maildir"
folder = "mail"
[[routes]]
channels = ["mailbox"]
recipients = ["quality@sponsor.example"]
"""
PARTNER = """
partner: halden
name: Halden Bio
sites: [{site: HD-ICN, timezone: Asia/Seoul, roles: [vector_mfg]}]
feeds:
  - {kind: coa, contract: halden-coa@2.3, every: 15m, connector: folder, options: {root: drop, paths: ["coa/*.json"], ready: {stable_for: 20ms}}}
  - {kind: pat, contract: halden-pat@1.4, every: 5m, connector: folder, options: {root: drop, paths: ["pat/*.csv"], ready: {stable_for: 20ms}}}
  - {kind: schedule, contract: halden-schedule@1.1, every: 15m, connector: folder, options: {root: drop, paths: ["schedule/*.csv"], ready: {stable_for: 20ms}}}
"""  # noqa: E501 - a partner file as a person writes it


def prepare(home: Path) -> None:
    """What the partner has dropped, and the hub's configuration."""
    catalog = load_catalog()
    (home / "partners").mkdir(parents=True)
    (home / "hub.toml").write_text(HUB)
    (home / "partners" / "halden.yaml").write_text(PARTNER)
    for kind in ("coa", "pat", "schedule"):
        (home / "drop" / kind).mkdir(parents=True)
    coa, series = catalog.get("halden-coa"), catalog.get("halden-pat")
    for paper in certificates.papers(STORY, "halden", coa):
        (home / "drop" / "coa" / paper.file_name("json")).write_text(paper.text())
    # A certificate that breaks the contract, so that quarantine and alert are under way when the process dies.
    broken = next(
        s for s in samples(STORY, catalog) if s.contract.startswith("northvale-coa") and s.verdict == "rejected"
    )
    (home / "drop" / "coa" / "broken.json").write_bytes(broken.data)
    hour = STORY.hour - HOUR
    whole = pat.as_csv(STORY, "halden", series, hour).splitlines(keepends=True)
    (home / "drop" / "pat" / pat.file_name("halden", hour)).write_bytes(b"".join(whole[: ROWS + 1]))
    (home / "drop" / "schedule" / slots.file_name(STORY)).write_bytes(slots.as_csv(STORY, "halden"))
    old = (NOW - timedelta(hours=1)).timestamp()
    for file in (home / "drop").rglob("*.*"):
        os.utime(file, (old, old))


LATER = NOW + timedelta(seconds=90)
"""When the hub comes back: within the leases of the life before, past the minute that a claimed message is held, and
before its silence counts as an outage."""


def live(home: Path, armed: str | None, now: datetime) -> None:
    """One life of the hub: pull everything, watch, end."""
    if armed is not None:
        name, _, nth = armed.partition(":")
        faults.arm(name, nth=int(nth or 1))
    hub = Hub.open(Settings.load(home, {}), clock=FakeClock(now))

    async def once() -> None:
        # One feed after the other, so that the nth pass of a point is the same one in every run.
        for partner, kind in hub.feeds_to_pull(None, force=True):
            result = await hub.pull_once(partner, kind)
            assert result.status == "pulled", result
        await hub.watch()

    asyncio.run(once())
    hub.close()


def look(home: Path) -> dict[str, Any]:
    """What stands in the store, in numbers that must not depend on any crash."""
    hub = Hub.open(Settings.load(home, {}), clock=FakeClock(LATER))
    try:
        with hub.store.reading() as tx:
            deliveries = tx.deliveries()
            alerts = tx.alerts(None)
            unfinished = hub.store.unfinished()
            found = {
                "deliveries": sorted((d.feed, d.source_key, d.revision, d.verdict or "none") for d in deliveries),
                "records": sorted(
                    (r.kind, r.natural_key, r.version) for k in ("certificate", "slot") for r in tx.records(k)
                ),
                "quarantine": sorted((q.scope, q.rows, q.state) for q in tx.quarantined()),
                "alerts": sorted((a.kind, a.subject, a.state, a.openings) for a in alerts),
                "lots": sorted((lot.lot, lot.state) for lot in tx.lots()),
                "unsent": len(tx.messages(statuses=["waiting", "dead"])),
                "messages": sorted(m.dedupe_key for m in tx.messages()),
                "unfinished": len(unfinished.received) + len(unfinished.intents) + len(unfinished.unpublished),
                "chain": tx.verify_chain().holds,
            }
        lake = hub.store.lake.current("halden")
        points = Counter(zip(lake["tag"].to_pylist(), lake["ts"].cast("int64").to_pylist(), strict=True))
        found["lake_rows"] = hub.store.lake.rows("halden")
        found["lake_points"] = len(points)
        blobs = {d.sha256 for d in deliveries}
        found["bytes_kept"] = all(hub.store.archive.path(b).is_file() for b in blobs)
    finally:
        hub.close()
    got = (
        Counter(m["Message-ID"] for m in mailbox.Maildir(str(home / "mail"), create=False))
        if (home / "mail").exists()
        else {}
    )
    found["mails"] = len(got)
    return found


def live_and_look(home: Path) -> dict[str, Any]:
    live(home, None, LATER)
    return look(home)


def child(work: Any, *args: Any) -> tuple[int, Any]:
    """Run `work` in a forked child; (wait status, what it returned as JSON)."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.close(read)
            result = work(*args)
            os.write(write, json.dumps(result).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    return status, json.loads(said) if said else None


def trial(folder: Path, point: str | None) -> dict[str, Any]:
    """One life that is killed at `point` (None: an undisturbed one), one more life, and a look."""
    home = folder / (point or "undisturbed").replace(":", "-")
    shutil.copytree(folder / "prepared", home)
    status, _ = child(live, home, point, NOW)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    again, seen = child(live_and_look, home)
    shutil.rmtree(home)
    return {"point": point, "killed": killed, "first": status, "second": again, "seen": seen}


def main() -> None:
    folder = Path(sys.argv[1])
    prepare(folder / "prepared")
    load_catalog().all()  # read once, before the first fork
    for point in [None, *sys.argv[2:]]:
        print(json.dumps(trial(folder, point)), flush=True)


if __name__ == "__main__":
    main()
