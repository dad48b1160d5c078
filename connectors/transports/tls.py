"""Whom we trust over TLS, and as whom we come. Certificates are always verified; TLS 1.2 is the oldest spoken."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM form: the partner's own CA, and our certificate with its key where the partner asks for one."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Raises OSError (ssl.SSLError is one) when a file can't be read or used."""
    if tls == Tls():
        return _public_authorities()
    context = ssl.create_default_context(cafile=tls.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.cert is not None:
        context.load_cert_chain(tls.cert, tls.key)
    return context


@cache
def _public_authorities() -> ssl.SSLContext:
    # Loading the list of authorities takes 20 ms and more; a context may be shared by any number of clients.
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
