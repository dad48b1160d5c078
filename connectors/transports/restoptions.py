"""The options of transport `rest`, as a partner file holds them. `rest.py` explains them with an example each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from connectors.duration import Duration, Period, parse_duration
from connectors.secrets import TextOrRef
from connectors.transport import Options
from connectors.transports.auth import AuthOptions
from connectors.transports.paginators import PaginatorOptions
from connectors.transports.spans import is_path
from connectors.transports.templates import Template


class SinceOptions(Options):
    """How to ask for what is new. `order: ascending` promises that items come sorted by `field`, oldest first."""

    param: str = Field(min_length=1, description="the parameter that takes a time")
    field: str | None = Field(default=None, description="the item's field that holds the time it was last changed")
    id: str | None = Field(default=None, description="the item's field that tells apart items of one instant")
    until_param: str | None = None
    overlap: Duration | None = Field(default=None, description="look-back before the cursor; twice `every` by default")
    order: Literal["unknown", "ascending"] = "unknown"


class WindowOptions(Options):
    """Time windows of a historian, on a fixed grid. Only windows that are over are asked for."""

    start: timedelta | datetime = Field(description="how far back the first pull begins (6h), or from when (ISO 8601)")
    size: Period = Field(description="how long a window is: 30m")
    settle: Duration = Field(default=timedelta(0), description="how long after its end a window is left to fill up")
    from_param: str = "startTime"
    to_param: str = "endTime"
    inclusive_end: bool = Field(default=False, description="the partner counts a point at the end as inside")

    @field_validator("start", mode="before")
    @classmethod
    def _span_or_moment(cls, value: object) -> object:
        try:
            return parse_duration(value)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueError("write a span (6h, PT6H) or a moment (2026-11-01T00:00:00Z)") from None
        if moment.tzinfo is None:
            raise ValueError("a moment needs its offset: 2026-11-01T00:00:00Z")
        return moment.astimezone(UTC)


class TlsOptions(Options):
    """PEM files; relative paths start at the hub's home. The key's file is read by the TLS library itself."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


class RestOptions(Options):
    base_url: TextOrRef = Field(min_length=1, description="the partner's address, or a reference to it (env:NAME)")
    path: str | None = Field(default=None, description="what to fetch, below base_url")
    paths: tuple[str, ...] = ()
    params: dict[str, str | int] = Field(default_factory=dict, description="sent with every request")
    auth: AuthOptions | None = None
    tls: TlsOptions | None = None
    items: str | None = Field(default=None, description="where a page holds its list, for example $.data")
    key: Template | None = Field(default=None, description="a delivery's name by the item's fields")
    file: Template | None = Field(default=None, description="a file name for people by the item's fields")
    paginator: PaginatorOptions | None = None
    since: SinceOptions | None = None
    windows: WindowOptions | None = None
    max_bytes: int = Field(default=64 * 1024 * 1024, gt=0)
    deadline: Period = timedelta(seconds=60)
    read_timeout: Period = timedelta(seconds=30)
    connect_timeout: Period = timedelta(seconds=5)

    @property
    def all_paths(self) -> tuple[str, ...]:
        return self.paths or ((self.path,) if self.path is not None else ())

    @field_validator("since", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"param": value} if isinstance(value, str) else value

    @field_validator("items")
    @classmethod
    def _a_path(cls, items: str | None) -> str | None:
        if items is not None and not is_path(items):
            raise ValueError("not a path into the answer; write it like $.data, or $ when the answer is the list")
        return items

    @field_validator("path", "paths")
    @classmethod
    def _from_the_root(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for path in (value,) if isinstance(value, str) else value or ():
            if not path.startswith("/") or "?" in path or "#" in path:
                raise ValueError(f"{path!r}: a path starts with / and holds no ? or # (those go to params)")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> RestOptions:
        if (self.path is None) == (not self.paths):
            raise ValueError("name exactly one of path and paths")
        if len(set(self.all_paths)) < len(self.all_paths):
            raise ValueError("a path stands in paths twice")
        if self.items is None and (self.paginator or self.since or self.key):
            raise ValueError("paginator, since and key belong to pages of items; name where they are: items: $.data")
        if self.windows is not None and self.items is not None:
            raise ValueError("windows take each answer whole; leave items out")
        if self.windows is None and self.items is None and self.file is not None:
            raise ValueError("file belongs to items; a whole answer is named after its path")
        if self.windows is not None and self.file is not None:
            raise ValueError("file belongs to items; a window is named after its path and its times")
        return self
