"""The formats there are: ours, and those that other packages register under the entry point `justindata.formats`.

A format turns the bytes of one delivery into a Document or a stream of batches. It is imported when a file of it comes
in, because a workbook reader costs a quarter of a second that a JSON certificate need not pay.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from connectors.formats.reading import Reading
from connectors.formats.sniff import Kind
from contracts.document import Document, SeriesSource

GROUP = "justindata.formats"

ReadDocument = Callable[[bytes, Reading], Document]
OpenSeries = Callable[[Path, Reading, int], SeriesSource]
"""(path, reading, rows a batch) -> source. Reads lazily; both kinds of reader raise Unreadable or OSError only."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `kinds` are the contents it can stand in; an entry point loads an object of this type."""

    name: str
    kinds: frozenset[Kind]
    document: ReadDocument | None = None
    series: OpenSeries | None = None

    def serves(self, document_kind: str) -> bool:
        return (self.series if document_kind == "series" else self.document) is not None


def _document(module: str) -> ReadDocument:
    def read(data: bytes, reading: Reading) -> Document:
        return cast(Document, importlib.import_module(f"connectors.formats.{module}").read(data, reading))

    return read


def _series(module: str) -> OpenSeries:
    def open_it(path: Path, reading: Reading, batch_rows: int) -> SeriesSource:
        opened = importlib.import_module(f"connectors.formats.{module}").open_series(path, reading, batch_rows)
        return cast(SeriesSource, opened)

    return open_it


OURS = (
    Format("json", frozenset({"json", "text"}), document=_document("json_native")),
    Format("csv", frozenset({"text"}), document=_document("csv_table"), series=_series("csv_series")),
    Format("xlsx", frozenset({"zip", "ole"}), document=_document("xlsx")),
    Format("piwebapi", frozenset({"json", "text"}), series=_series("piwebapi")),
    Format("parquet", frozenset({"parquet"}), series=_series("parquet_series")),
    Format("arrow", frozenset({"arrow"}), series=_series("parquet_series")),
    Format("ndjson", frozenset({"ndjson", "json", "text"}), series=_series("ndjson_series")),
)


@cache
def formats() -> dict[str, Format]:
    """Every format by name. Ours win over a package that registers the same name."""
    found = {point.name: cast(Format, point.load()) for point in entry_points(group=GROUP)}
    return found | {ours.name: ours for ours in OURS}
