"""From what rules raised to the Findings of a report: severity, place, excerpt, fingerprint; grouped and redacted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.codes import Action, Impact, codes
from contracts.document import Document
from contracts.finding import ClauseRef, Excerpt, Expected, Finding, Fix, Reach
from contracts.fingerprint import fingerprint
from contracts.grouping import EACH_ITS_OWN, SHOWN, grouped, ranges
from contracts.place import Place
from contracts.plan import Plan
from contracts.redaction import found, mask, restricted, secrets, without_people
from contracts.rules.examination import Examination, Raised
from contracts.values.problem import Problem

_BETWEEN_SLOTS = frozenset({"SCH-E301", "SCH-E402", "SCH-E403"})
"""Findings about two slots that contradict each other: neither can be stored alone."""
Key = tuple[tuple[str, str], ...]
_HEADERS = frozenset({"FILE-E201", "FILE-E202", "FILE-E203", "FILE-E205"})
"""Findings about the names of columns: those are no values that could be secret."""
_HIGH = (Impact.CRITICAL, Impact.HIGH)
_FIX_REPEATS_NOTHING = frozenset({"FILE-E701", "COA-E602", "COA-E603"})
"""Findings about hidden values whose fix holds nothing of what was found; any other fix might."""


def findings_of(exam: Examination, name: str) -> tuple[Finding, ...]:
    """Every finding of an examined document, in the order of its file. `name` is how the file may be called."""
    hide = secrets(exam.plan, exam.root, [one.pointer for one in exam.raised if one.personal])
    findings = [without_people(_finding(exam, group, hide, name), exam.plan.personal) for group in grouped(exam.raised)]
    return tuple(sorted(findings, key=_position))


def _finding(exam: Examination, group: Sequence[Raised], hide: frozenset[str], name: str) -> Finding:
    """One finding of all that is alike in `group`; the first of them gives place, excerpt and words."""
    plan, first = exam.plan, group[0]
    clause, problem = first.clause, first.problem
    severity, impact, action = plan.level(clause, first.code)
    field = plan.contract.schema.find(first.field) if first.field else None
    if field is not None and field.critical and impact not in _HIGH:
        impact = Impact.HIGH
    together = len(group) > 1
    hidden = first.personal or (first.code not in _HEADERS and restricted(plan, first.field))
    mixed = first.code in EACH_ITS_OWN and len({one.problem.fix for one in group}) > 1
    hidden_value = hidden and first.found is not None
    key = exam.key("") if together else first.key if first.key is not None else exam.key(first.pointer)
    where, shown = ranges(_place(one, exam.document, name) for one in group)
    note = _note(exam, group) if together else problem.note
    return Finding(
        code=first.code,
        title=codes()[first.code].title,
        message=_together(exam, group) if together else first.message,
        severity=first.severity or severity,
        impact=impact,
        action=Action.PLATFORM if first.code == "CON-E201" else action,
        clause=ClauseRef(clause.id, clause.path, clause.mark.line, clause.mark.column, tuple(sorted(clause.needs))),
        where=where,
        kind=first.kind,
        reach=_reach(plan, first),
        key=tuple((n, v) for n, v in key if not restricted(plan, _key_path(plan, n, first.field))),
        found=found(first.found, hidden=hidden),
        expected=_expected(first) if not mixed else Expected("the agreed unit in each"),
        fix=_fix(problem, hidden=hidden_value) if not mixed else _each(exam, group),
        note=None if hidden_value and not first.personal else note,
        fingerprint=fingerprint(
            plan.contract.id,
            clause.id,
            first.code,
            _identity(exam, group, key),
            _contract_path(plan, first),
        ),
        count=len(group),
        shown=shown,
        excerpt=_excerpt(exam, first, hide, hide_mark=hidden_value),
    )


def _excerpt(exam: Examination, one: Raised, hide: frozenset[str], *, hide_mark: bool) -> Excerpt | None:
    if one.personal and one.found is None:  # a whole part of the file that the contract doesn't know
        return None
    if one.place is not None and not one.pointer:
        return None
    excerpt = exam.document.excerpt(one.pointer)
    return mask(excerpt, hide, exam.plan.personal, hide_mark=hide_mark) if excerpt is not None else None


def _place(one: Raised, document: Document, name: str) -> Place:
    place = one.place if one.place is not None else document.locate(one.pointer).at(one.pointer)
    return place if place.file == name else replace(place, file=name)


def _key_path(plan: Plan, name: str, field: str) -> str:
    each = field.rpartition(".")[0]
    return f"{each}.{name}" if f"{each}.{name}" in plan.scalars else name


def _expected(one: Raised) -> Expected | None:
    text = one.problem.expected
    return Expected(text, one.lower, one.upper, one.unit) if text is not None else None


def _fix(problem: Problem, *, hidden: bool) -> Fix | None:
    if problem.fix is None:
        return None
    if hidden and problem.code not in _FIX_REPEATS_NOTHING:
        return Fix("correct the value where it comes from")
    return Fix(problem.fix, problem.replacement, problem.certain)


def _each(exam: Examination, group: Sequence[Raised]) -> Fix:
    """What to write where, for findings of one cause that each have a fix of their own."""
    said = [f"{one.problem.fix} for {_name_of(exam, one)}" for one in group[:SHOWN]]
    return Fix("; ".join(said) + (f"; and so on for {len(group) - SHOWN} more" if len(group) > SHOWN else ""))


def _name_of(exam: Examination, one: Raised) -> str | None:
    return one.key[-1][1] if one.key else exam.label(one.pointer)


def _together(exam: Examination, group: Sequence[Raised]) -> str:
    first = group[0]
    same = all(one.message.endswith(first.problem.says) for one in group) and first.field
    if same:
        return f"{exam.subject('', first.field)} {first.problem.says} in {len(group)} places"
    return f"{first.message}, and {len(group) - 1} more like it"


def _note(exam: Examination, group: Sequence[Raised]) -> str | None:
    names = [_name_of(exam, one) for one in group[:SHOWN]]
    more = f" and {len(group) - SHOWN} more" if len(group) > SHOWN else ""
    return f"in {', '.join(n for n in names if n)}{more}" if any(names) else group[0].problem.note


def _reach(plan: Plan, one: Raised) -> Reach:
    alone = plan.rows_key is not None and one.slot_row is not None
    if not alone or one.code.startswith(("FILE-", "CON-")) or one.code in _BETWEEN_SLOTS:
        return Reach.DELIVERY
    return Reach.ROW


def _contract_path(plan: Plan, one: Raised) -> str:
    name = plan.contract.schema.name
    return f"{name}.{one.field}" if one.field else name


def _identity(exam: Examination, group: Sequence[Raised], key: Key) -> Key:
    """What tells this finding from others of its clause, whatever row it stands in and however often it is sent.

    A corrected certificate is the same one in its next revision, so the revision is no part of it.
    """
    if len(group) > 1:  # clause, code and field are told anyway; the fix is what else its members share
        key = (*key, ("fix", "" if group[0].code in EACH_ITS_OWN else group[0].problem.fix or ""))
    return tuple(pair for pair in key if pair[0] not in exam.plan.revisions) or (("place", _normalised(group[0])),)


def _normalised(one: Raised) -> str:
    if one.pointer or one.place is None:
        return one.pointer
    return f"{one.place.sheet or ''}/{one.field}"


def _position(finding: Finding) -> tuple[object, ...]:
    first = finding.where[0]
    pointer = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in (first.pointer or "").split("/")]
    return (
        first.file or "", first.sheet or "", first.line or 0, first.row or 0, first.column or 0, pointer, finding.code,
        finding.clause.id, finding.message,
    )  # fmt: skip
