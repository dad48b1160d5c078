"""The tree of commands. Imports nothing heavy: each command's module is loaded when it is called."""

from __future__ import annotations

import sys

from cyclopts import App

from cli.exits import Exit, report_failure


def _version() -> str:
    from importlib.metadata import version

    return version("justindata-hub")


app = App(
    name="jid",
    version=_version,
    help="Just-in-Data Hub: pull certificates, PAT and schedules, hold them against contracts, tell people in time.",
    help_epilogue="Exit codes: 0 fine, 1 rejected or error findings, 2 usage or configuration, 3 attention needed, "
    "5 other side unreachable, 70 internal error.",
)

app.command(
    "cli.commands.demo:demo", name="demo", help="Three simulated CDMOs, the real flow over them, the whole story."
)
app.command("cli.commands.run:run", name="run", help="Pull, watch and send in one process, without a Prefect server.")
app.command("cli.commands.pull:pull", name="pull", help="Pull the feeds of one partner now.")
app.command("cli.commands.check:check", name="check", help="Judge files against a contract; touch nothing.")
app.command("cli.commands.explain:explain", name="explain", help="What a finding code means and who acts.")
app.command("cli.commands.status:status", name="status", help="Lots, slots and who must act.")
app.command(
    "cli.commands.watch:watch", name="watch", help="Due items, alerts and outbox only; for cron beside Prefect."
)
app.command(
    "cli.commands.replay:replay", name="replay", help="Judge archived deliveries again; same bytes, same function."
)
app.command("cli.commands.doctor:doctor", name="doctor", help="One line a check: store, contracts, partners, versions.")

deliveries = App(name="deliveries", help="What partners sent and how it ended.")
deliveries.command("cli.commands.deliveries:list_", name="list", help="The newest deliveries.")
deliveries.command(
    "cli.commands.deliveries:show", name="show", help="One delivery: its way, its report, its quarantine."
)
deliveries.command("cli.commands.deliveries:download", name="download", help="The original bytes, as received.")
app.command(deliveries)

alerts = App(name="alerts", help="What people were told.")
alerts.command("cli.commands.alerts:list_", name="list", help="Open and acknowledged alerts.")
alerts.command("cli.commands.alerts:show", name="show", help="One alert with its events and messages.")
alerts.command("cli.commands.alerts:ack", name="ack", help="Own an alert: stops escalation, not the deadline.")
app.command(alerts)

lots = App(name="lots", help="Vector lots and their level.")
lots.command("cli.commands.lots:list_", name="list", help="Every lot with its state and what is missing.")
app.command(lots)

slots = App(name="slots", help="Patient slots and their clearance.")
slots.command("cli.commands.slots:list_", name="list", help="Slots by start, with clearance and reasons.")
app.command(slots)

contracts = App(name="contracts", help="The data contracts.")
contracts.command(
    "cli.commands.contracts:lint", name="lint", help="Every error of a contract file, with line and column."
)
contracts.command("cli.commands.contracts:show", name="show", help="One contract: fields, tests, limits, due times.")
app.command(contracts)


def main() -> None:
    """Entry point of the console script. A failure ends with what happened and what to do, never with a traceback."""
    try:
        code = app(result_action="return_value", exit_on_error=False, print_error=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Exit.FINE)
    except BaseException as error:  # noqa: BLE001 - the last door: everything becomes an exit code and a sentence
        sys.exit(report_failure(error))
    sys.exit(code if isinstance(code, int) else Exit.FINE)
