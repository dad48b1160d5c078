"""Exit codes, the same in every output mode, and the one place where an error becomes a sentence."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    FINE = 0
    FINDINGS = 1  # error findings, rejected, a finding of critical impact, a difference found
    USAGE = 2  # usage or configuration
    ATTENTION = 3  # late data, open critical alerts
    PERMISSION = 4
    UNREACHABLE = 5  # the other side; trying again makes sense
    INTERNAL = 70


class Stop(Exception):
    """End a command with a sentence and an exit code. `next_step` is the command to type or the thing to change."""

    def __init__(self, message: str, code: Exit = Exit.USAGE, next_step: str | None = None) -> None:
        self.message, self.code, self.next_step = message, code, next_step
        super().__init__(message)


def report_failure(error: BaseException) -> int:
    """Say on stderr what happened and what to do now; return the exit code."""
    from cyclopts import CycloptsError

    if isinstance(error, SystemExit):
        return int(error.code) if isinstance(error.code, int) else Exit.USAGE
    if isinstance(error, CycloptsError):  # it has printed its own message
        return Exit.USAGE
    if isinstance(error, Stop):
        say(error.message)
        if error.next_step:
            say(f"  {error.next_step}")
        return error.code
    known = _known(error)
    if known is not None:
        return known
    fd, path = tempfile.mkstemp(prefix="jid-error-", suffix=".txt")
    with os.fdopen(fd, "w", encoding="utf-8") as out:
        traceback.print_exception(error, file=out)
    say(f"internal error: {type(error).__name__}. Nothing that was acknowledged is lost; the command may be repeated.")
    say(f"  the details are in {path}; send that file to whoever runs the hub")
    return Exit.INTERNAL


def _known(error: BaseException) -> int | None:
    """Errors of the floors below carry their own sentence; map them to a code without importing what is not loaded."""
    floors = {
        "hub.settings.ConfigError": Exit.USAGE,
        "connectors.errors.ConfigError": Exit.USAGE,
        "contracts.errors.ContractInvalid": Exit.USAGE,
        "connectors.errors.ConnectorError": Exit.UNREACHABLE,
        "hub.store.errors.StoreError": Exit.INTERNAL,
        "contracts.errors.ContractsError": Exit.USAGE,
    }
    for base in type(error).__mro__:
        code = floors.get(f"{base.__module__}.{base.__qualname__}")
        if code is not None:
            say(str(error))
            return code
    return None


def say(line: str) -> None:
    """One line on stderr: everything that is not data."""
    print(line, file=sys.stderr)


def relative(path: Path) -> str:
    """A path as a person in the current folder would type it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
