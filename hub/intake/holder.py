"""Who holds a lease (a feed's, the watch's), and how a dead holder's is taken before its time is over."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from uuid import uuid4

from hub.store import Lease, Store

TTL = timedelta(minutes=5)
"""Every transaction of a pull prolongs its lease; between two of them lies one delivery's parsing at most."""


def take(store: Store, name: str) -> Lease | None:
    """The lease of that name, or None while somebody else works under it.

    A holder on this machine whose process is gone (killed, crashed) is not waited for. A wrong guess does no harm: the
    old holder's token no longer passes in any transaction.
    """
    with store.reading() as tx:
        held = tx.lease_of(name)
    dead = held.holder if held is not None and _is_gone(held.holder) else None
    return store.lease(name, _name(), TTL, instead_of=dead)


def _name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"


def _is_gone(holder: str) -> bool:
    host, _, rest = holder.partition("/")
    pid = rest.partition("/")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
