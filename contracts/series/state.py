"""What a series check carries from one delivery to the next: a value that can be written down and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

FORMAT: Final = "justindata-series-state/1"


@dataclass(frozen=True, slots=True)
class Point:
    """A point that was seen: what a later copy of it is compared with. `value` is the float's text, so NaN survives."""

    ts: int  # microseconds since 1970
    value: str | None
    quality: str | None


@dataclass(frozen=True, slots=True)
class TagState:
    """One tag. Times are microseconds since 1970.

    `watermark` is the largest believable time seen. The trend part is the last row of the trend sequence (contracts.md
    4.4): its time and value, the start of the run without change that it belongs to, and whether that was reported.
    """

    watermark: int
    trend_ts: int | None = None
    trend_value: str | None = None
    still_since: int | None = None
    still_reported: bool = False
    recent: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesState:
    """Where a stream stopped. Kept by tag name, so that it survives a contract with more or other tags."""

    tags: Mapping[str, TagState] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, text and integers: ready for JSON."""
        return {"format": FORMAT, "tags": {name: _tag_dict(tag) for name, tag in self.tags.items()}}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> SeriesState:
        """Raises ValueError when the body is no state of this format."""
        if body.get("format") != FORMAT:
            raise ValueError(f"not a series state: format is {body.get('format')!r}, valid is {FORMAT!r}")
        return cls({name: _tag_of(tag) for name, tag in body["tags"].items()})


def _tag_dict(tag: TagState) -> dict[str, Any]:
    return {
        "watermark": tag.watermark,
        "trend": [tag.trend_ts, tag.trend_value, tag.still_since, tag.still_reported],
        "recent": [[p.ts, p.value, p.quality] for p in tag.recent],
    }


def _tag_of(body: Mapping[str, Any]) -> TagState:
    last, value, since, told = body["trend"]
    return TagState(body["watermark"], last, value, since, told, tuple(Point(*p) for p in body["recent"]))
