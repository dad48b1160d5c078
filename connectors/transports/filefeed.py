"""FileFeed: the connector of everything that is a folder of files. `sftp` and `folder` are its sources.

One delivery a file, `source_key` = its path, oldest first, each with its cursor. A file is fetched whole before it is
offered; one that changes while it is read is left for the next pull. One bad file holds up no other: a file that is
longer than `max_bytes`, or that may not be read, is passed by, and the pull ends with its error after the last one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from logging import getLogger
from pathlib import PurePosixPath
from typing import Protocol

from connectors.connector import CheckLine
from connectors.delivery import Cursor, Delivery, Origin
from connectors.errors import AnswerTooLarge, ConnectorError, SourceMissing
from connectors.transport import Setup
from connectors.transports.files import Entry, FileOptions, Offer, candidates, cursor_at, offer, stable
from connectors.transports.spool import Spool

_log = getLogger("connectors.files")


class FileSession(Protocol):
    """An open door to the files. Both methods raise ConnectorError only."""

    async def look(self) -> list[Entry]: ...

    async def fetch(self, entry: Entry, into: Spool) -> bool:
        """Reads the file whole. False when it isn't the file that was seen any more."""
        ...

    def origin(self, entry: Entry) -> Origin: ...

    def described(self) -> str: ...


class FileSource(Protocol):
    def session(self) -> AbstractAsyncContextManager[FileSession]: ...


class FileFeed:
    """A Connector over a FileSource."""

    def __init__(self, setup: Setup, options: FileOptions, source: FileSource) -> None:
        self._setup, self._options, self._source = setup, options, source
        self._overlap = options.overlap if options.overlap is not None else 2 * setup.period

    async def check(self) -> list[CheckLine]:
        try:
            async with self._source.session() as session:
                lines = [CheckLine("connect", "ok", session.described())]
                seen = candidates(await session.look(), self._options.ready)
        except ConnectorError as error:
            return [CheckLine("connect", "failed", error.message)]
        what = ", ".join(self._options.paths)
        if not seen:
            return [*lines, CheckLine(what, "warning", "no file is there yet")]
        newest = max(seen)
        return [
            *lines,
            CheckLine(what, "ok", f"{len(seen)} files, newest {newest.path} of {newest.mtime:%Y-%m-%d %H:%MZ}"),
        ]

    async def pull(self, cursor: Cursor | None, until: datetime | None) -> AsyncIterator[Delivery]:
        limit = self._options.max_bytes
        async with self._source.session() as session:
            whole = await self._whole(session, cursor, until)
            offered = self._offer(whole, cursor, until)
            refused: ConnectorError | None = None
            for entry in offered.new:
                if entry.size_bytes > limit:
                    offered = offered.without(entry)
                    continue
                with Spool() as spool:
                    try:
                        fetched = await session.fetch(entry, spool)
                    except SourceMissing as error:
                        refused, offered = refused or error, offered.without(entry)
                        continue
                    if not fetched:
                        offered = offered.without(entry)
                        _log.info("file.changed_while_read", extra={"feed": self._setup.feed, "path": entry.path})
                        continue
                    yield Delivery(
                        source_key=entry.path,
                        file=PurePosixPath(entry.path).name,
                        body=spool.chunks(),
                        origin=session.origin(entry),
                        source_time=entry.mtime,
                        cursor=offered.cursor_after(entry),
                    )
            too_large = [entry for entry in whole if entry.size_bytes > limit]
            if too_large:
                raise AnswerTooLarge(too_large[0].path, limit)
            if refused is not None:
                raise refused

    def cursor_at(self, moment: datetime) -> Cursor:
        return cursor_at(moment, self._overlap)

    async def close(self) -> None:
        """Nothing stays open between two pulls."""

    def _offer(self, whole: Sequence[Entry], cursor: Cursor | None, until: datetime | None) -> Offer:
        now = self._setup.timing.now()
        return offer(whole, cursor, overlap=self._overlap, now=now, until=until, feed=self._setup.feed)

    async def _whole(self, session: FileSession, cursor: Cursor | None, until: datetime | None) -> tuple[Entry, ...]:
        ready = self._options.ready
        first = candidates(await session.look(), ready)
        wait: timedelta | None = ready.stable_for
        if wait is None or not self._offer(first, cursor, until).new:
            return first
        await self._setup.timing.sleep(wait.total_seconds())
        return stable(first, candidates(await session.look(), ready))
