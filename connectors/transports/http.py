"""HTTP to one partner. The only module that imports httpx, so that it can be swapped.

What it adds to httpx: a client is bound to one origin (scheme, host, port) and nothing it sends goes anywhere else;
redirects are never followed; a response has a total deadline and a byte cap; TLS is always verified; every httpx
error becomes one of ours. An answer is read whole, into a Spool, before anybody sees it.

Compressed answers are refused instead of unpacked: `Accept-Encoding: identity` is sent with every request, and 200 KB
of gzip can hold 200 MB (reliability.md T3).
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import ssl
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

import httpx

from connectors.errors import (
    AnswerTooLarge,
    BadAnswer,
    ConfigError,
    ConfigProblem,
    ConnectorError,
    DeadlineExceeded,
    ForeignOrigin,
    PeerNotTrusted,
    RateLimited,
    SignInRefused,
    SourceMissing,
    Unreachable,
)
from connectors.timing import Timing
from connectors.transports.attempts import TryAgain, attempt
from connectors.transports.httptime import http_date, retry_after
from connectors.transports.spool import Spool
from connectors.transports.tls import Tls, tls_context

# A longer wait ends the pull; the next tick goes on from the stored cursor.
RETRY_AFTER_CAP_SECONDS = 60.0

_TRY_AGAIN_STATUS = frozenset({408, 425, 429, *range(500, 600)})
_KEPT_HEADERS = ("content-type", "content-length", "date", "etag", "last-modified", "server")

ERRORS: Mapping[type[Exception], tuple[type[ConnectorError], bool]] = MappingProxyType(
    {
        # (what it becomes, whether asking again can help)
        httpx.ConnectError: (Unreachable, True),
        httpx.ConnectTimeout: (Unreachable, True),
        httpx.ReadError: (Unreachable, True),
        httpx.ReadTimeout: (Unreachable, True),
        httpx.WriteError: (Unreachable, True),
        httpx.WriteTimeout: (Unreachable, True),
        httpx.PoolTimeout: (Unreachable, True),
        httpx.CloseError: (Unreachable, True),
        httpx.ProxyError: (Unreachable, True),
        httpx.RemoteProtocolError: (Unreachable, True),
        httpx.LocalProtocolError: (BadAnswer, False),
        httpx.UnsupportedProtocol: (BadAnswer, False),
        httpx.DecodingError: (BadAnswer, False),
        httpx.TooManyRedirects: (BadAnswer, False),
        httpx.HTTPStatusError: (BadAnswer, False),
        httpx.InvalidURL: (BadAnswer, False),
        httpx.CookieConflict: (BadAnswer, False),
        httpx.StreamConsumed: (BadAnswer, False),
        httpx.StreamClosed: (BadAnswer, False),
        httpx.ResponseNotRead: (BadAnswer, False),
        httpx.RequestNotRead: (BadAnswer, False),
    }
)
"""Every exception class that httpx may raise. A test walks httpx and fails, by name, for one that is not here."""


class Signer(Protocol):
    """Signs requests to one origin. `renew=True` asks for fresh credentials after a 401; None: there are none."""

    async def headers(self, *, renew: bool) -> Mapping[str, str] | None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """`deadline_s` is for one whole response: a drip of a byte a second never trips a read time-out."""

    max_bytes: int = 64 * 1024 * 1024
    connect_s: float = 5.0
    read_s: float = 30.0
    deadline_s: float = 60.0


@dataclass(slots=True)
class Answer:
    """A whole response. `url` is what was asked, `peer` the server's TLS certificate as sha256 (None without TLS)."""

    status: int
    url: str
    headers: Mapping[str, str]
    next_links: Mapping[str, str]
    peer: str | None
    body: Spool = field(default_factory=Spool)

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self.body.close()

    @property
    def date(self) -> datetime | None:
        """The server's own clock when it answered."""
        return http_date(self.headers.get("date", ""))


