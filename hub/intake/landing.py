"""PAT rows from judged deliveries into the lake: intent (TX C), commit, fsync, published (TX D). store.md 4 and 5.

Each step may be repeated: the member list of an intent is fixed, so the same rows are built again from the archive, and
what an earlier publish holds already is left out by (tag, ts).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from connectors.inspection import inspect

from contracts.contract import Contract
from hub import faults
from hub.intake.judge import Staged, reference
from hub.store import DeliveryRow, Lease, PublishRow, Store
from hub.telemetry import span

ROWS_A_PUBLISH = 500_000
"""A commit every 200k to 1M rows takes all the gain there is (store.md 7)."""

QUALITY = {"GOOD": 0x00000000, "UNCERTAIN": 0x40000000, "BAD": 0x80000000, "STALE": 0x40900000}
"""Our quality words as OPC UA status codes: Good, Uncertain, Bad, UncertainLastUsableValue."""

ContractOf = Callable[[DeliveryRow], Contract]


async def land(store: Store, lease: Lease, feed: str, contract_of: ContractOf, staged: Staged) -> int:
    """Publish every judged PAT delivery of the feed that is not in the lake yet. Returns the rows that landed."""
    landed = 0
    while (publish := await asyncio.to_thread(store.intend, lease, feed, ROWS_A_PUBLISH)) is not None:
        landed += await asyncio.to_thread(_publish, store, lease, publish, contract_of, staged)
    return landed


def _publish(store: Store, lease: Lease, publish: PublishRow, contract_of: ContractOf, staged: Staged) -> int:
    with span("jid.lake.publish", feed=publish.feed, seq=publish.seq):
        deliveries = [store.delivery(member) for member in publish.members]
        tables = [_rows(store, d, contract_of(d), staged.take(d.id), publish.seq) for d in deliveries]
        rows = _first_of_each_point(pa.concat_tables(tables))
        rows = store.lake.without_known(deliveries[0].partner, publish.feed, rows, before_seq=publish.seq)
        faults.point("store.before_lake_commit")
        commit = store.lake.publish(deliveries[0].partner, publish.feed, publish.seq, rows)
        faults.point("store.after_lake_commit")
        files = store.lake.make_durable(deliveries[0].partner, commit)
        faults.point("store.after_lake_fsync")
        newest = pc.max(rows["ts"]).as_py() if rows.num_rows else None
        store.published(lease, publish, commit, rows.num_rows, files, newest)
        return int(rows.num_rows)


def _rows(
    store: Store, delivery: DeliveryRow, contract: Contract, batches: Sequence[pa.RecordBatch] | None, seq: int
) -> pa.Table:
    """A delivery's storable rows in the lake's columns: kept since its verdict, else read again from the archive."""
    if batches is None:
        again: list[pa.RecordBatch] = []
        inspect(
            store.archive.path(delivery.sha256),
            file=delivery.file,
            contract=contract,
            delivery=reference(delivery),
            format=delivery.format,
            received_at=delivery.received_at,
            on_good=again.append,
        )
        batches = again
    table = pa.Table.from_batches(batches) if batches else pa.table({"ts": [], "tag": [], "value": [], "quality": []})
    return conform(table, delivery, seq)


def conform(table: pa.Table, delivery: DeliveryRow, seq: int) -> pa.Table:
    """Rows of a series in the lake's schema. A column the delivery does not have is null; no type is guessed."""
    from hub.store.lake import LAKE_SCHEMA

    count = table.num_rows
    names = set(table.column_names)

    def text(name: str) -> pa.ChunkedArray | pa.Array:
        return table[name].cast(pa.string()) if name in names else pa.nulls(count, pa.string())

    ts = table["ts"].cast(pa.timestamp("us", "UTC"))
    columns = {
        "partner": pa.array([delivery.partner], pa.string()).take(pa.array(np.zeros(count, np.int8))),
        "feed": pa.array([delivery.feed], pa.string()).take(pa.array(np.zeros(count, np.int8))),
        "batch": text("batch_id"),
        "phase": text("phase"),
        "tag": text("tag"),
        "ts": ts,
        "value": table["value"].cast(pa.float64()),
        "text": text("text"),
        "quality": _status(table["quality"]),
        "delivery_id": pa.array([delivery.id], pa.string()).take(pa.array(np.zeros(count, np.int8))),
        "rev": pa.array(np.full(count, seq, np.int64)),
        "month": pc.strftime(ts, "%Y-%m"),
    }
    return pa.table({name: columns[name] for name in LAKE_SCHEMA.names}, schema=LAKE_SCHEMA)


def _status(quality: pa.ChunkedArray) -> pa.Array:
    """Quality words to status codes, on the dictionary and not row by row. A word that is not ours stays null."""
    words = quality.combine_chunks().dictionary_encode() if quality.num_chunks != 1 else quality.chunk(0)
    if not pa.types.is_dictionary(words.type):
        words = words.dictionary_encode()
    codes = pa.array([QUALITY.get(w) for w in words.dictionary.to_pylist()], pa.int64())
    return codes.take(words.indices)


def _first_of_each_point(rows: pa.Table) -> pa.Table:
    """Keep the first row of each (tag, ts), in the order of the deliveries: exact copies count once, and of two values
    for one point the first stands (the conflict is a finding)."""
    if rows.num_rows < 2:
        return rows
    tag = rows["tag"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    ts = rows["ts"].combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)
    order = np.lexsort((np.arange(len(ts)), ts, tag))
    same = (tag[order][1:] == tag[order][:-1]) & (ts[order][1:] == ts[order][:-1])
    if not same.any():
        return rows
    keep = np.ones(len(ts), dtype=bool)
    keep[order[1:][same]] = False
    return rows.filter(pa.array(keep))
