"""Routes: who gets a message. The first route of `hub.toml` that matches wins; the default route matches everything, so
no alert can reach nobody."""

from __future__ import annotations

from hub.alerts.kinds import AlertKind
from hub.settings import MaildirChannel, Settings, SmtpChannel
from hub.store.rows import AlertSeverity


def recipients(
    settings: Settings, *, kind: AlertKind, severity: AlertSeverity, audience: str, partner: str
) -> list[tuple[str, str]]:
    """(channel, recipient) of each message for this audience. One recipient a message, never a batch.

    A terminal or a webhook has no addresses: its recipient is the audience itself. A mail channel without addresses
    writes to the audience at this host, so that a forgotten address shows as mail that bounces, not as silence.
    """
    route = settings.route(kind=kind.value, severity=severity, audience=audience, partner=partner)
    mailing = {c.name for c in settings.channels if isinstance(c, MaildirChannel | SmtpChannel)}
    found: list[tuple[str, str]] = []
    for channel in route.channels:
        if channel not in mailing:
            found.append((channel, audience))
        elif route.recipients:
            found += [(channel, recipient) for recipient in route.recipients]
        else:
            found.append((channel, f"{audience.replace(':', '.')}@localhost"))
    return list(dict.fromkeys(found))
