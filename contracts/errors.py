"""Errors of contracts. A contract failure is a finding, never an exception; these are about the contract itself.

ContractsError
  ContractInvalid      the contract file has lint errors; carries every problem         sponsor
  UnknownContract      the catalog holds no contract by this name and version           sponsor
  OtherContract        two reports of different contracts cannot be compared            sponsor
  PatternRefused       a pattern that has no linear-time form (CON-E107)                sponsor
  CannotMake           the partner kit finds nothing that satisfies the contract        sponsor
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from contracts.codes import Action, Severity


@dataclass(frozen=True, slots=True)
class LintProblem:
    """One thing wrong with a contract file. `line` and `column` are 1-based; `help` says what to write instead."""

    code: str
    file: str
    line: int
    column: int
    message: str
    help: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column} {self.severity.value}[{self.code}] {self.message}"
        return f"{text}; {self.help}" if self.help else text


class ContractsError(Exception):
    """Root of this package's errors. `audience` says who must act."""

    audience: ClassVar[Action] = Action.SPONSOR


class ContractInvalid(ContractsError):
    """A contract with a lint error is not used for anything. `problems` holds all of them, warnings too."""

    def __init__(self, problems: Sequence[LintProblem]) -> None:
        self.problems = tuple(problems)
        errors = [p for p in self.problems if p.severity is Severity.ERROR] or list(self.problems)
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{errors[0]}{more}")


class UnknownContract(ContractsError):
    """Nothing in the catalog answers to `wanted`; `known` lists what it holds."""

    def __init__(self, wanted: str, known: Sequence[str]) -> None:
        self.wanted, self.known = wanted, tuple(known)
        super().__init__(f"no contract {wanted} in the catalog; {valid_values(wanted, known)}")


class OtherContract(ContractsError):
    """Two reports cannot be compared, for they were made under different contracts."""

    audience: ClassVar[Action] = Action.SPONSOR

    def __init__(self, ours: str, theirs: str) -> None:
        self.ours, self.theirs = ours, theirs
        super().__init__(f"a report under {theirs or 'no contract'} is no baseline for one under {ours or 'none'}")


class PatternRefused(ContractsError):
    """The pattern can't run in linear time, or isn't a pattern. `reason` is the engine's own, in one line."""

    def __init__(self, pattern: str, reason: str) -> None:
        self.pattern, self.reason = pattern, reason
        super().__init__(f"pattern {pattern!r} cannot be used: {reason}")


class CannotMake(ContractsError):
    """The kit can't make `what` from this contract; `instead` says what can be done."""

    def __init__(self, what: str, instead: str = "no file can satisfy the contract as it stands") -> None:
        self.what, self.instead = what, instead
        super().__init__(f"cannot make {what}; {instead}")


def valid_values(wanted: str, known: Sequence[str], *, shown: int = 12) -> str:
    """The help of an error about a choice: the nearest known name first, then the valid ones."""
    names = sorted(set(known))
    if not names:
        return "there are none"
    folded = {name.casefold(): name for name in names}
    near = get_close_matches(wanted.casefold(), folded, n=1, cutoff=0.6)
    listed = ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
    hint = f"did you mean {folded[near[0]]}? " if near else ""
    return f"{hint}valid: {listed}"
