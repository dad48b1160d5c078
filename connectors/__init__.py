"""How bytes come from a CDMO (`transports`) and what they say (`formats`). Imports `contracts` only; knows no store.

    partners     one YAML file a partner -> Partner, Feed          registry    a Feed -> a Connector
    connector    the seam: check, pull, close                     delivery    what a pull hands over; Cursor
    errors       everything that can go wrong, and who must act   secrets     env:NAME and file:PATH
    transport    what a third-party connector registers           testing     ListConnector, a real fake
    inspection   the one way a delivery is judged

May be imported by hub, flows, sandbox and cli. Never stores, never decides whether data is good, never retries a
contract failure, and never follows an address that a partner's answer points to outside of the partner's own origin.
"""

from connectors.connector import CheckLine, Connector
from connectors.delivery import Cursor, Delivery, Origin
from connectors.timing import Timing

__all__ = ["CheckLine", "Connector", "Cursor", "Delivery", "Origin", "Timing"]
