"""The one story of the sandbox: who the three CDMOs are, which lots, batches and slots they have, and when.

Everything follows from (seed, t0): t0 is "now" at the first `make run`. Act 1 is what the partners have published at
t0; act 2 adds the corrections. `story.json` in the sandbox's folder keeps both, so that a second run goes on where the
first one stopped and every file is made again byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from sandbox.culture import Recipe

PartnerId = Literal["northvale", "brightwater", "halden"]
PARTNERS: tuple[PartnerId, ...] = get_args(PartnerId)
Act = Literal[1, 2]

HOUR = timedelta(hours=1)
PAT_BACK = 6 * HOUR
"""How much of the running batch lies behind t0 (counted from the full hour before it)."""
PAT_AHEAD = 7 * HOUR
"""How long the batch still runs. It ends, so that a run after days of silence fetches no more than the first."""
GROWN_BEFORE = 48 * HOUR
"""The culture's age when its delivered hours begin."""


@dataclass(frozen=True, slots=True)
class Cdmo:
    """What is fixed about one simulated CDMO, whatever the seed and the day."""

    partner: PartnerId
    name: str
    site: str
    timezone: str
    unit: str
    batch_number: int
    first_lot: int
    lots: int
    transduction_h: float
    """Hours after the delivered window begins at which the cells are transduced; production starts 90 minutes later."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


CDMOS: dict[PartnerId, Cdmo] = {
    "northvale": Cdmo("northvale", "Northvale Vectors", "NV-BOS", "America/New_York", "BR01", 1, 1, 4, 2.0),
    "brightwater": Cdmo("brightwater", "Brightwater Biologics", "BW-GNT", "Europe/Brussels", "BR02", 2, 11, 3, 3.0),
    "halden": Cdmo("halden", "Halden Bio", "HD-ICN", "Asia/Seoul", "BR03", 3, 21, 3, 1.0),
}


@dataclass(frozen=True, slots=True)
class Story:
    """The story at one act. `t0` is an aware UTC instant of whole seconds.

    `second_act_at` is when act 2 really happened: file times and "updated since" follow it, contents never do.
    """

    seed: int
    t0: datetime
    act: Act = 1
    second_act_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.t0.tzinfo is None or self.t0.microsecond:
            raise ValueError("a story starts at an aware instant of whole seconds")
        object.__setattr__(self, "t0", self.t0.astimezone(UTC))

    @property
    def yymm(self) -> str:
        return f"{self.t0:%y%m}"

    @property
    def hour(self) -> datetime:
        """The full hour at or before t0."""
        return self.t0.replace(minute=0, second=0)

    @property
    def pat_start(self) -> datetime:
        return self.hour - PAT_BACK

    @property
    def pat_end(self) -> datetime:
        return self.hour + PAT_AHEAD

    def at(self, act: Act) -> Story:
        return replace(self, act=act)

    def batch(self, partner: PartnerId) -> str:
        return f"B-{self.yymm}-{CDMOS[partner].batch_number:04d}"

    def lots(self, partner: PartnerId) -> tuple[str, ...]:
        cdmo = CDMOS[partner]
        return tuple(self.lot(n) for n in range(cdmo.first_lot, cdmo.first_lot + cdmo.lots))

    def lot(self, number: int) -> str:
        return f"LV-{self.yymm}-{number:02d}"

    def recipe(self, partner: PartnerId) -> Recipe:
        """When the phases of the partner's running batch begin."""
        begin = int(self.pat_start.timestamp())
        transduction = begin + int(CDMOS[partner].transduction_h * 3600)
        return Recipe(
            seed=self.seed,
            batch=self.batch(partner),
            start=begin - int(GROWN_BEFORE.total_seconds()),
            transduction=transduction,
            production=transduction + 90 * 60,
            end=int(self.pat_end.timestamp()),
        )

    def random(self, *about: object) -> Random:
        """A generator of its own for each subject: adding one subject never changes another one's numbers."""
        return Random("|".join(map(str, (self.seed, *about))))  # noqa: S311 - invented laboratory values

    def local(self, partner: PartnerId, moment: datetime) -> str:
        """The moment as the partner's systems write it: local time with its offset, whole seconds."""
        return moment.astimezone(CDMOS[partner].zone).isoformat(timespec="seconds")


def new_story(now: datetime, *, seed: int = 2611) -> Story:
    """A story that starts now. `seed` changes biology, noise and laboratory values, never the plot."""
    return Story(seed, now.astimezone(UTC).replace(microsecond=0))


def load_story(folder: Path) -> Story | None:
    """The story of an earlier run in this folder, or None."""
    path = folder / "story.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    second = kept["second_act_at"]
    return Story(
        seed=kept["seed"],
        t0=datetime.fromisoformat(kept["t0"]),
        act=kept["act"],
        second_act_at=None if second is None else datetime.fromisoformat(second),
    )


def save_story(folder: Path, story: Story) -> None:
    """Keep the story. Written beside and moved over, so that an interrupted run leaves the old or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        "seed": story.seed,
        "t0": story.t0.isoformat(),
        "act": story.act,
        "second_act_at": story.second_act_at.isoformat() if story.second_act_at else None,
    }
    beside = folder / "story.json.new"
    beside.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    beside.replace(folder / "story.json")
