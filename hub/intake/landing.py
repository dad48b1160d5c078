"""PAT rows from judged deliveries into the lake: intent (TX C), commit, fsync, published (TX D). store.md 4 and 5.

Each step may be repeated: the member list of an intent is fixed, so the same rows are built again from the archive, and
what an earlier publish holds already is left out by (tag, ts).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pyarrow as pa

from connectors.inspection import inspect
from contracts.context import Context
from contracts.contract import Contract
from hub.intake.judge import Staged, reference
from hub.store import DeliveryRow, Lease, PublishRow, Store
from hub.store.lake import WORDS, as_words
from hub.store.points import first_of_each
from hub.telemetry import span

ROWS_A_PUBLISH = 500_000
"""A commit every 200k to 1M rows takes all the gain there is (store.md 7)."""

ContractOf = Callable[[DeliveryRow], Contract]


async def land(store: Store, lease: Lease, feed: str, contract_of: ContractOf, staged: Staged) -> int:
    """Publish every judged PAT delivery of the feed that is not in the lake yet. Returns the rows that landed."""
    landed = 0
    while (intent := await asyncio.to_thread(store.intend, lease, feed, ROWS_A_PUBLISH)) is not None:
        landed += await asyncio.to_thread(_publish, store, lease, intent, contract_of, staged)
    return landed


def _publish(store: Store, lease: Lease, intent: PublishRow, contract_of: ContractOf, staged: Staged) -> int:
    about: dict[str, str | int] = {"jid.feed": intent.feed, "jid.seq": intent.seq}
    with span("jid.lake.publish", about):
        members = _members(store, intent)
        partner = intent.feed.partition("/")[0]
        rows = pa.concat_tables([_rows(store, d, contract_of(d), staged.take(d.id)) for d in members])
        rows = store.lake.novel(partner, intent.feed, intent.seq, rows)
        version = store.lake.publish(partner, intent.feed, intent.seq, rows)
        durable = store.lake.make_durable(partner, version)
        store.published(lease, intent, durable.version, durable.rows, durable.files, durable.event_time_max)
        return durable.rows


def _members(store: Store, intent: PublishRow) -> list[DeliveryRow]:
    with store.reading() as tx:
        found = [tx.delivery(member) for member in intent.members]
    return [delivery for delivery in found if delivery is not None]


COLUMNS = pa.schema(
    [
        ("batch", WORDS),
        ("phase", WORDS),
        ("tag", WORDS),
        ("ts", pa.timestamp("us", "UTC")),
        ("value", pa.float64()),
        ("text", pa.string()),
        ("quality", WORDS),
        ("delivery_id", WORDS),
    ]
)
"""What a delivery gives to the lake; the rest of the table's columns come from the publish."""


def _rows(
    store: Store, delivery: DeliveryRow, contract: Contract, batches: Sequence[pa.RecordBatch] | None
) -> pa.Table:
    """A delivery's storable rows: kept since its verdict, else read again from the archive."""
    if batches is None:
        again: list[pa.RecordBatch] = []
        inspect(
            store.archive.path(delivery.sha256),
            file=delivery.file,
            contract=contract,
            context=Context(received_at=delivery.received_at),
            delivery=reference(delivery),
            format=delivery.format,
            on_good=again.append,
        )
        batches = again
    if not batches:
        return COLUMNS.empty_table()
    return _shape(pa.Table.from_batches(batches), delivery.id)


def _shape(table: pa.Table, delivery_id: str) -> pa.Table:
    """The first row of each (tag, ts), in the lake's columns. A column that the delivery does not have is null."""
    table = first_of_each_point(table)
    names = {"batch": "batch_id"}
    columns = []
    for field in COLUMNS:
        source = names.get(field.name, field.name)
        if field.name == "delivery_id":
            columns.append(as_words(pa.scalar(delivery_id), table.num_rows))
        elif source in table.column_names:
            column = table[source]
            columns.append(as_words(column) if field.type == WORDS else column.cast(field.type))
        else:
            columns.append(pa.nulls(table.num_rows, field.type))
    return pa.Table.from_arrays(columns, schema=COLUMNS)


def first_of_each_point(rows: pa.Table) -> pa.Table:
    """Keep the first row of each (tag, ts) of a delivery: exact copies count once, and of two values for one point the
    first stands (contracts.md 4.4; the conflict is a finding)."""
    keep = first_of_each(rows)
    return rows if keep.all() else rows.filter(pa.array(keep))
