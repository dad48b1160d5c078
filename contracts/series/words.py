"""The words of series findings: what is wrong, what was found, what is agreed, what to do."""

from __future__ import annotations

from decimal import Decimal

from contracts.contract import TagDef
from contracts.finding import Expected, Fix, Found
from contracts.series.outcome import Group
from contracts.series.plan import SeriesPlan, text_of

_MESSAGE = {
    "null_ts": "the timestamp is empty",
    "ts_placeholder": "the timestamp lies before any time that was agreed",
    "ts_future": "the timestamp lies after the arrival of the file",
    "clock_skew": "the clocks of source and server disagree",
    "null_tag": "the tag is empty",
    "tag_unknown": "the tag {tag} is not agreed",
    "null_quality": "the quality of {tag} is empty",
    "quality_unknown": "the quality code of {tag} is not agreed",
    "value_missing": "{tag} has no value although its quality does not excuse it",
    "not_finite": "the value of {tag} is not a finite number",
    "sentinel": "{tag} sends a sentinel with a quality that counts",
    "out_of_range": "the value of {tag} is outside the agreed range",
    "looks_like": "the values of {tag} look like another unit",
    "unit": "{tag} is sent in another unit",
    "late": "rows of {tag} are behind its newest timestamp",
    "late_beyond": "rows of {tag} are behind its newest timestamp by more than agreed",
    "gap": "{tag} is silent for longer than agreed",
    "dup_same": "points of {tag} are sent more than once",
    "dup_conflict": "{tag} has different content for the same time",
    "stuck": "{tag} does not change any more",
    "rate": "{tag} changes faster than agreed",
}

_FIX = {
    "null_ts": "send the time of each point",
    "ts_placeholder": "send the time at which the point was measured",
    "ts_future": "check the clock of the source",
    "clock_skew": "synchronise the clocks",
    "null_tag": "name the tag of each point",
    "tag_unknown": "use an agreed tag, or agree on this one",
    "null_quality": "send the quality of each point",
    "quality_unknown": "use an agreed quality code, or agree on this one",
    "value_missing": "send the value, or the quality that says why there is none",
    "not_finite": "leave the value empty and say why in the quality",
    "sentinel": "mark the point as bad instead of sending a stand-in value",
    "unit": "convert the values, or agree on the new unit",
    "looks_like": "check the unit of the export",
    "late": "send points in order of time",
    "late_beyond": "send points in order of time",
    "gap": "send the missing points",
    "out_of_range": "check the value, and mark the point as bad if it was not measured",
    "rate": "check the sensor, and mark the points as bad if they were not measured",
    "dup_same": "send each point once",
    "dup_conflict": "send each point once; say which content holds",
    "stuck": "check the sensor",
}


_BREACH = {
    "required": ("{column} is empty", "fill in {column}"),
    "enum": ("{column} holds a word that is not one of the agreed codes", "use one of the agreed codes"),
    "vocabulary": ("{column} holds a word that is not agreed", "use an agreed word, or agree on this one"),
    "identifier": ("{column} is malformed", "write the identifier as agreed"),
    "text": ("{column} does not have the agreed form", "write {column} as agreed"),
    "bounds": ("{column} is outside the agreed bounds", "check the value"),
    "personalData": ("{column} holds what looks like personal data", "leave personal data out of the file"),
}


def breach(group: Group) -> str:
    """What is wrong where a column breaks its own definition."""
    return _BREACH[_kind(group)][0].format(column=group.column)


def breach_fix(group: Group) -> str:
    return _BREACH[_kind(group)][1].format(column=group.column)


def breach_expected(group: Group) -> str | None:
    """What the definition of the column says, as far as it can be said in a line."""
    params = group.clause.params if group.clause is not None else {}
    match _kind(group):
        case "identifier" | "text" if "pattern" in params:
            return f"text like {params['pattern']}"
        case "text":
            return f"{params.get('minLength', 0)} to {params.get('maxLength', 'any number of')} characters"
        case "enum":
            return f"one of {', '.join(str(value) for value in params['values'])}"
        case "bounds":
            return ", ".join(f"{name} {limit}" for name, limit in params.items())
        case _:
            return None


def _kind(group: Group) -> str:
    assert group.clause is not None
    return group.clause.kind


def message(rule: str, tag: str | None) -> str:
    return _MESSAGE[rule].format(tag=tag or "a point without tag")


def fix(rule: str, near: str | None = None) -> Fix | None:
    if rule == "tag_unknown" and near is not None:
        return Fix(f"use an agreed tag, or agree on this one; did you mean {near}")
    return Fix(_FIX[rule]) if rule in _FIX else None


def found(rule: str, ts: int, value: float, detail: float, words: list[str]) -> Found | None:
    """What the first failing row holds. `detail` is what the rule measured, or the number of the partner's own word."""
    match rule:
        case "ts_placeholder" | "ts_future":
            return Found(text_of(ts), "timestamp")
        case "quality_unknown" | "unit":
            return Found(words[int(detail)])
        case "not_finite" | "sentinel" | "out_of_range" | "looks_like":
            return Found(number(value), "number")
        case "late" | "late_beyond":
            return Found(f"{seconds(detail)} behind")
        case "gap":
            return Found(f"no point for {seconds(detail)}")
        case "stuck":
            return Found(f"no change for {seconds(detail)}")
        case "rate":
            return Found(f"{number(float(f'{detail:.6g}'))} per second")
        case "dup_same" | "dup_conflict":
            return Found(f"{number(value)} at {text_of(ts)}")
        case _:
            return None


def expected(rule: str, tag: TagDef | None, plan: SeriesPlan) -> Expected | None:
    match rule:
        case "ts_placeholder" if plan.minimum_us is not None:
            return Expected(f"not before {text_of(plan.minimum_us)}")
        case "ts_future" if plan.tolerance_us is not None:
            return Expected(f"at most {seconds(plan.tolerance_us / 1e6)} after the arrival of the file")
        case "quality_unknown":
            return Expected(f"one of {', '.join(sorted(plan.quality_map))}")
        case "late_beyond":
            return Expected(f"at most {seconds(plan.late_window / 1e6)} behind")
    if tag is None:
        return None
    match rule:
        case "out_of_range" | "looks_like":
            return _range(tag)
        case "unit":
            return Expected(f"the unit {tag.unit}", unit=tag.unit)
        case "gap":
            limit = int(plan.max_gap[plan.number[tag.tag]])
            return Expected(f"at most {seconds(limit / 1e6)} between points")
        case "stuck" if tag.stuck_after is not None:
            length = seconds(tag.stuck_after.total_seconds())
            return Expected(f"a change of more than {tag.noise_floor} within {length}")
        case "rate":
            return Expected(f"at most {tag.max_rate} per second", unit=tag.unit or None)
    return None


def _range(tag: TagDef) -> Expected:
    low, high = _text(tag.low), _text(tag.high)
    text = f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"
    return Expected(text, lower=low, upper=high, unit=tag.unit or None)


def _text(limit: Decimal | None) -> str | None:
    return None if limit is None else str(limit)


def number(value: float) -> str:
    """A float as people write it: no trailing `.0`; `nan` and infinity by their names, empty as such."""
    if value != value:
        return "NaN"
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def seconds(length: float) -> str:
    """A length of time: `75 s`, `0.5 s`, `4 h 10 min`."""
    whole = round(length)
    if whole < 600 or length != whole:
        return f"{length:.10g} s"
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s" if rest else ""]
    return " ".join(p for p in parts if p)
