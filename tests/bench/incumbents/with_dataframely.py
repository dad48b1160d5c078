"""The same ten rules in dataframely: nulls are its own, limits are joined and the rest written by us as rules."""

from __future__ import annotations

import sys
from pathlib import Path

import dataframely as dy
import polars as pl
from told import tell
from with_polars import QUALITIES, RULES


class Points(dy.Schema):
    """Points with the limits of their tag beside them."""

    ts = dy.Datetime(nullable=False, time_zone="UTC", time_unit="us")
    tag = dy.String(nullable=False)
    value = dy.Float64(nullable=True)
    quality = dy.String(nullable=False)
    lo = dy.Float64(nullable=True)
    hi = dy.Float64(nullable=True)
    max_gap_s = dy.Int32(nullable=True)

    @dy.rule()
    def known(cls) -> pl.Expr:  # noqa: N805 - a rule is a class method
        return pl.col("lo").is_not_null()

    @dy.rule()
    def mapped(cls) -> pl.Expr:  # noqa: N805
        return pl.col("quality").is_in(QUALITIES)

    @dy.rule()
    def inside(cls) -> pl.Expr:  # noqa: N805
        return pl.col("value").is_between("lo", "hi")

    @dy.rule()
    def present(cls) -> pl.Expr:  # noqa: N805
        return pl.col("value").is_not_null() | pl.col("quality").is_in(QUALITIES[1:])

    @dy.rule()
    def ordered(cls) -> pl.Expr:  # noqa: N805
        return pl.col("ts") >= pl.col("ts").cum_max().shift(1).over("tag")

    @dy.rule()
    def near(cls) -> pl.Expr:  # noqa: N805
        newest = pl.col("ts").cum_max().shift(1).over("tag")
        return (pl.col("ts") - newest).dt.total_seconds() <= pl.col("max_gap_s")

    @dy.rule()
    def once(cls) -> pl.Expr:  # noqa: N805
        return pl.struct("tag", "ts").is_first_distinct()


def check(folder: Path) -> int:
    tags = pl.read_parquet(folder / "tags.parquet").select("tag", "lo", "hi", "max_gap_s")
    frame = pl.read_parquet(folder / "pat.parquet").join(tags, on="tag", how="left", maintain_order="left")
    _, failure = Points.filter(frame, cast=True)
    return len(failure)


if __name__ == "__main__":
    tell(lambda: check(Path(sys.argv[1])), RULES)
