"""What a request to a partner is signed with: an API key, a user name and password, or an OAuth2 token.

    auth: {api_key: {header: X-API-Key, key: "env:NV_KEY"}}                  # prefix: "Bearer " where one is needed
    auth: {basic: {username: "env:PI_USER", password: "env:PI_PASSWORD"}}
    auth: {oauth2: {token_path: /oauth/token, client_id: "env:NV_ID", client_secret: "env:NV_SECRET", scope: coa.read}}

OAuth2 is the client credentials grant (RFC 6749 4.4). The client signs in with HTTP Basic (2.3.1), or in the form
with `client_in: form`. The token is kept until 30 s before it ends and is renewed once when the partner answers 401.
`token_url` in place of `token_path` names a sign-in server of another origin; it sees the client's secret, the
partner's API never does.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote_plus

from pydantic import Field, field_validator, model_validator

from connectors.errors import BadAnswer, SecretMissing, SignInRefused
from connectors.secrets import SecretRef, TextOrRef
from connectors.timing import Timing
from connectors.transport import Options
from connectors.transports.http import Answer, Http, Signer

# A token that ends while a request is under way would be refused on arrival.
EARLY_SECONDS = 30.0
# RFC 6749 5.1 leaves expires_in out at will; five minutes is short for every server we know of.
DEFAULT_LIFE_SECONDS = 300.0


class ApiKeyOptions(Options):
    header: str = Field(default="X-API-Key", pattern=r"^[A-Za-z0-9-]+$", description="the header that carries the key")
    key: SecretRef = Field(description="env:NAME or file:PATH")
    prefix: str = Field(default="", description="what stands before the key in the header")


class BasicOptions(Options):
    username: TextOrRef = Field(description="the user name, or a reference to it")
    password: SecretRef = Field(description="env:NAME or file:PATH")


class OAuth2Options(Options):
    token_path: str | None = Field(default=None, description="path below base_url")
    token_url: TextOrRef | None = Field(default=None, description="whole URL where sign-in has an origin of its own")
    client_id: TextOrRef = Field(description="the client id, or a reference to it")
    client_secret: SecretRef = Field(description="env:NAME or file:PATH")
    scope: str | None = None
    audience: str | None = None
    client_in: Literal["header", "form"] = "header"

    @field_validator("token_path")
    @classmethod
    def _a_path(cls, path: str | None) -> str | None:
        if path is not None and not path.startswith("/"):
            raise ValueError("a path starts with /")
        return path

    @model_validator(mode="after")
    def _one_address(self) -> OAuth2Options:
        if (self.token_path is None) == (self.token_url is None):
            raise ValueError("name exactly one of token_path and token_url")
        return self


class AuthOptions(Options):
    api_key: ApiKeyOptions | None = None
    basic: BasicOptions | None = None
    oauth2: OAuth2Options | None = None

    @model_validator(mode="after")
    def _one_way(self) -> AuthOptions:
        if sum(way is not None for way in (self.api_key, self.basic, self.oauth2)) != 1:
            raise ValueError("name exactly one of api_key, basic and oauth2")
        return self


class Fixed:
    """The same header on every request: API keys, user name and password."""

    def __init__(self, header: str, value: str) -> None:
        self._headers = {header: value}

    async def headers(self, *, renew: bool) -> Mapping[str, str] | None:
        return None if renew else self._headers


class OAuth2:
    """A bearer token by client credentials. `http` is a client of the token endpoint's own origin."""

    def __init__(
        self, http: Http, url: str, client_id: str, client_secret: str, options: OAuth2Options, timing: Timing
    ):
        self._http, self._url, self._timing = http, url, timing
        self._id, self._secret, self._options = client_id, client_secret, options
        self._token, self._good_until = "", 0.0
        self._one_at_a_time = asyncio.Lock()

    async def headers(self, *, renew: bool) -> Mapping[str, str] | None:
        async with self._one_at_a_time:
            if renew or self._timing.monotonic() >= self._good_until:
                await self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    async def _fetch(self) -> None:
        form = {"grant_type": "client_credentials"}
        if self._options.scope:
            form["scope"] = self._options.scope
        if self._options.audience:
            form["audience"] = self._options.audience
        headers = {"accept": "application/json"}
        if self._options.client_in == "form":
            form |= {"client_id": self._id, "client_secret": self._secret}
        else:
            # Both are form-encoded before they are joined: RFC 6749 2.3.1.
            headers["Authorization"] = basic(quote_plus(self._id), quote_plus(self._secret))
        asked = self._timing.monotonic()
        try:
            answer = await self._http.post_form(self._url, form, headers=headers)
        except BadAnswer as error:
            if error.status == 400:
                raise SignInRefused("the partner's sign-in refused our client id and secret (400)") from None
            raise
        with answer:
            self._token, life = _token(answer)
        self._good_until = asked + max(life - EARLY_SECONDS, life / 2)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


def signer(
    options: AuthOptions | None,
    *,
    resolve: Callable[[str], str],
    timing: Timing,
    token_client: Callable[[str | None], Http],
) -> tuple[Signer | None, Http | None]:
    """The signer of these options, and the client that it owns. `token_client(url)` opens a client of the token
    endpoint: of the partner's own origin for None."""
    if options is None:
        return None, None
    if options.api_key is not None:
        value = options.api_key.prefix + resolve(options.api_key.key)
        if not (value.isascii() and value.isprintable()):
            raise SecretMissing(options.api_key.key, "holds a character that no header can carry, perhaps a line break")
        return Fixed(options.api_key.header, value), None
    if options.basic is not None:
        value = basic(resolve(options.basic.username), resolve(options.basic.password))
        return Fixed("Authorization", value), None
    oauth2 = options.oauth2
    assert oauth2 is not None
    http = token_client(resolve(oauth2.token_url) if oauth2.token_url else None)
    url = http.address(oauth2.token_path or "")
    return OAuth2(http, url, resolve(oauth2.client_id), resolve(oauth2.client_secret), oauth2, timing), http


def _token(answer: Answer) -> tuple[str, float]:
    """Token and life in seconds. Never quotes the answer: it may hold the token."""
    try:
        body = json.loads(answer.body.read_all())
        token, kind, life = body["access_token"], body.get("token_type", "Bearer"), body.get("expires_in")
        seconds = DEFAULT_LIFE_SECONDS if life is None else float(life)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise BadAnswer("the partner's sign-in answers without an access_token (RFC 6749 5.1)") from None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise BadAnswer("the partner's sign-in answers with an access_token that cannot be sent")
    if not isinstance(kind, str) or kind.lower() != "bearer" or not 0 <= seconds < 1e9:
        raise BadAnswer("the partner's sign-in answers with a token that is no bearer token, or with no life")
    return token, seconds
