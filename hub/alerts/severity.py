"""How serious an alert is: from the effect on a patient's slot and the time left, never from the validator.

One pure function; its table is experience.md 2.3 and the hours in it are settings. First match wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.alerts.kinds import LATE_KINDS, AlertKind
from hub.store.rows import AlertSeverity

RANK: tuple[AlertSeverity, ...] = ("info", "normal", "high", "critical")


@dataclass(frozen=True, slots=True)
class SeverityTable:
    """The hours of the table, as `hub.toml` may set them. All (default)."""

    critical_before_slot: timedelta = timedelta(hours=48)
    high_before_slot: timedelta = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Effect:
    """What an alert's subject means for patients' runs.

    `slot_at`: start of the earliest slot that needs the subject and is not over. `valid_l1` None: it is no lot.
    `certificate_due_at`: the earliest due time of a Level 1 or 2 certificate of the lot that is still owed.
    `due_passed`: another due time (schedule, PAT) passed.
    """

    started: bool = False
    required_fail: bool = False
    identity_or_safety: bool = False
    certificate_due_at: datetime | None = None
    due_passed: bool = False
    slot_at: datetime | None = None
    valid_l1: bool | None = None
    serves_bound_slot: bool = False
    critical_phase: bool = False


def severity(
    kind: AlertKind,
    effect: Effect,
    now: datetime,
    table: SeverityTable = SeverityTable(),
) -> AlertSeverity:
    """critical, high or normal for an alert that is open. `info` is for arrivals and resolves, which open nothing."""
    if effect.started and effect.required_fail:
        return "critical"
    if effect.identity_or_safety:
        return "critical"
    if effect.certificate_due_at is not None and effect.certificate_due_at <= now:
        return "critical"
    left = None if effect.slot_at is None else effect.slot_at - now
    if left is not None and left <= table.critical_before_slot and effect.valid_l1 is False:
        return "critical"
    if kind is AlertKind.PAT_LATE and effect.serves_bound_slot:
        return "critical"
    if left is not None and left <= table.high_before_slot and (effect.due_passed or _broken(kind, effect)):
        return "high"
    if kind is AlertKind.PAT_LATE and effect.critical_phase:
        return "high"
    return "normal"


def higher(a: AlertSeverity, b: AlertSeverity) -> bool:
    """Whether `a` is more serious than `b`."""
    return RANK.index(a) > RANK.index(b)


def _broken(kind: AlertKind, effect: Effect) -> bool:
    """The item itself is broken or late, so that a near slot makes it high."""
    return effect.required_fail or kind in LATE_KINDS or kind in _BROKEN


_BROKEN = frozenset(
    {
        AlertKind.COA_CONTRACT_FAILURE,
        AlertKind.COA_SPEC_FAILURE,
        AlertKind.SCHEDULE_CONTRACT_FAILURE,
        AlertKind.SCHEDULE_CONFLICT,
        AlertKind.SCHEDULE_MOVED,
        AlertKind.PAT_CONTRACT_FAILURE,
    }
)
