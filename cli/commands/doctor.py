"""`jid doctor`: one line a check, what was seen and what to do. Changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from cli.exits import Exit, Stop
from cli.home import find_home
from cli.output import COMMON, CommonOptions, emit_json, left

if TYPE_CHECKING:
    from contracts.shelf import Catalog
    from hub.settings import Settings

T = TypeVar("T")

TESTED = {"prefect": ((3, 8, 8), (4,)), "fastapi": ((0, 139), (0, 151)), "pydantic": ((2, 11), (3,))}
"""Lowest tested version and the first that is not: Prefect's server breaks in silence beside a newer FastAPI."""
EXTRAS = {"sftp": "asyncssh", "opcua": "asyncua", "objects": "obstore", "postgres": "psycopg"}


@dataclass(frozen=True, slots=True)
class Line:
    state: Literal["ok", "warning", "failed"]
    what: str
    detail: str


def doctor(*, common: CommonOptions = COMMON) -> int:
    """Versions, configuration, contracts, store, audit chain, channels, the watch's last round. Exit code 1 on any ✗.

    For example:

        jid doctor --home /srv/jid
    """
    lines = [*_versions(), *_home(common.home)]
    failed = [line for line in lines if line.state == "failed"]
    if common.as_json:
        emit_json("doctor", checks=lines)
    else:
        glyph = {"ok": "✓", "warning": "!", "failed": "✗"}
        width = max(len(line.what) for line in lines)
        for line in lines:
            print(f"{glyph[line.state]} {line.what.ljust(width)}  {line.detail}")
        warned = sum(line.state == "warning" for line in lines)
        print(f"{len(lines)} checks: {len(failed)} failed, {warned} {'warning' if warned == 1 else 'warnings'}.")
    return Exit.FINDINGS if failed else Exit.FINE


def _versions() -> Iterator[Line]:
    yield Line("ok", "Python", f"{sys.version.split()[0]} (3.11 or newer is needed)")
    for name, (lowest, beyond) in TESTED.items():
        found = version(name)
        numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
        span = f"tested from {'.'.join(map(str, lowest))} up to, not including, {'.'.join(map(str, beyond))}"
        yield Line("ok" if lowest <= numbers < beyond else "failed", name, f"{found} ({span})")
    for extra, package in EXTRAS.items():
        try:
            yield Line("ok", f"extra {extra}", f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Line(
                "warning", f"extra {extra}", f'not installed; if a feed needs it: pip install "justindata-hub[{extra}]"'
            )


def _home(given: Path | None) -> Iterator[Line]:
    try:
        home = find_home(given)
    except Stop as stop:
        yield Line("failed", "home", f"{stop.message}; {stop.next_step}")
        return
    yield Line("ok", "home", str(home))
    from cli.home import load_settings
    from connectors.partners import load_partners
    from contracts.odcs import load_catalog

    settings = yield from _try("hub.toml", lambda: load_settings(home), lambda s: f"store {s.store.ledger}")
    if settings is None:
        return

    def read_catalog() -> Catalog:
        found = load_catalog(settings.contracts_folder)
        found.all()
        return found

    catalog = yield from _try("contracts", read_catalog, lambda c: f"{len(c.names())} read and linted without error")
    yield from _try(
        "partners",
        lambda: load_partners(settings.partners_folder, catalog),
        lambda found: ", ".join(f"{p.partner} ({len(p.feeds)} feeds)" for p in found.values()),
    )
    yield from _store(settings)


def _store(settings: Settings) -> Iterator[Line]:
    from hub.store import Store

    store = yield from _try(
        "store", lambda: Store.open(settings.store), lambda _s: "opened; pragmas and tables as needed"
    )
    if store is None:
        return
    try:
        with store.reading() as tx:
            chain, beat, now = tx.verify_chain(), tx.last_beat("watch"), tx.now
            dead = tx.messages(statuses=["dead"])
            open_items = len(tx.quarantined(states=["open"]))
    finally:
        store.close()
    told = "one unbroken chain" if chain.holds else f"broken at event {chain.broken_at}: {chain.reason}"
    yield Line("ok" if chain.holds else "failed", "audit chain", f"{chain.events:,} events, {told}")
    yield Line("warning" if dead else "ok", "outbox", f"{len(dead)} messages could not be delivered")
    yield Line("ok", "quarantine", f"{open_items} open")
    if beat is None:
        yield Line("warning", "watch", "never ran here: jid watch --once, or the watch deployment")
    else:
        age = now - beat
        state: Literal["ok", "warning"] = "ok" if age < timedelta(minutes=3) else "warning"
        yield Line(state, "watch", f"last round {left(age)} ago")


def _try(what: str, act: Callable[[], T], detail: Callable[[T], str]) -> Generator[Line, None, T | None]:
    """Run a check; yield its line; return what it found, or None when it failed."""
    try:
        found = act()
    except Exception as error:  # noqa: BLE001 - a doctor reports whatever is wrong
        yield Line("failed", what, str(error))
        return None
    yield Line("ok", what, detail(found))
    return found
