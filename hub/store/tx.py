"""Tx: what may be read and written inside one transaction of the ledger."""

from __future__ import annotations

from hub.store.ledger.alerts import Alerts
from hub.store.ledger.lease import Leases
from hub.store.ledger.outbox import Outbox
from hub.store.ledger.publishes import Publishes
from hub.store.ledger.release import ReleaseState


class Tx(Publishes, Alerts, Outbox, ReleaseState, Leases):
    """One open transaction; `now` is its one instant (aware UTC).

    All of it is committed or none of it. Each noun's methods stand in its own module of `hub.store.ledger`: feeds,
    deliveries, records, judgements, publishes, alerts, outbox, release, lease, audit.
    """
