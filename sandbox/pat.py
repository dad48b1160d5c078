"""What the partners' bioreactors send: readings with the defects placed on purpose, as hourly CSV text or as PI JSON.

    northvale    PI streamset, windows of any length; three seconds of "Bad Input" on one tag in the third hour
    brightwater  CSV by the hour; one tag silent for eight minutes in the second hour, one stuck from the fifth on
    halden       CSV by the hour; one tag out of its range for four minutes in the fourth hour

All in the six hours before t0. Text is made from whole columns, tag by tag: an hour of 20 tags (72,000 rows) takes a
tenth of a second, and its bytes depend on nothing but the story.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from contracts.contract import Contract, TagDef
from sandbox.culture import Array, Recipe
from sandbox.sensors import SENSORS, readings
from sandbox.story import CDMOS, HOUR, PartnerId, Story

Flags = npt.NDArray[np.bool_]
DefectKind = Literal["gap", "stuck", "excursion", "bad"]


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that goes wrong with one tag in [start, end). `signal` is the canonical name of the tag."""

    kind: DefectKind
    signal: str
    start: datetime
    end: datetime


def defects(story: Story, partner: PartnerId) -> tuple[Defect, ...]:
    """Where this partner's stream is broken."""

    def place(kind: DefectKind, signal: str, hour: int, minute: int, lasts: timedelta) -> Defect:
        begin = story.pat_start + hour * HOUR + timedelta(minutes=minute)
        return Defect(kind, signal, begin, begin + lasts)

    if partner == "northvale":
        return (place("bad", "lactate", 2, 41, timedelta(seconds=3)),)
    if partner == "brightwater":
        return (
            place("gap", "capacitance", 1, 17, timedelta(minutes=8)),
            place("stuck", "dissolved_oxygen", 4, 8, timedelta(minutes=45)),
        )
    return (place("excursion", "temperature", 3, 22, timedelta(minutes=4)),)


@dataclass(frozen=True)
class Column:
    """One tag over [start, end), a reading a second. Where `present` is false the partner sent no row; where `good` is
    false the point has bad quality and no value."""

    tag: TagDef
    values: Array
    present: Flags
    good: Flags

    def texts(self) -> list[str]:
        """The readings as sent, in the sensor's digits."""
        digits = SENSORS[self.tag.name].digits
        return list(map(f"%.{digits}f".__mod__, self.values.tolist()))


def columns(story: Story, partner: PartnerId, contract: Contract, start: datetime, end: datetime) -> list[Column]:
    """All agreed tags over [start, end), with the partner's defects. Whole seconds inside the batch only."""
    recipe = story.recipe(partner)
    broken = defects(story, partner)
    return [
        _column(recipe, tag, [d for d in broken if d.signal == tag.name], start, end) for tag in contract.schema.tags
    ]


def count(story: Story, partner: PartnerId, contract: Contract, start: datetime, end: datetime) -> int:
    """How many rows the partner sends for [start, end): one a tag and second, less what the gaps swallow."""
    rows = len(contract.schema.tags) * int((end - start).total_seconds())
    for defect in defects(story, partner):
        if defect.kind == "gap":
            lost = min(defect.end, end) - max(defect.start, start)
            rows -= max(0, int(lost.total_seconds()))
    return rows


def as_csv(story: Story, partner: PartnerId, contract: Contract, hour: datetime) -> bytes:
    """The file of one full hour: `ts,tag,value,quality,batch_id,phase`, by time, then by tag."""
    end = hour + HOUR
    recipe, begin = story.recipe(partner), int(hour.timestamp())
    # A change of clocks falls on a full hour of UTC, so one offset holds for the file.
    stamp, offset = story.local(partner, hour)[:14], story.local(partner, hour)[19:]
    times = [f"{stamp}{second // 60:02d}:{second % 60:02d}{offset}" for second in range(3600)]
    tails = [f",{recipe.batch},{recipe.phase(begin + second)}\n" for second in range(3600)]
    lines: list[list[str]] = []
    for column in columns(story, partner, contract, hour, end):
        name = column.tag.tag
        whole = column.present.all() and column.good.all()
        texts = column.texts()
        if whole:
            lines.append([f"{t},{name},{v},GOOD{x}" for t, v, x in zip(times, texts, tails, strict=True)])
            continue
        quality = zip(column.present.tolist(), column.good.tolist(), strict=True)
        lines.append(
            [
                "" if not there else f"{t},{name},{v},GOOD{x}" if good else f"{t},{name},,BAD{x}"
                for t, v, x, (there, good) in zip(times, texts, tails, quality, strict=True)
            ]
        )
    body = "".join("".join(row) for row in zip(*lines, strict=True))
    return f"ts,tag,value,quality,batch_id,phase\n{body}".encode()


