"""signed: approval is there, by the right person, after the last result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination, Value
from contracts.rules.paths import Path
from contracts.values.problem import Problem
from contracts.values.times import utc_text

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

Where = tuple[Path, "str | None"]
"""A path, and the array whose items it starts from."""


def signed(clause: Clause, plan: Plan) -> Rule:
    """COA-E601 a role did not sign, E602 the analyst signed, E603 an unknown signer, E604 signed too early."""
    params = clause.params
    each = str(params["each"])
    user, role, at = (plan.path(str(params[name]), each) for name in ("user", "role", "at"))
    roles = tuple(str(r) for r in params["roles"])
    users = frozenset(str(u) for u in params["users"]) if "users" in params else None
    analyst = _outside(plan, params.get("notSameAs"))
    after = _outside(plan, params.get("after"))
    array = f"/{each.replace('.', '/')}"

    def rule(exam: Examination) -> None:
        frames = exam.entered(each, clause)
        if clause.id in exam.unread:
            return
        who = users if users is not None else exam.context.registries.get("signers")
        if who is None:
            exam.unread.add(clause.id)
            return
        present = {exam.value(role, pointer, node) for pointer, node in frames}
        unread = exam.spoiled and any(exam.is_spoiled(role.pointer(p)) for p, _ in frames)
        for wanted in roles:
            if wanted not in present and not unread:
                _nobody(exam, clause, wanted, array, each)
        last = max(_times(exam, after), default=None)
        analysts = _texts(exam, analyst)
        for pointer, node in frames:
            name, moment = exam.value(user, pointer, node), exam.value(at, pointer, node)
            if name is not None and str(name) not in who:
                says, fix = "is not on the agreed list of signers", "let an agreed person sign, or agree on this one"
                problem = Problem("COA-E603", says, "an agreed signer", fix)
                exam.raise_(clause, problem, user.pointer(pointer), user.field, found=str(name))
            elif name is not None and str(name) in analysts:
                says, fix = "is also the analyst", "let a second person approve"
                problem = Problem("COA-E602", says, "a signer who did not do the test", fix)
                exam.raise_(clause, problem, user.pointer(pointer), user.field, found=str(name))
            _when(exam, pointer, moment, last)

    def _when(exam: Examination, pointer: str, moment: object, last: datetime | None) -> None:
        here = at.pointer(pointer)
        if exam.is_spoiled(here):
            return
        if not isinstance(moment, datetime):
            problem = Problem("COA-E604", "is missing", "the time of the signature", "write when it was signed")
            exam.raise_(clause, problem, here, at.field)
        elif last is not None and moment < last:
            problem = Problem(
                "COA-E604",
                f"is before the last result of {utc_text(last)}",
                expected=f"a signature after {utc_text(last)}",
                fix="sign again after the last result",
            )
            exam.raise_(clause, problem, here, at.field, found=utc_text(moment))

    return rule


def _nobody(exam: Examination, clause: Clause, wanted: str, array: str, each: str) -> None:
    problem = Problem("COA-E601", "is missing", f"a signature as {wanted}", f"let the {wanted} sign")
    message = f"nobody signed as {wanted}"
    exam.raise_(clause, problem, array, each, message=message, spoil=False, key=(*exam.key(""), ("role", wanted)))


def _outside(plan: Plan, text: object) -> Where | None:
    """A path into another array (`results.tested_to`) as (path, each)."""
    if text is None:
        return None
    each, _, name = str(text).removeprefix("$.").rpartition(".")
    return (plan.path(name, each), each) if each else (plan.path(str(text), None), None)


def _values(exam: Examination, where: Where | None) -> Sequence[Value]:
    if where is None:
        return []
    path, each = where
    return exam.column(path, exam.frames(each), each)


def _times(exam: Examination, where: Where | None) -> list[datetime]:
    return [v for v in _values(exam, where) if isinstance(v, datetime)]


def _texts(exam: Examination, where: Where | None) -> frozenset[str]:
    return frozenset(str(v) for v in _values(exam, where) if v is not None)
