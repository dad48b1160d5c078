"""Canonical records of a document that was examined: what it means, whatever form it came in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from contracts.document import Raw
from contracts.records import Certificate, Result, ResultVerdict, Signature, Slot
from contracts.rules.examination import Examination, Node, Value
from contracts.rules.results import ResultLine

_RESULTS = "results"


def certificate(exam: Examination) -> Certificate:
    """The certificate, with our verdict on each result. Texts are trimmed; `raw` of a result is as it was sent."""
    root = exam.root
    spec, replaces = root.get("spec"), root.get("replaces")
    spec = spec if isinstance(spec, dict) else {}
    issued, expires, made = (_value(exam, name) for name in ("issued_at", "expires_at", "mfg_date"))
    return Certificate(
        certificate_no=_text(root, "certificate_no") or "",
        revision=_whole(root.get("revision"), 1),
        replaces=_replaced(replaces) if isinstance(replaces, dict) else None,
        material_id=_text(root, "material_id") or "",
        lot_number=_text(root, "lot_number") or "",
        spec_id=_text(spec, "id") or "",
        spec_version=_text(spec, "version") or "",
        purpose=_text(root, "purpose") or "",
        issued_at=issued if isinstance(issued, datetime) else None,
        mfg_date=made if isinstance(made, date) and not isinstance(made, datetime) else None,
        expires_at=expires if isinstance(expires, datetime) else None,
        results=tuple(_results(exam)),
        disposition=_text(root, "disposition") or "",
        signatures=tuple(_signatures(exam)),
        attachments=tuple((_text(n, "name") or "", _text(n, "sha256") or "") for _, n in exam.frames("attachments")),
    )


def _value(exam: Examination, name: str) -> Value:
    raw, scalar = exam.root.get(name), exam.plan.scalars.get(name)
    return scalar.value(raw) if scalar is not None and raw is not None else None


def _results(exam: Examination) -> Iterable[Result]:
    frames = exam.frames(_RESULTS)
    if _RESULTS in exam.plan.result_tables:
        lines = exam.results(_RESULTS)
    else:
        lines = [ResultLine(p, n, _text(n, "characteristic"), None, None) for p, n in frames]
    start, end = exam.plan.path("tested_from", _RESULTS), exam.plan.path("tested_to", _RESULTS)
    return map(_result, lines, exam.column(start, frames, _RESULTS), exam.column(end, frames, _RESULTS))


_PLAIN = ("method_id", "lab_site", "stage", "value", "operator", "unit", "loq", "criterion_text", "partner_verdict")


def _result(line: ResultLine, tested_from: Value, tested_to: Value) -> Result:
    constants = line.constants
    if constants is None:
        constants = line.constants = _constants(line)
    draft = _Draft()
    (
        draft.characteristic, draft.level, draft.required, draft.replicate, draft.method, draft.lab, draft.stage,
        draft.raw, draft.operator, draft.value, draft.word, draft.unit, draft.loq, draft.criterion_text,
        draft.reported_verdict, draft.verdict, draft.reason,
    ) = constants  # fmt: skip
    draft.tested_from = tested_from if isinstance(tested_from, datetime) else None
    draft.tested_to = tested_to if isinstance(tested_to, datetime) else None
    draft.__class__ = Result  # type: ignore[assignment]
    return cast(Result, draft)


def _constants(line: ResultLine) -> tuple[Any, ...]:
    """The fields of a Result in their order, up to its times."""
    # Texts or nothing: the structure says so, and a document with another structure has no record.
    method, lab, stage, raw, operator, unit, loq, criterion, verdict = map(line.node.get, _PLAIN)
    test, judged = line.test, line.judged
    reading = judged.reading if judged is not None else None
    return (
        test.code if test is not None else line.code or "",
        test.level if test is not None else None,
        test.required if test is not None else False,
        _whole(line.node.get("replicate"), 1),
        method,
        lab,
        stage or "final",
        raw or "",
        reading.operator if reading is not None else operator or "=",
        reading.value if reading is not None else None,
        reading.word if reading is not None else None,
        unit,
        loq,
        criterion,
        verdict,
        judged.verdict if judged is not None else ResultVerdict.NOT_EVALUATED,
        judged.reason if judged is not None else "the test is not in the contract",
    )


class _Draft:
    """A Result that is being written.

    A frozen dataclass takes its 19 fields one by one through object.__setattr__: for the fourteen results of a
    certificate that was a third of the time of the whole check. The same slots filled plainly and then declared a
    Result take a sixth of it. Python allows it between classes of equal slots only, so a field that is added there and
    not here fails the first test that makes a certificate.
    """

    __slots__ = Result.__slots__
    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> None: ...


def _signatures(exam: Examination) -> Iterable[Signature]:
    at = exam.plan.scalars.get("signatories.signed_at")
    for _, node in exam.frames("signatories"):
        when = at.value(node.get("signed_at")) if at is not None else None
        yield Signature(
            _text(node, "user_id") or "",
            _text(node, "role") or "",
            _text(node, "meaning") or "",
            when if isinstance(when, datetime) else None,
        )


SLOT_NEEDS = ("published_at", "planned_start", "planned_end")
"""Times without which a slot is no record."""


def slots(exam: Examination, refused: frozenset[int]) -> Iterable[Slot]:
    """The slots of a schedule but for the `refused` rows."""
    scalars = exam.plan.scalars
    for pointer, node in exam.frames(None):
        if int(pointer.rpartition("/")[2]) not in refused:
            values = {name: scalar.value(node.get(name)) for name, scalar in scalars.items()}
            slot = _slot(values)
            if slot is not None:
                yield slot


def _slot(values: dict[str, Value]) -> Slot | None:
    """The slot, None when a contract without these fields let one pass that has no time to stand at."""

    def time(name: str) -> datetime | None:
        value = values.get(name)
        return value if isinstance(value, datetime) else None

    def whole(name: str) -> int | None:
        value = values.get(name)
        return value if isinstance(value, int) else None

    def text(name: str) -> str:
        return str(values.get(name) or "")

    published, start, end = time("published_at"), time("planned_start"), time("planned_end")
    if published is None or start is None or end is None:
        return None
    return Slot(
        slot_uid=text("slot_uid"),
        revision=whole("revision") or 0,
        published_at=published,
        status=text("status"),
        site=text("site"),
        suite=text("suite"),
        product=text("product"),
        coi=text("coi"),
        vector_lot=text("vector_lot") or None,
        vector_doses=whole("vector_doses"),
        planned_start=start,
        planned_end=end,
        actual_start=time("actual_start"),
        actual_end=time("actual_end"),
        planned_final_release=time("planned_final_release"),
        apheresis_collected_at=time("apheresis_collected_at"),
        apheresis_expires_at=time("apheresis_expires_at"),
    )


def _text(node: Node, name: str) -> str | None:
    raw = node.get(name)
    return raw.strip(" \t") if isinstance(raw, str) else None


def _whole(raw: Raw, default: int) -> int:
    return _integer(raw, default) if isinstance(raw, str) else default


@lru_cache(maxsize=1024)
def _integer(text: str, default: int) -> int:
    return int(text) if text.strip().lstrip("-").isdigit() and len(text) < 19 else default


def _replaced(node: Node) -> tuple[str, int]:
    return _text(node, "certificate_no") or "", _whole(node.get("revision"), 1)
