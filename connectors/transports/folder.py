"""Transport `folder`: files that somebody puts into a folder of this machine (a share, a synchronised bucket).

    connector: folder
    options:
      root: /data/inbox/halden            # or env:NAME; a relative path starts at the hub's home
      paths: ["coa/*.json"]               # * and ? stand for names in one folder
      ready: {stable_for: 2s}             # or {done_suffix: .done}; default: stable for 2 s
      overlap: 30m                        # look-back before the cursor; default: twice `every`
      max_bytes: 536870912

Nothing outside of `root` is ever opened: every step of a path is opened from the folder above it and symbolic links
are never followed. Names that end in .part, .tmp, .partial, .filepart or .crdownload are left alone.
`source_key` is the path below `root`; the cursor is described in `files.py`.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from logging import getLogger
from pathlib import Path

from pydantic import Field

from connectors.connector import Connector
from connectors.delivery import Origin
from connectors.errors import SourceMissing
from connectors.names import is_safe_name
from connectors.secrets import TextOrRef
from connectors.transport import Setup, Transport
from connectors.transports.filefeed import FileFeed
from connectors.transports.files import Entry, FileOptions, file_time, is_literal, matches, wanted
from connectors.transports.spool import CHUNK_BYTES, Spool

_log = getLogger("connectors.files")

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: a named pipe would otherwise hang the worker before we can see that it is no file.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderOptions(FileOptions):
    root: TextOrRef = Field(min_length=1, description="the folder that holds everything of this feed")


class Folder:
    """The files below one root. Both a source and its session: nothing stays open between two calls."""

    def __init__(self, feed: str, root: Path, options: FolderOptions) -> None:
        self._feed, self._root, self._options = feed, root, options

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Folder]:
        yield self

    def described(self) -> str:
        return str(self._root)

    def origin(self, entry: Entry) -> Origin:
        return Origin((self._root / entry.path).absolute().as_uri())

    async def look(self) -> list[Entry]:
        return await asyncio.to_thread(self._look)

    async def fetch(self, entry: Entry, into: Spool) -> bool:
        *folders, name = entry.path.split("/")
        try:
            with self._open_folder(folders) as folder:
                file = os.open(name, _FILE, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            if error.errno == errno.ELOOP:  # a symbolic link was put in its place since we looked
                return False
            raise SourceMissing(f"{self._root / entry.path}: cannot be read ({error.strerror})") from None
        try:
            before = os.fstat(file)
            newer = file_time(before.st_mtime_ns // 1000) > entry.mtime
            if not stat.S_ISREG(before.st_mode) or before.st_size != entry.size_bytes or newer:
                return False
            while into.size_bytes <= entry.size_bytes:
                chunk = await asyncio.to_thread(os.read, file, CHUNK_BYTES)
                if not chunk:
                    break
                await into.write(chunk)
            after = os.fstat(file)
        except OSError as error:
            raise SourceMissing(f"{self._root / entry.path}: cannot be read ({error.strerror})") from None
        finally:
            os.close(file)
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        return unchanged and into.size_bytes == entry.size_bytes

    def _look(self) -> list[Entry]:
        found: list[Entry] = []
        for pattern in self._options.paths:
            try:
                with self._open_folder([]) as root:
                    found += self._below(root, (), tuple(pattern.strip("/").split("/")))
            except OSError as error:
                raise SourceMissing(f"{self._root} ({pattern}): cannot be read ({error.strerror})") from None
        return found

    def _below(self, folder: int, above: Sequence[str], steps: tuple[str, ...]) -> Iterator[Entry]:
        step, rest = steps[0], steps[1:]
        if rest and is_literal(step):
            try:
                with _opened(step, folder) as below:
                    yield from self._below(below, (*above, step), rest)
            except FileNotFoundError:
                path = self._root / "/".join((*above, step))
                raise SourceMissing(f"{path}: this folder does not exist") from None
            return
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if not (matches(entry.name, step) if rest else wanted(entry.name, step, self._options.ready)):
                    continue
                if entry.is_symlink() or not is_safe_name(entry.name):
                    why = "symbolic link" if entry.is_symlink() else "name"
                    _log.warning("file.skipped", extra={"feed": self._feed, "path": ascii(entry.name), "why": why})
                elif rest and entry.is_dir(follow_symlinks=False):
                    with _opened(entry.name, folder) as below:
                        yield from self._below(below, (*above, entry.name), rest)
                elif not rest and entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):  # gone between two system calls: not there
                        seen = entry.stat(follow_symlinks=False)
                        yield Entry(file_time(seen.st_mtime_ns // 1000), "/".join((*above, entry.name)), seen.st_size)

    @contextmanager
    def _open_folder(self, steps: Sequence[str]) -> Iterator[int]:
        try:
            here = os.open(self._root, _FOLDER)
        except OSError as error:
            raise SourceMissing(f"{self._root}: cannot be read ({error.strerror})") from None
        try:
            for step in steps:
                below = os.open(step, _FOLDER | os.O_NOFOLLOW, dir_fd=here)
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)


@contextmanager
def _opened(name: str, folder: int) -> Iterator[int]:
    below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    try:
        yield below
    finally:
        os.close(below)


def open_folder(setup: Setup, options: FolderOptions) -> Connector:
    root = setup.base / setup.resolve(options.root)
    return FileFeed(setup, options, Folder(setup.feed, root, options))


TRANSPORT = Transport("folder", FolderOptions, open_folder)
