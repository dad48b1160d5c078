"""Settle what fields demand of each other: comparisons between two fields, and what a value of one asks of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from contracts.contract import Clause, Contract
from contracts.kit.scalars import moment, scalar

_ROUNDS = 20
"""Chains of comparisons are followed this far; each round mends at least one pair or there is nothing left."""


def settle(contract: Contract, record: dict[str, Any]) -> None:
    """Change `record` until the comparisons and conditions between its fields hold, as far as one value can do it."""
    clauses = [c for c in contract.clauses if c.kind in ("crossField", "oneOfWhen")]
    for _ in range(_ROUNDS):
        changed = False
        for clause in clauses:
            for frame, above in _frames(contract, record, clause):
                mend = _compare if clause.kind == "crossField" else _require
                changed |= mend(contract, clause, frame, above, record)
        if not changed:
            return


def _frames(contract: Contract, record: dict[str, Any], clause: Clause) -> Iterator[tuple[dict[str, Any], str]]:
    each = clause.params.get("each")
    rows = "slots" if contract.schema.document_kind == "schedule" else None
    if each is None and rows is None:
        yield record, ""
        return
    for frame in record.get(str(each) if each is not None else str(rows)) or ():
        yield frame, f"{each}." if each is not None else ""


def _compare(contract: Contract, clause: Clause, frame: dict[str, Any], above: str, record: dict[str, Any]) -> bool:
    params = clause.params
    left = _get(frame, record, str(params["left"]))
    at = str(params["right"])
    right = _get(frame, record, at)
    field = contract.schema.find(at if at.startswith("$.") else f"{above}{at}")
    a, b = _time(left), _time(right)
    if a is None or b is None or field is None or field.type not in ("date", "timestamp"):
        return False
    plus = params.get("plus") or timedelta()
    limit = b + plus
    holds = {"<": a < limit, "<=": a <= limit, "=": a == limit, ">": a > limit, ">=": a >= limit, "!=": a != limit}
    if holds[str(params["op"])]:
        return False
    step = timedelta(days=1) if field.type == "date" else timedelta(hours=1)
    moved = a - plus + {"<": step, ">": -step, "!=": step}.get(str(params["op"]), timedelta())
    if field.type == "date" and moved.time() != datetime.min.time() and str(params["op"]) in ("<", "<="):
        moved += timedelta(days=1)
    _put(frame, record, at, moment(contract, field, moved))
    return True


def _require(contract: Contract, clause: Clause, frame: dict[str, Any], above: str, record: dict[str, Any]) -> bool:
    when: Mapping[str, Any] = clause.params["when"]
    for path, wanted in when.items():
        allowed = [str(w) for w in (wanted if isinstance(wanted, (list, tuple)) else [wanted])]
        if str(_get(frame, record, path)) not in allowed:
            return False
    changed = False
    for path, demand in clause.params["then"].items():
        said = _get(frame, record, path)
        field = contract.schema.find(path if path.startswith("$.") else f"{above}{path}")
        if isinstance(demand, Mapping):
            if demand.get("required") and said in (None, "") and field is not None:
                start = _time(_get(frame, record, "planned_start")) or _time(_get(frame, record, "issued_at"))
                assert start is not None
                _put(frame, record, path, scalar(contract, field, start))
                changed = True
            continue
        allowed = [str(w) for w in (demand if isinstance(demand, (list, tuple)) else [demand])]
        if str(said) not in allowed:
            _put(frame, record, path, allowed[0])
            changed = True
    return changed


def _get(frame: dict[str, Any], record: dict[str, Any], path: str) -> Any:
    node: Any = record if path.startswith("$.") else frame
    for part in path.removeprefix("$.").split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return node


def _put(frame: dict[str, Any], record: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.removeprefix("$.").split(".")
    node: Any = record if path.startswith("$.") else frame
    for part in above:
        node = node.setdefault(part, {})
    node[last] = value


def _time(value: Any) -> datetime | None:
    """An ISO text as an instant; a date is its first."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if found.tzinfo is None:
        day: date = found.date()
        return datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00")
    return found
