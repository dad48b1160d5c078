"""Promise kept here: a secret goes to its own origin only, and no answer can take more bytes or time than agreed."""

from __future__ import annotations

import ssl
import time
import traceback
import zlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.errors import (
    AnswerTooLarge,
    BadAnswer,
    ConfigError,
    DeadlineExceeded,
    ForeignOrigin,
    PeerNotTrusted,
    SecretMissing,
)

CANARY = "canary-5f1d"
AUTH = {"api_key": {"key": "env:KEY"}}


def options(origin: str, **more: Any) -> dict[str, Any]:
    return {"base_url": origin, "path": "/v1/certificates", "auth": AUTH, **more}


# {b} is host B's host:port, {port} A's own port: every way we know to say "somewhere else".
ELSEWHERE = [
    "http://{b}/x",
    "//{b}/x",
    "HTTP://{b}/x",
    "https://127.0.0.1:{port}/x",
    "ftp://127.0.0.1:{port}/x",
    "http://127.0.0.1/x",
    "http://localhost:{port}/x",
    "http://[::1]:{port}/x",
    "http://127.1:{port}/x",
    "http://2130706433:{port}/x",
    "http://127.0.0.1:{port}@{b}/x",
    "http://hub:pw@127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}\\@{b}/x",
    "http://{b}#@127.0.0.1:{port}/",
    "http://{b}?@127.0.0.1:{port}/",
    "http://127.0.0.1.:{b_port}/x",
    "http://127.0.0.1:{b_port}/x",
    "///{b}/x",
    "http:///{b}/x",
    "\\\\{b}\\x",
    "file:///etc/passwd",
    "javascript:1",
    "http://127.0.0.1:99999/x",
    "http://\u2488\u2488/x",
    "http://127。0。0。1:{b_port}/x",
]


@pytest.mark.parametrize("how", ["next", "link", "redirect"])
@pytest.mark.parametrize("address", ELSEWHERE)
async def test_no_other_host_ever_sees_the_secret(serve, open_feed, pull, reply, how: str, address: str) -> None:
    other = await serve(lambda _: reply(b'{"data": []}'))
    b = other.origin.removeprefix("http://")

    def handler(request):
        port = server.origin.rsplit(":", 1)[1]
        target = address.format(b=b, port=port, b_port=b.rsplit(":", 1)[1])
        if request.path != "/v1/certificates":
            return reply(b'{"data": []}')
        if how == "redirect":
            return reply(status=302, headers={"Location": target.encode().decode("latin-1")})
        header = {"Link": f"<{target.encode().decode('latin-1')}>; rel=next"} if how == "link" else {}
        escaped = target.replace("\\", "\\\\") if how == "next" else ""
        return reply(f'{{"data": [1], "next": "{escaped}"}}'.encode(), headers=header)

    server = await serve(handler)
    by = {"link": "next"} if how == "link" else {"cursor": "$.next"}
    feed = open_feed("rest", options(server.origin, items="$.data", paginator=by), environ={"KEY": CANARY})
    pulled = await pull(feed)
    assert other.requests == []
    assert server.requests[0].mentions(CANARY)
    if pulled.error is None or not isinstance(pulled.error, ForeignOrigin):
        # Some of these are, strictly read, paths of the partner's own host: asked for there and nowhere else.
        assert how != "next" or address.startswith(("///", "http:///", "\\\\"))
    assert CANARY not in f"{pulled.error} {getattr(pulled.error, 'detail', '')}"


async def test_a_redirect_on_the_same_host_is_refused_with_a_hint(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(status=301, headers={"Location": "/v2/certificates"}))
    pulled = await pull(open_feed("rest", options(server.origin), environ={"KEY": CANARY}))
    assert type(pulled.error) is BadAnswer
    assert "write the final path into the partner file" in pulled.error.message
    assert len(server.requests) == 1


async def test_cookies_are_not_kept(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b"{}", headers={"Set-Cookie": "session=1; Path=/"}))
    feed = open_feed("rest", options(server.origin), environ={"KEY": CANARY})
    await pull(feed)
    await pull(feed)
    assert "cookie" not in server.requests[1].headers


async def test_a_slow_drip_is_cut_at_the_total_deadline(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b"x" * 1000, drip=0.05))
    started = time.monotonic()
    pulled = await pull(open_feed("rest", options(server.origin, deadline="400ms"), environ={"KEY": CANARY}))
    assert isinstance(pulled.error, DeadlineExceeded)
    assert 0.3 < time.monotonic() - started < 1.4
    assert len(server.requests) == 1


async def test_an_endless_answer_stops_at_the_cap(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b"x" * 65536, endless=True))
    feed = open_feed("rest", options(server.origin, max_bytes=1_000_000), environ={"KEY": CANARY})
    pulled = await pull(feed)
    assert isinstance(pulled.error, AnswerTooLarge)
    assert (pulled.error.max_bytes, pulled.error.code) == (1_000_000, "FILE-E603")


