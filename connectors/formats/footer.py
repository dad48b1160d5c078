"""The last row in which a table states how many rows it has: `Rows,42`. Rule: contracts.md 2.4 `footer`.

`footer: {rowCount: Rows}` names the label in the row's first filled cell; the cell after it holds the number. A file
without that row was cut off (FILE-E402); one whose number is another has lost or gained rows (FILE-E403).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from contracts.document import FormProblem
from contracts.place import Place

TAIL = 1 << 16


def stated(cells: Sequence[str], label: str) -> str | None:
    """What a row states as the number of rows, None when it is no footer."""
    filled = [cell.strip(" \t") for cell in cells if cell.strip(" \t")]
    if not filled or filled[0] != label:
        return None
    return filled[1] if len(filled) > 1 else ""


def disagreement(said: str, rows: int, where: Place) -> FormProblem | None:
    """FILE-E403 unless the footer states this number of rows."""
    if said == str(rows):
        return None
    return FormProblem(
        "FILE-E403",
        f"the footer states {said or 'no number of'} rows, the file has {rows}",
        where,
        found=said or None,
        expected=str(rows),
        fix="export the file again, complete and with its footer",
    )


def missing(label: str, where: Place) -> FormProblem:
    """FILE-E402 for a file without its last row."""
    return FormProblem(
        "FILE-E402",
        "the file ends without its footer",
        where,
        expected=f'a last row with "{label}" and the number of rows',
        fix="send the file again when its export has finished",
    )


def last_line(path: Path, encoding: str) -> tuple[str, int]:
    """(the last line that is not blank, the offset where it begins) of a text file; only its end is read."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        mark = stream.read(2)
        stream.seek(max(0, (size - TAIL) & ~3))  # whole characters of every encoding with units of 2 or 4 bytes
        before, data = stream.tell(), stream.read()
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if mark == b"\xff\xfe" else "-be"
    text = data.decode(encoding, errors="replace")
    kept = text.rstrip("\r\n\t ")
    start = max(kept.rfind("\n"), kept.rfind("\r")) + 1
    return kept[start:], before + len(data) - len(text[start:].encode(encoding, errors="replace"))


class Until(io.RawIOBase):
    """The file at `path` up to an offset, as a stream."""

    def __init__(self, path: Path, end: int) -> None:
        self._file = path.open("rb")
        self._left = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._left)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
