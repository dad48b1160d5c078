"""Registries: what the sponsor has on file, one CSV a registry in the folder that `hub.toml` names.

    [registries]
    folder = "registries"

    lots.csv        id,doses,expires_at,mfg_end,l1_due
    batches.csv     id,partner,unit,started_at,ended_at,phases
    products.csv, sites.csv, signers.csv and whatever else a contract names: id,name

`id` is required, every other column may be left out or empty. Times carry their offset; `phases` are separated by `;`.
`partner` says who runs a batch: with it a heartbeat of that partner is due while a batch runs, and only then.
A registry is what stands in the file now: it has no past, so a delivery that is judged again is held against today's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from connectors.errors import ConfigError, ConfigProblem
from contracts.context import BatchFacts, LotFacts
from contracts.errors import valid_values

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "lots": ("id", "doses", "expires_at", "mfg_end", "l1_due"),
    "batches": ("id", "partner", "unit", "started_at", "ended_at", "phases"),
}
_PLAIN = ("id", "name")
"""Columns of every other registry."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Registries:
    """`ids` maps a registry to what it holds; `lots` and `batches` say more of each, `makers` who runs a batch."""

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lots: Mapping[str, LotFacts] = field(default_factory=dict)
    batches: Mapping[str, BatchFacts] = field(default_factory=dict)
    makers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path | None) -> Registries:
        """Read the folder; None: nothing is on file. Raises ConfigError with everything that is wrong, by line."""
        if folder is None:
            return cls()
        if not folder.is_dir():
            problem = ConfigProblem(str(folder), 1, 1, "is no folder", "make it, or take [registries] out of hub.toml")
            raise ConfigError([problem])
        problems: list[ConfigProblem] = []
        read = {path.stem: list(_read(path, problems)) for path in sorted(folder.glob("*.csv"))}
        if problems:
            raise ConfigError(problems)
        return cls(
            ids={name: frozenset(row["id"] for row in rows) for name, rows in read.items()},
            lots={row["id"]: _lot(row) for row in read.get("lots", ())},
            batches={row["id"]: _batch(row) for row in read.get("batches", ())},
            makers={row["id"]: row["partner"] for row in read.get("batches", ()) if row.get("partner") is not None},
        )

    @property
    def made(self) -> Mapping[str, datetime]:
        """When the manufacture of a lot ended, where its row says so."""
        return {lot.number: lot.mfg_end for lot in self.lots.values() if lot.mfg_end is not None}

    def running(self, partner: str, at: datetime) -> tuple[BatchFacts, ...] | None:
        """The partner's batches that run at `at`, the first to start first; None: no row says what this partner runs.

        A batch of which nobody said when it started is not known to run.
        """
        mine = [batch for batch in self.batches.values() if self.makers.get(batch.batch_id) == partner]
        if not mine:
            return None
        begun = [(b.started_at, b.batch_id, b) for b in mine if b.started_at is not None and b.started_at <= at]
        return tuple(b for _, _, b in sorted(begun, key=lambda one: one[:2]) if b.ended_at is None or at < b.ended_at)


def _lot(row: Row) -> LotFacts:
    return LotFacts(row["id"], row.get("doses"), row.get("expires_at"), row.get("mfg_end"), row.get("l1_due"))


def _batch(row: Row) -> BatchFacts:
    times = row.get("started_at"), row.get("ended_at")
    return BatchFacts(row["id"], row.get("unit"), *times, row.get("phases") or ())


def _read(path: Path, problems: list[ConfigProblem]) -> Iterator[Row]:
    """The rows of one registry; what is wrong with it goes to `problems`."""
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.append(ConfigProblem(file, 1, 1, f"cannot be read: {error.strerror or type(error).__name__}"))
        return
    except UnicodeDecodeError:
        problems.append(ConfigProblem(file, 1, 1, "is not UTF-8", "save it as UTF-8"))
        return
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    seen: dict[str, int] = {}
    try:
        header = [name.strip() for name in next(lines, [])]
        wrong = list(_header(file, path.stem, header))
        problems += wrong
        if wrong:
            return
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            yield from _row(file, lines.line_num, header, cells, seen, problems)
    except csv.Error as error:
        problems.append(ConfigProblem(file, lines.line_num, 1, f"is no CSV: {error}"))


def _header(file: str, registry: str, header: list[str]) -> Iterator[ConfigProblem]:
    known = _COLUMNS.get(registry, _PLAIN)
    for name in header:
        if name not in known:
            yield ConfigProblem(file, 1, 1, f'unknown column "{name}"', valid_values(name, known))
        elif header.count(name) > 1:
            yield ConfigProblem(file, 1, 1, f'column "{name}" is there twice', "keep one")
            return
    if "id" not in header:
        yield ConfigProblem(file, 1, 1, 'column "id" is missing', f"the columns are {', '.join(known)}")


def _row(
    file: str, line: int, header: list[str], cells: list[str], seen: dict[str, int], problems: list[ConfigProblem]
) -> Iterator[Row]:
    if len(cells) != len(header):
        said = f"has {len(cells)} cells, the header has {len(header)}"
        problems.append(ConfigProblem(file, line, 1, said, "give every column a cell, also an empty one"))
        return
    row: Row = {}
    for name, cell in zip(header, cells, strict=True):
        text = cell.strip()
        try:
            row[name] = _KINDS.get(name, str)(text) if text else None
        except (ValueError, InvalidOperation):
            valid = (
                "a whole number or decimal of at least 0" if name == "doses" else "such as 2026-11-20T15:04:00+01:00"
            )
            problems.append(ConfigProblem(file, line, 1, f"{name} is {text!r}", valid))
            return
    if row["id"] is None:
        problems.append(ConfigProblem(file, line, 1, "id is empty", "every row names one thing"))
    elif row["id"] in seen:
        said = f"{row['id']!r} is there twice"
        problems.append(ConfigProblem(file, line, 1, said, f"the first is on line {seen[row['id']]}"))
    else:
        seen[row["id"]] = line
        yield row


def _doses(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or value < 0:
        raise ValueError(text)
    return value


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _phases(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(";") if word.strip())


_KINDS: Mapping[str, Callable[[str], Any]] = {
    "doses": _doses,
    "expires_at": _time,
    "mfg_end": _time,
    "l1_due": _time,
    "started_at": _time,
    "ended_at": _time,
    "phases": _phases,
}
