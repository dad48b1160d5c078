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


CODES = {
    # a person must change what was typed or configured
    "ConfigError": Exit.USAGE,
    "UnknownPartner": Exit.USAGE,
    "SecretMissing": Exit.USAGE,
    "MissingExtra": Exit.USAGE,
    "CursorNotUnderstood": Exit.USAGE,
    "SourceMissing": Exit.USAGE,
    "ContractsError": Exit.USAGE,
    "NotFound": Exit.USAGE,
    "LedgerUnsafe": Exit.USAGE,
    "LedgerVersion": Exit.USAGE,
    "StoreUnreachable": Exit.USAGE,
    # somebody must let us in, or prove who they are
    "SignInRefused": Exit.PERMISSION,
    "PeerNotTrusted": Exit.PERMISSION,
    "HostKeyChanged": Exit.PERMISSION,
    # trying again makes sense, at once or when there is room
    "ConnectorError": Exit.UNREACHABLE,
    "LedgerBusy": Exit.UNREACHABLE,
    "LakeBusy": Exit.UNREACHABLE,
    "StoreFull": Exit.UNREACHABLE,
    # what is stored is not what it must be
    "BlobMismatch": Exit.FINDINGS,
    "LakeMismatch": Exit.FINDINGS,
    "StoreError": Exit.INTERNAL,
}
"""Errors of the floors below by class name, the root of a family for those that are not named."""


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
    """Errors of the floors below carry their own sentence. They are known by name, so nothing is imported for it."""
    if type(error).__module__.partition(".")[0] not in ("contracts", "connectors", "hub"):
        return None
    for base in type(error).__mro__:
        code = CODES.get(base.__name__)
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
