"""What a file's first bytes say it is, and what its name says. Names lie (a tab-separated text called .xls)."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "empty", "zip", "ole", "parquet", "arrow", "pdf", "gzip", "json", "ndjson", "xml", "icalendar", "text", "binary"
]

HEAD = 4096  # bytes that are enough to tell

MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),  # an Arrow stream starts with its continuation mark
    (b"%PDF-", "pdf"),
    (b"\x1f\x8b", "gzip"),
)

WORDS: dict[Kind, str] = {
    "empty": "nothing",
    "zip": "a ZIP container such as .xlsx",
    "ole": "an old or encrypted workbook",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "pdf": "PDF",
    "gzip": "a compressed file",
    "json": "JSON",
    "ndjson": "JSON lines",
    "xml": "XML",
    "icalendar": "a calendar",
    "text": "plain text",
    "binary": "binary data",
}

SUFFIXES: dict[str, Kind] = {
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
    ".xlsx": "zip",
    ".xlsm": "zip",
    ".xls": "ole",
    ".xml": "xml",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ics": "icalendar",
    ".pdf": "pdf",
    ".gz": "gzip",
}

_TEXTS: frozenset[Kind] = frozenset({"text", "json", "ndjson", "xml", "icalendar"})
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def content_kind(head: bytes) -> Kind:
    """The kind of content, from the first `HEAD` bytes."""
    if not head:
        return "empty"
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    marked = head.startswith(_BOMS)
    text = head.replace(b"\x00", b"") if marked else head
    for bom in _BOMS:
        text = text.removeprefix(bom)
    if not marked and b"\x00" in head:
        return "binary"
    text = text.lstrip(b" \t\r\n")
    if text.startswith((b"{", b"[")):
        return "json"
    if text.startswith(b"<"):
        return "xml"
    if text[:15].upper() == b"BEGIN:VCALENDAR":
        return "icalendar"
    return "text"


def named_kind(file: str) -> Kind | None:
    """The kind that the file's name claims. None: it claims nothing we know."""
    dot = file.rfind(".")
    return SUFFIXES.get(file[dot:].lower()) if dot > 0 else None


def agrees(named: Kind | None, kind: Kind) -> bool:
    """Whether name and content can both be true. Text that is broken JSON is still a JSON file, only a broken one; an
    encrypted .xlsx lies in the container of the old format."""
    if named is None or named == kind:
        return True
    if named == "text":
        return kind in _TEXTS
    if named == "zip":
        return kind in ("ole", "binary")
    if named == "ndjson" and kind == "json":  # the first bytes of many objects look like those of one
        return True
    return named in _TEXTS and kind in ("text", "binary")
