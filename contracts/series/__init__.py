"""Checking a series (PAT): rows as they stream by, with a few kilobytes carried for each tag.

    check = SeriesCheck(contract, received_at=arrival)
    for batch in source.batches():
        storable = check.feed(batch)
    state, report = check.finish(source, delivery)

Imported by whatever judges a delivery. Imports contracts only; opens nothing, knows no clock.
`rowwise` judges single rows, `order` and `trend` what a tag's rows say together, `settle` what only the end can tell,
`report` turns the evidence into findings.
"""

from contracts.series.check import SeriesCheck
from contracts.series.state import SeriesState

__all__ = ["SeriesCheck", "SeriesState"]
