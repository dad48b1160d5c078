"""From bytes to text without guessing: the contract's encodings, and the marks of damaged text.

Rule: contracts.md 2.4 `encoding`. FILE-E101 is another encoding that decodes without doubt (a byte order mark, valid
UTF-8, or UTF-16 that shows by its zeros); FILE-E102 is a replacement character, a typical mojibake pair, a NUL, or
bytes that fit no accepted encoding.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.document import FormProblem
from contracts.place import Place

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# UTF-8 read as Latin-1 or Windows-1252: a lead byte as its own letter, then a character that only a continuation
# byte can give. `Â°`, `Ã©`, `Î¼`, `â‰¤`, `â€“`. "NÃO" has no such second character and stays unharmed.
_DAMAGED = re.compile("\ufffd|[ÂÃÎ][\u0080-\u00bf]|â[\u0080-\u00bf€‚„‰]")
_EXPORT_AGAIN = "export again from the source system in UTF-8 and don't convert the file in between"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes become text: decode `data[start:]` as `name`. None: no accepted encoding fits."""

    name: str | None
    start: int = 0
    problems: tuple[FormProblem, ...] = ()


def decode(data: bytes, *, file: str, accepted: Sequence[str]) -> tuple[str | None, tuple[FormProblem, ...]]:
    """The text of `data`, None if it can't be had without doubt, and what is to say about its encoding."""
    if data.isascii() and b"\x00" not in data:
        return data.decode("ascii"), ()
    chosen = choose_encoding(data, file=file, accepted=accepted)
    if chosen.name is None:
        return None, chosen.problems
    try:
        text = data[chosen.start :].decode(chosen.name)
    except (UnicodeDecodeError, LookupError) as fault:
        return None, (in_doubt(data, getattr(fault, "start", 0), file=file, accepted=accepted),)
    nul = text.find("\x00")
    if nul >= 0:
        return None, (_nul(text, nul, file),)
    return text, chosen.problems


def choose_encoding(data: bytes, *, file: str, accepted: Sequence[str], whole: bool = True) -> Encoding:
    """The encoding of `data`. Not `whole`: it is the head of a file and may end inside a character."""
    agreed = tuple(_name(e) for e in accepted) or ("utf-8",)
    for mark, name in _MARKS:
        if data.startswith(mark):
            plain = name.removesuffix("-sig")
            fits = name in agreed or (plain in agreed and plain != "utf-8")
            problems = () if fits else (_other(name, file, accepted),)
            # utf-16 and utf-32 take their byte order from the mark, so it stays in front of them
            return Encoding(plain, len(mark) if plain == "utf-8" else 0, problems)
    for name in ("utf-16-le", "utf-16-be") if b"\x00" in data else ():  # no mark, but every other byte is zero
        if data[(1 if name == "utf-16-le" else 0) :: 2].count(0) * 4 > len(data):
            return Encoding(name, 0, () if name in agreed else (_other(name, file, accepted),))
    bad = first_bad_byte(data, whole=whole)
    if bad is None:
        known = data.isascii() or "utf-8" in agreed or "utf-8-sig" in agreed
        return Encoding("utf-8", 0, () if known else (_other("utf-8", file, accepted),))
    for name in agreed:
        if not name.startswith("utf-"):
            return Encoding(name)
    return Encoding(None, 0, (in_doubt(data, bad, file=file, accepted=accepted),))


def damage(text: str) -> re.Match[str] | None:
    """The first mark of damaged text, if any."""
    return None if text.isascii() else _DAMAGED.search(text)


def damaged_text(where: Place, mark: str) -> FormProblem:
    """FILE-E102 at a replacement character or a mojibake pair."""
    return FormProblem(
        "FILE-E102",
        "the text was damaged by a wrong encoding before it was sent",
        where,
        found=mark,
        expected="the characters as they were typed",
        fix=_EXPORT_AGAIN,
    )


def in_doubt(data: bytes, offset: int, *, file: str, accepted: Sequence[str]) -> FormProblem:
    """FILE-E102 at the first byte that fits no accepted encoding."""
    line_start = data.rfind(b"\n", 0, offset) + 1
    line = data.count(b"\n", 0, offset) + 1
    column = len(data[line_start:offset].decode("utf-8", errors="replace")) + 1
    names = _said(accepted)
    return FormProblem(
        "FILE-E102",
        f"the text is not {names} from here on",
        Place(file=file, line=line, column=column),
        found=f"byte 0x{data[offset]:02X}" if offset < len(data) else None,
        expected=f"text in {names}",
        fix=f"save the file again as {_said(accepted[:1])}",
    )


def first_bad_byte(data: bytes, *, whole: bool = True) -> int | None:
    """Where `data` stops being UTF-8."""
    try:
        codecs.utf_8_decode(data, "strict", whole)
    except UnicodeDecodeError as fault:
        return fault.start
    return None


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _nul(text: str, at: int, file: str) -> FormProblem:
    line, column = line_and_column(text, at)
    where = Place(file=file, line=line, column=column)
    return FormProblem("FILE-E102", "the text holds a NUL character", where, fix="leave the character out")


def _other(name: str, file: str, accepted: Sequence[str]) -> FormProblem:
    found = "UTF-8 with a byte order mark" if name == "utf-8-sig" else name.upper()
    agreed = _said(accepted)
    said = f"{agreed} without one" if name == "utf-8-sig" else agreed
    return FormProblem(
        "FILE-E101",
        f"the file is {found}; the contract says {said}",
        Place(file=file, line=1, column=1),
        found=found,
        expected=said,
        fix=f"save the file as {said.replace('one', 'byte order mark')}",
    )


def _said(accepted: Sequence[str]) -> str:
    return " or ".join(name.upper() for name in accepted) or "UTF-8"


def _name(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return encoding.lower()
