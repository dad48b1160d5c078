"""One POST with the stdlib's client: verified TLS, no redirect, no proxy, no second try. The outbox does the trying."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from hub.alerts.channels.webhook import Answer

MAX_ANSWER_BYTES = 64 * 1024


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
    """Raises OSError when no answer came, or when the URL is not one that a signed message may go to."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, parts.port, timeout=timeout_s, context=ssl.create_default_context()
        )
    elif parts.scheme == "http" and _is_loopback(host):
        connection = http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    else:
        raise OSError("a webhook must be https (http is for this machine only)")
    try:
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        connection.request("POST", path, body=body, headers=dict(headers))
        response = connection.getresponse()
        response.read(MAX_ANSWER_BYTES)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()})
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from error
    finally:
        connection.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
