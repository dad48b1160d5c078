"""revision: identity, revision and content decide what a certificate is: new, the same, an amendment, a silent change.

Content is compared on canonical records and not on bytes, so another layout of the same certificate is the same
certificate. What follows from the contract (verdicts, levels) is no content: a new contract changes no certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from contracts.canonical import certificate as certificate_of
from contracts.context import History
from contracts.contract import Clause
from contracts.records import Certificate, Result, ResultVerdict
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

_RESULT_KEYS = {
    "raw": "value", "operator": "operator", "unit": "unit", "method": "method_id", "lab": "lab_site", "stage": "stage",
    "loq": "loq", "criterion_text": "criterion_text", "reported_verdict": "partner_verdict",
    "tested_from": "tested_from", "tested_to": "tested_to",
}  # fmt: skip
_POINTERS = {"spec_id": "/spec/id", "spec_version": "/spec/version", "signatures": "/signatories"}
_NO_CONTENT = frozenset({"certificate_no", "revision", "replaces", "results"})
Change = tuple[str, str]
"""(JSON pointer in the new document, what a person calls it)."""


def revision(clause: Clause, plan: Plan) -> Rule:
    """COA-E405 nothing new, E406 amended, E407 a result that a clearance relied on turned, E408 changed silently,
    E409 out of order, E410 replaced by another certificate already, or replacing what is replaced already."""
    id_path, at = plan.path(str(clause.params["id"]), None), plan.path(str(clause.params["revision"]), None)

    def rule(exam: Examination) -> None:
        history = exam.context.history
        assert history is not None
        number = exam.value(id_path, "", exam.root)
        if number is None or exam.value(at, "", exam.root) is None:
            exam.unread.add(clause.id)
            return
        earlier, instead = history.certificate(str(number)), history.replacing(str(number))
        if not earlier and not instead and exam.root.get("replaces") is None:
            return
        new = certificate_of(exam)
        newest = max(earlier, key=lambda c: c.revision, default=None)
        same = next((c for c in earlier if c.revision == new.revision), None)
        if same is not None:
            _same_revision(exam, clause, at.field, same, new)
        elif instead:
            _revoked(exam, clause, id_path.field, new, instead[-1])
        elif newest is None:
            _replaces_another(exam, clause, at.field, new, history)
        elif new.revision == newest.revision + 1:
            if new.replaces is not None and new.replaces[0] == newest.certificate_no:
                _refers_back(exam, clause, new, newest)
            _amended(exam, clause, at.field, newest, new)
        else:
            _out_of_order(exam, clause, at.field, newest, new)

    return rule


def _replaces_another(exam: Examination, clause: Clause, field: str, new: Certificate, history: History) -> None:
    """The first revision of a certificate that stands for one with another number."""
    if new.replaces is None or new.replaces[0] == new.certificate_no:
        return
    number = new.replaces[0]
    instead = history.replacing(number)
    if instead:
        other = instead[-1].certificate_no
        problem = Problem(
            "COA-E410",
            "is replaced already",
            expected="a certificate that still stands",
            fix=f"send it as the next revision of {other}, or say that it replaces {other}",
        )
        message = f"certificate {number} is replaced by {other} already"
        at = "/replaces/certificate_no"
        exam.raise_(clause, problem, at, _field_of(at), message=message, found=number, spoil=False)
        return
    old = max(history.certificate(number), key=lambda c: c.revision, default=None)
    if old is not None:
        _refers_back(exam, clause, new, old)
        _amended(exam, clause, field, old, new)


def _revoked(exam: Examination, clause: Clause, field: str, new: Certificate, instead: Certificate) -> None:
    problem = Problem(
        "COA-E410",
        "is revoked",
        expected=f"the next revision of {instead.certificate_no}",
        fix=f"send it as the next revision of {instead.certificate_no}",
        note="what replaced a certificate stands until it is replaced itself",
    )
    message = f"certificate {new.certificate_no} is revoked: {instead.certificate_no} replaced it"
    exam.raise_(clause, problem, f"/{field}", field, message=message, found=new.certificate_no, spoil=False)


def _refers_back(exam: Examination, clause: Clause, new: Certificate, newest: Certificate) -> None:
    """`replaces` names a revision that another one has replaced already."""
    assert new.replaces is not None
    if new.replaces[1] >= newest.revision:
        return
    problem = Problem(
        "COA-E410",
        "is replaced already",
        expected=f"revision {newest.revision}, the newest",
        fix=f"say that it replaces revision {newest.revision}",
        replacement=str(newest.revision),
    )
    message = f"revision {new.replaces[1]} of {newest.certificate_no} is replaced by revision {newest.revision} already"
    at = "/replaces/revision"
    exam.raise_(clause, problem, at, _field_of(at), message=message, found=str(new.replaces[1]), spoil=False)


def _same_revision(exam: Examination, clause: Clause, field: str, old: Certificate, new: Certificate) -> None:
    changed = changes(old, new)
    if not changed:
        problem = Problem("COA-E405", "is here already", "something new", "nothing to do")
        message = f"certificate {new.certificate_no} revision {new.revision} is here already"
        exam.raise_(clause, problem, "", field, message=message, found=str(new.revision), spoil=False)
        return
    pointer, _ = changed[0]
    names = ", ".join(name for _, name in changed[:5])
    problem = Problem(
        "COA-E408",
        "changed without a new revision",
        expected=f"the content of revision {old.revision} as received before, or revision {old.revision + 1}",
        fix=f"send it as revision {old.revision + 1}, replacing revision {old.revision}",
        note=f"changed: {names}",
    )
    message = f"revision {new.revision} came with other content than before: {names}"
    path = _field_of(pointer)
    exam.raise_(clause, problem, pointer, path, message=message, found=_shown(exam, pointer), spoil=False)


def _amended(exam: Examination, clause: Clause, field: str, old: Certificate, new: Certificate) -> None:
    changed = changes(old, new)
    names = ", ".join(name for _, name in changed[:5]) or "nothing but the revision"
    more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
    same = old.certificate_no == new.certificate_no
    amends = f"amends revision {old.revision}" if same else f"amends certificate {old.certificate_no}"
    problem = Problem(
        "COA-E406",
        "amends",
        expected="changes that the sponsor has read",
        fix="read the changes and decide again what depends on them",
        note=f"changed: {names}{more}",
    )
    message = f"revision {new.revision} {amends}: {names}{more}"
    exam.raise_(clause, problem, f"/{field}", field, message=message, found=str(new.revision), spoil=False)
    cleared = exam.context.cleared_lots
    if cleared is None or cleared.isdisjoint((old.lot_number, new.lot_number)):
        return
    passed = {(r.characteristic, r.replicate) for r in old.results if r.verdict is ResultVerdict.PASS}
    passes = {(r.characteristic, r.replicate) for r in new.results if r.verdict is ResultVerdict.PASS}
    for index, result in enumerate(new.results):
        key = result.characteristic, result.replicate
        # An interim result beside the final one that still passes has turned nothing.
        turned = result.verdict is ResultVerdict.FAIL or (
            result.verdict is not ResultVerdict.PASS and key not in passes
        )
        if key in passed and turned:
            problem = Problem(
                "COA-E407",
                "turned",
                expected="PASS, as the clearance relied on",
                fix="hold the lot and decide about every slot that uses it",
            )
            message = f"{result.characteristic} turned from PASS to {result.verdict.value} after a clearance"
            pointer = f"/results/{index}/value"
            exam.raise_(clause, problem, pointer, "results.value", message=message, found=result.raw, spoil=False)


def _out_of_order(exam: Examination, clause: Clause, field: str, newest: Certificate, new: Certificate) -> None:
    late = new.revision < newest.revision
    said = "came after" if late else "came without the one before it: the newest here is"
    problem = Problem(
        "COA-E409",
        "is out of order",
        expected=f"revision {newest.revision + 1}",
        fix="nothing to do: the newer revision stays" if late else f"send revision {newest.revision + 1} as well",
    )
    message = f"revision {new.revision} {said} revision {newest.revision}"
    exam.raise_(clause, problem, f"/{field}", field, message=message, found=str(new.revision), spoil=False)


def changes(old: Certificate, new: Certificate) -> list[Change]:
    """What `new` says otherwise than `old`, results first, in the order of the new document."""
    found = _result_changes(old.results, new.results)
    for field in fields(Certificate):
        name = field.name
        if name not in _NO_CONTENT and getattr(old, name) != getattr(new, name):
            found.append((_POINTERS.get(name, f"/{name}"), name))
    return found


def _result_changes(old: Sequence[Result], new: Sequence[Result]) -> list[Change]:
    found: list[Change] = []
    before: dict[Any, Result] = {_identity(r): r for r in old}
    for index, result in enumerate(new):
        was = before.pop(_identity(result), None)
        if was is None:
            found.append((f"/results/{index}", f"{result.characteristic} is new"))
            continue
        for name, key in _RESULT_KEYS.items():
            if getattr(was, name) != getattr(result, name):
                found.append((f"/results/{index}/{key}", f"{key} of {result.characteristic}"))
    found += [("/results", f"{result.characteristic} is gone") for result in before.values()]
    return found


def _identity(result: Result) -> tuple[str, int, str]:
    return result.characteristic, result.replicate, result.stage if result.stage == "interim" else ""


def _field_of(pointer: str) -> str:
    return ".".join(part for part in pointer.split("/")[1:] if not part.isdigit())


def _shown(exam: Examination, pointer: str) -> str | None:
    node: Any = exam.root
    for part in pointer.split("/")[1:]:
        node = node[int(part)] if isinstance(node, list) else node.get(part) if isinstance(node, dict) else None
    return node if isinstance(node, str) else None
