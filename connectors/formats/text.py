"""From bytes to text without guessing: the contract's encodings in order, and the marks of damaged text.

Rule: contracts.md 2.4 `encoding`. FILE-E101 is another encoding that decodes without doubt (a byte order mark, or
valid UTF-8); FILE-E102 is a replacement character, a typical mojibake pair, or bytes that fit no accepted encoding.
"""

from __future__ import annotations

import codecs
import re

from connectors.formats.reading import Reading, Unreadable
from contracts.document import FormProblem

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# UTF-8 read as Latin-1 or Windows-1252: a lead byte as its own letter, then a character that only a continuation
# byte can give. `Â°`, `Ã©`, `Î¼`, `â‰¤`, `â€“`. "NÃO" has no such second character and stays unharmed.
DAMAGED = re.compile("\ufffd|[ÂÃÎ][\u0080-\u00bf]|â[\u0080-\u00bf€‚„‰]")


def decode(data: bytes, reading: Reading) -> tuple[str, tuple[FormProblem, ...]]:
    """The file's text, and what is to say about its encoding. Raises Unreadable when no accepted encoding fits."""
    encoding, body, problems = choose_encoding(data, reading)
    try:
        return body.decode(encoding), problems
    except (UnicodeDecodeError, LookupError) as fault:
        raise Unreadable(in_doubt(data, reading, getattr(fault, "start", 0))) from fault


def choose_encoding(data: bytes, reading: Reading) -> tuple[str, bytes, tuple[FormProblem, ...]]:
    """(encoding, bytes after any byte order mark, problems). `data` may be the head of a file, cut at a line end."""
    accepted = tuple(_name(e) for e in reading.form.encoding) or ("utf-8",)
    for mark, encoding in BOMS:
        if data.startswith(mark):
            found = encoding.removesuffix("-sig")
            agreed = encoding in accepted or (found in accepted and found != "utf-8")
            problems = () if agreed else (_other(encoding, reading),)
            # utf-16 and utf-32 take their byte order from the mark, so it stays in front of them
            return (found, data[len(mark) :], problems) if found == "utf-8" else (found, data, problems)
    if _is_utf8(data):
        known = data.isascii() or "utf-8" in accepted or "utf-8-sig" in accepted
        return "utf-8", data, () if known else (_other("utf-8", reading),)
    for encoding in accepted:
        if not encoding.startswith("utf-8"):
            return encoding, data, ()
    raise Unreadable(in_doubt(data, reading, first_bad_byte(data)))


def damage(text: str) -> re.Match[str] | None:
    """The first mark of damaged text, if any."""
    return None if text.isascii() else DAMAGED.search(text)


def in_doubt(data: bytes, reading: Reading, offset: int) -> FormProblem:
    """FILE-E102 at the first byte that fits no accepted encoding."""
    line_start = data.rfind(b"\n", 0, offset) + 1
    line = data.count(b"\n", 0, offset) + 1
    column = len(data[line_start:offset].decode("utf-8", errors="replace")) + 1
    names = " or ".join(reading.form.encoding)
    return FormProblem(
        "FILE-E102",
        f"the text is not {names} from here on",
        reading.place(line, column),
        found=f"byte 0x{data[offset]:02X}" if offset < len(data) else None,
        expected=f"text in {names}",
        fix=f"save the file again as {reading.form.encoding[0]}",
    )


def damaged_text(reading: Reading, line: int, column: int, found: str) -> FormProblem:
    """FILE-E102 at a replacement character or a mojibake pair."""
    return FormProblem(
        "FILE-E102",
        "the text was damaged by a wrong encoding before it was sent",
        reading.place(line, column),
        found=found,
        expected="the characters as they were typed",
        fix="export again from the source system in UTF-8 and don't convert the file in between",
    )


def _other(encoding: str, reading: Reading) -> FormProblem:
    names = {"utf-8-sig": "UTF-8 with a byte order mark"}
    found = names.get(encoding, encoding.upper())
    agreed = " or ".join(e.upper() for e in reading.form.encoding)
    return FormProblem(
        "FILE-E101",
        f"the file is {found}; the contract says {agreed}",
        reading.place(1, 1),
        found=found,
        expected=agreed,
        fix=f"save the file as {agreed}",
    )


def _name(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return encoding.lower()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def first_bad_byte(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as fault:
        return fault.start
    return 0
