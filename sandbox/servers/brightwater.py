"""Brightwater's side of the wire: a real SFTP server over a real folder, with a host key that stays the same."""

from __future__ import annotations

import hmac
from pathlib import Path

import asyncssh

USER = "hub"


def host_key(path: Path) -> asyncssh.SSHKey:
    """The server's key, made once and kept at `path`, so that a client can pin it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(path))
        path.chmod(0o600)
    return asyncssh.read_private_key(str(path))


class SftpServer:
    """Serves `root`, and nothing above it, to one account. `await start()` returns its port."""

    def __init__(self, root: Path, key: asyncssh.SSHKey, password: str) -> None:
        self._root, self._key, self._password = root, key, password
        self._acceptor: asyncssh.SSHAcceptor | None = None

    async def start(self) -> int:
        root, password = self._root, self._password

        class Door(asyncssh.SSHServer):
            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, given: str) -> bool:
                return username == USER and hmac.compare_digest(given, password)

        def serve(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
            return asyncssh.SFTPServer(channel, chroot=str(root).encode())

        self._acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Door, server_host_keys=[self._key], sftp_factory=serve, allow_scp=False
        )
        return self._acceptor.get_port()

    async def stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
