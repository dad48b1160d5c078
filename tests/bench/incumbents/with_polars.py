"""Ten rules in Polars expressions, streaming: empty time, tag, quality, value; tag list, limits by tag, quality list,
order, gap, duplicates. Gives the row number of every failing row, as the product does."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from told import tell

QUALITIES = ["GOOD", "UNCERTAIN", "BAD", "STALE"]
RULES = 10


def flagged(folder: Path) -> pl.LazyFrame:
    """One boolean column a rule, True where a row fails."""
    tags = pl.scan_parquet(folder / "tags.parquet").select("tag", "lo", "hi", "max_gap_s", listed=pl.lit(value=True))
    rows = pl.scan_parquet(folder / "pat.parquet").with_row_index("row")
    newest = pl.col("ts").cum_max().shift(1).over("tag")
    ordered = pl.col("ts") >= newest
    return rows.join(tags, on="tag", how="left", maintain_order="left").select(
        "row",
        null_ts=pl.col("ts").is_null(),
        null_tag=pl.col("tag").is_null(),
        null_quality=pl.col("quality").is_null(),
        value_missing=pl.col("value").is_null() & ~pl.col("quality").is_in(QUALITIES[1:]).fill_null(value=False),
        tag_unknown=pl.col("tag").is_not_null() & pl.col("listed").is_null(),
        out_of_range=~pl.col("value").is_between("lo", "hi"),
        quality_unknown=~pl.col("quality").is_in(QUALITIES),
        late=~ordered,
        gap=(pl.col("ts") - newest).dt.total_seconds() > pl.col("max_gap_s"),
        duplicate=pl.struct("tag", "ts").is_first_distinct().not_(),
    )


def check(folder: Path) -> int:
    frame = flagged(folder)
    names = [name for name in frame.collect_schema().names() if name != "row"]
    return frame.filter(pl.any_horizontal(names)).collect(engine="streaming").height


if __name__ == "__main__":
    tell(lambda: check(Path(sys.argv[1])), RULES)
