"""check_document: hold one certificate or schedule against its contract. Records come out, and a Report.

Every clause ends somewhere: passed, failed, could not be evaluated, or needs the hub. One that stopped with an
exception is never a pass: it raises CON-E201, which is the platform's to repair and not the partner's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from contracts import canonical
from contracts.codes import Action, Impact, Severity, codes
from contracts.context import Context
from contracts.contract import Clause, Contract
from contracts.document import Document
from contracts.finding import (
    ClauseRef,
    Coverage,
    DeliveryRef,
    Expected,
    Finding,
    Fix,
    Kind,
    Reach,
    Report,
    Verdict,
    verdict_of,
)
from contracts.fingerprint import fingerprint
from contracts.grouping import SHOWN, grouped
from contracts.place import Place
from contracts.plan import Plan, Rule, plan_for
from contracts.records import Record
from contracts.redaction import file_name, found, mask, restricted, secrets
from contracts.rules.examination import Examination, Raised
from contracts.values.problem import Problem

ENGINE = "justindata-contracts 1"

_UNTYPED = frozenset({"csv", "xlsx", "xml", "icalendar"})
"""Formats whose values are texts (or a spreadsheet's guess): numbers may come as text there."""
_BETWEEN_SLOTS = frozenset({"SCH-E301", "SCH-E402", "SCH-E403"})
"""Findings about two slots that contradict each other: neither can be stored alone."""
_HIGH = (Impact.CRITICAL, Impact.HIGH)


def check_document(
    document: Document, contract: Contract, context: Context, delivery: DeliveryRef
) -> tuple[tuple[Record, ...], Report]:
    """The records that may be stored, and everything that was found. The same arguments give the same report.

    No records come from a delivery that is rejected or a duplicate. Never raises for what the document holds.
    """
    plan = plan_for(contract, typed=document.format not in _UNTYPED)
    exam = Examination(plan, document, context, document.root if document.root is not None else {})
    _form_problems(exam)
    known = plan.known_rules(context)
    if document.root is None:
        _nothing_to_judge(exam)
    else:
        _judge(exam, known)
    findings = _findings(exam, delivery) if exam.raised else ()
    verdict = verdict_of(findings)
    records: tuple[Record, ...] = ()
    if document.root is not None and verdict in (Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS):
        records = _records(exam)
    coverage, hub_coverage = plan.clean_coverage(len(known)) if not exam.raised and not exam.unread else _coverage(exam)
    name = file_name(delivery.file, plan.personal)
    report = Report(
        delivery=delivery if name == delivery.file else replace(delivery, file=name),
        contract=plan.reference,
        engine=ENGINE,
        verdict=verdict,
        findings=findings,
        coverage=coverage,
        hub_coverage=hub_coverage,
    )
    return records, report


def _judge(exam: Examination, known: Sequence[tuple[Clause, Rule]]) -> None:
    plan = exam.plan
    _guarded(exam, plan.structural, plan.structure)
    for table in plan.result_tables.values():
        _guarded(exam, table.clauses, table.raise_problems)
    for clause, rule in plan.file_rules:
        _guarded(exam, (clause,), rule)
    if plan.rows_key is not None:
        _guarded(exam, plan.structural, _stands_somewhere)
    for clause in plan.unknown:
        _could_not(exam, clause, "no rule of this engine judges it")
    # Last, because what only the hub knows must not silence what the file alone shows: the partner sees the same.
    for clause, rule in known:
        _guarded(exam, (clause,), rule)


def _stands_somewhere(exam: Examination) -> None:
    """A slot without its times is no record, also where a contract requires none of them."""
    clause = exam.plan.clause_for("SCH-E101")
    for pointer, node in exam.frames(None):
        for name in canonical.SLOT_NEEDS:
            at, path = f"{pointer}/{name}", exam.plan.path(name, None)
            if clause is not None and exam.value(path, pointer, node) is None and not exam.is_spoiled(at):
                problem = Problem("SCH-E101", "is missing", "a time with its offset", f"write {name}")
                exam.raise_(clause, problem, at, name, slot_row=exam.row_of(at))


def _guarded(exam: Examination, clauses: Sequence[Clause], rule: Rule) -> None:
    before = len(exam.raised)
    try:
        rule(exam)
    except Exception as error:  # noqa: BLE001 - any fault of a rule must end as "could not be evaluated"
        del exam.raised[before:]
        for clause in clauses:
            _could_not(exam, clause, f"the rule stopped with {type(error).__name__} at {_line_of(error)}")


def _line_of(error: BaseException) -> str:
    """Our own line, for the platform. The exception's text may quote the delivery, so it goes nowhere."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else "unknown line"


def _could_not(exam: Examination, clause: Clause, why: str) -> None:
    exam.broken.add(clause.id)
    problem = Problem("CON-E201", "could not be evaluated", fix="nothing to do for the sender", note=why)
    message = f"clause {clause.id} could not be evaluated; nothing is wanted from the sender"
    exam.raised.append(
        Raised(
            clause,
            "CON-E201",
            "",
            "",
            message,
            problem,
            kind=Kind.UNEVALUATED,
            severity=clause.severity or Severity.ERROR,
        )
    )


def _form_problems(exam: Examination) -> None:
    document = exam.document
    for form in document.problems:
        clause = exam.plan.clause_for(form.code, form.field)
        pointer = form.where.pointer or ""
        if clause is None:
            continue
        problem = Problem(form.code, form.message, form.expected, form.fix)
        exam.raised.append(
            Raised(clause, form.code, pointer, form.field or "", form.message, problem, form.found, place=form.where)
        )
        if pointer:
            exam.spoiled.add(pointer)
    personal, clause = exam.plan.personal, exam.plan.personal_clause
    kind = personal.in_text(document.file) if personal is not None else None
    if kind is not None and clause is not None:
        problem = Problem(
            "FILE-E701", f"holds {kind}", "no personal data", "rename the file, with the lot or the certificate"
        )
        message = f"the name of the file holds {kind}"
        exam.raised.append(Raised(clause, "FILE-E701", "", "", message, problem, document.file, personal=True))


def _nothing_to_judge(exam: Examination) -> None:
    failed = {r.clause.id for r in exam.raised}
    exam.unread.update(c.id for c in exam.plan.contract.clauses if c.by_file and c.id not in failed)
    exam.hub_unread = True


def _coverage(exam: Examination) -> tuple[Coverage, Coverage]:
    failed = {r.clause.id for r in exam.raised if r.code != "CON-E201" and exam.plan.severity(r) is not Severity.INFO}
    counts = {True: dict.fromkeys(_ENDS, 0), False: dict.fromkeys(_ENDS, 0)}
    for clause in exam.plan.contract.clauses:
        if clause.id in failed:
            end = "failed"
        elif clause.id in exam.broken:
            end = "could_not_evaluate"
        elif not clause.by_file and (exam.hub_unread or not exam.plan.known(clause, exam.context)):
            end = "needs_hub"
        elif clause.id in exam.unread or clause.kind == "foreign":
            end = "could_not_evaluate"
        else:
            end = "passed"
        counts[clause.by_file][end] += 1
    by_file, beyond = (Coverage(clauses=sum(c.values()), **c) for c in (counts[True], counts[False]))
    return by_file, beyond


_ENDS = ("passed", "failed", "could_not_evaluate", "needs_hub", "switched_off")


def _findings(exam: Examination, delivery: DeliveryRef) -> tuple[Finding, ...]:
    plan, document = exam.plan, exam.document
    hide = secrets(plan, exam.root, [one.pointer for one in exam.raised if one.personal])
    name = file_name(delivery.file, plan.personal)
    findings = [_finding(exam, group, hide, name, document.file) for group in grouped(exam.raised)]
    return tuple(sorted(findings, key=_position))


def _finding(exam: Examination, group: Sequence[Raised], hide: frozenset[str], name: str, real_name: str) -> Finding:
    plan, document, first = exam.plan, exam.document, group[0]
    clause, problem = first.clause, first.problem
    default_severity, impact, action = plan.level(clause, first.code)
    severity = first.severity or default_severity
    field = plan.contract.schema.find(first.field) if first.field else None
    if field is not None and field.critical and impact not in _HIGH:
        impact = Impact.HIGH
    if first.code == "CON-E201":
        action = Action.PLATFORM
    hidden = first.personal or restricted(plan, first.field)
    key = first.key if first.key is not None else exam.key(first.pointer)
    together = len(group) > 1
    if together:
        key = exam.key("")
    identity = key or (("place", _normalised(first)),)
    where = tuple(_place(one, document, name, real_name) for one in group[:SHOWN])
    excerpt = document.excerpt(first.pointer) if first.place is None or first.pointer else None
    if first.personal and first.found is None:  # a whole part of the file that the contract doesn't know
        excerpt = None
    if excerpt is not None:
        excerpt = mask(excerpt, hide, plan.personal, hide_mark=hidden and first.found is not None)
    open_names = [name for name, _ in key if not restricted(plan, _key_path(plan, name, first.field))]
    return Finding(
        code=first.code,
        title=codes()[first.code].title,
        message=_together(exam, group) if together else first.message,
        severity=severity,
        impact=impact,
        action=action,
        clause=ClauseRef(clause.id, clause.path, clause.mark.line, clause.mark.column, tuple(sorted(clause.needs))),
        where=where,
        kind=first.kind,
        reach=_reach(plan, first),
        key=tuple((n, v) for n, v in key if n in open_names),
        found=found(first.found, hidden=hidden),
        expected=_expected(first),
        fix=_fix(problem, hidden=hidden and first.found is not None),
        note=None if hidden and not first.personal else _note(exam, group) if together else problem.note,
        fingerprint=fingerprint(plan.contract.id, clause.id, first.code, identity, _contract_path(plan, first)),
        count=len(group),
        shown=len(where),
        excerpt=excerpt,
    )


def _place(one: Raised, document: Document, name: str, real_name: str) -> Place:
    place = one.place if one.place is not None else document.locate(one.pointer).at(one.pointer)
    return place if name == real_name and place.file == name else replace(place, file=name)


def _key_path(plan: Plan, name: str, field: str) -> str:
    each = field.rpartition(".")[0]
    return f"{each}.{name}" if f"{each}.{name}" in plan.scalars else name


def _expected(one: Raised) -> Expected | None:
    text = one.problem.expected
    return Expected(text, one.lower, one.upper, one.unit) if text is not None else None


def _fix(problem: Problem, *, hidden: bool) -> Fix | None:
    if problem.fix is None:
        return None
    if hidden and problem.code != "FILE-E701":  # a fix may repeat what was found
        return Fix("correct the value where it comes from")
    return Fix(problem.fix, problem.replacement, problem.certain)


def _together(exam: Examination, group: Sequence[Raised]) -> str:
    first = group[0]
    same = all(one.message.endswith(first.problem.says) for one in group) and first.field
    if same:
        return f"{exam.subject('', first.field)} {first.problem.says} in {len(group)} places"
    return f"{first.message}, and {len(group) - 1} more like it"


def _note(exam: Examination, group: Sequence[Raised]) -> str | None:
    names = [one.key[-1][1] if one.key else exam.label(one.pointer) for one in group[:SHOWN]]
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


def _records(exam: Examination) -> tuple[Record, ...]:
    if exam.plan.rows_key is None:
        return (canonical.certificate(exam),)
    refused = frozenset(
        one.slot_row for one in exam.raised if one.slot_row is not None and exam.plan.severity(one) is Severity.ERROR
    )
    return tuple(canonical.slots(exam, refused))
