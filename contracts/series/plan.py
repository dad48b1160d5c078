"""The series plan: what a contract asks of each tag, laid out as arrays that are indexed by the tag's number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from contracts.contract import Clause, Contract, TagDef
from contracts.series.rules import RULES, SECOND, Bools, Floats, Ints

# Grades of a quality word, so that one comparison says whether a value counts, and one whether the word is known.
BAD, STALE, UNCERTAIN, GOOD, UNKNOWN_WORD, NO_WORD = range(6)
COUNTS: Final = UNCERTAIN
_GRADES: Final = {"GOOD": GOOD, "UNCERTAIN": UNCERTAIN, "BAD": BAD, "STALE": STALE}

OFF: Final = np.iinfo(np.int64).max
"""A time limit that no distance reaches: the rule is off for the tag."""

# The engine evaluates the keys and comparisons that it carries state for, and no others.
_KEY: Final = ("tag", "ts")
_COMPARED: Final = ("value", "quality")


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the contract's fields by the part they play. None: the contract has no such field."""

    ts: str = "ts"
    tag: str = "tag"
    value: str = "value"
    quality: str | None = None
    unit: str | None = None
    phase: str | None = None
    batch: str | None = None  # only where a rule asks for it
    server_ts: str | None = None


@dataclass(frozen=True)
class SeriesPlan:
    """A compiled series contract. Tags whose trend is judged come first, so that trend rules look at a prefix.

    Arrays have one element a tag. Times are microseconds; a limit that is off is OFF, NaN or an endless range.
    """

    contract: Contract
    columns: Columns
    tags: tuple[TagDef, ...]
    number: Mapping[str, int]  # every name of a tag, aliases too -> its number
    trending: int  # how many tags have a trend rule
    clauses: Mapping[str, Clause]  # kind -> the clause that switches it on
    refused: Mapping[str, str]  # clause id -> why it cannot be evaluated
    off: frozenset[str]  # ids of clauses that no tag has a limit for
    low: Floats
    high: Floats
    max_gap: Ints
    noise_floor: Floats
    stuck_after: Ints
    max_rate: Floats
    interval: Ints
    sentinels: tuple[tuple[float, Bools], ...]  # value -> tags that have it
    inner_sentinels: tuple[float, ...]  # sentinels that lie inside the range of some tag that has it
    other_units: tuple[tuple[int, float, float], ...]  # tag, low, high: values there look like another unit
    phases: tuple[frozenset[str], ...] | None
    quality_map: Mapping[str, int]
    minimum_us: int | None
    tolerance_us: int | None
    late_window: int
    max_skew: int | None
    compare: tuple[str, ...]

    def on(self, rule: str) -> bool:
        """Whether the contract asks for this rule at all."""
        return RULES[rule].kind in self.clauses

    @classmethod
    def of(cls, contract: Contract) -> SeriesPlan:
        clauses, refused = _clauses(contract)
        columns = _columns(clauses, contract)
        limited = _limited(contract, clauses)
        tags = tuple(sorted(contract.schema.tags, key=lambda t: not _has_trend(limited[t.tag], clauses)))
        bounds = [limited[t.tag] if "rangeByKey" in clauses else None for t in tags]
        low = np.array([_low(t) for t in bounds], np.float64)
        high = np.array([_high(t) for t in bounds], np.float64)
        sentinels = _sentinels(tags) if "sentinels" in clauses else ()
        times = contract.schema.time
        return cls(
            contract=contract,
            columns=columns,
            tags=tags,
            number={name: i for i, tag in reversed(tuple(enumerate(tags))) for name in (*tag.aliases, tag.tag)},
            trending=sum(_has_trend(limited[t.tag], clauses) for t in tags),
            clauses=clauses,
            refused=refused,
            off=_switched_off(tags, clauses),
            low=low,
            high=high,
            max_gap=_gaps(tags, clauses.get("maxGap")),
            noise_floor=np.array(
                [_float(t.noise_floor, np.nan) if _stuck(t, clauses) else np.nan for t in tags], np.float64
            ),
            stuck_after=np.array([_us(t.stuck_after) if _stuck(t, clauses) else OFF for t in tags], np.int64),
            max_rate=np.array([_float(t.max_rate, np.inf) if _rate(t, clauses) else np.inf for t in tags], np.float64),
            interval=np.array([_us(t.interval) or 0 for t in tags], np.int64),
            sentinels=sentinels,
            inner_sentinels=tuple(v for v, has in sentinels if bool((has & (low <= v) & (v <= high)).any())),
            other_units=tuple((i, float(a), float(b)) for i, t in enumerate(tags) for a, b in t.looks_like.values()),
            phases=tuple(frozenset(t.phases) for t in tags) if any(t.phases for t in tags) else None,
            quality_map={w: _GRADES[q] for w, q in contract.schema.quality_map.items()} or _GRADES,
            minimum_us=None if times.minimum is None else epoch_us(times.minimum),
            tolerance_us=None if times.future_tolerance is None else _us(times.future_tolerance),
            late_window=_param_us(clauses, "monotonic", "lateWindow") or OFF,
            max_skew=_param_us(clauses, "timestamps", "maxSkew"),
            compare=tuple(clauses["uniqueKey"].params.get("compare", _COMPARED)) if "uniqueKey" in clauses else (),
        )


