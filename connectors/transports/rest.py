"""Transport `rest`: JSON (or anything else) over HTTP. Three ways to pull, by which options are there.

**Items** (`items` names the list of a page): each item is one delivery, its bytes cut out of the page as they are.

    connector: rest
    options:
      base_url: "env:NORTHVALE_URL"           # https; http on this machine only
      auth: {oauth2: {token_path: /oauth/token, client_id: "env:NV_ID", client_secret: "env:NV_SECRET"}}
      path: /v1/certificates                  # or paths: [/v1/a, /v1/b]
      params: {limit: 50}                     # sent with every request
      items: $.data                           # $ when the answer itself is the list
      key: "{certificate_no}:{revision}"      # source_key; left out: sha256 of the item
      file: "{certificate_no}_r{revision}.json"
      paginator: {cursor: $.next}             # paginators.py: cursor, page, link
      since: {param: updated_since, field: updated_at, id: certificate_no, overlap: 30m, order: ascending}

`since: updated_since` alone is enough. The partner is asked for `cursor - overlap` (default: twice `every`), with the
parameter as ISO 8601 in UTC, and is expected to send what is *not older* (`>=`). The cursor is the pair (time, id) of
the newest item by `field`; without `field` it is the partner's own clock when it answered. It moves with the last
item of a pull, or with every item when the partner promises `order: ascending`. Repeats are for the hub to drop.
An item whose key can't be made is still delivered, as `sha256:...`: its contract failure must not stop the feed.
A page that breaks off: its whole items are delivered, the cursor stays, and the pull ends with TruncatedAnswer.

**Whole answer** (neither `items` nor `windows`): one delivery for each path, `source_key` = the path. An ETag or
Last-Modified is sent back with the next pull; a 304 is then no delivery.

      path: /v1/schedule

**Windows** (PI Web API and other historians): one delivery for each path and closed time window.

      paths: [/piwebapi/streamsets/F1Ab/recorded]
      params: {maxCount: 150000}              # PI stops at 1000 values a stream unless told
      windows: {start: 6h, size: 30m, settle: 1m, from_param: startTime, to_param: endTime, inclusive_end: true}

Windows lie on the clock's grid (multiples of `size` since 1970-01-01T00:00Z), so `source_key` is the same in every
pull: `<path>?<from>/<to>`, as in `/piwebapi/streamsets/F1Ab/recorded?2026-11-01T10:00:00Z/2026-11-01T10:30:00Z`. A
window is asked for once now >= its end + `settle`; the first is the one that holds now - `settle` - `start` (or the
moment `start`). A window is half open, [from, to): with `inclusive_end` the partner is asked for one microsecond less.
The cursor is the end of the last window. Windows come oldest first, each with all paths.

For all: `auth` (auth.py), `tls: {ca, cert, key}`, `max_bytes` (64 MB an answer), `deadline` (60 s an answer in all),
`read_timeout` (30 s), `connect_timeout` (5 s). Attempts: `attempts.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from connectors.connector import CheckLine, Connector
from connectors.delivery import Cursor, Delivery, Origin
from connectors.errors import BadAnswer, ConnectorError, CursorNotUnderstood, SourceMissing, TruncatedAnswer
from connectors.names import is_safe_key, safe_name
from connectors.transport import Setup, Transport
from connectors.transports.auth import signer
from connectors.transports.http import Answer, Http, Limits
from connectors.transports.httptime import http_date
from connectors.transports.paginators import Ask, Got, pages, paginator
from connectors.transports.position import Reached, instant, iso, since_params, stored_time
from connectors.transports.restoptions import RestOptions, SinceOptions, WindowOptions
from connectors.transports.spans import Item
from connectors.transports.templates import fill, pick
from connectors.transports.tls import Tls
from connectors.transports.windows import last_window, on_grid, window_params, windows

CURSOR_VERSION = 1

_TOKEN_BYTES = 64 * 1024

# What one path can do wrong without the others: they are read all the same, and the pull ends with the first error.
_ABOUT_ONE_PATH = (BadAnswer, SourceMissing)


class Rest:
    """A Connector. Cursor, version 1: `{"paths": {path: position}}`; a position is {time, id}, {end} or {etag, ...}."""

    def __init__(self, setup: Setup, options: RestOptions) -> None:
        self._setup, self._options = setup, options
        base_url = setup.resolve(options.base_url)
        files = options.tls.model_dump() if options.tls else {}
        tls = Tls(**{name: setup.base / path for name, path in files.items() if path is not None})
        limits = Limits(
            max_bytes=options.max_bytes,
            connect_s=options.connect_timeout.total_seconds(),
            read_s=options.read_timeout.total_seconds(),
            deadline_s=options.deadline.total_seconds(),
        )
        open_http = partial(Http, where=setup.feed, timing=setup.timing, tls=tls)
        sign, self._sign_in = signer(
            options.auth,
            resolve=setup.resolve,
            timing=setup.timing,
            token_client=lambda url: open_http(url or base_url, limits=replace(limits, max_bytes=_TOKEN_BYTES)),
        )
        self._http = open_http(base_url, limits=limits, signer=sign)
        self._params = {name: str(value) for name, value in options.params.items()}

    async def check(self) -> list[CheckLine]:
        lines = []
        for path in self._options.all_paths:
            params = dict(self._params)
            if self._options.windows is not None:
                params |= window_params(
                    self._options.windows, *last_window(self._options.windows, self._setup.timing.now())
                )
            elif self._options.since is not None:
                params[self._options.since.param] = iso(self._setup.timing.now() - self._overlap)
            try:
                with await self._http.get(self._http.address(path), params) as answer:
                    lines.append(CheckLine(path, "ok", f"{self._http.origin} answers, {answer.body.size_bytes} bytes"))
            except ConnectorError as error:
                lines.append(CheckLine(path, "failed", error.message))
        return lines

    async def pull(self, cursor: Cursor | None, until: datetime | None) -> AsyncIterator[Delivery]:
        positions = self._positions(cursor)
        if self._options.windows is not None:
            async for delivery in self._windows(self._options.windows, positions, until):
                yield delivery
            return
        refused: ConnectorError | None = None
        for path in self._options.all_paths:
            try:
                if self._options.items is None:
                    async for delivery in self._whole(path, positions):
                        yield delivery
                else:
                    async for delivery in self._items(path, self._options.items, positions, until):
                        yield delivery
            except _ABOUT_ONE_PATH as error:
                refused = refused or error
        if refused is not None:
            raise refused

    def cursor_at(self, moment: datetime) -> Cursor:
        if self._options.windows is not None:
            position = {"end": iso(on_grid(moment, self._options.windows.size))}
        else:
            position = {"time": iso(moment + self._overlap), "id": ""}
        return Cursor(CURSOR_VERSION, {"paths": dict.fromkeys(self._options.all_paths, position)})

    async def close(self) -> None:
        await self._http.close()
        if self._sign_in is not None:
            await self._sign_in.close()

    @property
    def _overlap(self) -> timedelta:
        since = self._options.since
        return since.overlap if since is not None and since.overlap is not None else 2 * self._setup.period

    async def _items(
        self, path: str, items: str, positions: dict[str, Any], until: datetime | None
    ) -> AsyncIterator[Delivery]:
        since = self._options.since
        reached = Reached(since, positions.get(path), self._setup, self._overlap)
        params = {**self._params, **since_params(since, reached.asked(), until)}
        ask = Ask(self._http.address(path), params)
        held: Delivery | None = None  # one item is kept back, for only the last one of a pull may carry the cursor
        try:
            async for got in pages(self._http, paginator(self._options.paginator), ask, items=items):
                reached.page(got.answer)
                for item in got.page.items:
                    delivery = self._delivery(item, got, since)
                    if until is not None and delivery.source_time is not None and delivery.source_time > until:
                        continue
                    if held is not None:
                        yield held
                    held = delivery
                    if reached.item(delivery.source_time, item):
                        held = replace(delivery, cursor=_cursor({**positions, path: reached.position()}))
                if got.page.broken is not None:
                    raise _broken(path, got)
        except ConnectorError:
            if held is not None:
                yield held
            raise
        if held is not None:
            if since is not None and reached.position() is not None:
                positions[path] = reached.position()
                held = replace(held, cursor=_cursor(positions))
            yield held

    async def _whole(self, path: str, positions: dict[str, Any]) -> AsyncIterator[Delivery]:
        had = positions.get(path) or {}
        headers = {"if-none-match": had.get("etag"), "if-modified-since": had.get("last-modified")}
        url = self._http.address(path)
        with await self._http.get(url, self._params, headers={k: v for k, v in headers.items() if v}) as answer:
            if answer.status != 200:
                return
            kept = {name: answer.headers[name] for name in ("etag", "last-modified") if name in answer.headers}
            if kept:
                positions[path] = kept
            yield Delivery(
                source_key=path,
                file=safe_name(_stem(path) + self._extension),
                body=answer.body.chunks(),
                origin=_origin(answer),
                source_time=http_date(answer.headers.get("last-modified", "")),
                cursor=_cursor(positions) if kept else None,
            )

    async def _windows(
        self, options: WindowOptions, positions: dict[str, Any], until: datetime | None
    ) -> AsyncIterator[Delivery]:
        now = self._setup.timing.now()
        closed = now - options.settle if until is None else min(now - options.settle, until)
        todo = []
        for path in self._options.all_paths:
            had = positions.get(path)
            after = stored_time(had["end"], self._setup.feed) if had else None
            if after is not None and after > now:
                after = None  # our clock was wrong when this was stored: look back as far as a first pull does
            todo += [(start, end, path) for start, end in windows(options, closed, after)]
        refused: dict[str, ConnectorError] = {}
        for start, end, path in sorted(todo, key=lambda window: window[:2]):
            if path in refused:
                continue
            params = {**self._params, **window_params(options, start, end)}
            try:
                got = await self._http.get(self._http.address(path), params)
            except _ABOUT_ONE_PATH as error:
                refused[path] = error
                continue
            with got as answer:
                positions[path] = {"end": iso(end)}
                yield Delivery(
                    source_key=f"{path}?{iso(start)}/{iso(end)}",
                    file=safe_name(f"{_stem(path)}_{start:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}{self._extension}"),
                    body=answer.body.chunks(),
                    origin=_origin(answer),
                    window_from=start,
                    window_to=end,
                    cursor=_cursor(positions),
                )
        if refused:
            raise next(iter(refused.values()))

    def _delivery(self, item: Item, got: Got, since: SinceOptions | None) -> Delivery:
        key = fill(self._options.key, item.value) if self._options.key else None
        if key is None or not is_safe_key(key):
            key = f"sha256:{sha256(item.data).hexdigest()}"
        file = fill(self._options.file, item.value) if self._options.file else None
        moment = pick(item.value, since.field) if since is not None and since.field is not None else None
        return Delivery(
            source_key=key,
            file=safe_name(file or key.replace(":", "_") + self._extension),
            body=_once(item.data),
            origin=_origin(got.answer),
            source_time=instant(moment),
        )

    @property
    def _extension(self) -> str:
        known = self._setup.format
        return f".{known}" if known in {"csv", "xlsx", "xml", "ics"} else ".json"

    def _positions(self, cursor: Cursor | None) -> dict[str, Any]:
        if cursor is None:
            return {}
        if cursor.version != CURSOR_VERSION:
            raise CursorNotUnderstood(self._setup.feed, f"version {cursor.version}")
        paths = cursor.value.get("paths")
        if not isinstance(paths, Mapping) or not all(isinstance(position, Mapping) for position in paths.values()):
            raise CursorNotUnderstood(self._setup.feed, "not a cursor of rest")
        wanted = "end" if self._options.windows is not None else None
        if wanted is not None and not all(wanted in position for position in paths.values()):
            raise CursorNotUnderstood(self._setup.feed, "not a cursor of windows")
        return dict(paths)


def _broken(path: str, got: Got) -> BadAnswer:
    broken = got.page.broken
    assert broken is not None
    if broken.truncated:
        return TruncatedAnswer(path, broken.line, broken.column, len(got.page.items), evidence=got.data)
    message = f"{path}: the answer is not JSON from {broken.line}:{broken.column} on; the items before it were taken"
    return BadAnswer(message, detail=got.answer.url, evidence=got.data)


def _cursor(positions: Mapping[str, Any]) -> Cursor:
    return Cursor(CURSOR_VERSION, {"paths": dict(positions)})


def _origin(answer: Answer) -> Origin:
    return Origin(answer.url, answer.peer, answer.headers)


def _stem(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".json") or "answer"


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def open_rest(setup: Setup, options: RestOptions) -> Connector:
    return Rest(setup, options)


TRANSPORT = Transport("rest", RestOptions, open_rest)
