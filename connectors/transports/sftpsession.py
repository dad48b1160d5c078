"""The SFTP connection behind `sftp`. The only module that imports asyncssh.

asyncssh switches host key checking off with `known_hosts=None` and reads the default files with an empty value: here
it always gets an empty list of trusted keys, and `_Pinned` decides about the one key that the server shows.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from logging import getLogger

import asyncssh

from connectors.delivery import Origin
from connectors.errors import (
    BadAnswer,
    ConfigError,
    ConfigProblem,
    ConnectorError,
    DeadlineExceeded,
    HostKeyChanged,
    SignInRefused,
    SourceMissing,
    Unreachable,
)
from connectors.names import is_safe_name
from connectors.transport import Setup
from connectors.transports.attempts import TryAgain, attempt
from connectors.transports.files import Entry, file_time, is_literal, matches, wanted
from connectors.transports.sftp import SftpOptions
from connectors.transports.spool import CHUNK_BYTES, Spool

_log = getLogger("connectors.files")

# TCP, key exchange and sign-in together; a server that needs longer hangs.
CONNECT_SECONDS = 15.0

# Plain keys, best first: no certificates (their CA is not pinned) and no SHA-1.
_HOST_KEY_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom. `host_keys` are fingerprints (SHA256:...) or public key lines."""

    host: str
    port: int
    username: str
    host_keys: tuple[str, ...]
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)


class _Pinned(asyncssh.SSHClient):
    """Trusts a host key by its fingerprint alone, and remembers the one that it was shown."""

    def __init__(self, fingerprints: tuple[str, ...]) -> None:
        self._fingerprints = fingerprints
        self.seen: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002 -- asyncssh's
        self.seen = key.get_fingerprint("sha256")
        return self.seen in self._fingerprints


class Sftp:
    """A FileSource. One connection for one pull."""

    def __init__(self, setup: Setup, account: Account, options: SftpOptions) -> None:
        self._setup, self._account, self._options = setup, account, options
        self._where = f"sftp://{account.host}:{account.port}"
        self._fingerprints = tuple(_fingerprint(key, setup.feed) for key in account.host_keys)
        self._keys = [_private_key(account, setup.feed)] if account.private_key is not None else None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[SftpSession]:
        connection, fingerprint = await attempt(self._connect, self._setup.timing)
        try:
            with _translated(self._where), _or_abort(connection, self._where, self._options):
                client = await connection.start_sftp_client(path_errors="surrogateescape")
            yield SftpSession(connection, client, self._where, fingerprint, self._setup.feed, self._options)
        finally:
            connection.abort()

    async def _connect(self) -> tuple[asyncssh.SSHClientConnection, str]:
        account, pinned = self._account, _Pinned(self._fingerprints)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await asyncssh.connect(
                    account.host,
                    account.port,
                    client_factory=lambda: pinned,
                    known_hosts=([], [], []),
                    server_host_key_algs=_HOST_KEY_ALGORITHMS,
                    x509_trusted_certs=None,
                    username=account.username,
                    password=account.password,
                    client_keys=self._keys,
                    agent_path=None,
                    gss_auth=False,
                    gss_kex=False,
                    host_based_auth=False,
                    config=None,
                    keepalive_interval=15,  # the hub judges one delivery before it asks for the next
                )
        except TimeoutError:
            raise DeadlineExceeded(self._where, CONNECT_SECONDS) from None
        except asyncssh.HostKeyNotVerifiable:
            raise HostKeyChanged(self._where, self._fingerprints, pinned.seen or "of an unknown kind") from None
        except asyncssh.PermissionDenied:
            raise SignInRefused(f"{self._where}: the partner refused our user name, password or key") from None
        except (asyncssh.KeyExchangeFailed, asyncssh.ProtocolNotSupported, asyncssh.ProtocolError) as error:
            raise BadAnswer(f"{self._where}: no common way to speak SSH", detail=str(error)) from error
        except (asyncssh.Error, OSError) as error:
            raise TryAgain(_unreachable(self._where, error)) from error
        assert pinned.seen is not None
        return connection, pinned.seen


