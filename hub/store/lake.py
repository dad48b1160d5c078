"""Lake: PAT points as one open Delta table a partner. A projection: it can be rebuilt from archive and ledger.

The hub is its only writer; every other engine reads. A Delta transaction id is a marker, not a guard: what Delta does
refuse is a commit from a handle that another commit of the same app id made stale. So: look, then write with the
handle you looked with (store.md section 5). delta-rs does not fsync on a local disk; `make_durable` does.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from hub import faults
from hub.store.archive import file_sha256, fsync, own_error
from hub.store.errors import LakeBusy, LakeMismatch, StoreError, StoreFault, StoreFull
from hub.store.points import highest_rev, last_of_each, said_already

SCHEMA = pa.schema(
    [
        pa.field("partner", pa.string(), nullable=False),
        pa.field("feed", pa.string(), nullable=False),
        pa.field("lot", pa.string()),
        pa.field("batch", pa.string()),
        pa.field("phase", pa.string()),
        pa.field("tag", pa.string(), nullable=False),
        # With a zone: a timestamp without one lifts the table to reader 3 / writer 7, which many engines can't read.
        pa.field("ts", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("quality", pa.int64()),  # an OPC UA status code: unsigned 32 bit, and Delta has no unsigned types
        pa.field("delivery_id", pa.string(), nullable=False),
        pa.field("rev", pa.int64(), nullable=False),  # publish seq: the highest of a point counts
        pa.field("month", pa.string(), nullable=False),
    ]
)
WORDS = pa.dictionary(pa.int32(), pa.string())
_REPEATING = ("partner", "feed", "batch", "phase", "tag", "delivery_id")
WRITTEN = pa.schema([f.with_type(WORDS) if f.name in _REPEATING else f for f in SCHEMA])
"""`SCHEMA` as rows come to be written: a column of few words as a dictionary, which is written in half the time. The
table's types are those of `SCHEMA`."""

QUALITY = {"GOOD": 0x00000000, "UNCERTAIN": 0x40000000, "STALE": 0x40900000, "BAD": 0x80000000}
"""Words of a contract's quality map as OPC UA status codes (Part 4, 7.39; STALE: UncertainLastUsableValue)."""

ENGINES = {"deltalake": deltalake.__version__, "pyarrow": pa.__version__}
ZSTD = WriterProperties(compression="ZSTD", compression_level=1)  # deltalake's own default is snappy

COMPACT_BYTES = 128 << 20

LakeFile = tuple[str, int, str]
"""Path within the table, size in bytes, sha256."""


@dataclass(frozen=True, slots=True)
class Durable:
    """A commit that survives a power cut: its data files, how many rows they hold, and the newest time in them."""

    version: int
    rows: int
    files: tuple[LakeFile, ...]
    event_time_max: datetime | None


