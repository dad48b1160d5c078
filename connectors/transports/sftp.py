"""Transport `sftp`: files that a partner puts into an SFTP drop. Needs the extra `sftp` (asyncssh).

    connector: sftp
    options:
      host: sftp.brightwater.example        # or env:NAME
      port: "env:BW_PORT"                   # default 22
      username: justindata                  # or env:NAME
      password: "env:BW_PASSWORD"           # and/or private_key: "file:keys/brightwater", passphrase: "env:..."
      host_key: ["SHA256:UNhY4JhezH9gQYqvDMWrWH9CwlcKiECVqejMrND2VFw"]    # or a public key line, or a reference
      paths: ["/coa/*.xlsx"]                # * and ? stand for names in one folder
      ready: {stable_for: 2s}               # or {done_suffix: .done}; default: stable for 2 s
      overlap: 30m                          # look-back before the cursor; default: twice `every`
      max_bytes: 536870912
      deadline: 120s                        # to connect, to list, and for one file, each

The host key is always pinned: `ssh-keyscan HOST | ssh-keygen -lf -` shows the fingerprint, and the partner confirms it
by another way. A server that has several keys shows the one it prefers (Ed25519, ECDSA, RSA); pin that one, or all.
With another key the pull ends with HostKeyChanged before a user name or password is sent. Nothing is read from the
machine's own SSH settings: no agent, no ~/.ssh.

Symbolic links, names with control characters or that are not UTF-8, and names that end in .part, .tmp, .partial,
.filepart or .crdownload are left alone. `source_key` is the remote path; the cursor is described in `files.py`.
"""

from __future__ import annotations

import re
from datetime import timedelta

from pydantic import Field, field_validator, model_validator

from connectors.connector import Connector
from connectors.duration import Period
from connectors.errors import ConfigError, ConfigProblem, MissingExtra
from connectors.secrets import SecretRef, TextOrRef, is_reference
from connectors.transport import Setup, Transport
from connectors.transports.filefeed import FileFeed
from connectors.transports.files import FileOptions

_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?|(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/]+=*( .*)?")


class SftpOptions(FileOptions):
    host: TextOrRef = Field(min_length=1, description="the server's name, or a reference to it")
    port: int | TextOrRef = 22
    username: TextOrRef = Field(min_length=1, description="the user name, or a reference to it")
    password: SecretRef | None = None
    private_key: SecretRef | None = None
    passphrase: SecretRef | None = None
    host_key: tuple[TextOrRef, ...] = Field(min_length=1, description="SHA256:... as ssh-keygen -lf shows it")
    deadline: Period = timedelta(seconds=120)

    @field_validator("host_key", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("host_key")
    @classmethod
    def _fingerprints(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            if not is_reference(key) and not is_host_key(key):
                raise ValueError(
                    "not a host key; write SHA256:... as ssh-keygen -lf shows it, a key line, or a reference"
                )
        return keys

    @field_validator("port")
    @classmethod
    def _a_port(cls, port: int | str) -> int | str:
        if isinstance(port, int) and not 0 < port < 65536:
            raise ValueError("a port is a number from 1 to 65535")
        if isinstance(port, str) and not is_reference(port):
            raise ValueError("a port is a number, or a reference to one")
        return port

    @model_validator(mode="after")
    def _some_way_in(self) -> SftpOptions:
        if self.password is None and self.private_key is None:
            raise ValueError("name a password or a private_key, as a reference")
        return self


def is_host_key(text: str) -> bool:
    return _HOST_KEY.fullmatch(text.strip()) is not None


def open_sftp(setup: Setup, options: SftpOptions) -> Connector:
    try:
        from connectors.transports.sftpsession import Account, Sftp
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("connectors"):
            raise
        raise MissingExtra("sftp", "sftp") from None
    port = setup.resolve(options.port) if isinstance(options.port, str) else str(options.port)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ConfigError([ConfigProblem(setup.feed, 1, 1, f"{options.port}: holds no port number")])
    keys = tuple(setup.resolve(key).strip() for key in options.host_key)
    for written, key in zip(options.host_key, keys, strict=True):
        if not is_host_key(key):
            raise ConfigError(
                [ConfigProblem(setup.feed, 1, 1, f"{written}: holds no host key (SHA256:... or a key line)")]
            )
    account = Account(
        host=setup.resolve(options.host),
        port=int(port),
        username=setup.resolve(options.username),
        password=setup.resolve(options.password) if options.password else None,
        private_key=setup.resolve(options.private_key) if options.private_key else None,
        passphrase=setup.resolve(options.passphrase) if options.passphrase else None,
        host_keys=keys,
    )
    return FileFeed(setup, options, Sftp(setup, account, options))


TRANSPORT = Transport("sftp", SftpOptions, open_sftp)
