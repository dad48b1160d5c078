"""Errors of hub.alerts.

AlertsError
  NotActive            only an open or acknowledged alert can be acknowledged      whoever asked
  ChannelError         a message was not taken over                                platform, it is tried again
"""

from __future__ import annotations

from datetime import timedelta


class AlertsError(Exception):
    """Ground of every error of hub.alerts. Its text holds no secret, no URL and nothing that a partner wrote."""

    audience = "platform"


class NotActive(AlertsError):
    """The alert is resolved, closed or not known; `state` says which."""

    audience = "quality"

    def __init__(self, alert_id: str, state: str) -> None:
        self.alert_id, self.state = alert_id, state
        super().__init__(f"{alert_id} is {state}; only an open alert can be acknowledged. See: jid alerts list")


class ChannelError(AlertsError):
    """The message was not taken over. `retry_after`: the other side asked to wait that long."""

    def __init__(self, channel: str, message: str, *, retry_after: timedelta | None = None) -> None:
        self.channel, self.message, self.retry_after = channel, message, retry_after
        super().__init__(f"{channel}: {message}")
