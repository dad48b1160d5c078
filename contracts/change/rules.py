"""The author's rules of two contracts against each other: which there are, how grave, and their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contracts.change import rows
from contracts.change.change import At, Effect, together
from contracts.change.spot import Book, Handler, Spot, limit, members, said, switch, told, undetermined, walk_keys
from contracts.codes import Impact, Severity
from contracts.compile import IMPLIED, METRICS
from contracts.contract import Clause, Contract
from contracts.levels import levels
from contracts.rulebook import ParameterKind, rules

_GRAVITY = (Severity.INFO, Severity.WARNING, Severity.ERROR)
_WEIGHT = (Impact.LOW, Impact.MEDIUM, Impact.HIGH, Impact.CRITICAL)


def compare_rules(book: Book) -> None:
    """The author's rules by their id; levels of every clause that both contracts have."""
    old, new = _written(book.old), _written(book.new)
    gone, come = [c for c in old if c not in new], [c for c in new if c not in old]
    if len(gone) == 1 and len(come) == 1 and _same(old[gone[0]], new[come[0]]):
        spot = _spot(book, old[gone[0]], new[come[0]])
        spot.tell("rule.renamed", rows.HANDLING, f"renamed to {come[0]}; its findings look new")
        gone, come = [], []
    for name in gone:
        _spot(book, old[name], None).tell("rule.removed", rows.WEAKER, f"rule {old[name].kind} removed")
    for name in come:
        _spot(book, None, new[name]).tell("rule.added", rows.TIGHTER, f"new rule {new[name].kind}")
    for name in old.keys() & new.keys():
        _rule(_spot(book, old[name], new[name]), old[name], new[name])
    others = {c.id: c for c in book.new.clauses}
    same_map = book.old.severity == book.new.severity
    for clause in book.old.clauses:
        other = others.get(clause.id)
        if other is not None and not (same_map and _judged(clause) == _judged(other)):
            _levels(_spot(book, clause, other), clause, other)
    _severity_map(book)


def _judged(clause: Clause) -> tuple[object, ...]:
    return clause.severity, clause.impact, clause.action, clause.codes


def _written(contract: Contract) -> dict[str, Clause]:
    return {c.id: c for c in contract.clauses if c.kind not in IMPLIED and c.kind != "due"}


def _same(old: Clause, new: Clause) -> bool:
    return replace(old, id="", path="", mark=new.mark) == replace(new, id="", path="")


def _spot(book: Book, old: Clause | None, new: Clause | None) -> Spot:
    clause = old or new
    assert clause is not None
    ids = tuple(dict.fromkeys(c.id for c in (old, new) if c is not None))
    return Spot(
        book,
        clause.path,
        clause.id,
        ids,
        At(book.old.file, old.mark.line, old.mark.column) if old else None,
        At(book.new.file, new.mark.line, new.mark.column) if new else None,
    )


def _rule(spot: Spot, old: Clause, new: Clause) -> None:
    if old.kind != new.kind:
        spot.tell("rule.kind", rows.MEANING, f"rule {old.kind} -> {new.kind}")
        return
    if old.path != new.path:
        spot.tell("rule.path", rows.MEANING, f"stands at {old.path} -> {new.path}")
    handlers: dict[str, Handler] = {}
    for key in dict.fromkeys((*old.params, *new.params)):
        handlers[key] = _handler(old, key)
    walk_keys(spot, old.params, new.params, handlers)


def _handler(clause: Clause, key: str) -> Handler:
    kind = clause.kind
    if kind in METRICS:
        return _METRIC.get(key, undetermined)
    found = _PARAMETERS.get(f"{kind}.{key}") or _PARAMETERS.get(key)
    if kind == "crossField" and key == "op":
        found = _operator
    if found is not None:
        return found
    rule = rules().get(kind)
    reads = rule is not None and rule.parameters.get(key) in (ParameterKind.PATH, ParameterKind.PATHS)
    return told("rule.field", f"{key} reads", rows.MEANING) if reads else undetermined


def _operator(spot: Spot, old: str, new: str) -> None:
    strict = {("<=", "<"), (">=", ">"), ("<=", "="), (">=", "=")}
    row = rows.TIGHTER if (old, new) in strict else rows.WIDER if (new, old) in strict else rows.MEANING
    spot.tell("rule.operator", row, f"operator {old} -> {new}")


def _unknown(spot: Spot, old: str | None, new: str | None) -> None:
    before, after = (_GRAVITY.index(Severity(level or "info")) for level in (old, new))
    row = rows.TIGHTER if after > before else rows.WEAKER
    spot.tell("rule.unknown", row, f"a test that is not listed is {said(old)} -> {said(new)}")