class Http:
    """A client of one origin. `where` names the feed in messages."""

    def __init__(
        self,
        base_url: str,
        *,
        where: str,
        timing: Timing,
        limits: Limits,
        tls: Tls | None = None,
        signer: Signer | None = None,
    ) -> None:
        self._where, self._timing, self._limits, self._signer = where, timing, limits, signer
        self._base = _checked_base(base_url, where)
        self._origin = _origin(self._base)
        self._client = httpx.AsyncClient(
            verify=_trust(tls or Tls(), where),
            follow_redirects=False,
            trust_env=False,  # no proxy and no .netrc that nobody wrote into the partner's file
            timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s),
            headers={"accept-encoding": "identity", "user-agent": "justindata-hub"},
        )

    @property
    def origin(self) -> str:
        scheme, host, port = self._origin
        return f"{scheme}://{host}:{port}"

    def address(self, path: str) -> str:
        """The URL of a path of the partner file: below base_url, whatever path that has itself."""
        base = str(self._base.copy_with(query=None, fragment=None)).rstrip("/")
        return self.follow(base + path, relative_to=base, by="path") if path else base

    def follow(self, reference: str, *, relative_to: str, by: str) -> str:
        """The URL that `reference` means. Raises ForeignOrigin unless scheme, host and port stay what they are."""
        try:
            url = httpx.URL(relative_to).join(reference).copy_with(fragment=None)
        except (httpx.InvalidURL, ValueError, TypeError):
            raise ForeignOrigin(self.origin, "something that is no address", by) from None
        if url.userinfo or _origin(url) != self._origin:
            scheme, host, port = _origin(url)
            raise ForeignOrigin(self.origin, f"{scheme}://{host}:{port}", by)
        return str(url)

    async def get(
        self, url: str, params: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A 200, 204 or (when `headers` ask for it) 304. Everything else is an error. `params` are added to the URL."""
        return await attempt(lambda: self._signed("GET", url, params, headers or {}, None), self._timing)

    async def post_form(self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str]) -> Answer:
        return await attempt(lambda: self._signed("POST", url, None, headers, form), self._timing)

    async def close(self) -> None:
        await self._client.aclose()

    async def _signed(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
    ) -> Answer:
        signed = await self._signer.headers(renew=False) if self._signer else {}
        answer = await self._once(method, url, params, {**headers, **(signed or {})}, form)
        if answer.status == 401 and self._signer is not None:
            fresh = await self._signer.headers(renew=True)
            if fresh is not None:
                answer.body.close()
                answer = await self._once(method, url, params, {**headers, **fresh}, form)
        try:
            self._judge(answer, asked_if_changed="if-none-match" in headers or "if-modified-since" in headers)
        except BaseException:
            answer.body.close()
            raise
        return answer

    async def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
    ) -> Answer:
        spool = Spool()
        try:
            target = httpx.URL(url).copy_merge_params(dict(params)) if params else httpx.URL(url)
            async with asyncio.timeout(self._limits.deadline_s):
                auth = _Bound(self._origin, headers)
                async with self._client.stream(method, target, data=form, auth=auth) as response:
                    if response.status_code == 200:
                        await self._read(response, spool)
                    return _answer(response, spool)
        except TimeoutError:
            size = spool.size_bytes
            spool.close()
            raise DeadlineExceeded(self._where, self._limits.deadline_s, size) from None
        except ConnectorError:
            spool.close()
            raise
        except (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError, OSError) as error:
            spool.close()
            ours = self._mapped(error)
            # What can't be sent is quoted by httpx, and may be the secret: a traceback must not show it either.
            raise ours from (error if isinstance(ours, TryAgain | PeerNotTrusted) else None)
        except UnicodeError:  # half a character in what a page names as its next one
            spool.close()
            raise BadAnswer(f"{self._where}: a request cannot be made of what the partner named as the next") from None
        finally:
            # A session cookie would be a credential that nobody wrote down.
            self._client.cookies.clear()

    async def _read(self, response: httpx.Response, into: Spool) -> None:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"identity", ""}:
            raise BadAnswer(
                f"{self._where}: the answer is packed ({encoding[:40]}) although plain bytes were asked for"
            )
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._limits.max_bytes:
            raise AnswerTooLarge(self._where, self._limits.max_bytes)
        async for chunk in response.aiter_raw():
            if into.size_bytes + len(chunk) > self._limits.max_bytes:
                raise AnswerTooLarge(self._where, self._limits.max_bytes)
            await into.write(chunk)

    def _judge(self, answer: Answer, *, asked_if_changed: bool) -> None:
        status, detail = answer.status, f"{answer.status} from {answer.url}"
        if status in {200, 204} or (status == 304 and asked_if_changed):
            return
        if status in {401, 403}:
            raise SignInRefused(f"{self._where}: the partner refused our credentials ({status})", detail=detail)
        if status in {404, 410}:
            raise SourceMissing(f"{self._where}: the partner has nothing at this path ({status})", detail=detail)
        if status in _TRY_AGAIN_STATUS:
            wait = retry_after(answer.headers.get("retry-after"), self._timing.now())
            limited = status == 429 or (wait is not None and wait > RETRY_AFTER_CAP_SECONDS)
            error = RateLimited(self._where, wait) if limited else Unreachable(f"{self._where}: answers {status}")
            error.detail = detail
            if wait is not None and wait > RETRY_AFTER_CAP_SECONDS:
                raise error
            raise TryAgain(error, after=wait)
        if 300 <= status < 400:
            self.follow(answer.headers.get("location", ""), relative_to=answer.url, by="a redirect")
            raise BadAnswer(
                f"{self._where}: redirects ({status}); write the final path into the partner file", detail=detail
            )
        raise BadAnswer(f"{self._where}: answers {status}", detail=detail, status=status)

    def _mapped(self, error: Exception) -> Exception:
        if isinstance(_tls_cause(error), ssl.SSLCertVerificationError):
            return PeerNotTrusted(
                f"{self._where}: {self.origin} shows a certificate that we do not trust; nothing was sent",
                detail=str(_tls_cause(error)),
            )
        kind, again = next(
            (ERRORS[cls] for cls in type(error).__mro__ if cls in ERRORS), (Unreachable, isinstance(error, OSError))
        )
        # httpx quotes a header that can't be sent, and that may be the secret: only the kind of error is told then.
        said = f"{type(error).__name__}: {error}" if again else type(error).__name__
        ours = kind(f"{self._where}: no whole answer from {self.origin} ({type(error).__name__})", detail=said)
        return TryAgain(ours) if again else ours


class _Bound(httpx.Auth):
    """Puts headers on requests to one origin, and refuses to sign any other."""

    def __init__(self, origin: tuple[str, str, int], headers: Mapping[str, str]) -> None:
        self._allowed, self._headers = origin, headers

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if _origin(request.url) != self._allowed:
            scheme, host, port = self._allowed
            raise ForeignOrigin(f"{scheme}://{host}:{port}", request.url.host, "a request")
        request.headers.update(self._headers)
        yield request


def _answer(response: httpx.Response, spool: Spool) -> Answer:
    kept = {
        name: response.headers[name] for name in (*_KEPT_HEADERS, "location", "retry-after") if name in response.headers
    }
    links = {rel: link["url"] for rel, link in response.links.items() if rel and "url" in link}
    stream = response.extensions.get("network_stream")
    tls: Any = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = tls.getpeercert(binary_form=True) if tls is not None else None
    peer = f"sha256:{hashlib.sha256(certificate).hexdigest()}" if certificate else None
    return Answer(response.status_code, str(response.request.url), kept, links, peer, spool)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    default = {"https": 443, "http": 80}.get(url.scheme, 0)
    return url.scheme, url.host.lower().rstrip("."), url.port or default


def _checked_base(text: str, where: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise _config(where, "base_url is no address; write it like https://api.partner.example") from None
    if url.scheme not in {"https", "http"} or not url.host:
        raise _config(where, "base_url is no address; write it like https://api.partner.example")
    if url.userinfo:
        raise _config(where, "base_url holds a user name or password; write them as references under auth")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise _config(where, "base_url is not encrypted; use https (http is for this machine only)")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust(tls: Tls, where: str) -> ssl.SSLContext:
    try:
        return tls_context(tls)
    except OSError as error:  # ssl.SSLError is one
        raise _config(where, f"tls: a file cannot be used ({error.strerror or error})") from None


def _tls_cause(error: BaseException | None) -> BaseException | None:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _config(where: str, message: str) -> ConfigError:
    return ConfigError([ConfigProblem(where, 1, 1, message)])
