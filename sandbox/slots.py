"""The patient slots of each CDMO, as a list of hub-native rows, as CSV and as JSON.

Act 2 changes Brightwater's schedule only: one slot slips by 36 hours, one is cancelled. A slot that did not change
keeps its revision and its time of publication, so that nothing but the two changes is new. Slot 12 starts 40 hours
after t0 and its lot has no complete L1 certificate: due 48 hours before the start, so 8 hours late at t0. Slot 22 has
started.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.story import CDMOS, HOUR, PartnerId, Story

COLUMNS = (
    "slot_uid",
    "revision",
    "published_at",
    "status",
    "site",
    "suite",
    "product",
    "coi",
    "apheresis_collected_at",
    "apheresis_expires_at",
    "vector_lot",
    "vector_doses",
    "planned_start",
    "planned_end",
    "actual_start",
    "actual_end",
    "planned_final_release",
)
DAY = timedelta(days=1)
SLIP = 36 * HOUR
RUN_TAKES = 10 * DAY
RELEASE_AFTER = 18 * DAY
NOT_YET = "TBD"
"""A slot far ahead that has no vector lot yet."""


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """One line of a schedule at one act. Instants are aware UTC; `lot` is a lot number or `TBD`."""

    number: int
    partner: PartnerId
    lot: str
    status: str
    start: datetime
    revision: int
    published: datetime
    started: datetime | None = None

    @property
    def release(self) -> datetime:
        return self.start + RELEASE_AFTER

    def uid(self, story: Story) -> str:
        return f"SL-{story.yymm}-{self.number:02d}"


def slots(story: Story, partner: PartnerId) -> tuple[PlannedSlot, ...]:
    """The partner's schedule at the story's act, in the order it is printed."""
    begin = story.hour
    first = story.t0 - HOUR
    now_changed = story.act == 2 and partner == "brightwater"

    def plan(number: int, lot: int | None, start: timedelta, status: str = "confirmed") -> PlannedSlot:
        name = NOT_YET if lot is None else story.lot(lot)
        return PlannedSlot(number, partner, name, status, begin + start, 1, first)

    if partner == "northvale":
        return (
            plan(1, 1, 3 * DAY),
            plan(2, 2, 4 * DAY),
            plan(3, 3, 7 * DAY),
            plan(4, 4, 6 * DAY),
            plan(5, None, 25 * DAY, "tentative"),
        )
    if partner == "halden":
        running = PlannedSlot(
            22, partner, story.lot(22), "running", begin - 10 * HOUR, 1, first, story.hour - 10 * HOUR + HOUR / 3
        )
        return (plan(21, 21, 5 * DAY), running, plan(23, 23, 4 * DAY + 6 * HOUR))
    moved, cancelled = plan(11, 11, 84 * HOUR), plan(14, 11, 14 * DAY, "tentative")
    if now_changed:
        moved = PlannedSlot(11, partner, moved.lot, moved.status, moved.start + SLIP, 2, story.t0)
        cancelled = PlannedSlot(14, partner, cancelled.lot, "cancelled", cancelled.start, 2, story.t0)
    # Not from the full hour: what is late by 8 h must be late by 8 h at t0.
    soon = PlannedSlot(12, partner, story.lot(12), "confirmed", story.t0 + 40 * HOUR, 1, first)
    return (moved, soon, plan(13, 13, 6 * DAY), cancelled)


def rows(story: Story, partner: PartnerId) -> list[dict[str, str | int]]:
    """The same as hub-native fields (domain.md 5.2); what is not known is left out."""
    cdmo = CDMOS[partner]
    out: list[dict[str, str | int]] = []
    for slot in slots(story, partner):
        row: dict[str, str | int] = {
            "slot_uid": slot.uid(story),
            "revision": slot.revision,
            "published_at": story.local(partner, slot.published),
            "status": slot.status,
            "site": cdmo.site,
            "suite": f"{cdmo.site}-S{slot.number % 10}",
            "product": "CT-CD19",
            "coi": _identity(story, slot),
            "vector_lot": slot.lot,
            "vector_doses": 1,
            "planned_start": story.local(partner, slot.start),
            "planned_end": story.local(partner, slot.start + RUN_TAKES),
            "planned_final_release": story.local(partner, slot.release),
        }
        if slot.lot != NOT_YET:  # the cells are frozen: collected before the slot was booked
            collected = story.hour - 12 * DAY - slot.number * HOUR
            row["apheresis_collected_at"] = story.local(partner, collected)
            row["apheresis_expires_at"] = story.local(partner, collected + 180 * DAY)
        if slot.started is not None:
            row["actual_start"] = story.local(partner, slot.started)
        out.append({name: row[name] for name in COLUMNS if name in row})
    return out


def as_csv(story: Story, partner: PartnerId) -> bytes:
    """The schedule as one CSV file: every column, empty where nothing is known yet."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(story, partner))
    return text.getvalue().encode()


def as_json(story: Story, partner: PartnerId) -> bytes:
    """The schedule as one JSON document: `{"slots": [...]}`."""
    return json.dumps({"slots": rows(story, partner)}, indent=2).encode() + b"\n"


def written(story: Story) -> datetime:
    """When the schedule of this act was written."""
    return story.t0 if story.act == 2 else story.t0 - HOUR


def file_name(story: Story) -> str:
    """A schedule file is named after the moment it was written, so the newest one sorts last."""
    return f"slots_{written(story):%Y%m%dT%H%M%SZ}.csv"


def _identity(story: Story, slot: PlannedSlot) -> str:
    """An invented chain-of-identity id in the form of 15 letters and digits: facility, year, number."""
    draw = story.random("coi", slot.partner, slot.number)
    return f"A{9000 + slot.number}{story.t0:%y}" + "".join(draw.choices("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", k=8))