class SftpSession:
    def __init__(
        self,
        connection: asyncssh.SSHClientConnection,
        client: asyncssh.SFTPClient,
        where: str,
        fingerprint: str,
        feed: str,
        options: SftpOptions,
    ) -> None:
        self._connection, self._client, self._where, self._fingerprint = connection, client, where, fingerprint
        self._feed, self._options = feed, options

    def described(self) -> str:
        return f"{self._where}, host key {self._fingerprint}"

    def origin(self, entry: Entry) -> Origin:
        return Origin(f"{self._where}/{entry.path.lstrip('/')}", self._fingerprint)

    async def look(self) -> list[Entry]:
        found: list[Entry] = []
        for pattern in self._options.paths:
            root = "/" if pattern.startswith("/") else ""
            with _translated(f"{self._where} {pattern}"), self._or_abort():
                await self._below(root, tuple(pattern.strip("/").split("/")), found)
        return found

    async def fetch(self, entry: Entry, into: Spool) -> bool:
        with _translated(f"{self._where}/{entry.path.lstrip('/')}"), self._or_abort():
            try:
                return await self._read(entry, into)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return False

    def _or_abort(self) -> AbstractContextManager[None]:
        return _or_abort(self._connection, self._where, self._options)

    async def _read(self, entry: Entry, into: Spool) -> bool:
        async with self._client.open(entry.path, "rb") as file:
            before = await file.stat()
            if before.size != entry.size_bytes or file_time((before.mtime or 0) * 1_000_000) > entry.mtime:
                return False
            while into.size_bytes <= entry.size_bytes:
                chunk = await file.read(CHUNK_BYTES, into.size_bytes)
                if not chunk:
                    break
                assert isinstance(chunk, bytes)  # text only where a file is opened as text
                await into.write(chunk)
            # Asked by name: a server may go on showing an open file that was replaced meanwhile.
            after = await self._client.lstat(entry.path)
        unchanged = (before.size, before.mtime) == (after.size, after.mtime)
        return unchanged and into.size_bytes == entry.size_bytes

    async def _below(self, folder: str, steps: tuple[str, ...], found: list[Entry]) -> None:
        step, rest = steps[0], steps[1:]
        if rest and is_literal(step):
            await self._below(f"{folder}{step}/", rest, found)
            return
        async for name in self._client.scandir(folder or "."):
            text = str(name.filename)
            if text in {".", ".."}:
                continue
            if not (matches(text, step) if rest else wanted(text, step, self._options.ready)):
                continue
            attrs = name.attrs
            if attrs.permissions is None:
                attrs = await self._client.lstat(folder + text)
            mode = attrs.permissions or 0
            if stat.S_ISLNK(mode) or not is_safe_name(text):
                why = "symbolic link" if stat.S_ISLNK(mode) else "name"
                _log.warning("file.skipped", extra={"feed": self._feed, "path": ascii(text), "why": why})
            elif rest and stat.S_ISDIR(mode):
                await self._below(f"{folder}{text}/", rest, found)
            elif not rest and stat.S_ISREG(mode):
                found.append(Entry(file_time((attrs.mtime or 0) * 1_000_000), folder + text, attrs.size or 0))


@contextmanager
def _translated(where: str) -> Iterator[None]:
    """Every error of asyncssh on an open connection, as one of ours."""
    try:
        yield
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory):
        raise SourceMissing(f"{where}: is not there") from None
    except asyncssh.SFTPPermissionDenied:
        raise SourceMissing(f"{where}: our account may not read it") from None
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection) as error:
        raise _unreachable(where, error) from error
    except asyncssh.SFTPError as error:
        raise BadAnswer(f"{where}: the server refused to show it", detail=f"{error.code}: {error.reason}") from error
    except (asyncssh.Error, OSError) as error:
        raise _unreachable(where, error) from error


@contextmanager
def _or_abort(connection: asyncssh.SSHClientConnection, where: str, options: SftpOptions) -> Iterator[None]:
    """The feed's deadline. The connection is cut at it, which wakes up everything that waits for the server: cancelling
    is not enough, for asyncssh then closes the file or folder and waits for the answer to that."""
    seconds, late = options.deadline.total_seconds(), False

    def cut() -> None:
        nonlocal late
        late = True
        connection.abort()

    timer = asyncio.get_running_loop().call_later(seconds, cut)
    try:
        yield
    except (asyncssh.Error, OSError) as error:
        if late:
            raise DeadlineExceeded(where, seconds) from error
        raise
    finally:
        timer.cancel()


def _unreachable(where: str, error: Exception) -> ConnectorError:
    return Unreachable(f"{where}: no connection ({type(error).__name__})", detail=str(error))


def _fingerprint(key: str, feed: str) -> str:
    if key.startswith("SHA256:"):
        return key.rstrip("=")
    try:
        fingerprint: str = asyncssh.import_public_key(key).get_fingerprint("sha256")
    except asyncssh.KeyImportError as error:
        raise ConfigError([ConfigProblem(feed, 1, 1, f"host_key cannot be read: {error}")]) from None
    return fingerprint


def _private_key(account: Account, feed: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(account.private_key or "", account.passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        message = f"private_key holds no key that we can read ({error})"
        raise ConfigError([ConfigProblem(feed, 1, 1, message)]) from None
