"""Rules that hold a slot against its last accepted revision: order, slip, transitions, silent removal.

They need history. A slot that was never seen before has nothing to be held against, and passes.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from contracts.codes import Severity
from contracts.contract import Clause
from contracts.duration import format_duration
from contracts.records import Slot
from contracts.rules.examination import Examination, Value
from contracts.rules.paths import Path
from contracts.rules.slot_sources import disagreement
from contracts.values.problem import Problem
from contracts.values.times import utc_text

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_OVER = frozenset({"completed", "cancelled", "aborted"})
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def revision_order(clause: Clause, plan: Plan) -> Rule:
    """SCH-E207 an older revision came later, SCH-E209 the same revision says something else, SCH-E208 another feed of
    the agreed `sources` says something else."""
    key = plan.path(str(clause.params["key"]), None)
    order = [plan.path(str(name), None) for name in clause.params["order"]]
    sources = tuple(str(feed) for feed in clause.params.get("sources", ()))
    held_against = disagreement(clause, plan, key, sources) if sources else None
    # A slot that is refused for it is not held against its past any further; one that is stored is.
    refuses = plan.level(clause, "SCH-E209")[0] is Severity.ERROR

    def rule(exam: Examination) -> None:
        if held_against is not None:
            held_against(exam)
        for pointer, node, last in _with_last(exam, clause, key):
            now = tuple(_comparable(exam.value(path, pointer, node)) for path in order)
            then = tuple(_comparable(getattr(last, path.field, None)) for path in order)
            if any(part is None for part in (*now, *then)):
                continue
            if now < then:
                older, newer, path = next((a, b, path) for a, b, path in zip(now, then, order, strict=True) if a != b)
                at, known = path.pointer(pointer), f"{path.field} {_shown(newer)}"
                problem = Problem(
                    "SCH-E207",
                    f"is older than {known}, which is here already",
                    expected=f"{known} or newer",
                    fix="nothing to do: the newer revision stays",
                )
                exam.raise_(clause, problem, at, path.field, found=_shown(older), spoil=False, slot_row=exam.row_of(at))
            elif now == then:
                at, name = order[0].pointer(pointer), order[0].field
                changed = _changed(exam, pointer, node, last)
                if changed:
                    problem = Problem(
                        "SCH-E209",
                        f"is the same as before, but {', '.join(changed[:5])} changed",
                        expected="a new revision for every change",
                        fix=f"raise {name} and send it again",
                    )
                    exam.raise_(
                        clause, problem, at, name, found=_shown(now[0]), spoil=refuses, slot_row=exam.row_of(at)
                    )

    return rule


def slip(clause: Clause, plan: Plan) -> Rule:
    """SCH-E202 beyond the tolerance, SCH-E203 within it: how far a planned time moved since the last revision."""
    key, field = plan.path(str(clause.params["key"]), None), plan.path(str(clause.params["field"]), None)
    tolerance: timedelta = clause.params["tolerance"]

    def rule(exam: Examination) -> None:
        for pointer, node, last in _with_last(exam, clause, key, newer_only=True):
            now, then = exam.value(field, pointer, node), getattr(last, field.field, None)
            if not isinstance(now, datetime) or not isinstance(then, datetime) or now == then:
                continue
            far = abs(now - then) > tolerance
            direction = "later" if now > then else "earlier"
            problem = Problem(
                "SCH-E202" if far else "SCH-E203",
                f"moved {format_duration(now - then)} {direction}",
                expected=f"{utc_text(then)}, as planned before",
                fix="check what depends on this slot; if it is a mistake, send the time as planned in a new revision",
                note=f"the agreed tolerance is {format_duration(tolerance)}",
            )
            at = field.pointer(pointer)
            exam.raise_(clause, problem, at, field.field, found=utc_text(now), spoil=False, slot_row=exam.row_of(at))

    return rule


def transitions(clause: Clause, plan: Plan) -> Rule:
    """SCH-E204 a slot was cancelled, SCH-E205 a slot came back after a status that nothing follows."""
    key, status = plan.path(str(clause.params["key"]), None), plan.path(str(clause.params["status"]), None)
    final = frozenset(str(word) for word in clause.params["final"])

    def rule(exam: Examination) -> None:
        for pointer, node, last in _with_last(exam, clause, key, newer_only=True):
            now, then = exam.value(status, pointer, node), last.status
            if now is None or now == then:
                continue
            at = status.pointer(pointer)
            name = exam.label(at) or "the slot"
            if then in final:
                fix = f"leave the slot {then} and send the run as a new slot"
                problem = Problem("SCH-E205", "came back", f"{then}, which is final", fix)
                message = f"{name} came back as {now} after it was {then}"
            elif now == "cancelled":
                fix = f"check what depends on this slot; if it goes on, send it as {then} in a new revision"
                problem = Problem("SCH-E204", "was cancelled", f"{then}, as before", fix)
                message = f"{name} was cancelled; it was {then} before"
            else:
                continue
            found = str(now)
            exam.raise_(
                clause, problem, at, status.field, message=message, found=found, spoil=False, slot_row=exam.row_of(at)
            )

    return rule


def no_silent_removal(clause: Clause, plan: Plan) -> Rule:
    """SCH-E206 for each open slot within the horizon that this schedule no longer mentions."""
    key = plan.path(str(clause.params["key"]), None)
    horizon: timedelta | None = clause.params.get("horizon")
    published = plan.path("published_at", None)

    def rule(exam: Examination) -> None:
        history = exam.context.history
        assert history is not None
        frames = exam.entered(None, clause)
        named = {path_text for pointer, node in frames if (path_text := key.text(node, exam.root))}
        said = [v for p, n in frames if isinstance(v := exam.value(published, p, n), datetime)]
        now = exam.context.now or exam.context.received_at or max(said, default=_BEFORE_ALL)
        for slot in history.open_slots():
            soon = horizon is None or slot.planned_start <= now + horizon
            if slot.slot_uid in named or slot.status in _OVER or slot.planned_end < now or not soon:
                continue
            problem = Problem(
                "SCH-E206",
                "vanished",
                expected=f"{slot.slot_uid} with a status",
                fix="send it again, or with status cancelled if it is called off",
                note=f"it was {slot.status} for {utc_text(slot.planned_start)}",
            )
            message, whose = f"{slot.slot_uid} vanished without cancellation", ((key.field, slot.slot_uid),)
            exam.raise_(clause, problem, f"/{plan.rows_key}", key.field, message=message, spoil=False, key=whose)

    return rule


def _with_last(
    exam: Examination, clause: Clause, key: Path, *, newer_only: bool = False
) -> list[tuple[str, dict[str, Any], Slot]]:
    """Each slot that has an earlier revision, with its newest one. `newer_only`: not those that come too late, and not
    those whose revision has a finding."""
    history = exam.context.history
    assert history is not None
    counted, published = exam.plan.path("revision", None), exam.plan.path("published_at", None)
    found = []
    for pointer, node in exam.entered(None, clause):
        uid = exam.value(key, pointer, node)
        earlier = history.slot(str(uid)) if uid is not None else ()
        if not earlier:
            continue
        last = max(earlier, key=lambda slot: (slot.revision, slot.published_at))
        if newer_only:
            number, moment = exam.value(counted, pointer, node), exam.value(published, pointer, node)
            if exam.is_spoiled(counted.pointer(pointer)):
                continue
            if isinstance(number, int) and number < last.revision:
                continue
            if number == last.revision and isinstance(moment, datetime) and moment < last.published_at:
                continue
        found.append((pointer, node, last))
    return found


def _shown(value: Any) -> str:
    return utc_text(value) if isinstance(value, datetime) else str(value)


def _comparable(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


def _changed(exam: Examination, pointer: str, node: dict[str, Any], last: Slot) -> list[str]:
    """Names of the fields of this slot that say something else than its last revision."""
    names = []
    for field in fields(Slot):
        path = exam.plan.path(field.name, None)
        if path.scalar is None:
            continue
        now: Value = exam.value(path, pointer, node)
        if _comparable(now) != getattr(last, field.name) and not exam.is_spoiled(path.pointer(pointer)):
            names.append(field.name)
    return names
