"""Real servers on loopback for the connectors' tests: an HTTP server that can misbehave on demand, an SFTP server.

Both listen on free ports and are stopped by their fixtures. A feed is opened as the hub opens it: from a partner.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio

from connectors.connector import Connector
from connectors.delivery import Cursor, Delivery
from connectors.errors import ConnectorError
from connectors.partners import Partner
from connectors.registry import connect
from connectors.timing import Timing

NOW = datetime(2026, 11, 20, 10, 17, tzinfo=UTC)


@dataclass
class Ticks:
    """A clock that only moves when somebody waits. `waits` lists what was waited for."""

    moment: datetime = NOW
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def timing(self) -> Timing:
        return Timing(self.now, lambda: self.seconds, self.sleep)


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    def mentions(self, text: str) -> bool:
        return text in self.target or text in str(self.headers) or text.encode() in self.body


@dataclass
class Reply:
    """`drip` sends one byte each so many seconds; `cut` closes the line after so many bytes of the body."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: float | None = None
    cut: int | None = None
    endless: bool = False


Handler = Callable[[Request], Reply]


class HttpServer:
    """HTTP/1.1, one request a connection. `handler` answers; `requests` remembers what was asked."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[Request] = []
        self.origin = ""
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        port = self._server.sockets[0].getsockname()[1]
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"

    async def stop(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            request = Request(method, target, headers, body)
            self.requests.append(request)
            await self._send(self.handler(request), writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _send(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        headers = {"Content-Length": str(len(reply.body)), "Connection": "close", **reply.headers}
        if reply.endless:
            del headers["Content-Length"]
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {reply.status} x\r\n{lines}\r\n".encode("latin-1"))
        if reply.drip is not None:
            for byte in reply.body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.drip)
        elif reply.endless:
            while True:
                writer.write(reply.body)
                await writer.drain()
        else:
            writer.write(reply.body[: reply.cut])
        await writer.drain()


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[HttpServer]]]:
    """`await serve(handler)` starts one more server; a handler gets a Request and gives a Reply."""
    started: list[HttpServer] = []

    async def start(handler: Handler, *, tls: ssl.SSLContext | None = None) -> HttpServer:
        server = HttpServer(handler)
        await server.start(tls)
        started.append(server)
        return server

    yield start
    for server in started:
        await server.stop()


@pytest_asyncio.fixture
async def open_feed(tmp_path: Path, ticks: Ticks) -> AsyncIterator[Callable[..., Connector]]:
    """`open_feed("rest", {...options})` opens a feed the way the hub does; closed at the end of the test."""
    opened: list[Connector] = []

    def start(
        transport: str,
        options: dict[str, Any],
        *,
        environ: Mapping[str, str] | None = None,
        kind: str = "coa",
        every: str = "15m",
        timing: Timing | None = None,
    ) -> Connector:
        feed = {"kind": kind, "contract": f"northvale-{kind}@2.3", "every": every}
        partner = Partner.model_validate(
            {
                "partner": "northvale",
                "name": "Northvale Vectors",
                "sites": [{"site": "NV-BOS", "timezone": "America/New_York", "roles": ["vector_mfg"]}],
                "feeds": [{**feed, "connector": transport, "options": options}],
            }
        )
        connector = connect(
            partner, partner.feeds[0], environ=environ or {}, base=tmp_path, timing=timing or ticks.timing()
        )
        opened.append(connector)
        return connector

    yield start
    for connector in opened:
        await connector.close()


@dataclass
class Pulled:
    """What one pull gave: deliveries with their bytes, the last cursor, and the error that ended it."""

    deliveries: list[Delivery] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    cursor: Cursor | None = None
    error: ConnectorError | None = None

    @property
    def keys(self) -> list[str]:
        return [delivery.source_key for delivery in self.deliveries]


@pytest.fixture
def pull() -> Callable[..., Awaitable[Pulled]]:
    """Pulls as intake does: each body before the next delivery, the cursor of the last delivery that had one."""

    async def run(
        connector: Connector, cursor: Cursor | None = None, *, until: datetime | None = None, at_most: int | None = None
    ) -> Pulled:
        pulled = Pulled(cursor=cursor)
        stream = connector.pull(cursor, until)
        try:
            async for delivery in stream:
                pulled.data.append(b"".join([chunk async for chunk in delivery.body]))
                pulled.deliveries.append(delivery)
                pulled.cursor = delivery.cursor or pulled.cursor
                if at_most is not None and len(pulled.deliveries) >= at_most:
                    break
        except ConnectorError as error:
            pulled.error = error
        finally:
            with contextlib.suppress(AttributeError):
                await stream.aclose()  # type: ignore[attr-defined]
        return pulled

    return run


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A port that nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find
