"""From a partner's bytes to a receipt: archive first, then delivery and cursor in one transaction (TX A).

Nothing can be lost from here on. Only after TX A may a transport acknowledge anything to the partner.
"""

from __future__ import annotations

import asyncio

from connectors import Cursor, Delivery
from hub.store import Lease, Receipt, Received, Store
from hub.telemetry import span, trace_id


async def receive(
    store: Store, lease: Lease, feed: str, delivery: Delivery, to: Cursor | None, was: Cursor | None
) -> tuple[Received, Receipt]:
    """Archive the delivery's bytes and receipt it together with the cursor `to` (None: it stays where it is). `was` is
    the cursor stored so far.

    Raises StoreError (full disk, lost lease, a cursor that somebody moved) and whatever ConnectorError the byte stream
    ends in; neither leaves a receipt behind.
    """
    with span("jid.delivery.receive", {"jid.feed": feed}):
        blob = await store.archive.put(delivery.body)
        receipt = Receipt(
            feed=feed,
            source_key=delivery.source_key,
            blob=blob,
            file=delivery.file,
            format=delivery.format,
            origin_uri=delivery.origin.uri,
            origin_peer=delivery.origin.peer,
            origin_headers=dict(delivery.origin.headers),
            source_time=delivery.source_time,
            window_from=delivery.window_from,
            window_to=delivery.window_to,
            trace_id=trace_id(),
        )
        (received,) = await asyncio.to_thread(store.receive, lease, [receipt], to, was=was)
        return received, receipt