def epoch_us(at: datetime) -> int:
    """Microseconds since 1970 of an aware time, exactly."""
    return (at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def text_of(us: int) -> str:
    """A time as people and machines read it: `2026-03-01T00:00:05.250Z`, digits of the second only where needed."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    whole = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{us % SECOND:06d}".rstrip("0") + "Z" if us % SECOND else f"{whole}Z"


def _float(limit: Decimal | None, off: float) -> float:
    return off if limit is None else float(limit)


def _us(length: timedelta | None) -> int:
    return 0 if length is None else length // timedelta(microseconds=1)


def _param_us(clauses: Mapping[str, Clause], kind: str, name: str) -> int | None:
    found = clauses[kind].params.get(name) if kind in clauses else None
    return None if found is None else _us(found)


def _clauses(contract: Contract) -> tuple[dict[str, Clause], dict[str, str]]:
    """The clause behind each kind of rule, and those that this engine has to refuse, with the reason.

    Without a `timestamps` rule the timestamp field itself demands a believable instant; a primary key demands
    uniqueness without a `uniqueKey` rule.
    """
    kinds = {rule.kind for rule in RULES.values()} | {"samplingInterval"}
    tables = {"tags", *(ref.name for ref in contract.refs if ref.tags)}
    chosen: dict[str, Clause] = {}
    refused: dict[str, str] = {}
    for clause in contract.clauses:
        stamp = clause.kind == "time" and _is_stamp(contract, clause)
        kind = {"key": "uniqueKey"}.get(clause.kind, "timestamps" if stamp else clause.kind)
        if kind not in kinds or not clause.by_file:
            continue
        implied = kind != clause.kind
        if kind == "uniqueKey" and (reason := _unique_key_refused(contract, clause)):
            refused[clause.id] = reason
        elif kind == "rangeByKey" and clause.params.get("limits", "tags") not in tables:
            refused[clause.id] = f"the table {clause.params['limits']} has no tags"
        elif kind not in chosen:
            chosen[kind] = clause
        elif not implied:
            refused[clause.id] = f"another {kind} clause, {chosen[kind].id}, is already judged"
    return chosen, refused


def _is_stamp(contract: Contract, clause: Clause) -> bool:
    return clause.path.rpartition(".")[2] == _first_time(contract)


def _first_time(contract: Contract) -> str | None:
    """The field with the time of a point, if no rule names it. The start of relative times is not it."""
    schema = contract.schema
    return next((f.name for f in schema.fields if f.type == "timestamp" and f.name != schema.time.start), None)


def _unique_key_refused(contract: Contract, clause: Clause) -> str | None:
    ts = _first_time(contract) or "ts"
    key = clause.params.get("key", ())
    if len(key) != len(_KEY) or ts not in key:
        return f"a series is unique by tag and time only, not by {', '.join(key)}"
    foreign = [name for name in clause.params.get("compare", ()) if name not in _COMPARED]
    return f"copies are compared by value and quality only, not by {', '.join(foreign)}" if foreign else None


def _columns(clauses: Mapping[str, Clause], contract: Contract) -> Columns:
    names = [field.name for field in contract.schema.fields]

    def named(default: str, *wanted: tuple[str, str]) -> str:
        for kind, parameter in wanted:
            if kind in clauses and parameter in clauses[kind].params:
                return str(clauses[kind].params[parameter])
        return default

    def present(name: str) -> str | None:
        return name if name in names else None

    first_time = _first_time(contract) or "ts"
    skewed = clauses["timestamps"].params.get("serverTs") if "timestamps" in clauses else None
    phase = next(
        (str(c.params["phase"]) for c in contract.clauses if c.kind == "batchContext" and "phase" in c.params), "phase"
    )
    return Columns(
        ts=named(first_time, ("timestamps", "ts"), ("monotonic", "ts"), ("maxGap", "ts")),
        tag=named("tag", ("knownTags", "key"), ("rangeByKey", "key"), ("monotonic", "key"), ("maxGap", "key")),
        value=named("value", ("finite", "value"), ("rangeByKey", "value"), ("qualityCodes", "value")),
        quality=present(named("quality", ("qualityCodes", "field"))),
        unit=present(named("unit", ("unitIs", "unit"))),
        phase=present(phase),
        batch=_batch_column(contract),
        server_ts=None if skewed is None else str(skewed),
    )


ASK_FOR_BATCHES: Final = ("batchContext", "notReplay", "drift", "noLateHistory")


def _batch_column(contract: Contract) -> str | None:
    """The field with the batch of a point: named by a rule, else the identifier of a batch."""
    asking = [c for c in contract.clauses if c.kind in ASK_FOR_BATCHES]
    fields = contract.schema.fields
    schemes = [f.name for f in fields if f.custom.get("identifier", {}).get("scheme") == "batch"]
    named = [str(c.params["batch"]) for c in asking if "batch" in c.params]
    names = {f.name for f in fields}
    return next((n for n in (*named, *schemes, "batch_id") if n in names), None) if asking else None


def _limited(contract: Contract, clauses: Mapping[str, Clause]) -> dict[str, TagDef]:
    """Tag -> the definition that holds its range: the agreed tags, or the reference table that `limits` names."""
    found = {t.tag: t for t in contract.schema.tags}
    table = clauses["rangeByKey"].params.get("limits", "tags") if "rangeByKey" in clauses else "tags"
    if table != "tags":
        found |= {t.tag: t for ref in contract.refs if ref.name == table for t in ref.tags if t.tag in found}
    return found


def _low(tag: TagDef | None) -> float:
    # The largest finite number, not infinity: so that an infinite value is outside every range, also an open one.
    return float(tag.low) if tag is not None and tag.low is not None else -np.finfo(np.float64).max


def _high(tag: TagDef | None) -> float:
    return float(tag.high) if tag is not None and tag.high is not None else float(np.finfo(np.float64).max)


def _stuck(tag: TagDef, clauses: Mapping[str, Clause]) -> bool:
    return "stuck" in clauses and tag.kind == "measured" and tag.stuck_after is not None and tag.noise_floor is not None


def _rate(tag: TagDef, clauses: Mapping[str, Clause]) -> bool:
    return "rate" in clauses and tag.kind == "measured" and tag.max_rate is not None


def _has_trend(tag: TagDef, clauses: Mapping[str, Clause]) -> bool:
    return _stuck(tag, clauses) or _rate(tag, clauses)


def _gaps(tags: Iterable[TagDef], clause: Clause | None) -> Ints:
    if clause is None:
        return np.array([OFF for _ in tags], np.int64)
    seconds: Any = clause.params.get("seconds")
    fixed = None if seconds is None else int(Decimal(seconds) * SECOND)
    return np.array([fixed or _us(t.max_gap) or OFF for t in tags], np.int64)


def _sentinels(tags: tuple[TagDef, ...]) -> tuple[tuple[float, Bools], ...]:
    values = sorted({float(s) for t in tags for s in t.sentinels})
    return tuple((v, np.array([any(float(s) == v for s in t.sentinels) for t in tags], np.bool_)) for v in values)


def _switched_off(tags: tuple[TagDef, ...], clauses: Mapping[str, Clause]) -> frozenset[str]:
    """Clauses for which no tag carries a limit: nothing was judged, and the report says so."""
    has = {
        "rangeByKey": any(t.low is not None or t.high is not None for t in tags),
        "sentinels": any(t.sentinels for t in tags),
        "maxGap": bool((_gaps(tags, clauses.get("maxGap")) != OFF).any()),
        "stuck": any(_stuck(t, clauses) for t in tags),
        "rate": any(_rate(t, clauses) for t in tags),
        "samplingInterval": any(t.interval for t in tags),
        "unitIs": any(t.unit for t in tags),
    }
    return frozenset(clause.id for kind, clause in clauses.items() if not has.get(kind, True))
