"""How one page leads to the next: a cursor in the answer, page numbers, or a Link header (RFC 8288).

    paginator: {cursor: $.next}                            # a URL, a path, or a token that is sent as ?cursor=
    paginator: {cursor: {path: $.paging.after, param: after}}    # always a token, never an address
    paginator: {page: {param: page, start: 1, size_param: per_page, size: 100}}    # ends with an empty page
    paginator: {link: next}                                # Link: <...>; rel="next"

Left out: one page is all. An address must keep scheme, host and port, else the pull ends with ForeignOrigin. A page
that was read before in the same pull, by its address or by its bytes, is a loop and ends it with PageLoop.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from pydantic import Field, field_validator, model_validator

from connectors.errors import PageLoop
from connectors.transport import Options
from connectors.transports.http import Answer, Http
from connectors.transports.spans import Page, cut, is_path

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/?]")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for a page: an address of the partner's origin and the parameters that are added to it."""

    url: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Got:
    """One page. `data` are its bytes, `answer` what came with them; its body is closed already."""

    answer: Answer
    data: bytes
    page: Page


class Paginator(Protocol):
    """`wanted` names the values of a page that decide; `first` and `after` build requests and keep nothing."""

    @property
    def wanted(self) -> tuple[str, ...]: ...

    def first(self, ask: Ask) -> Ask: ...

    def after(self, ask: Ask, got: Got, http: Http) -> Ask | None: ...


class CursorOptions(Options):
    path: str = Field(description="where the page names the next one, for example $.next")
    param: str | None = Field(default=None, description="the parameter that takes it; it is then never an address")

    @field_validator("path")
    @classmethod
    def _a_path(cls, path: str) -> str:
        if not is_path(path):
            raise ValueError("not a path into the answer; write it like $.next or $.page.next")
        return path


class PageOptions(Options):
    param: str = "page"
    start: int = Field(default=1, ge=0)
    size_param: str | None = None
    size: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _both_or_none(self) -> PageOptions:
        if (self.size is None) != (self.size_param is None):
            raise ValueError("size and size_param belong together")
        return self


class PaginatorOptions(Options):
    cursor: CursorOptions | None = None
    page: PageOptions | None = None
    link: str | None = Field(default=None, description="the relation of the Link header, usually next")

    @field_validator("cursor", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_kind(self) -> PaginatorOptions:
        if sum(kind is not None for kind in (self.cursor, self.page, self.link)) != 1:
            raise ValueError("name exactly one of cursor, page and link")
        return self


@dataclass(frozen=True, slots=True)
class ByCursor:
    options: CursorOptions

    @property
    def wanted(self) -> tuple[str, ...]:
        return (self.options.path,)

    def first(self, ask: Ask) -> Ask:
        return ask

    def after(self, ask: Ask, got: Got, http: Http) -> Ask | None:
        found = got.page.values.get(self.options.path)
        if found is None or found is False or found == "":
            return None
        if self.options.param is None and _ADDRESS.match(str(found)):
            return Ask(http.follow(str(found), relative_to=got.answer.url, by="next"), {})
        return Ask(ask.url, {**ask.params, self.options.param or "cursor": str(found)})


@dataclass(frozen=True, slots=True)
class ByPage:
    options: PageOptions

    @property
    def wanted(self) -> tuple[str, ...]:
        return ()

    def first(self, ask: Ask) -> Ask:
        size = {self.options.size_param: str(self.options.size)} if self.options.size_param else {}
        return Ask(ask.url, {**ask.params, **size, self.options.param: str(self.options.start)})

    def after(self, ask: Ask, got: Got, http: Http) -> Ask | None:  # noqa: ARG002 -- the protocol's
        # Fewer items than asked for don't end it: a server may cap the size of a page below what was asked.
        if not got.page.items:
            return None
        return Ask(ask.url, {**ask.params, self.options.param: str(int(ask.params[self.options.param]) + 1)})


@dataclass(frozen=True, slots=True)
class ByLink:
    rel: str

    @property
    def wanted(self) -> tuple[str, ...]:
        return ()

    def first(self, ask: Ask) -> Ask:
        return ask

    def after(self, ask: Ask, got: Got, http: Http) -> Ask | None:  # noqa: ARG002 -- the protocol's
        link = got.answer.next_links.get(self.rel)
        return Ask(http.follow(link, relative_to=got.answer.url, by="the Link header"), {}) if link else None


class OnePage:
    wanted: tuple[str, ...] = ()

    def first(self, ask: Ask) -> Ask:
        return ask

    def after(self, ask: Ask, got: Got, http: Http) -> Ask | None:  # noqa: ARG002 -- the protocol's
        return None


def paginator(options: PaginatorOptions | None) -> Paginator:
    if options is None:
        return OnePage()
    if options.cursor is not None:
        return ByCursor(options.cursor)
    if options.page is not None:
        return ByPage(options.page)
    assert options.link is not None
    return ByLink(options.link)


async def pages(http: Http, by: Paginator, ask: Ask, *, items: str) -> AsyncIterator[Got]:
    """Every page from `ask` on. A page that is broken is the last one: what it says about the next can't be trusted."""
    asked: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    read: set[bytes] = set()
    following: Ask | None = by.first(ask)
    while following is not None:
        this = (following.url, tuple(sorted(following.params.items())))
        if this in asked:
            raise PageLoop(f"{ask.url}: the pages lead back to one that was read already", detail=following.url)
        asked.add(this)
        with await http.get(following.url, following.params) as answer:
            data = answer.body.read_all() if answer.status == 200 else b""
        page = cut(data, items, by.wanted) if answer.status == 200 else Page()
        digest = sha256(data).digest()
        if page.items and digest in read:
            raise PageLoop(f"{ask.url}: the same page came twice", detail=following.url)
        read.add(digest)
        yield Got(answer, data, page)
        following = by.after(following, Got(answer, data, page), http) if page.broken is None else None
