"""The same ten rules in pandera on a Polars frame: null, list and range checks are its own, limits are joined and the
rules about order are written by us."""

from __future__ import annotations

import sys
from pathlib import Path

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors
from told import tell
from with_polars import QUALITIES, RULES


def check(folder: Path) -> int:
    tags = pl.read_parquet(folder / "tags.parquet").select("tag", "lo", "hi", "max_gap_s")
    frame = pl.read_parquet(folder / "pat.parquet").join(tags, on="tag", how="left", maintain_order="left")
    newest = pl.col("ts").cum_max().shift(1).over("tag")
    frame = frame.with_columns(
        ordered=(pl.col("ts") >= newest).fill_null(value=True),
        near=((pl.col("ts") - newest).dt.total_seconds() <= pl.col("max_gap_s")).fill_null(value=True),
        inside=pl.col("value").is_between("lo", "hi").fill_null(value=True),
        present=pl.col("value").is_not_null() | pl.col("quality").is_in(QUALITIES[1:]).fill_null(value=False),
        once=pl.struct("tag", "ts").is_first_distinct(),
    )
    holds = pa.Check.equal_to(value=True)
    schema = pa.DataFrameSchema(
        {
            "ts": pa.Column(nullable=False),
            "tag": pa.Column(str, pa.Check.isin(tags["tag"].to_list()), nullable=False),
            "quality": pa.Column(str, pa.Check.isin(QUALITIES), nullable=False),
            **{name: pa.Column(bool, holds) for name in ("ordered", "near", "inside", "present", "once")},
        }
    )
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        return int(errors.failure_cases["index"].n_unique())
    return 0


if __name__ == "__main__":
    tell(lambda: check(Path(sys.argv[1])), RULES)
