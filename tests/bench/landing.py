"""Landing PAT end to end (archive, check, ledger, lake, fsync) against the bare Parquet write of the same rows.

The rows are the sandbox's: all 13 hours of one batch, from a folder, in one pull of an open hub whose archive, ledger
and lake are empty. The floor writes the very rows that landed (all columns of the lake's table) with pyarrow: one file,
zstd level 1, fsync. Rates are rows for a second of CPU, all threads; `.wall` is the same by the clock on the wall.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.contract import Contract
from contracts.odcs import CATALOG, load_catalog
from hub.clock import FakeClock
from hub.hub import Hub
from hub.settings import Settings
from hub.store.archive import fsync
from sandbox import pat
from sandbox.story import CDMOS, PartnerId, Story, new_story
from tests.bench.measure import Figure, cpu, own_peak_mb

T0 = datetime(2026, 11, 22, 8, 12, tzinfo=UTC)
ROUNDS = 5
WINDOW = timedelta(minutes=10)  # as the sandbox's historian is asked

HUB = '[partners]\nfolder = "partners"\n[contracts]\nfolder = "{contracts}"\n'
PARTNER = """\
partner: {partner}
name: {name}
sites: [{{site: {site}, timezone: {timezone}, roles: [vector_mfg]}}]
contacts: [{{audience: partner, email: data-desk@{partner}.example}}]
feeds:
  - kind: pat
    contract: {partner}-pat@1
    every: 15m
    connector: folder
    options: {{root: drop, paths: ["*.{suffix}"], ready: {{done_suffix: .done}}}}
    format: {format}
"""


@dataclass(frozen=True)
class Feed:
    """A partner's folder full of files, and the form that they have."""

    partner: PartnerId
    format: str
    suffix: str
    bar: float


FEEDS = (
    Feed("halden", "csv", "csv", 5.0),
    Feed("northvale", "piwebapi", "json", 7.0),
    Feed("halden", "parquet", "parquet", 4.0),
)


def figures(work: Path) -> Iterator[Figure]:
    story = new_story(T0)
    for feed in FEEDS:
        fresh = work / feed.format
        prepare(fresh, feed, story)
        with closing(opened(_copy(fresh))) as hub:
            rows = land(hub)
            landed = hub.store.lake.current(feed.partner)
        assert landed.num_rows == rows, "all that landed is in the lake"
        bare = work / f"{feed.format}.parquet"
        ours, floor = _in_turns(lambda fresh=fresh: opened(_copy(fresh)), lambda rows=landed, to=bare: write(rows, to))
        for name, mine, least in (("", ours[0], floor[0]), (".wall", ours[1], floor[1])):
            yield Figure(f"landing.{feed.format}{name}", rows / mine, "rows/s", feed.bar, rows / least, slower=True)
        yield Figure(f"landing.memory.{feed.format}", _peak_mb(_copy(fresh)), "MB", 512.0)


def prepare(home: Path, feed: Feed, story: Story) -> None:
    """A hub's home with one feed, and the partner's files of the whole batch beside it."""
    cdmo = CDMOS[feed.partner]
    (home / "partners").mkdir(parents=True)
    (home / "drop").mkdir()
    shipped = feed.format != "parquet"
    (home / "hub.toml").write_text(HUB.format(contracts="catalog" if shipped else "contracts"), encoding="utf-8")
    (home / "partners" / f"{feed.partner}.yaml").write_text(
        PARTNER.format(
            partner=feed.partner,
            name=cdmo.name,
            site=cdmo.site,
            timezone=cdmo.timezone,
            suffix=feed.suffix,
            format=feed.format,
        ),
        encoding="utf-8",
    )
    contract = load_catalog().get(f"{feed.partner}-pat@1")
    if not shipped:
        _accept_parquet(home / "contracts", contract)
    for name, body in _files(home, feed, story, contract):
        (home / "drop" / name).write_bytes(body)
        (home / "drop" / f"{name}.done").touch()


def opened(home: Path) -> Hub:
    return Hub.open(Settings.load(home, environ={}), clock=FakeClock(T0 + timedelta(days=1)))


def land(hub: Hub) -> int:
    """One pull of the hub's only feed. Returns the rows that landed."""
    (feed,) = hub.feeds()
    result = asyncio.run(hub.pull_once(feed.partner, feed.kind))
    assert result.status == "pulled", result.message
    return result.landed_rows


def write(rows: pa.Table, path: Path) -> None:
    """The floor: the same rows as one Parquet file, durable."""
    pq.write_table(rows, path, compression="zstd", compression_level=1)
    fsync(path)


def _files(home: Path, feed: Feed, story: Story, contract: Contract) -> Iterator[tuple[str, bytes]]:
    if feed.format == "piwebapi":
        for n in range(int((story.pat_end - story.pat_start) / WINDOW)):
            start = story.pat_start + n * WINDOW
            end = start + WINDOW - timedelta(seconds=1)
            yield f"{start:%Y%m%dT%H%M}.json", pat.as_pi(story, contract, start, end, now=story.pat_end)
        return
    for hour in pat.hours(story, story.pat_end):
        body = pat.as_csv(story, feed.partner, contract, hour)
        name = pat.file_name(feed.partner, hour)
        if feed.format == "parquet":
            yield name.replace(".csv", ".parquet"), _as_parquet(body)
        else:
            yield name, body


def _as_parquet(body: bytes) -> bytes:
    from pyarrow import csv

    types = {"ts": pa.timestamp("us", "UTC"), "value": pa.float64()}
    rows = csv.read_csv(pa.py_buffer(body), convert_options=csv.ConvertOptions(column_types=types))
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _accept_parquet(folder: Path, contract: Contract) -> None:
    """The shipped contract with another file form; nothing else differs."""
    partner = contract.id.partition("-")[0]
    (folder / partner).mkdir(parents=True)
    shutil.copytree(CATALOG / "refs", folder / "refs")
    text = (CATALOG / partner / "pat.odcs.yaml").read_text(encoding="utf-8")
    csv = '{format: csv, encoding: [utf-8], delimiter: ","}'
    assert csv in text
    (folder / partner / "pat.odcs.yaml").write_text(text.replace(csv, "{format: parquet}"), encoding="utf-8")


def _copy(fresh: Path) -> Path:
    home = fresh.with_name(f"{fresh.name}-home")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(fresh, home)
    return home


def _in_turns(fresh: Callable[[], Hub], floor: Callable[[], object]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Median (CPU, wall) seconds of a landing and of the floor, in turns; each landing begins with an empty store."""
    taken: list[list[tuple[float, float]]] = [[], []]
    floor()
    for _ in range(ROUNDS):
        with closing(fresh()) as hub:
            taken[0].append(_timed(lambda hub=hub: land(hub)))
        taken[1].append(_timed(floor))
    mine, least = ([statistics.median(t[i] for t in one) for i in (0, 1)] for one in taken)
    return (mine[0], mine[1]), (least[0], least[1])


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    used, at = cpu(), time.perf_counter()
    work()
    return cpu() - used, time.perf_counter() - at


def _peak_mb(home: Path) -> float:
    """Highest resident memory of a process that does nothing but this landing."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.landing", str(home)], check=True, capture_output=True, text=True
    )
    return float(run.stdout)


if __name__ == "__main__":
    with closing(opened(Path(sys.argv[1]))) as only:
        land(only)
    print(own_peak_mb())
