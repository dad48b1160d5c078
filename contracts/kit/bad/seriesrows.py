"""Bad series that the file alone shows: one point, or the points of one tag, are not as agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from contracts.contract import Contract, TagDef
from contracts.document import RawNumber
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.seriesdraft import TABULAR, Row, Rows, Series, interval, later, middle, number, of, one_field


def _gap(contract: Contract) -> Bad | None:
    tag = Series(contract).tag(lambda t: t.max_gap is not None)
    if tag is None or tag.max_gap is None or Series(contract).clause("maxGap") is None:
        return None
    series = Series(contract, length=tag.max_gap * 4)
    least = int(tag.max_gap / interval(tag)) + 1

    def spoil(rows: Rows) -> None:
        mine = of(rows, tag)
        at = len(mine) // 3
        _remove(rows, mine[at : at + least])

    return series.bad("PAT-E102", spoil)


def _late(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag()
    if tag is None or series.clause("monotonic") is None:
        return None

    def spoil(rows: Rows) -> None:
        mine = of(rows, tag)
        one, other = mine[len(mine) // 2], mine[len(mine) // 2 + 1]
        one_copy = dict(one)
        one.clear()
        one.update(other)
        other.clear()
        other.update(one_copy)

    return series.bad("PAT-E103", spoil)


def _late_beyond(contract: Contract) -> Bad | None:
    series = Series(contract)
    clause, tag = series.clause("monotonic"), series.tag()
    if clause is None or tag is None or "lateWindow" not in clause.params:
        return None

    def spoil(rows: Rows) -> None:
        row = dict(of(rows, tag)[0])
        row["ts"] = later(row["ts"], -clause.params["lateWindow"] - timedelta(minutes=1))
        rows.append(row)

    return series.bad("PAT-E104", spoil)


def _copied(code: str, *, other: bool) -> Maker:
    def make(contract: Contract) -> Bad | None:
        series = Series(contract)
        tag = series.tag()
        if tag is None or not any(c.kind in ("uniqueKey", "key") for c in contract.clauses):
            return None

        def spoil(rows: Rows) -> None:
            row = middle(rows, tag)
            twin = dict(row)
            if other:
                mine = of(rows, tag)
                twin["value"] = next(r["value"] for r in mine if r["value"] != row["value"])
            rows.insert(rows.index(row) + 1, twin)

        return series.bad(code, spoil)

    return make


def _unknown_tag(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag()
    if tag is None or series.clause("knownTags") is None:
        return None

    def spoil(rows: Rows) -> None:
        rows.append(middle(rows, tag) | {"tag": f"{tag.tag}2"})

    return series.bad("PAT-E203", spoil)


def _absent_tag(contract: Contract) -> Bad | None:
    series = Series(contract)
    clause, tag = series.clause("knownTags"), series.tag()
    if clause is None or tag is None or not clause.params.get("complete"):
        return None
    return series.bad("PAT-E204", lambda rows: _remove(rows, of(rows, tag)))


def _outside(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag(lambda t: t.high is not None and not t.looks_like)
    if tag is None or tag.high is None or series.clause("rangeByKey") is None:
        return None
    beyond = number(tag.high + (tag.high - tag.low if tag.low is not None else 1))
    return series.bad("PAT-E303", lambda rows: middle(rows, tag).update(value=beyond))


def _sentinel(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag(lambda t: bool(t.sentinels))
    if tag is None or series.clause("sentinels") is None:
        return None
    return series.bad("PAT-E304", lambda rows: middle(rows, tag).update(value=number(tag.sentinels[0])))


def _stuck(contract: Contract) -> Bad | None:
    tag = Series(contract).tag(lambda t: t.stuck_after is not None and t.noise_floor is not None)
    if tag is None or tag.stuck_after is None or Series(contract).clause("stuck") is None:
        return None
    series = Series(contract, length=tag.stuck_after + 10 * interval(tag))

    def spoil(rows: Rows) -> None:
        for row in (mine := of(rows, tag)):
            row["value"] = mine[0]["value"]

    return series.bad("PAT-E305", spoil)


def _jump(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag(lambda t: _leap(t) is not None)
    leap = None if tag is None else _leap(tag)
    if tag is None or leap is None or series.clause("rate") is None:
        return None

    def spoil(rows: Rows) -> None:
        row = middle(rows, tag)
        row["value"] = number(Decimal(row["value"]) + leap)

    return series.bad("PAT-E306", spoil)


def _leap(tag: TagDef) -> Decimal | None:
    """A change that is too fast and still ends inside the range."""
    if tag.max_rate is None or tag.low is None or tag.high is None:
        return None
    leap = tag.max_rate * Decimal(interval(tag).total_seconds()) * Decimal("1.1")
    return leap if leap < (tag.high - tag.low) * Decimal("0.45") else None


def _unit(contract: Contract) -> Bad | None:
    series = Series(contract)
    clause, tag = series.clause("unitIs"), series.tag(lambda t: bool(t.unit))
    if clause is None or tag is None:
        return None
    other = "g/L" if tag.unit != "g/L" else "%"

    def spoil(rows: Rows) -> None:
        for row in of(rows, tag):
            row[str(clause.params["unit"])] = other

    return series.bad("PAT-E308", spoil)


def _other_unit(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag(lambda t: bool(t.looks_like))
    if tag is None or series.clause("rangeByKey") is None:
        return None
    low, high = next(iter(tag.looks_like.values()))

    def spoil(rows: Rows) -> None:
        for row in of(rows, tag):
            row["value"] = number((low + high) / 2)

    return series.bad("PAT-E309", spoil)


def _bad_points(code: str, *, many: bool) -> Maker:
    def make(contract: Contract) -> Bad | None:
        series = Series(contract)
        clause, word, tag = series.clause("qualityCodes"), series.quality("BAD"), series.tag()
        limited = tag is not None and (
            tag.min_good_percent is not None or (clause and "maxBadPercent" in clause.params)
        )
        if clause is None or word is None or tag is None or (many and not limited):
            return None
        field = str(clause.params["field"])

        def spoil(rows: Rows) -> None:
            mine = of(rows, tag)
            for row in mine[: len(mine) // 2] if many else [middle(rows, tag)]:
                row[field] = word

        return series.bad(code, spoil, also=("PAT-E404",) if many else ())

    return make


def _thinned(contract: Contract) -> Bad | None:
    series = Series(contract)
    tag = series.tag(lambda t: t.interval is not None and (t.max_gap is None or t.max_gap >= 2 * t.interval))
    if tag is None or series.clause("samplingInterval") is None:
        return None
    return series.bad("PAT-E501", lambda rows: _remove(rows, of(rows, tag)[1::2]))


def _remove(rows: Rows, out: list[Row]) -> None:
    gone = {id(row) for row in out}
    rows[:] = [row for row in rows if id(row) not in gone]


MAKERS: Mapping[str, Maker] = {
    "PAT-E102": _gap,
    "PAT-E103": _late,
    "PAT-E104": _late_beyond,
    "PAT-E201": _copied("PAT-E201", other=False),
    "PAT-E202": _copied("PAT-E202", other=True),
    "PAT-E203": _unknown_tag,
    "PAT-E204": _absent_tag,
    "PAT-E205": one_field("PAT-E205", "knownTags", "tag", None, *TABULAR),
    "PAT-E301": one_field("PAT-E301", "qualityCodes", "value", None),
    "PAT-E302": one_field("PAT-E302", "finite", "value", RawNumber("NaN"), "csv", "parquet", "arrow"),
    "PAT-E303": _outside,
    "PAT-E304": _sentinel,
    "PAT-E305": _stuck,
    "PAT-E306": _jump,
    "PAT-E308": _unit,
    "PAT-E309": _other_unit,
    "PAT-E401": one_field("PAT-E401", "qualityCodes", "quality", "SO-SO", *TABULAR),
    "PAT-E402": one_field("PAT-E402", "qualityCodes", "quality", None, *TABULAR),
    "PAT-E403": _bad_points("PAT-E403", many=True),
    "PAT-E404": _bad_points("PAT-E404", many=False),
    "PAT-E501": _thinned,
}
