"""The bytes of an attachment that travels inside a record, and the words that can be read in them.

A PDF shows its words only where they are written as plain strings; one of pictures, or of fonts with letters of their
own, has no readable text here. Nothing of it decides about a lot: it is evidence, and may be evidence of another one.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib

_URI = re.compile(r"data:[^,;]*(?:;[^,;]*)*;base64,")
_STREAM = re.compile(rb"stream\r?\n")
_END = b"endstream"
# The closing bracket may be absent: then what was looked at is passed over, and no character is looked at twice.
_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.)*+)(\)?)", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]{2,})>")
_MOST = 8_000_000  # inflated bytes that are looked at, so that a small attachment cannot become a large one


def attached(text: str) -> bytes | None:
    """The bytes of base64 or of a data URI, None when it is neither."""
    plain = text.strip(" \t")
    start = _URI.match(plain)
    try:
        return base64.b64decode(plain[start.end() :] if start is not None else plain, validate=True)
    except (binascii.Error, ValueError):
        return None


def words_of(data: bytes) -> str | None:
    """The text in a PDF or a text file; None when none can be read. Each string of a PDF is a line."""
    if data.startswith(b"%PDF-"):
        text = "\n".join(_strings(part) for part in _contents(data))
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return text if text.strip() else None


def names(text: str, due: str) -> bool:
    """Whether `due` stands in the text as a whole: `LV-2611-1` is not named by `LV-2611-11`.

    A PDF may write one word as several strings, so it is also looked for without any white space; then a digit right
    behind it makes it another one.
    """
    parts = r"\s+".join(map(re.escape, due.split()))
    if re.search(rf"(?<![0-9A-Za-z]){parts}(?![0-9A-Za-z])", text):
        return True
    return re.search(rf"{re.escape(''.join(due.split()))}(?![0-9])", "".join(text.split())) is not None


def _contents(data: bytes) -> list[bytes]:
    """The content streams of a PDF, inflated where they are deflated."""
    found, left = [], _MOST
    begin = _STREAM.search(data)
    while begin is not None and (end := data.find(_END, begin.end())) >= 0:
        body = data[begin.end() : end]
        begin = _STREAM.search(data, end + len(_END))
        try:
            body = zlib.decompressobj().decompress(body, left)
        except zlib.error:
            body = body[:left]
        left -= len(body)
        found.append(body)
        if left <= 0:
            break
    return found


def _strings(content: bytes) -> str:
    """What a page shows: the strings of its text objects, in their order."""
    if b"BT" not in content:
        return ""
    plain = [re.sub(rb"\\(.)", rb"\1", hit, flags=re.DOTALL) for hit, closed in _LITERAL.findall(content) if closed]
    digits = (b"".join(hit.split()).decode() for hit in _HEX.findall(content))
    coded = [bytes.fromhex(one) for one in digits if len(one) % 2 == 0]
    return b"\n".join(plain + coded).decode("latin-1")
