"""Bad series whose times nobody can believe: future, without zone or start, in an hour that is skipped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.context import Context
from contracts.contract import Contract
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.seriesdraft import TABULAR, Edit, Rows, Series, later, middle, of, one_field

_DAY = timedelta(days=1)
_SPRING = datetime(2026, 3, 29, 0, 58, tzinfo=UTC)
"""Two minutes before the clocks of Europe go forward."""


def _future(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag()
    if tag is None or contract.schema.time.future_tolerance is None or contract.schema.time.base == "relative":
        return None

    def spoil(rows: Rows) -> None:
        middle(rows, tag)["ts"] = "2099-01-01T00:00:00Z"

    return series.bad("PAT-E106", spoil, context=Context(received_at=series.at + _DAY))


def _skew(contract: Contract) -> Bad | None:
    series = Series(contract)
    clause, tag, form = series.clause("timestamps"), series.tag(), series.form(*TABULAR)
    if clause is None or tag is None or form is None or not {"serverTs", "maxSkew"} <= clause.params.keys():
        return None
    field, most = str(clause.params["serverTs"]), clause.params["maxSkew"]

    def server(by: timedelta) -> Edit:
        def edit(rows: Rows) -> None:
            row = middle(rows, tag)
            row[field] = later(row["ts"], by)

        return edit

    return series.bad("PAT-E107", server(most + timedelta(minutes=1)), server(timedelta(0)), form=form)


def _naive(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag()
    if tag is None or contract.schema.time.zone != "offset" or contract.schema.time.base == "relative":
        return None

    def spoil(rows: Rows) -> None:
        row = middle(rows, tag)
        row["ts"] = row["ts"].removesuffix("Z")

    return series.bad("PAT-E108", spoil, form=series.form("csv", "ndjson", "piwebapi"))


def _skipped_hour(contract: Contract) -> Bad | None:
    """A clock that was not put forward shows a time that the zone skips."""
    zone = contract.schema.time.zone
    series = Series(contract, at=_SPRING, length=timedelta(minutes=4))
    tag, form = series.tag(), series.form("csv", "ndjson")
    if tag is None or form is None or zone == "offset" or contract.schema.time.base == "relative":
        return None
    before = _SPRING.astimezone(ZoneInfo(zone)).utcoffset()
    if before == (_SPRING + timedelta(minutes=3)).astimezone(ZoneInfo(zone)).utcoffset() or before is None:
        return None

    def spoil(rows: Rows) -> None:
        row = of(rows, tag)[-2]
        wall = datetime.fromisoformat(row["ts"]) + before
        row["ts"] = wall.replace(tzinfo=None).isoformat(timespec="seconds")

    return series.bad("PAT-E109", spoil, form=form)


def _no_start(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag, start = series.tag(), contract.schema.time.start
    if tag is None or start is None or contract.schema.time.base != "relative":
        return None
    return series.bad("PAT-E110", lambda rows: middle(rows, tag).update({start: None}))


def _placeholder(contract: Contract) -> Bad | None:
    if contract.schema.time.minimum is None or contract.schema.time.base == "relative":
        return None
    return one_field("PAT-E112", "timestamps", "ts", "1970-01-01T00:00:00Z")(contract)


MAKERS: Mapping[str, Maker] = {
    "PAT-E106": _future,
    "PAT-E107": _skew,
    "PAT-E108": _naive,
    "PAT-E109": _skipped_hour,
    "PAT-E110": _no_start,
    "PAT-E111": one_field("PAT-E111", "timestamps", "ts", None),
    "PAT-E112": _placeholder,
}