class Lake:
    """One Delta table for each partner under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: set[str] = set()

    def table(self, partner: str) -> Path:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", partner):
            raise ValueError(f"a partner's id is lower case letters, digits, - and _; got {partner!r}")
        return self.root / partner

    def create(self, partner: str) -> None:
        """Make the partner's table if there is none. Called at onboarding and by `publish`; twice is once."""
        if partner in self._known:
            return
        path = self.table(partner)
        if not DeltaTable.is_deltatable(str(path)):
            try:
                path.mkdir(parents=True, exist_ok=True)
                DeltaTable.create(
                    str(path),
                    schema=SCHEMA,
                    partition_by=["month"],
                    name=partner,
                    configuration={"delta.appendOnly": "true"},
                )
                self._fsync_commit(path, 0)
            except (OSError, DeltaError) as error:
                # When another process was faster, the table is there now.
                if not DeltaTable.is_deltatable(str(path)):
                    raise _own_error(error) from error
        protocol = DeltaTable(str(path)).protocol()
        if (protocol.min_reader_version, protocol.min_writer_version) != (1, 2):
            reason = f"protocol is {protocol.min_reader_version}/{protocol.min_writer_version}, it must be 1/2"
            raise LakeMismatch(str(path), None, reason)
        self._known.add(partner)

    def publish(self, partner: str, feed: str, seq: int, rows: pa.Table, *, tries: int = 5) -> int:
        """Append `rows` as publish `seq` (1, 2, 3 ...) of `feed` and return the table version that holds it.

        Doing it again returns the version of the first time and writes nothing. `rows` has columns of `SCHEMA`;
        partner, feed, rev and month are filled in here, a missing nullable column is null, quality may come as a word.
        Raises LakeBusy, StoreFull, StoreFault; ValueError when the rows don't fit.
        """
        self.create(partner)
        shaped = conform(rows, partner, feed, seq)
        path, app_id = str(self.table(partner)), f"jid:{feed}"
        marker = CommitProperties(
            app_transactions=[Transaction(app_id, seq)], custom_metadata={"jid.feed": feed, "jid.seq": str(seq)}
        )
        for _ in range(tries):
            table = DeltaTable(path)
            seen = table.transaction_version(app_id)  # None: never published; 0 would be a number
            if seen is not None and seen >= seq:
                return self._version_of(partner, table.version(), feed, seq)
            faults.point("store.before_lake_commit")
            try:
                write_deltalake(table, shaped, mode="append", commit_properties=marker, writer_properties=ZSTD)
            except CommitFailedError:  # somebody was faster: look again
                continue
            except (OSError, DeltaError) as error:
                raise _own_error(error) from error
            faults.point("store.after_lake_commit")
            return self._version_of(partner, table.version(), feed, seq)
        raise LakeBusy(path, feed, seq, tries)

    def make_durable(self, partner: str, version: int) -> Durable:
        """fsync what commit `version` added, after holding every file against the log: size and row count.

        Raises LakeMismatch when a file is torn or missing (a power cut before the fsync), StoreFault.
        """
        path = self.table(partner)
        adds = [action["add"] for action in self._actions(path, version) if "add" in action]
        files: list[LakeFile] = []
        rows = 0
        newest: datetime | None = None
        for add in adds:
            file = path / unquote(add["path"])  # paths in the log are URL-encoded
            held, last = _check_file(path, version, file, add)
            rows += held
            newest = max(filter(None, (newest, last)), default=None)
            files.append((file.relative_to(path).as_posix(), add["size"], file_sha256(file)))
        self._fsync_commit(path, version)
        faults.point("store.after_lake_fsync")
        return Durable(version, rows, tuple(files), newest)

    def novel(self, partner: str, feed: str, seq: int, rows: pa.Table) -> pa.Table:
        """`rows` without the points that are in the lake already with the same value, text and quality.

        A point is (feed, tag, ts). Only publishes before `seq` count, so a publish that is built again after a crash
        gets the same rows. Of a point that comes more than once in `rows`, the last stays. Order is kept.
        """
        shaped = conform(rows, partner, feed, seq)
        if shaped.num_rows == 0:
            return shaped
        window = pc.min_max(shaped["ts"]).as_py()
        there = self.current(partner, feed, since=window["min"], until=window["max"], before_seq=seq)
        keep = last_of_each(shaped.select(["tag", "ts"]))
        if there.num_rows:
            keep &= ~said_already(shaped, there)
        return shaped if keep.all() else shaped.filter(pa.array(keep))

    def current(
        self,
        partner: str,
        feed: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        before_seq: int | None = None,
    ) -> pa.Table:
        """The points that count: of each (feed, tag, ts) the highest rev. `since` and `until` are inclusive."""
        path = self.table(partner)
        try:
            table = DeltaTable(str(path))
        except TableNotFoundError:
            return SCHEMA.empty_table()
        wanted = _where(feed, since, until, before_seq)
        rows = table.to_pyarrow_dataset().to_table(columns=SCHEMA.names, filter=wanted).cast(SCHEMA)
        if pc.count_distinct(rows["rev"]).as_py() <= 1:
            return rows
        return highest_rev(rows)

    def rows(self, partner: str, feed: str | None = None) -> int:
        """How many rows the lake holds, corrections and what they correct counted both."""
        try:
            table = DeltaTable(str(self.table(partner)))
        except TableNotFoundError:
            return 0
        return int(table.to_pyarrow_dataset().count_rows(filter=_where(feed, None, None, None)))

    def compact(self, partner: str, now: datetime) -> int:
        """Merge the small files of closed months, durably. Returns how many files were replaced; open months are left
        alone, because merging them again and again writes many times what is in them."""
        try:
            table = DeltaTable(str(self.table(partner)))
        except TableNotFoundError:
            return 0
        replaced = 0
        for month in sorted({part["month"] for part in table.partitions()} - {f"{now.astimezone(UTC):%Y-%m}"}):
            done = table.optimize.compact(
                partition_filters=[("month", "=", month)], target_size=COMPACT_BYTES, writer_properties=ZSTD
            )
            if done["numFilesRemoved"]:
                self._fsync_commit(self.table(partner), table.version())
            replaced += done["numFilesRemoved"]
        return replaced

    def _version_of(self, partner: str, newest: int, feed: str, seq: int) -> int:
        """The table version whose commit carries this publish's transaction id, looked for from the newest back."""
        wanted = {"appId": f"jid:{feed}", "version": seq}
        root = self.table(partner)
        while self._log(root, newest + 1).exists():  # commits of other feeds that came since the handle looked
            newest += 1
        for version in range(newest, 0, -1):
            for action in self._actions(root, version):
                if wanted.items() <= action.get("txn", {}).items():
                    return version
        raise LakeMismatch(str(root), None, f"no commit carries publish {seq} of {feed}, though the table has seen it")

    def _log(self, path: Path, version: int) -> Path:
        return path / "_delta_log" / f"{version:020d}.json"

    def _actions(self, path: Path, version: int) -> list[dict[str, Any]]:
        try:
            return [json.loads(line) for line in self._log(path, version).read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise LakeMismatch(str(path), version, f"its log entry can't be read ({error})") from error

    def _fsync_commit(self, path: Path, version: int) -> None:
        """Data files, log entry, checkpoint when this commit made one, and every folder that names them."""
        log = path / "_delta_log"
        files = [path / unquote(a["add"]["path"]) for a in self._actions(path, version) if "add" in a]
        files += [self._log(path, version), *log.glob(f"{version:020d}.checkpoint*")]
        folders = {p for f in files for p in f.parents if p.is_relative_to(path)}
        if version == 0:
            folders |= {self.root, self.root.parent}
        elif (log / "_last_checkpoint").exists():
            files.append(log / "_last_checkpoint")
        try:
            for one in [*files, *sorted(folders, reverse=True)]:
                fsync(one)
        except OSError as error:
            raise own_error(error, "lake") from error


def conform(rows: pa.Table, partner: str, feed: str, seq: int) -> pa.Table:
    """`rows` in the form of `WRITTEN`. Raises ValueError for an unknown column or quality word, and for NaN.

    Never lets Delta merge schemas: it would accept a number as text by casting.
    """
    n = rows.num_rows
    if n and rows.schema == WRITTEN and _is_of(rows, partner, feed, seq):
        return _finite(rows)
    unknown = sorted(set(rows.column_names) - set(SCHEMA.names))
    if unknown:
        raise ValueError(f"the lake has no column {', '.join(unknown)}; it has {', '.join(SCHEMA.names)}")
    columns: list[Any] = []
    for field in WRITTEN:
        match field.name:
            case "partner":
                column = as_words(pa.scalar(partner), n)
            case "feed":
                column = as_words(pa.scalar(feed), n)
            case "rev":
                column = pa.repeat(pa.scalar(seq, pa.int64()), n)
            case "month":
                column = _month(rows["ts"])
            case "quality" if "quality" in rows.column_names:
                column = _quality(rows["quality"])
            case name if name in rows.column_names:
                column = as_words(rows[name]) if field.type == WORDS else rows[name].cast(field.type)
            case _:
                column = pa.nulls(n, field.type)
        if not field.nullable and column.null_count:
            raise ValueError(f"{field.name} is missing in {column.null_count} of {n} rows")
        columns.append(column)
    return _finite(pa.table(columns, schema=WRITTEN))


def as_words(text: Any, rows: int = 0) -> Any:
    """A column of text as a dictionary; of a scalar, a column of so many `rows` of it. Null words are null rows."""
    if isinstance(text, pa.Scalar):
        return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([text.as_py()]))
    coded = pa.types.is_dictionary(text.type)
    if coded and not any(chunk.dictionary.null_count for chunk in text.chunks):
        return text.cast(WORDS)
    return text.cast(pa.string()).dictionary_encode()


