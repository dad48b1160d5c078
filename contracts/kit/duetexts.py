"""When data is due, in words and with an example in dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.contract import Contract, ServiceLevel
from contracts.kit.good import AT, good

_ANCHORS = {
    "slot.planned_start": "the slot is planned to start",
    "slot.planned_end": "the slot is planned to end",
    "slot.planned_final_release": "the product is planned to be released",
    "slot.actual_start": "the run starts",
    "batch.end": "the batch ends",
    "lot.mfg_end": "the lot is made",
    "tag.last_good": "the last good point of the tag",
    "feed.last_accepted": "the last accepted delivery",
}
_SUBJECTS = {
    "lot": "the {level}certificate of the lot",
    "slot": "the {level}data of the slot",
    "tag": "the next good point of each tag",
    "feed": "the next delivery",
}


@dataclass(frozen=True, slots=True)
class Step:
    when: str
    what: str
    look: str
    """anchor, due or told: how it is drawn."""


@dataclass(frozen=True, slots=True)
class Level:
    """One service level. `steps` in order of time; `condition` says when it applies at all."""

    said: str
    zone: str
    steps: tuple[Step, ...]
    condition: str | None


def levels(contract: Contract) -> list[Level]:
    """Every service level of the contract, with an example that starts from the kit's own time."""
    return [_level(contract, level) for level in contract.service_levels]


def _level(contract: Contract, level: ServiceLevel) -> Level:
    zone = ZoneInfo(level.timezone)
    anchor = _anchor(contract, level)
    due = (anchor.astimezone(zone) + level.lead_time).astimezone(zone) if level.lead_days else anchor + level.lead_time
    due += level.grace
    subject = _SUBJECTS[level.subject].format(level=f"{level.level} " if level.level else "")
    steps = [(anchor, Step(_when(anchor, zone), _sentence(_ANCHORS.get(level.anchor, level.anchor)), "anchor"))]
    steps.append((due, Step(_when(due, zone), _sentence(f"{subject} is due"), "due")))
    for after, impact, told in level.escalate:
        what = f"If it is not there: {', '.join(told)} {'are' if len(told) > 1 else 'is'} told (impact {impact.value})"
        steps.append((due + after, Step(_when(due + after, zone), what, "told")))
    steps.sort(key=lambda at: (at[0], {"anchor": 0, "due": 1}.get(at[1].look, 2)))
    length = duration_words(abs(level.lead_time))
    side = "before" if level.lead_time < timedelta() else "after"
    said = f"{subject} is due {length} {side} {_ANCHORS.get(level.anchor, level.anchor)}"
    holds = [f"{field} is {' or '.join(words)}" for field, words in level.applies_when.items()]
    condition = f"Only while {' and '.join(holds)}." if holds else None
    return Level(said, level.timezone, tuple(step for _, step in steps), condition)


def _anchor(contract: Contract, level: ServiceLevel) -> datetime:
    """A believable time for the anchor: ten days on for what is planned, the kit's own time for what has been."""
    if contract.schema.document_kind == "schedule" and level.anchor.startswith("slot."):
        said = good(contract).rows[0].get(level.anchor.removeprefix("slot."))
        if isinstance(said, str) and said.endswith("Z"):
            return datetime.fromisoformat(said)
    return AT + timedelta(days=10) if level.anchor.startswith("slot.") else AT


def _when(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def duration_words(length: timedelta) -> str:
    """`48 h`, `14 days`, `5 min`, `1 s`."""
    seconds = length.total_seconds()
    for size, name in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size * (3 if name == "day" else 1) and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {name}{'s' if name == 'day' and count != 1 else ''}"
    return f"{seconds:g} s"


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]