def file_name(partner: PartnerId, hour: datetime) -> str:
    """Named after the unit and the hour it holds, in UTC."""
    return f"{CDMOS[partner].unit}_{hour:%Y%m%dT%HZ}.csv"


def hours(story: Story, until: datetime) -> list[datetime]:
    """The hours whose files are complete at `until`."""
    whole = int((min(until, story.pat_end) - story.pat_start) / HOUR)
    return [story.pat_start + n * HOUR for n in range(max(0, whole))]


def as_pi(
    story: Story,
    contract: Contract,
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    max_count: int = 1000,
) -> bytes:
    """Northvale's recorded values as a PI Web API streamset, one stream a tag, none later than `now`.

    As the product does: both ends of the window are inside, at most `max_count` values a stream, and a bad point has
    Good = false and a system state for a value.
    """
    tick = timedelta(seconds=1)
    first = max(_second_from(start), story.pat_start)
    stop = min(_second_until(end) + tick, story.pat_end, _second_until(now) + tick, first + max_count * tick)
    if first >= stop:
        streams = [_stream(tag, "") for tag in contract.schema.tags]
    else:
        stamps = _stamps(first, stop)
        streams = [_stream(c.tag, _items(c, stamps)) for c in columns(story, "northvale", contract, first, stop)]
    return ('{"Links":{},"Items":[\n' + ",\n".join(streams) + "\n]}\n").encode()


def _column(recipe: Recipe, tag: TagDef, broken: Sequence[Defect], start: datetime, end: datetime) -> Column:
    values = readings(recipe, tag.name, start, end)
    present = np.ones(values.shape, dtype=bool)
    good = np.ones(values.shape, dtype=bool)
    second = int(start.timestamp()) + np.arange(values.size)
    for defect in broken:
        begin, stop = int(defect.start.timestamp()), int(defect.end.timestamp())
        inside = (second >= begin) & (second < stop)
        match defect.kind:
            case "gap":
                present &= ~inside
            case "bad":
                good &= ~inside
            case "stuck":
                frozen = readings(recipe, tag.name, defect.start, defect.start + timedelta(seconds=1))[0]
                values = np.where(inside, frozen, values)
            case "excursion":
                # Rises and falls as half a sine, so that it stays below the agreed rate of change.
                peak = _beyond(tag)
                shape = np.sin(math.pi * (second - begin) / (stop - begin))
                digits = SENSORS[tag.name].digits
                values = np.where(inside, np.round(values + peak * shape, digits), values)
    return Column(tag, values, present, good)


def _beyond(tag: TagDef) -> float:
    """How much must be added to leave the range for sure from anywhere above its lowest tenth."""
    if tag.low is None or tag.high is None:
        raise ValueError(f"{tag.tag} has no range to leave")
    return float(tag.high - tag.low) * 0.9


def _second_until(moment: datetime) -> datetime:
    """The last whole second at or before a moment."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _second_from(moment: datetime) -> datetime:
    """The first whole second at or after a moment."""
    last = _second_until(moment)
    return last if last == moment else last + timedelta(seconds=1)


def _stamps(start: datetime, end: datetime) -> list[str]:
    first = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "s")
    count = int((end - start).total_seconds())
    return [f"{stamp}Z" for stamp in np.datetime_as_string(first + np.arange(count)).tolist()]


_STATE = '{"Name":"Bad Input","Value":255,"IsSystem":true}'


def _items(column: Column, stamps: Sequence[str]) -> str:
    unit = column.tag.unit
    texts = column.texts()
    tail = f',"UnitsAbbreviation":"{unit}","Good":true,"Questionable":false,"Substituted":false,"Annotated":false}}'
    if column.good.all():
        items = [f'{{"Timestamp":"{t}","Value":{v}{tail}' for t, v in zip(stamps, texts, strict=True)]
    else:
        bad = tail.replace('"Good":true', '"Good":false')
        items = [
            f'{{"Timestamp":"{t}","Value":{v}{tail}' if good else f'{{"Timestamp":"{t}","Value":{_STATE}{bad}'
            for t, v, good in zip(stamps, texts, column.good.tolist(), strict=True)
        ]
    return ",\n".join(items)


def _stream(tag: TagDef, items: str) -> str:
    head = f'{{"WebId":"W-{tag.tag}","Name":"{tag.tag}","Path":"\\\\\\\\PI01\\\\{tag.tag}","Links":{{}},'
    return f'{head}"Items":[{items}],"UnitsAbbreviation":"{tag.unit}"}}'