async def test_an_answer_that_says_it_is_too_long_is_not_read(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b"x" * 2000))
    feed = open_feed("rest", options(server.origin, max_bytes=1999), environ={"KEY": CANARY})
    assert isinstance((await pull(feed)).error, AnswerTooLarge)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_a_packed_answer_is_refused_before_it_is_unpacked(serve, open_feed, pull, reply, encoding: str) -> None:
    bomb = zlib.compress(b"\0" * 5_000_000)
    server = await serve(lambda _: reply(bomb, headers={"Content-Encoding": encoding}))
    pulled = await pull(open_feed("rest", options(server.origin), environ={"KEY": CANARY}))
    assert type(pulled.error) is BadAnswer
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("base_url", "said"),
    [
        ("http://api.northvale.example", "not encrypted"),
        ("https://hub:pw-canary@api.northvale.example", "holds a user name or password"),
        ("api.northvale.example", "no address"),
        ("ftp://api.northvale.example", "no address"),
        ("https://", "no address"),
    ],
)
def test_an_address_that_would_give_secrets_away_is_refused(open_feed, base_url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        open_feed("rest", options(base_url), environ={"KEY": CANARY})
    assert "canary" not in str(caught.value)


def certificate(folder: Path, host: str, *, days: int = 1) -> Path:
    """A certificate and key for `host`, signed by itself, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "northvale.example")])
    start = datetime.now(UTC) - timedelta(days=2)
    names: list[x509.GeneralName] = [x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)]
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(datetime.now(UTC) + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}{days}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


def server_tls(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def test_the_partners_own_ca_is_trusted_when_it_is_named(serve, open_feed, pull, reply, tmp_path: Path) -> None:
    pem = certificate(tmp_path, "127.0.0.1")
    server = await serve(lambda _: reply(b"{}"), tls=server_tls(pem))
    feed = open_feed("rest", options(server.origin, tls={"ca": pem.name}), environ={"KEY": CANARY})
    pulled = await pull(feed)
    assert pulled.error is None
    der = ssl.PEM_cert_to_DER_cert(pem.read_text()[pem.read_text().index("-----BEGIN CERT") :])
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    assert pulled.deliveries[0].origin.peer == f"sha256:{digest.finalize().hex()}"


@pytest.mark.parametrize(
    ("served", "trusted"),
    [
        (("127.0.0.1", 1), None),
        (("other.example", 1), ("other.example", 1)),
        (("127.0.0.1", -1), ("127.0.0.1", -1)),
    ],
    ids=["unknown CA", "wrong host", "expired"],
)
async def test_a_server_that_cannot_prove_itself_sees_nothing(
    serve, open_feed, pull, reply, tmp_path: Path, served: tuple[str, int], trusted: tuple[str, int] | None
) -> None:
    pem = certificate(tmp_path, served[0], days=served[1])
    server = await serve(lambda _: reply(b"{}"), tls=server_tls(pem))
    tls = {"tls": {"ca": pem.name}} if trusted else {}
    pulled = await pull(open_feed("rest", options(server.origin, **tls), environ={"KEY": CANARY}))
    assert isinstance(pulled.error, PeerNotTrusted)
    assert (pulled.error.action, server.requests) == ("stop", [])


@pytest.mark.parametrize("key", [f"{CANARY}-\u00fc", f"{CANARY}\nX: y", f"{CANARY}\x00"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(open_feed, key: str) -> None:
    with pytest.raises(SecretMissing, match="env:KEY") as refused:
        open_feed("rest", options("http://127.0.0.1:1"), environ={"KEY": key})
    assert CANARY not in "".join(traceback.format_exception(refused.value))


async def test_a_token_life_beyond_every_number_is_refused(serve, open_feed, pull, reply) -> None:
    server = await serve(lambda _: reply(b'{"access_token": "x", "expires_in": ' + b"9" * 500 + b"}"))
    auth = {"oauth2": {"token_path": "/t", "client_id": "x", "client_secret": "env:KEY"}}
    pulled = await pull(open_feed("rest", options(server.origin, auth=auth), environ={"KEY": CANARY}))
    assert type(pulled.error) is BadAnswer


@pytest.mark.parametrize("header", ["Retry-After", "Date", "Last-Modified"])
@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359", "\xb2"])
async def test_a_date_that_no_calendar_holds_is_no_date(serve, open_feed, pull, reply, header: str, date: str) -> None:
    status = 503 if header == "Retry-After" else 200
    server = await serve(lambda _: reply(b"[1]", status=status, headers={header: date}))
    pulled = await pull(open_feed("rest", options(server.origin), environ={"KEY": CANARY}))
    assert (pulled.error is None) == (status == 200)