def _is_of(rows: pa.Table, partner: str, feed: str, seq: int) -> bool:
    """Whether conformed rows were conformed for this publish; `novel` gives such rows."""
    for name, wanted in (("partner", partner), ("feed", feed)):
        if any(chunk.dictionary.to_pylist() != [wanted] for chunk in rows[name].chunks):
            return False
    return bool(pc.min_max(rows["rev"]).as_py() == {"min": seq, "max": seq})


def _finite(rows: pa.Table) -> pa.Table:
    if pc.all(pc.is_finite(rows["value"])).as_py() is False:
        raise ValueError("value holds NaN or an infinity; such a row is a finding and never lands")
    return rows


def _month(ts: Any) -> Any:
    """`2026-11` for each instant, in UTC. By way of the few distinct days, because formatting each row is slow."""
    days = pa.chunked_array(ts).cast(pa.timestamp("us", "UTC")).cast(pa.date32()).combine_chunks().dictionary_encode()
    months = pc.strftime(days.dictionary, format="%Y-%m")
    if len(months.unique()) == 1 and not ts.null_count:
        return pa.repeat(months[0], len(ts))
    return months.take(days.indices)


def _quality(words: Any) -> Any:
    if pa.types.is_integer(words.type):
        return words.cast(pa.int64())
    if not pa.types.is_dictionary(words.type):
        words = words.dictionary_encode()
    names = {name for chunk in words.chunks for name in chunk.dictionary.to_pylist()}
    unknown = sorted({str(name) for name in names} - set(QUALITY))
    if unknown:
        raise ValueError(f"unknown quality {', '.join(unknown)}; valid: {', '.join(QUALITY)}, or a status code")
    codes = [pa.array([QUALITY[n] for n in c.dictionary.to_pylist()], pa.int64()).take(c.indices) for c in words.chunks]
    return pa.chunked_array(codes, pa.int64())


