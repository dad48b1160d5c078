"""The tree of commands. Imports nothing heavy: a command's module is loaded when the command or its help is asked for.

A command's help is the docstring of its function; its first sentence stands in the list.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App

from cli.exits import Exit, report_failure


def _version() -> str:
    from importlib.metadata import version

    return version("justindata-hub")


app = App(
    name="jid",
    version=_version,
    help="Just-in-Data Hub: pull certificates, PAT and schedules, hold them against contracts, tell people in time.",
    help_format="markdown",
    help_epilogue="Exit codes: 0 fine, 1 rejected, error or critical findings, 2 usage or configuration, "
    "3 attention needed, 4 permission, 5 other side unreachable, 70 internal error.",
)

for name in ("demo", "run", "pull", "check", "explain", "status", "watch", "replay", "doctor"):
    app.command(f"cli.commands.{name}:{name}", name=name)

_GROUPS: dict[str, tuple[str, dict[str, str]]] = {
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
for group, (about, members) in _GROUPS.items():
    branch = App(name=group, help=about)
    for name, function in members.items():
        module, _, of_module = function.rpartition(":")
        branch.command(f"cli.commands.{module or group}:{of_module}", name=name)
    app.command(branch)


def invoke(tokens: Sequence[str] | None = None) -> int:
    """Run one command (None: what was typed) and return its exit code. A failure ends with what happened and what to
    do, never with a traceback."""
    typed = sys.argv[1:] if tokens is None else list(tokens)
    try:
        if typed == ["--version"]:  # asked by scripts, so without the machine that prints help
            print(_version())
            return Exit.FINE
        if not typed or typed[-1] in ("--help", "-h") or typed in [[group] for group in _GROUPS]:
            _load(app)
        code = app(typed, result_action="return_value", exit_on_error=False, print_error=True)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return Exit.FINE
    except BaseException as error:  # noqa: BLE001 - the last door: everything becomes an exit code and a sentence
        return report_failure(error)
    return code if isinstance(code, int) else Exit.FINE


def _load(branch: App) -> None:
    """Import every command: a list of commands shows their first sentences."""
    for name in branch:
        if not name.startswith("-"):
            _load(branch[name])


def main() -> None:
    """Entry point of the console script."""
    sys.exit(invoke())


if __name__ == "__main__":
    main()
