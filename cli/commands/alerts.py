"""`jid alerts`: what people were told, and who owns it."""

from __future__ import annotations

import getpass
from typing import Annotated

from cyclopts import Parameter

from cli.exits import Exit, Stop
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, emit_json, instant, left, table, terminal_width

ACTIVE = ["open", "acknowledged"]


def list_(
    *,
    all_: Annotated[bool, Parameter(name="--all", negative="", help="Resolved and closed ones too.")] = False,
    common: CommonOptions = COMMON,
) -> int:
    """Open and acknowledged alerts, the most severe first. Exit code 3: a critical one is open.

    For example:

        jid alerts list --all
    """
    hub = open_hub(common.home)
    try:
        now = hub.clock.now()
        with hub.store.reading() as tx:
            rows = tx.alerts(None if all_ else ACTIVE)
    finally:
        hub.close()
    order = {"critical": 0, "high": 1, "normal": 2, "info": 3}
    rows.sort(key=lambda a: (a.state not in ACTIVE, order[a.severity], a.opened_at))
    if common.as_json:
        emit_json("alerts", alerts=rows)
    else:
        shown = [
            (
                a.id,
                a.severity,
                a.state,
                left(a.due_at - now) if a.due_at and a.state in ACTIVE else "",
                a.audience,
                a.view.get("what", a.kind),
            )
            for a in rows
        ]
        print(table(["id", "severity", "state", "left", "who acts", "what"], shown, width=terminal_width()))
    critical = any(a.severity == "critical" and a.state == "open" for a in rows)
    return Exit.ATTENTION if critical else Exit.FINE


def show(alert: str, *, common: CommonOptions = COMMON) -> int:
    """One alert: what is wrong, who acts until when, what happened since, and the fate of every message.

    For example:

        jid alerts show A-2
    """
    hub = open_hub(common.home)
    try:
        now = hub.clock.now()
        with hub.store.reading() as tx:
            row = tx.alert(alert)
            if row is None:
                raise Stop(f"no alert {alert!r}", next_step="jid alerts list --all")
            events, messages = tx.alert_events(alert), tx.messages(alert_id=alert)
    finally:
        hub.close()
    if common.as_json:
        emit_json("alert", alert=row, events=events, messages=messages)
        return Exit.FINE
    again = f" ({row.openings} openings)" if row.openings > 1 else ""
    print(f"{row.id}  {row.severity.upper()}  {row.state}{again}   {row.view.get('what', row.kind)}")
    if row.due_at:
        print(f"  due   {instant(row.due_at)} ({left(row.due_at - now)})   {row.view.get('clause', '')}")
    print(f"  acts  {row.view.get('acts', row.audience)}")
    if row.view.get("next_step"):
        print(f"  next  {row.view['next_step']}")
    for event in events:
        print(f"  {instant(event.at)}  {event.to_state} by {event.actor}: {event.reason}")
    for m in messages:
        fate = f"sent {instant(m.sent_at)}" if m.status == "sent" else f"{m.status}, {m.attempts} attempts"
        print(f"  {m.channel} to {m.recipient}: {fate}" + (f" ({m.last_error})" if m.last_error else ""))
    if row.state == "open":
        print(f'\njid alerts ack {row.id} -m "what you will do"')
    return Exit.FINE


def ack(
    alert: str,
    *,
    note: Annotated[str, Parameter(name=["--note", "-m"], help="What you will do about it.")],
    by: Annotated[str | None, Parameter(help="Who owns it (default: your user name here).")] = None,
    common: CommonOptions = COMMON,
) -> int:
    """Own an alert: stops escalation, never the reminder of a passed deadline. Recorded with name, time and note.

    For example:

        jid alerts ack A-2 -m "asked northvale for revision 2"
    """
    actor = by or getpass.getuser()
    from hub.alerts import NotActive

    hub = open_hub(common.home)
    try:
        hub.acknowledge(alert, actor, note)
    except NotActive as error:
        raise Stop(str(error), next_step="jid alerts list") from None
    finally:
        hub.close()
    print(f"{alert} acknowledged by {actor}")
    return Exit.FINE
