"""`jid demo`: the whole story on real protocols, told by what stands in the store afterwards."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.demoscreen import alerts_text, partners_text
from cli.exits import Exit, relative
from cli.home import DEMO_HOME
from cli.prefectserver import PrefectServer

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.hub import Hub
    from sandbox.box import Sandbox
    from sandbox.story import Story

RUNS_FOR = timedelta(hours=6)
"""The story's batch runs that long; a later start begins a new story in a new folder."""


def demo(
    *,
    home: Annotated[Path, Parameter(help="Where store, mailbox and configuration go.")] = DEMO_HOME,
    seed: Annotated[int, Parameter(help="Changes biology and laboratory values, never the plot.")] = 2611,
    prefect: Annotated[bool, Parameter(help="Run the flows on a Prefect server of the demo's own.")] = True,
) -> int:
    """Three simulated CDMOs on loopback, the real Prefect flow over all their feeds, and what is then in the store.

    The first start tells the story in two acts. A second one pulls only what is new. Nothing listens afterwards.

    For example:

        jid demo

        jid demo --no-prefect --home /tmp/jid-demo
    """
    from contracts.odcs import load_catalog
    from hub.clock import SystemClock
    from sandbox.box import Sandbox
    from sandbox.samples import write_samples

    clock, catalog = SystemClock(), load_catalog()
    story, again = _story(home, seed, clock)
    with _engine(home / "prefect", wanted=prefect) as server:
        _say("Just-in-Data Hub: three simulated CDMOs on loopback, one story, nothing invented by the hub.")
        _say(f"The story began at {story.t0:%Y-%m-%d %H:%M:%S}Z; everything is kept in {relative(home)}.\n")
        with Sandbox.start(home, story, clock, catalog) as box:
            _say(f"  northvale    {box.addresses.northvale_url}  REST, OAuth2, cursor pages, PI Web API")
            _say(
                f"  brightwater  sftp://127.0.0.1:{box.addresses.brightwater_port}  workbooks and CSV, host key pinned"
            )
            _say(f"  halden       {relative(home / 'sandbox' / 'halden')}  JSON and CSV in a shared folder")
            write_samples(home / "samples", catalog, box.story)
            if server is not None:
                server.wait()
                os.environ.update(server.environment)
                _say(f"  Prefect      {server.url}  the flows run here, the truth stays in the ledger")
            os.environ["JID_HOME"] = str(home.resolve())
            hub = _hub()
            try:
                return _tell(box, hub, again=again, prefect=prefect)
            finally:
                hub.close()


def _tell(box: Sandbox, hub: Hub, *, again: bool, prefect: bool) -> int:
    """Pull, correct, pull again, and read everything that is printed back from the store."""
    from sandbox.truth import compare, look, truth

    if again:
        box.publish(box.story.act)
        published = hub.clock.now()
        _say("\nAgain: the same partners, the same story, a little later\n")
        _say(_round(hub, prefect=prefect))
    else:
        _say("\nFirst pull: everything the partners have\n")
        _say(_round(hub, prefect=prefect))
        box.publish(2)
        published = hub.clock.now()
        _say("\nSecond pull: northvale corrected LV-…-04, brightwater's file is complete and a slot slipped,")
        _say("halden's RCL assay failed after the run began, and one certificate was changed in silence\n")
        _say(_round(hub, prefect=prefect))
    if box.story.act == 1:  # an earlier start was interrupted before the second act
        box.publish(2)
        published = hub.clock.now()
        _say(_round(hub, prefect=prefect))

    from cli.commands.lots import lots_table
    from cli.commands.slots import slots_table
    from cli.slotview import slot_lines

    with hub.store.reading() as tx:
        lots = tx.lots()
    _say("\nLots: what their data supports; a person releases, never the hub\n")
    _say(lots_table(lots))
    _say("\nSlots: may the patient's run start?\n")
    _say(slots_table(slot_lines(hub)))

    differences = compare(truth(box.story, hub.catalog, published=published, pulled=hub.clock.now()), look(hub.store))
    if differences:
        _say(f"\n{len(differences)} differences between the store and the story:")
        _say("\n".join(f"  {line}" for line in differences))
        return Exit.FINDINGS
    _say("\nThe store holds what the story says: every delivery, finding, late item, alert, lot, slot and PAT row.")
    _next_steps(box.home, hub)
    return Exit.FINE


def _round(hub: Hub, *, prefect: bool) -> str:
    """One pull of every feed and one watch; returns what the store then says about it."""
    started = hub.clock.now()
    with hub.store.reading() as tx:
        known = {a.id: a.state for a in tx.alerts(None)}
    asyncio.run(_flows() if prefect else _plain(hub))
    return f"{partners_text(hub, started)}\n\n{alerts_text(hub, known)}"


async def _flows() -> None:
    from flows.dispatch import dispatch
    from flows.watch import watch

    await dispatch("all", force=True)
    await watch()


async def _plain(hub: Hub) -> None:
    await hub.pull_all(hub.feeds_to_pull(None, force=True))
    await hub.watch()


def _hub() -> Hub:
    from flows.thehub import the_hub  # the very object that the flows work on

    return the_hub()


def _story(home: Path, seed: int, clock: Clock) -> tuple[Story, bool]:
    """The story of this home, and whether it was pulled before. One that is over is moved aside, not deleted."""
    from sandbox.story import load_story, new_story

    now = clock.now()
    kept = load_story(home / "sandbox")
    if kept is not None and now - kept.t0 > RUNS_FOR:
        aside = _aside(home, kept.t0)
        home.rename(aside)
        _say(f"The story in {relative(home)} is over; it now lies in {relative(aside)}. A new one begins.\n")
        kept = None
    return (kept, True) if kept is not None else (new_story(now, seed=seed), False)


def _aside(home: Path, began: datetime) -> Path:
    return home.with_name(f"{home.name}-{began:%Y%m%dT%H%M%SZ}")


@contextmanager
def _engine(folder: Path, *, wanted: bool) -> Iterator[PrefectServer | None]:
    """The Prefect server, starting while the sandbox does."""
    if not wanted:
        yield None
        return
    with PrefectServer.start(folder, services=False) as server:
        yield server


def _next_steps(home: Path, hub: Hub) -> None:
    with hub.store.reading() as tx:
        critical = [a.id for a in tx.alerts(["open"]) if a.severity == "critical"]
        rejected = [d.id for d in tx.deliveries(verdicts=["rejected"])]
    _say("\nNext:")
    if critical:
        _say(f"  jid alerts show {critical[0]}        what the sponsor's quality people were told, and who acts")
    if rejected:
        _say(f"  jid deliveries show {rejected[0]}   the partner's report: each cell, what was found, how to fix it")
    _say("  jid status              lots, slots, who must act")
    _say(f"  {relative(home / 'samples')}    every good and broken file of the story, to try `jid check` on")
    _say(f"  {relative(home / 'mail')}       the messages that went out")


def _say(text: str) -> None:
    print(text, flush=True)
