"""The tree of commands. Imports nothing heavy: a command's module is loaded when the command or its help is asked for.

A command's help is the docstring of its function; its first sentence stands in the list.
"""

from __future__ import annotations

from cyclopts import App

from cli import version

app = App(
    name="jid",
    version=version,
    help="Just-in-Data Hub: pull certificates, PAT and schedules, hold them against contracts, tell people in time.",
    help_format="markdown",
    help_epilogue="Exit codes: 0 fine, 1 rejected, error or critical findings, 2 usage or configuration, "
    "3 attention needed, 4 permission, 5 other side unreachable, 70 internal error.",
)

for name in ("demo", "run", "pull", "check", "explain", "status", "watch", "replay", "doctor"):
    app.command(f"cli.commands.{name}:{name}", name=name)

GROUPS: dict[str, tuple[str, dict[str, str]]] = {
    "deliveries": (
        "What partners sent and how it ended.",
        {"list": "list_", "show": "show", "download": "download"},
    ),
    "alerts": ("What people were told.", {"list": "list_", "show": "show", "ack": "ack"}),
    "lots": ("Vector lots and their level.", {"list": "list_"}),
    "slots": ("Patient slots and their clearance.", {"list": "list_"}),
    "contracts": (
        "The data contracts.",
        {
            "lint": "lint",
            "show": "show",
            "profile": "profile",
            "diff": "diff:diff",
            "template": "kit:template",
            "schema": "kit:schema",
            "sample": "kit:sample",
            "docs": "kit:docs",
        },
    ),
}
for group, (about, members) in GROUPS.items():
    branch = App(name=group, help=about)
    for name, function in members.items():
        module, _, of_module = function.rpartition(":")
        branch.command(f"cli.commands.{module or group}:{of_module}", name=name)
    app.command(branch)


def load_all(branch: App) -> None:
    """Import every command: a list of commands shows their first sentences."""
    for name in branch:
        if not name.startswith("-"):
            load_all(branch[name])
