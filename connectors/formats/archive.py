"""The look into a ZIP container before any parser of spreadsheets sees it.

Limits and reasons: reliability.md T2. Sizes are counted while inflating, because the ones a ZIP states may lie; only
the entries that are looked at are held, one at a time.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from dataclasses import dataclass

from connectors.formats.reading import Reading, Unreadable
from contracts.document import FormProblem

MAX_ENTRIES = 2_000
MAX_INFLATED = 200_000_000
SMALL = 1_000_000  # below this a high ratio is harmless: the XML of an empty sheet packs better than 100:1
CHUNK = 1 << 16
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A cell may have a prefix, no attribute, or a line break behind its name.
CELL = re.compile(rb"<(?:[\w.-]+:)?c[\s>/]")
FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s>/]")
# Tags whose range the spreadsheet reader fills cell by cell: one of them may cover 17 thousand million cells.
RANGED = re.compile(rb"<(?:[\w.-]+:)?(?:mergeCell|hyperlink)[\s>/]")
RANGE = re.compile(
    rb"<(?:[\w.-]+:)?(?:mergeCell|hyperlink)\s[^<]*?\bref\s*=\s*[\"']"
    rb"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Za-z]{1,3})\$?([0-9]{1,7}))?[\"']"
)
LONGEST_TAG = 4096
# Another encoding would hide all this from us, and from nobody else: UTF-16, or one that the first line names.
NOT_UTF8 = re.compile(rb"\xff\xfe|\xfe\xff|\x00|.\x00|<\?xml[^>]*\sencoding\s*=\s*[\"'](?!(?i:utf-8|us-ascii)[\"'])")
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def scan(data: bytes, reading: Reading) -> Parts:
    """What the container's parts hold, counted. Raises Unreadable when it is encrypted, cut off, bomb-like or carries
    macros or a document type."""
    if data.startswith(OLE):
        if ENCRYPTED_PACKAGE in data:
            raise Unreadable(_protected(reading))
        raise Unreadable(_old_workbook(reading))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as fault:
        raise Unreadable(_truncated(reading)) from fault
    parts = Parts()
    with archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise Unreadable(_limit(reading, f"the archive has {len(entries):,} entries", f"at most {MAX_ENTRIES:,}"))
        if any(entry.flag_bits & 0x1 for entry in entries):
            raise Unreadable(_protected(reading))
        for entry in entries:
            _inflate(archive, entry, reading, parts)
    ratio = parts.size / max(1, len(data))
    if parts.size > SMALL and ratio > reading.contract.safety.max_inflate_ratio:
        limit = f"at most {reading.contract.safety.max_inflate_ratio} to 1"
        raise Unreadable(_limit(reading, f"the archive inflates {ratio:.0f} to 1", limit))
    return parts


@dataclass
class Parts:
    """What was counted while the parts went by: inflated bytes, cells written or covered, whether any is a formula."""

    size: int = 0
    cells: int = 0
    formulas: bool = False

    def see(self, xml: bytes) -> None:
        """Count some whole tags. A range that a reader would fill cell by cell counts as the cells it covers."""
        self.cells += len(CELL.findall(xml))
        self.formulas = self.formulas or FORMULA.search(xml) is not None
        if RANGED.search(xml) is not None:
            ranges = RANGE.findall(xml)
            self.cells += sum(_area(*corners) for corners in ranges)
            if len(ranges) != len(RANGED.findall(xml)):  # written so that only a parser would see how large it is
                self.cells = sys.maxsize


def _area(left: bytes, top: bytes, right: bytes, bottom: bytes) -> int:
    if not right:
        return 1
    return (abs(_column(right) - _column(left)) + 1) * (abs(int(bottom) - int(top)) + 1)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, reading: Reading, parts: Parts) -> None:
    """Count one entry while inflating it; refuses what a workbook of data never holds."""
    name = entry.filename.lower()
    if name.endswith("vbaproject.bin") or "/macrosheets/" in name:
        raise Unreadable(_macros(reading))
    if name.endswith((".zip", ".xlsx", ".xlsm", ".docx")):
        raise Unreadable(_limit(reading, "the archive holds another archive", "a workbook without embedded files"))
    first, rest = True, b""
    xml = name.endswith((".xml", ".rels"))
    try:
        with archive.open(entry) as stream:
            while chunk := stream.read(CHUNK):
                parts.size += len(chunk)
                if parts.size > MAX_INFLATED:
                    limit = f"at most {MAX_INFLATED // 1_000_000} MB"
                    raise Unreadable(_limit(reading, "the archive inflates to more than is allowed", limit))
                if not xml:
                    continue
                if first and NOT_UTF8.match(chunk):
                    raise Unreadable(_encoding(reading))
                first = False
                window = rest + chunk
                if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                    raise Unreadable(_document_type(reading))
                # a sheet may lie under any name; a tag that the chunk cuts is seen whole with the next one
                cut = window.rfind(b"<")
                cut = cut if len(window) - cut < LONGEST_TAG else len(window)
                parts.see(window[:cut])
                rest = window[cut:]
                _few_cells(parts, reading)
        parts.see(rest)
        _few_cells(parts, reading)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, OSError) as fault:
        raise Unreadable(_truncated(reading)) from fault
    except Exception as fault:
        if type(fault).__name__ == "error":  # zlib.error and lzma's: neither has a base that says "broken data"
            raise Unreadable(_truncated(reading)) from fault
        raise


def _few_cells(parts: Parts, reading: Reading) -> None:
    most = reading.contract.safety.max_cells
    if parts.cells > most:
        raise Unreadable(_limit(reading, "the workbook has more cells than agreed", f"at most {most:,} cells"))


def _protected(reading: Reading) -> FormProblem:
    return FormProblem(
        "FILE-E601",
        "the workbook is protected by a password",
        reading.place(),
        expected="a workbook without a password",
        fix="save the workbook without a password; the channel protects it",
    )


def _old_workbook(reading: Reading) -> FormProblem:
    return FormProblem(
        "FILE-E104",
        "the content is an old binary workbook (.xls), not .xlsx",
        reading.place(),
        found="a binary workbook",
        expected="an .xlsx workbook",
        fix="save the workbook as .xlsx",
    )


def _truncated(reading: Reading) -> FormProblem:
    return FormProblem(
        "FILE-E402",
        "the workbook is incomplete or damaged",
        reading.place(),
        expected="a complete .xlsx file",
        fix="send the file again when it has been saved completely",
    )


def _macros(reading: Reading) -> FormProblem:
    return FormProblem(
        "FILE-E604",
        "the workbook holds macros",
        reading.place(),
        expected="a workbook without macros",
        fix="save the workbook as .xlsx",
    )


def _document_type(reading: Reading) -> FormProblem:
    return FormProblem(
        "FILE-E602",
        "the workbook holds a document type definition",
        reading.place(),
        expected="XML without document types and entities",
        fix="save the workbook again with a spreadsheet program",
    )


def _encoding(reading: Reading) -> FormProblem:
    return FormProblem(
        "FILE-E405",
        "a part of the workbook is not written in UTF-8",
        reading.place(),
        expected="parts in UTF-8, as spreadsheet programs write them",
        fix="save the workbook again with a spreadsheet program",
    )


def _limit(reading: Reading, message: str, limit: str) -> FormProblem:
    return FormProblem("FILE-E603", message, reading.place(), expected=limit)