def _own_error(error: OSError | DeltaError) -> StoreError:
    """deltalake wraps what the file system said into its own error; only the text tells a full disk."""
    if isinstance(error, OSError):
        return own_error(error, "lake")
    return StoreFull("lake", str(error)) if "os error 28" in str(error) else StoreFault("lake", str(error))


def _where(feed: str | None, since: datetime | None, until: datetime | None, before_seq: int | None) -> Any:
    parts = []
    if feed is not None:
        parts.append(pc.field("feed") == feed)
    if since is not None:
        parts.append(pc.field("ts") >= pa.scalar(since, pa.timestamp("us", "UTC")))
    if until is not None:
        parts.append(pc.field("ts") <= pa.scalar(until, pa.timestamp("us", "UTC")))
    if before_seq is not None:
        parts.append(pc.field("rev") < before_seq)
    expression = None
    for part in parts:
        expression = part if expression is None else expression & part
    return expression


def _check_file(table: Path, version: int, file: Path, add: dict[str, Any]) -> tuple[int, datetime | None]:
    """Rows and newest time of one data file, held against the log. Raises LakeMismatch."""
    try:
        size = file.stat().st_size
        footer = pq.read_metadata(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise LakeMismatch(str(table), version, f"{file.name} can't be read ({error})") from error
    logged = json.loads(add["stats"])["numRecords"]
    if (size, footer.num_rows) != (add["size"], logged):
        reason = f"{file.name} has {footer.num_rows} rows in {size} bytes, the log says {logged} in {add['size']}"
        raise LakeMismatch(str(table), version, reason)
    column = footer.schema.names.index("ts")
    groups = [footer.row_group(n).column(column).statistics for n in range(footer.num_row_groups)]
    if all(group is not None and group.has_min_max for group in groups):
        return footer.num_rows, max((group.max for group in groups), default=None)
    return footer.num_rows, pc.max(pq.read_table(file, columns=["ts"])["ts"]).as_py()
