"""A workbook as a package of XML parts that is changed in place: what is not touched stays the same bytes.

Loading and saving with a spreadsheet library loses charts, pictures, stored results of formulas and more. Here parts
are spliced at the byte offsets that expat reports, so every other cell, style, rule and picture is what was sent.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from contracts.render.wording import visible

LARGEST = 400_000_000  # bytes of all parts together; the reader's own limit is far lower
LARGEST_PART = 40_000_000  # bytes of a part that is changed: its elements are kept in memory
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATION = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "[Content_Types].xml"

_ENCODING = re.compile(rb"""[^<]{0,3}<\?xml[^>]*encoding=["']([\w.-]+)["']""")
_TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")


class NotAWorkbook(ValueError):
    """The bytes are no workbook that could be changed in place."""


@dataclass(frozen=True, slots=True)
class Element:
    """Where an element stands in its part. `inner` is the offset after its start tag, `close` that of its end tag."""

    name: str
    depth: int
    attributes: Mapping[str, str]
    start: int
    inner: int
    close: int
    end: int

    @property
    def empty(self) -> bool:
        """Written as `<a/>`."""
        return self.inner == self.end


@dataclass
class Package:
    """The parts of a workbook by name."""

    parts: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, data: bytes) -> Package:
        """Raises NotAWorkbook."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                entries = archive.infolist()
                names = [entry.filename for entry in entries]
                if sum(entry.file_size for entry in entries) > LARGEST or len(set(names)) != len(names):
                    raise NotAWorkbook
                parts = {entry.filename: archive.read(entry) for entry in entries}
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError) as fault:
            raise NotAWorkbook from fault
        if TYPES not in parts:
            raise NotAWorkbook
        return cls(parts)

    def write(self) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in self.parts.items():
                # A fixed time: the same report and the same file give the same bytes.
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        return out.getvalue()

    def part(self, name: str) -> bytes:
        try:
            return self.parts[name]
        except KeyError:
            raise NotAWorkbook from None

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Id -> (last word of the type, name of the part that it leads to)."""
        data = self.parts.get(_relations_of(part))
        if data is None:
            return {}
        found = {}
        for one in elements(data, {"Relationship"}):
            a = one.attributes
            if a.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), a.get("Target", "")))
                found[a.get("Id", "")] = (a.get("Type", "").rpartition("/")[2], target.lstrip("/"))
        return found

    def relate(self, part: str, kind: str, target: str) -> str:
        """Add a relation of `part` to another part; returns its id."""
        name = _relations_of(part)
        data = (
            self.parts.get(name)
            or (
                f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="{PACKAGE_RELATION}"/>'
            ).encode()
        )
        known, number = self.relations(part), 1
        taken = {one.attributes.get("Id") for one in elements(data, {"Relationship"})} | set(known)
        while f"rIdJid{number}" in taken:
            number += 1
        made = f'<Relationship Id="rIdJid{number}" Type="{RELATION}/{kind}" Target="/{target}"/>'
        (root,) = elements(data, {"Relationships"})
        self.parts[name] = splice(data, [into(data, root, made)])
        return f"rIdJid{number}"

    def declare(self, *, part: str | None = None, extension: str | None = None, kind: str) -> None:
        """Say what a new part, or every part with this extension, is."""
        data = self.part(TYPES)
        (root,) = elements(data, {"Types"})
        if extension is not None:
            known = {one.attributes.get("Extension", "").lower() for one in elements(data, {"Default"})}
            if extension in known:
                return
            made = f'<Default Extension="{extension}" ContentType="{kind}"/>'
            self.parts[TYPES] = splice(data, [(root.inner, root.inner, made.encode())])
        else:
            made = f'<Override PartName="/{part}" ContentType="{kind}"/>'
            self.parts[TYPES] = splice(data, [into(data, root, made)])

    def new_name(self, pattern: str) -> str:
        """A part's name that is free: `xl/comments{}.xml` with a number."""
        lower = {name.lower() for name in self.parts}
        number = 1
        while pattern.format(number).lower() in lower:
            number += 1
        return pattern.format(number)


def elements(data: bytes, wanted: Iterable[str]) -> list[Element]:
    """The elements with these local names in the order of their start. Raises NotAWorkbook on what is no plain XML."""
    names = set(wanted)
    declared = _ENCODING.match(data[:200])
    if len(data) > LARGEST_PART or (declared is not None and declared[1].lower() not in (b"utf-8", b"us-ascii")):
        raise NotAWorkbook
    found: list[Element | None] = []
    stack: list[tuple[int, str, Mapping[str, str], int] | None] = []
    parser = expat.ParserCreate()

    def begin(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local in names:
            stack.append((len(found), local, attributes, parser.CurrentByteIndex))
            found.append(None)
        else:
            stack.append(None)

    def finish(_name: str) -> None:
        opened = stack.pop()
        if opened is None:
            return
        number, local, attributes, start = opened
        tag = _TAG.match(data, start)
        if tag is None:
            raise NotAWorkbook
        inner = tag.end()
        if data[inner - 2 : inner] == b"/>":
            close = end = inner
        else:
            close = parser.CurrentByteIndex
            end = data.index(b">", close) + 1
        found[number] = Element(local, len(stack), attributes, start, inner, close, end)

    def refuse(*_: object) -> None:
        raise NotAWorkbook  # a document type has no place in a workbook

    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as fault:
        raise NotAWorkbook from fault
    return [one for one in found if one is not None]


Splice = tuple[int, int, bytes]


def splice(data: bytes, changes: Iterable[Splice]) -> bytes:
    """The bytes with each (from, to, instead) replaced. Changes at one offset keep their order."""
    out, at = [], 0
    for start, end, instead in sorted(changes, key=lambda change: (change[0], change[1])):
        out += [data[at:start], instead]
        at = max(at, end)
    return b"".join([*out, data[at:]])


def into(data: bytes, element: Element, made: str) -> Splice:
    """Put `made` at the end of the element's content, also of one written as `<a/>`."""
    if not element.empty:
        return element.close, element.close, made.encode()
    start = data[element.start : element.inner - 2]
    name = start[1:].split(None, 1)[0].decode()
    return element.start, element.end, start + f">{made}</{name}>".encode()


def attribute(tag: bytes, name: str, value: str | None) -> bytes:
    """A start tag with this attribute set, or without it."""
    pattern = re.compile(rb"\s+" + re.escape(name.encode()) + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""")
    bare = pattern.sub(b"", tag, count=1)
    if value is None:
        return bare
    cut = len(bare) - (2 if bare.endswith(b"/>") else 1)
    return bare[:cut].rstrip() + f" {name}={quoteattr(value)}".encode() + bare[cut:]


def prefix(data: bytes, element: Element) -> str:
    """The prefix that the element is written with (`x:`), for siblings to be written the same."""
    name = data[element.start + 1 : element.inner].split(None, 1)[0].rstrip(b"/>").decode()
    return name.rpartition(":")[0] + ":" if ":" in name else ""


_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def text(value: str) -> str:
    """A text for a cell or comment: nothing in it is markup, a control character or one of Excel's own escapes."""
    lines = (visible(line) for line in value.split("\n"))
    return escape(_ESCAPED.sub("_x005F_", "\n".join(lines)))


def _relations_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
