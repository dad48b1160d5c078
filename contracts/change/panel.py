"""The tests of two panels against each other, row by row, wherever the panels stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contracts.change import rows
from contracts.change.change import At, Effect, Grade
from contracts.change.criteria import compare_criteria
from contracts.change.spot import Book, Handler, Spot, ignore, limit, members, told, walk
from contracts.change.tree import in_table, table_of
from contracts.contract import Contract, TestDef

_JUDGE: Mapping[str, tuple[str, ...]] = {
    "level": ("requiredTests", "within", "dispositionAgrees"),
    "required": ("requiredTests",),
    "criterion": ("within", "dispositionAgrees"),
    "criterion_text": ("specMatches",),
    "unit": ("unitIs", "within"),
    "methods": ("approved",),
    "labs": ("approved",),
    "stage_allowed": ("requiredTests", "within"),
    "min_duration": ("minDuration",),
    "plausible_factor": ("plausible",),
    "plausible_min_history": ("plausible",),
    "replicates": ("replicates",),
    "replicates_max": ("replicates",),
}
"""Which rules judge by an attribute; the others are judged where results are read."""


def compare_panels(book: Book) -> None:
    """Tests added, removed and changed."""
    old = {test.code: test for test in book.old.schema.tests}
    new = {test.code: test for test in book.new.schema.tests}
    for code in dict.fromkeys((*old, *new)):
        if old.get(code) == new.get(code):
            continue
        spot = Spot(
            book,
            f"{book.new.schema.name}.tests.{code}",
            code,
            book.clauses("requiredTests"),
            _at(book.old, code) if code in old else None,
            _at(book.new, code) if code in new else None,
        )
        if code not in new:
            _removed(spot, old[code])
        elif code not in old:
            _added(spot, new[code])
        else:
            walk(spot, old[code], new[code], _TEST)


def _at(contract: Contract, code: str, *inside: str) -> At | None:
    return in_table(contract, table_of(contract, "tests"), "tests", code, *inside)


def _added(spot: Spot, test: TestDef) -> None:
    effect = Effect.BOTH if _strangers_refused(spot.book.old) else Effect.TIGHTENS
    if test.required and test.level != "INFO":
        spot.tell("test.added", rows.TIGHTER.with_effect(effect), f"new test, required for {test.level}")
    else:
        spot.tell("test.added", rows.NAME_TAKEN.with_effect(effect), "new test, not required; its results are judged")


def _removed(spot: Spot, test: TestDef) -> None:
    row = replace(rows.WEAKER, approval=True)
    text = f"test removed, was required for {test.level}" if test.required else "test removed"
    if _strangers_refused(spot.book.new):
        row = replace(row, effect=Effect.BOTH, producer=Grade.BREAKING)
        text += "; a result of it is refused as unknown"
    spot.tell("test.removed", row, text)


def _strangers_refused(contract: Contract) -> bool:
    """Whether a result of a test that is not listed rejects the certificate."""
    return any(c.kind == "requiredTests" and c.params.get("unknown") == "error" for c in contract.clauses)


def _judged(handler: Handler) -> Handler:
    """With the clauses and the places of the attribute itself."""

    def handle(spot: Spot, old: Any, new: Any) -> None:
        kinds = _JUDGE.get(spot.word, ("within",))
        key, code = _KEYS.get(spot.word, spot.word), spot.name
        book = spot.book
        here = Spot(
            book, spot.path, spot.name, book.clauses(*kinds), _at(book.old, code, key), _at(book.new, code, key)
        )
        handler(here, old, new)

    return handle


_KEYS: Mapping[str, str] = {
    "criterion_text": "criterionText",
    "stage_allowed": "stageAllowed",
    "min_duration": "minDuration",
    "value_kind": "valueKind",
    "plausible_factor": "plausible",
    "plausible_min_history": "plausible",
    "loq_max": "loqMax",
    "replicates_max": "replicates",
    "tat_working_days": "tatWorkingDays",
}


def _criterion(spot: Spot, old: Any, new: Any) -> None:
    effect, text = compare_criteria(old, new)
    spot.tell("test.criterion", rows.CRITERION.with_effect(effect), text)


def _required(spot: Spot, _old: bool, new: bool) -> None:
    if new:
        spot.tell("test.required", rows.TIGHTER, "not required -> required")
    else:
        spot.tell("test.required", replace(rows.WEAKER, approval=True), "required -> not required")


def _physical(spot: Spot, old: Any, new: Any) -> None:
    ends = zip(old or (None, None), new or (None, None), ("lowest", "highest"), ("more", "less"), strict=True)
    for before, after, word, tighter in ends:
        if before != after:
            handle = limit("test.physical", f"{word} real value", tighter, loose=rows.WIDER_LIMIT)  # type: ignore[arg-type]
            handle(spot, before, after)


def _listed(what: str, word: str) -> Handler:
    return members(what, word, added=rows.WIDER, empty_is_off=True, off=rows.WIDER)


_TEST: Mapping[str, Handler] = {
    "code": ignore,
    "name": told("test.name", "name", rows.DOCUMENTATION),
    **{
        name: _judged(handler)
        for name, handler in {
            "level": told("test.level", "level", rows.MEANING_LIMIT),
            "required": _required,
            "value_kind": told("test.kind", "how the result is read", rows.MEANING),
            "criterion": _criterion,
            "aliases": members("test.alias", "alias", added=rows.MORE_NAMES),
            "vocabulary": told("test.vocabulary", "vocabulary", rows.MEANING),
            "unit": told("test.unit", "unit", rows.MEANING),
            "decimals": told("test.rounding", "decimals", rows.CRITERION),
            "rounding": told("test.rounding", "rounding", rows.CRITERION),
            "criterion_text": members(
                "test.wording", "wording", added=rows.MORE_NAMES, empty_is_off=True, off=rows.MORE_NAMES
            ),
            "physical": _physical,
            "plausible_factor": limit("test.plausible", "plausible factor", "less", loose=rows.WIDER_LIMIT),
            "plausible_min_history": limit("test.plausible", "results needed before", "less", none="strictest"),
            "methods": _listed("test.method", "method"),
            "labs": _listed("test.laboratory", "laboratory"),
            "stage_allowed": members("test.stage", "stage", added=rows.WEAKER),
            "min_duration": limit("test.duration", "shortest duration", "more", loose=rows.WIDER_LIMIT),
            "tat_working_days": told("test.turnaround", "working days it takes", rows.HANDLING),
            "loq_max": limit("test.loq", "highest limit of quantification", "less", loose=rows.WIDER_LIMIT),
            "replicates": limit("test.replicates", "fewest replicates", "more", loose=rows.WIDER_LIMIT),
            "replicates_max": limit("test.replicates", "most replicates", "less", loose=rows.WIDER_LIMIT),
        }.items()
    },
}