def _allowed(spot: Spot, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
    before, after = old or {}, new or {}
    for field in dict.fromkeys((*before, *after)):
        if before.get(field) != after.get(field):
            handle = members("rule.allowed", f"{field}", empty_is_off=True)
            handle(spot, before.get(field), after.get(field))


def _users(spot: Spot, old: Any, new: Any) -> None:
    if old is None or new is None:  # then the registry says who may sign
        undetermined(spot, old, new)
    else:
        members("rule.signer", "signer")(spot, old, new)


def _demanded(what: str, word: str) -> Handler:
    return members(what, word, added=rows.TIGHTER, removed=rows.WEAKER)


_PARAMETERS: Mapping[str, Handler] = {
    "except": members("rule.except", "left out", added=rows.WIDER),
    "nearMatch": told("rule.hint", "hint at a near match", rows.DOCUMENTATION),
    "code": told("rule.code", "finding code", rows.MEANING),
    "rowsPerBatch.min": limit("rule.count", "fewest rows", "more"),
    "rowsPerBatch.max": limit("rule.count", "most rows", "less"),
    "span.min": limit("rule.length", "shortest", "more"),
    "span.max": limit("rule.length", "longest", "less"),
    "leadTime.min": limit("rule.lead", "lead time", "more"),
    "slip.tolerance": limit("rule.tolerance", "tolerance", "less"),
    "noSilentRemoval.horizon": limit("rule.horizon", "horizon", "more", none="strictest"),
    "timestamps.maxSkew": limit("rule.skew", "largest difference of clocks", "less"),
    "qualityCodes.maxBadPercent": limit("rule.bad", "most bad points in percent", "less", loose=rows.WIDER_LIMIT),
    "samplingInterval.tolerancePercent": limit("rule.tolerance", "tolerance in percent", "less", default=20),
    "maxGap.seconds": limit("rule.gap", "largest gap in seconds", "less", none="elsewhere"),
    "notReplay.minPoints": limit("rule.points", "points that make a replay", "less", default=500),
    "drift.limit": limit("rule.drift", "limit of drift", "less", none="elsewhere", loose=rows.WIDER_LIMIT),
    "knownTags.complete": switch("rule.complete", "every agreed tag must be there"),
    "envelope.raw": switch("rule.raw", "interpolated values are refused"),
    "requiredTests.unknown": _unknown,
    "oneSubject.allowed": _allowed,
    "oneSubject.paths": _demanded("rule.field", "one subject in"),
    "signed.roles": _demanded("rule.role", "signature of"),
    "signed.users": _users,
    "attachment.mentions": _demanded("rule.mention", "attachment mentions"),
    "transitions.final": _demanded("rule.final", "final status"),
    "activeOnce.active": _demanded("rule.active", "active status"),
    "frozenAfter.fields": _demanded("rule.frozen", "frozen field"),
    "noPlaceholder.values": members("rule.placeholder", "placeholder", added=rows.TIGHTER, removed=rows.WIDER),
    "noPlaceholder.from": limit("rule.placeholder", "no placeholder from", "less"),
    "dispositionAgrees.released": told("rule.word", "word for released", rows.MEANING),
    "dispositionAgrees.provisional": told("rule.word", "word for provisional", rows.MEANING),
}
"""By rule and parameter, or by parameter alone. A path is a change of meaning; what stands nowhere is undetermined."""

_METRIC: Mapping[str, Handler] = {
    "mustBeLessThan": limit("rule.metric", "must be less than", "less"),
    "mustBeLessOrEqualTo": limit("rule.metric", "must be at most", "less"),
    "mustBeGreaterThan": limit("rule.metric", "must be more than", "more"),
    "mustBeGreaterOrEqualTo": limit("rule.metric", "must be at least", "more"),
}


def _levels(spot: Spot, old: Clause, new: Clause) -> None:
    """Severity, impact and action of what a clause raises, as the engine applies them."""
    shared = [code for code in old.codes if code in new.codes]
    pairs = [(code, levels(spot.book.old, old, code), levels(spot.book.new, new, code)) for code in shared]
    for index, order, what in ((0, _GRAVITY, "severity"), (1, _WEIGHT, "impact")):
        moved = [(code, a[index], b[index]) for code, a, b in pairs if a[index] != b[index]]
        if moved:
            ups = [order.index(b) > order.index(a) for _code, a, b in moved]
            effect = together(Effect.TIGHTENS if up else Effect.LOOSENS for up in ups)
            spot.tell(f"rule.{what}", _level_row(what, effect), f"{what} {_moves(moved)}")
    acts = [(code, a[2], b[2]) for code, a, b in pairs if a[2] != b[2]]
    if acts:
        spot.tell("rule.action", rows.HANDLING, f"who must act {_moves(acts)}")


def _level_row(what: str, effect: Effect | None) -> rows.Row:
    if effect is Effect.BOTH:
        return rows.MEANING
    if what == "severity":
        return rows.TIGHTER if effect is Effect.TIGHTENS else rows.WEAKER
    return rows.LOUDER if effect is Effect.TIGHTENS else rows.QUIETER


def _moves(moved: list[tuple[str, Any, Any]]) -> str:
    """`warning -> error (COA-E301, COA-E302)`."""
    ways: dict[str, list[str]] = {}
    for code, old, new in moved:
        ways.setdefault(f"{old} -> {new}", []).append(code)
    return "; ".join(f"{way} ({', '.join(found)})" for way, found in ways.items())


def _severity_map(book: Book) -> None:
    """The contract's own word on codes that no clause raises."""
    raised = {code for contract in (book.old, book.new) for c in contract.clauses for code in c.codes}
    for code in dict.fromkeys((*book.old.severity, *book.new.severity)):
        before, after = levels(book.old, None, code), levels(book.new, None, code)
        if code in raised or before == after:
            continue
        spot = Spot(book, f"severity.{code}", code)
        if before[0] != after[0]:
            up = _GRAVITY.index(after[0]) > _GRAVITY.index(before[0])
            spot.tell("rule.severity", rows.TIGHTER if up else rows.WEAKER, f"severity {before[0]} -> {after[0]}")
        if before[1:] != after[1:]:
            spot.tell("rule.action", rows.HANDLING, f"{before[1]}, {before[2]} acts -> {after[1]}, {after[2]} acts")
