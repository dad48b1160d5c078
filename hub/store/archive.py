"""Archive: the exact bytes that came, each object named by its sha256. The source of truth of the store.

An object is written under a temporary name while it is hashed, made durable, then renamed: under its final name it is
whole or not there. Two writers of the same bytes end on the same name.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterable, Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from hub import faults
from hub.store.errors import BlobMismatch, NotFound, StoreError, StoreFault, StoreFull, StoreUnreachable
from hub.store.rows import Blob

NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_WAY = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}
LARGE = 1 << 18


class Archive:
    """Objects under `<root>/<2 hex>/<2 hex>/<sha256>`; temporary names under `<root>/tmp`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tmp = root / "tmp"
        try:
            self._tmp.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise own_error(error, "archive") from error

    def writer(self, *, expected_size: int | None = None) -> Writer:
        """Write one object chunk by chunk: `with archive.writer() as out: out.write(...); blob = out.keep()`."""
        return Writer(self, expected_size)

    async def put(self, chunks: AsyncIterable[bytes] | Iterable[bytes], *, expected_size: int | None = None) -> Blob:
        """Keep the bytes; durable when it returns. Raises StoreFull, StoreFault, BlobMismatch; then nothing is kept.

        `expected_size` is what the sender announced: a body of another size was cut off on the way. Only the fsync and
        large chunks leave the event loop for a thread: a small write costs less than the way there.
        """
        if not isinstance(chunks, AsyncIterable):
            return await asyncio.to_thread(self.put_sync, chunks, expected_size=expected_size)
        with self.writer(expected_size=expected_size) as out:
            async for chunk in chunks:
                if len(chunk) < LARGE:
                    out.write(chunk)
                else:
                    await asyncio.to_thread(out.write, chunk)
            return await asyncio.to_thread(out.keep)

    def put_sync(self, chunks: Iterable[bytes], *, expected_size: int | None = None) -> Blob:
        """`put` for callers without an event loop."""
        with self.writer(expected_size=expected_size) as out:
            for chunk in chunks:
                out.write(chunk)
            return out.keep()

    def path(self, sha256: str) -> Path:
        """Where the object is. Raises NotFound."""
        path = self._place(sha256)
        if not path.is_file():
            raise NotFound("archived object", sha256)
        return path

    def open(self, sha256: str) -> BinaryIO:
        return self.path(sha256).open("rb")

    def holds(self, sha256: str) -> bool:
        """Whether the object is there and its bytes have the hash that it is named by."""
        try:
            return file_sha256(self.path(sha256)) == sha256
        except NotFound:
            return False

    def clean(self, before: datetime) -> int:
        """Remove temporary names last written before `before`; a crash left them. Returns how many."""
        old = [path for path in self._tmp.iterdir() if path.stat().st_mtime < before.timestamp()]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _place(self, sha256: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise NotFound("archived object", sha256)
        return self.root / sha256[:2] / sha256[2:4] / sha256


class Writer:
    """One object on its way into the archive. Leaving the `with` without `keep` removes what was written."""

    def __init__(self, archive: Archive, expected_size: int | None) -> None:
        self._archive, self._expected_size = archive, expected_size
        self._hash, self._size = hashlib.sha256(), 0
        self._path = archive._tmp / secrets.token_hex(16)
        try:
            self._file = self._path.open("xb", buffering=0)
        except OSError as error:
            raise own_error(error, "archive") from error

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        try:
            while len(view):
                view = view[self._file.write(view) :]
        except OSError as error:
            raise own_error(error, "archive") from error
        self._hash.update(chunk)
        self._size += len(chunk)

    def keep(self) -> Blob:
        """Make the object durable under its hash."""
        sha256 = self._hash.hexdigest()
        if self._expected_size is not None and self._size != self._expected_size:
            raise BlobMismatch(sha256, f"{self._expected_size} bytes", f"{self._size} bytes")
        final = self._archive._place(sha256)
        try:
            os.fchmod(self._file.fileno(), 0o444)
            os.fsync(self._file.fileno())
            faults.point("store.before_archive_rename")
            if final.exists():
                if (there := final.stat().st_size) != self._size:
                    raise BlobMismatch(sha256, f"{self._size} bytes", f"{there} bytes in the archive")
            else:
                final.parent.mkdir(parents=True, exist_ok=True)
                self._path.rename(final)
            # Also when it was there: another writer may have renamed it and not come to its fsync yet. A rename, and a
            # new folder, are not durable before the folder that names them is.
            for folder in (final.parent, final.parent.parent, self._archive.root):
                fsync(folder)
        except OSError as error:
            raise own_error(error, "archive") from error
        faults.point("store.after_archive")
        return Blob(sha256, self._size)


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fsync(path: Path) -> None:
    """Make a file's bytes, or a folder's names, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def own_error(error: OSError, what: str) -> StoreError:
    """No space and no way in are for a person to solve; anything else means that what was written is unknown."""
    if error.errno in NO_SPACE:
        return StoreFull(what, str(error))
    if error.errno in NO_WAY:
        return StoreUnreachable(what, str(error))
    return StoreFault(what, str(error))
