"""check_document: hold one certificate or schedule against its contract. Records come out, and a Report.

Every clause ends somewhere: passed, failed, could not be evaluated, or needs the hub. One that stopped with an
exception is never a pass: it raises CON-E201, which is the platform's to repair and not the partner's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from contracts import canonical
from contracts.codes import Severity
from contracts.context import Context
from contracts.contract import Clause, Contract
from contracts.document import Document
from contracts.finding import (
    Coverage,
    DeliveryRef,
    Ends,
    Kind,
    Report,
    Verdict,
    verdict_of,
)
from contracts.findings import findings_of
from contracts.plan import Rule, plan_for
from contracts.records import Record
from contracts.redaction import file_name
from contracts.rules.examination import Examination, Raised
from contracts.values.problem import Problem

ENGINE = "justindata-contracts 1"

_UNTYPED = frozenset({"csv", "xlsx", "xml", "icalendar"})
"""Formats whose values are texts (or a spreadsheet's guess): numbers may come as text there."""


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
    name = file_name(delivery.file, plan.personal)
    findings = findings_of(exam, name) if exam.raised else ()
    verdict = verdict_of(findings)
    records: tuple[Record, ...] = ()
    if document.root is not None and verdict in (Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS):
        records = _records(exam)
    if document.root is not None and not exam.raised and not exam.unread:
        for table in plan.result_tables.values():
            table.remember(exam)
    clean = not exam.raised and not exam.unread and not exam.lacking
    ends, hub_ends = plan.clean_ends(tuple(clause.id for clause, _ in known)) if clean else _ends(exam)
    report = Report(
        delivery=delivery if name == delivery.file else replace(delivery, file=name),
        contract=plan.reference,
        engine=ENGINE,
        verdict=verdict,
        findings=findings,
        coverage=Coverage.of(ends),
        hub_coverage=Coverage.of(hub_ends),
        ends=ends,
        hub_ends=hub_ends,
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
        exam.take_back(before)
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
    exam.spoiled |= document.spoiled
    for form in document.problems:
        clause = exam.plan.clause_for(form.code, form.field)
        pointer = form.where.pointer or ""
        if clause is None:
            continue
        problem = Problem(form.code, form.message, form.expected, form.fix)
        exam.raised.append(
            Raised(
                clause,
                form.code,
                pointer,
                form.field or "",
                form.message,
                problem,
                form.found,
                personal=form.code == "FILE-E701",
                place=form.where,
            )
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


def _ends(exam: Examination) -> tuple[Ends, Ends]:
    failed = {r.clause.id for r in exam.raised if r.code != "CON-E201" and exam.plan.severity(r) is not Severity.INFO}
    ended: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for clause in exam.plan.contract.clauses:
        if clause.id in failed:
            end = "failed"
        elif clause.id in exam.broken:
            end = "could_not_evaluate"
        elif clause.id in exam.lacking or (
            not clause.by_file and (exam.hub_unread or not exam.plan.known(clause, exam.context))
        ):
            end = "needs_hub"
        elif clause.id in exam.unread or clause.kind == "foreign":
            end = "could_not_evaluate"
        else:
            end = "passed"
        ended[clause.by_file].append((clause.id, end))
    return Ends.of(ended[True]), Ends.of(ended[False])


def _records(exam: Examination) -> tuple[Record, ...]:
    if exam.plan.rows_key is None:
        return (canonical.certificate(exam),)
    refused = frozenset(
        one.slot_row for one in exam.raised if one.slot_row is not None and exam.plan.severity(one) is Severity.ERROR
    )
    return tuple(canonical.slots(exam, refused))
