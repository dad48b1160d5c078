"""Promise kept here: a partner's passing trouble is waited out as agreed; what stays is an error that says who acts."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import httpx
import pytest

import connectors
from connectors.errors import BadAnswer, ConnectorError, RateLimited, SignInRefused, SourceMissing, Unreachable
from connectors.transports.http import ERRORS

OAUTH = {"oauth2": {"token_path": "/oauth/token", "client_id": "env:NV_ID", "client_secret": "env:NV_SECRET"}}
ENVIRON = {"NV_ID": "hub:1", "NV_SECRET": "s3cret/canary"}


def options(origin: str, **more: Any) -> dict[str, Any]:
    return {"base_url": origin, "path": "/v1/schedule", **more}


async def test_a_storm_of_429_is_waited_out_as_the_partner_asks(serve, open_feed, pull, reply, ticks) -> None:
    answers = iter([reply(status=429, headers={"Retry-After": "1"})] * 2 + [reply(b"{}")])
    server = await serve(lambda _: next(answers))
    pulled = await pull(open_feed("rest", options(server.origin)))
    assert (pulled.error, pulled.data, ticks.waits) == (None, [b"{}"], [1.0, 1.0])


async def test_retry_after_may_be_a_date(serve, open_feed, pull, reply, ticks) -> None:
    answers = iter([reply(status=503, headers={"Retry-After": "Fri, 20 Nov 2026 10:17:20 GMT"}), reply(b"{}")])
    server = await serve(lambda _: next(answers))
    pulled = await pull(open_feed("rest", options(server.origin)))
    assert (pulled.error, ticks.waits) == (None, [20.0])  # the clock stands at 10:17:00


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("wait", ["61", "Fri, 20 Nov 2026 11:00:00 GMT"])
async def test_a_longer_wait_ends_the_pull_at_once(
    serve, open_feed, pull, reply, ticks, status: int, wait: str
) -> None:
    server = await serve(lambda _: reply(status=status, headers={"Retry-After": wait}))
    pulled = await pull(open_feed("rest", options(server.origin)))
    assert isinstance(pulled.error, RateLimited)
    assert (pulled.error.action, pulled.error.code, len(server.requests), ticks.waits) == ("retry", "CON-E401", 1, [])


async def test_waits_that_would_pass_the_budget_are_not_begun(serve, open_feed, pull, reply, ticks) -> None:
    server = await serve(lambda _: reply(status=429, headers={"Retry-After": "25"}))
    pulled = await pull(open_feed("rest", options(server.origin)))
    # 25 + 25 s fit into 60 s, a third wait does not.
    assert (ticks.waits, len(server.requests)) == ([25.0, 25.0], 3)
    assert isinstance(pulled.error, RateLimited)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
async def test_passing_trouble_is_tried_four_times(serve, open_feed, pull, reply, ticks, status: int) -> None:
    answers = iter([reply(status=status)] * 3 + [reply(b"{}")] + [reply(status=status)] * 4)
    server = await serve(lambda _: next(answers))
    feed = open_feed("rest", options(server.origin))
    assert (await pull(feed)).error is None
    assert len(ticks.waits) == 3
    assert all(0 < wait <= 9 for wait in ticks.waits)
    second = await pull(feed)
    assert isinstance(second.error, Unreachable)
    assert len(server.requests) == 8


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, SignInRefused), (404, SourceMissing), (400, BadAnswer), (418, BadAnswer), (206, BadAnswer)],
)
async def test_a_refusal_is_never_repeated(serve, open_feed, pull, reply, status: int, kind: type) -> None:
    server = await serve(lambda _: reply(status=status))
    pulled = await pull(open_feed("rest", options(server.origin)))
    assert type(pulled.error) is kind
    assert len(server.requests) == 1


class TokenServer:
    """Gives out token-1, token-2, ...; only the newest one that is not revoked opens the API."""

    def __init__(self, reply: Any, *, life: int = 3600) -> None:
        self.reply, self.life, self.given, self.revoked = reply, life, 0, False

    def __call__(self, request: Any) -> Any:
        if request.path == "/oauth/token":
            # RFC 6749 2.3.1: form-encoded, then base64("hub%3A1:s3cret%2Fcanary"), made by hand with base64(1).
            if request.headers.get("authorization") != "Basic aHViJTNBMTpzM2NyZXQlMkZjYW5hcnk=":
                return self.reply(status=401)
            assert request.body == b"grant_type=client_credentials"
            self.given, self.revoked = self.given + 1, False
            token = b'{"access_token":"token-%d","token_type":"Bearer","expires_in":%d}'
            return self.reply(token % (self.given, self.life))
        if self.revoked or request.headers.get("authorization") != f"Bearer token-{self.given}":
            return self.reply(status=401)
        return self.reply(b"{}")


async def test_oauth2_signs_in_once_and_keeps_the_token(serve, open_feed, pull, reply) -> None:
    tokens = TokenServer(reply)
    server = await serve(tokens)
    feed = open_feed("rest", options(server.origin, auth=OAUTH), environ=ENVIRON)
    assert [(await pull(feed)).error for _ in range(3)] == [None] * 3
    assert (tokens.given, len(server.requests)) == (1, 4)


async def test_a_token_is_renewed_before_it_ends(serve, open_feed, pull, reply, ticks) -> None:
    tokens = TokenServer(reply, life=100)
    server = await serve(tokens)
    feed = open_feed("rest", options(server.origin, auth=OAUTH), environ=ENVIRON)
    await pull(feed)
    ticks.advance(69)
    await pull(feed)
    assert tokens.given == 1
    ticks.advance(2)
    assert (await pull(feed)).error is None
    assert tokens.given == 2


async def test_a_401_renews_the_token_once(serve, open_feed, pull, reply) -> None:
    tokens = TokenServer(reply)
    server = await serve(tokens)
    feed = open_feed("rest", options(server.origin, auth=OAUTH), environ=ENVIRON)
    await pull(feed)
    tokens.revoked = True
    assert (await pull(feed)).error is None
    assert tokens.given == 2


async def test_a_401_that_stays_is_a_refused_sign_in(serve, open_feed, pull, reply) -> None:
    tokens = TokenServer(reply)
    server = await serve(lambda r: tokens(r) if r.path == "/oauth/token" else reply(status=401))
    pulled = await pull(open_feed("rest", options(server.origin, auth=OAUTH), environ=ENVIRON))
    assert isinstance(pulled.error, SignInRefused)
    assert (pulled.error.code, tokens.given) == ("CON-E402", 2)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_wrong_client_secret_is_a_refused_sign_in(serve, open_feed, pull, reply, status: int) -> None:
    server = await serve(lambda _: reply(b'{"error":"invalid_client"}', status=status))
    pulled = await pull(open_feed("rest", options(server.origin, auth=OAUTH), environ=ENVIRON))
    assert isinstance(pulled.error, SignInRefused)
    assert "canary" not in f"{pulled.error} {pulled.error.detail}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"token":"x"}',
        b'{"access_token":""}',
        b'{"access_token":"a\\nb"}',
        b'{"access_token":"x","token_type":"mac"}',
        b'{"access_token":"x","expires_in":"soon"}',
        b"[" * 100_000,
    ],
)
async def test_a_token_answer_that_is_none_is_told_without_quoting_it(serve, open_feed, pull, reply, body) -> None:
    server = await serve(lambda _: reply(body))
    pulled = await pull(open_feed("rest", options(server.origin, auth=OAUTH), environ=ENVIRON))
    assert isinstance(pulled.error, BadAnswer)


async def test_api_keys_and_passwords_stand_in_their_header(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b"{}"))
    for auth, header, value in [
        ({"api_key": {"key": "env:NV_SECRET"}}, "x-api-key", "s3cret/canary"),
        (
            {"api_key": {"header": "Authorization", "prefix": "Token ", "key": "env:NV_ID"}},
            "authorization",
            "Token hub:1",
        ),
        # base64("hub:s3cret/canary"), made by hand.
        (
            {"basic": {"username": "hub", "password": "env:NV_SECRET"}},
            "authorization",
            "Basic aHViOnMzY3JldC9jYW5hcnk=",
        ),
    ]:
        await pull(open_feed("rest", options(server.origin, auth=auth), environ=ENVIRON))
        assert server.requests[-1].headers[header] == value


def test_every_exception_of_httpx_becomes_one_of_ours() -> None:
    raised = [cls for _, cls in inspect.getmembers(httpx, inspect.isclass) if issubclass(cls, Exception)]
    # Classes with subclasses are only there to be caught; httpx raises the leaves.
    leaves = [cls for cls in raised if not any(other is not cls and issubclass(other, cls) for other in raised)]
    assert [cls.__name__ for cls in leaves if cls not in ERRORS] == []
    assert all(issubclass(ours, ConnectorError) for ours, _ in ERRORS.values())


def test_one_module_imports_httpx_and_one_asyncssh() -> None:
    root = Path(connectors.__file__).parent
    for library, home in [("httpx", "http.py"), ("asyncssh", "sftpsession.py")]:
        users = [path.name for path in root.rglob("*.py") if f"import {library}" in path.read_text()]
        assert users == [home]


def test_host_key_checking_is_never_switched_off() -> None:
    root = Path(connectors.__file__).parent
    assert not [
        p.name for p in root.rglob("*.py") if "known_hosts=None," in p.read_text() or "verify=False" in p.read_text()
    ]
