"""The finding codes: one row of `codes.csv` each. Numbers are never reused; a contract may re-level severity."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Severity(StrEnum):
    """May this become a fact in the store? error: no, quarantine. warning: yes, somebody must act. info: noted."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Impact(StrEnum):
    """What a finding can do to a patient's run. Never changes the verdict of a delivery."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Action(StrEnum):
    """Who must act."""

    PARTNER = "partner"
    SPONSOR = "sponsor"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Code:
    """One finding code with its defaults."""

    code: str
    title: str
    defects: tuple[str, ...]
    severity: Severity
    impact: Impact
    action: Action


@cache
def codes() -> dict[str, Code]:
    """Every known code, by its name, in the order of the catalogue."""
    text = files("contracts").joinpath("codes.csv").read_text(encoding="utf-8")
    return {
        row["code"]: Code(
            row["code"],
            row["title"],
            tuple(row["defects"].split()),
            Severity(row["severity"]),
            Impact(row["impact"]),
            Action(row["action"]),
        )
        for row in csv.DictReader(text.splitlines())
    }
