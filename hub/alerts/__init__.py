"""Alerts: what people are told, once, in words they can act on, and how it reaches them.

Imported by `hub.watch` and `hub.hub`. Decides by pure functions (`severity`, `lifecycle`, `certificates`, `series`,
`schedules`, `late`, `link`), writes through the transaction it is given (`book`), and sends from the outbox alone.
It never puts a value or a free text of a delivery into a message, never resolves without evidence, reads no clock.
"""

from __future__ import annotations

from hub.alerts.book import Written, acknowledge
from hub.alerts.channels import Channel, open_channels
from hub.alerts.errors import AlertsError, ChannelError, NotActive
from hub.alerts.outbox import Sent, send_due
from hub.alerts.react import Reactions, react
from hub.alerts.view import View, headline

__all__ = [
    "AlertsError",
    "Channel",
    "ChannelError",
    "NotActive",
    "Reactions",
    "Sent",
    "View",
    "Written",
    "acknowledge",
    "headline",
    "open_channels",
    "react",
    "send_due",
]
