"""Northvale's side of the wire: an HTTP server with OAuth2 sign-in, certificates in cursor pages, the schedule, and a
historian in the shape of the PI Web API.

    POST /oauth/token                                      client credentials -> a bearer token
    GET  /v1/certificates?updated_since=&cursor=           {"data": [...], "next": cursor or null}
    GET  /v1/schedule                                      {"slots": [...]}
    GET  /piwebapi/streamsets/{webId}/recorded?startTime=&endTime=&maxCount=

The certificates answer 429 with Retry-After twice before they serve anything: a storm that a good client sits out.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote_plus

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PAGE = 2
TOKEN_S = 300
RETRY_AFTER_S = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """One certificate in the partner's system: its exact JSON text, and when it was last touched (aware UTC)."""

    updated_at: datetime
    text: str


@dataclass
class Northvale:
    """What the server serves. `certificates`, `schedule` and `storm` may be replaced while it runs.

    `historian(start, end, max_count)` makes the PI answer for [start, end]; `web_id` is the one stream set there is.
    """

    client_id: str
    client_secret: str
    web_id: str
    historian: Callable[[datetime, datetime, int], bytes]
    certificates: tuple[Listed, ...] = ()
    schedule: bytes = b'{"slots": []}'
    storm: int = 0
    """How many more requests for certificates are turned away."""
    requests: dict[str, int] = field(default_factory=dict)
    """Answers given so far, by "path status"."""
    _tokens: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/oauth/token", self._token, methods=["POST"]),
                Route("/v1/certificates", self._certificates),
                Route("/v1/schedule", self._schedule),
                Route("/piwebapi/streamsets/{web_id}/recorded", self._recorded),
            ]
        )

    def _count(self, path: str, response: Response) -> Response:
        key = f"{path} {response.status_code}"
        self.requests[key] = self.requests.get(key, 0) + 1
        return response

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        user, password = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        known = hmac.compare_digest(user, self.client_id) and hmac.compare_digest(password, self.client_secret)
        if form.get("grant_type") != "client_credentials":
            return self._count("token", JSONResponse({"error": "unsupported_grant_type"}, 400))
        if not known:
            return self._count("token", JSONResponse({"error": "invalid_client"}, 401))
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        body = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_S}
        return self._count("token", JSONResponse(body, headers={"Cache-Control": "no-store"}))

    def _signed_in(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self._tokens:
            raise HTTPException(401, "sign in at /oauth/token", {"WWW-Authenticate": "Bearer"})

    async def _certificates(self, request: Request) -> Response:
        self._signed_in(request)
        if self.storm > 0:
            self.storm -= 1
            busy = JSONResponse({"error": "too many requests"}, 429, {"Retry-After": str(RETRY_AFTER_S)})
            return self._count("certificates", busy)
        query = request.query_params
        since = _moment(query.get("updated_since"))
        listed = sorted(
            (c for c in self.certificates if since is None or c.updated_at >= since), key=lambda c: c.updated_at
        )
        try:
            first = int(query.get("cursor") or 0)
        except ValueError:
            raise HTTPException(400, "cursor is not one of ours") from None
        page, more = listed[first : first + PAGE], first + PAGE < len(listed)
        items = ",\n".join(c.text for c in page)
        following = json.dumps(str(first + PAGE) if more else None)
        body = f'{{"data": [\n{items}\n],\n"next": {following}}}\n'
        return self._count("certificates", Response(body, media_type="application/json"))

    async def _schedule(self, request: Request) -> Response:
        self._signed_in(request)
        return self._count("schedule", Response(self.schedule, media_type="application/json"))

    async def _recorded(self, request: Request) -> Response:
        self._signed_in(request)
        if request.path_params["web_id"] != self.web_id:
            raise HTTPException(404, "no such stream set")
        start, end = (_moment(request.query_params.get(name)) for name in ("startTime", "endTime"))
        if start is None or end is None:
            raise HTTPException(400, "startTime and endTime are needed, with their offset")
        most = request.query_params.get("maxCount", "1000")
        if not most.isdecimal():
            raise HTTPException(400, "maxCount is a whole number")
        body = await asyncio.to_thread(self.historian, start, end, int(most))
        return self._count("recorded", Response(body, media_type="application/json"))


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(user), unquote_plus(password)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise HTTPException(400, "a time is not RFC 3339") from None
    if moment.tzinfo is None:
        raise HTTPException(400, "a time has no offset")
    return moment.astimezone(UTC)


class HttpServer:
    """An ASGI app on a free loopback port. `await start()` returns its base URL; `await stop()` ends it."""

    def __init__(self, app: Starlette) -> None:
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> str:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self._task = asyncio.create_task(self._server.serve([listener]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.01)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task
