"""A big text file whose lines can be asked for by number, without holding the file or an offset for every line."""

from __future__ import annotations

from functools import cached_property
from os import SEEK_END
from pathlib import Path

import numpy as np

EVERY = 4096  # a remembered offset for so many lines: 20 kB for 10 million lines, and one short read a question
CHUNK = 1 << 20


class LineFile:
    """Lines are counted from 1 and end with LF. Nothing is read before the first question."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path, self._encoding = path, encoding

    @cached_property
    def count(self) -> int:
        """How many lines there are; text behind the last LF counts as one."""
        ends = 0
        with self._path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                ends += chunk.count(b"\n")
        return ends + self.unfinished

    @cached_property
    def unfinished(self) -> bool:
        """Whether the last line has no end."""
        with self._path.open("rb") as stream:
            if stream.seek(0, SEEK_END) == 0:
                return False
            stream.seek(-1, SEEK_END)
            return stream.read(1) != b"\n"

    def line(self, number: int) -> str:
        """The text of a line without its end; empty behind the last line."""
        block, rest = divmod(number - 1, EVERY)
        if block >= len(self._marks):
            return ""
        with self._path.open("rb") as stream:
            stream.seek(self._marks[block])
            for _ in range(rest):
                stream.readline()
            return stream.readline().rstrip(b"\r\n").decode(self._encoding, errors="replace")

    @cached_property
    def _marks(self) -> list[int]:
        """Offsets of lines 1, 1 + EVERY, 1 + 2 * EVERY, ..."""
        marks, lines, before = [0], 0, 0
        with self._path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                count = chunk.count(b"\n")
                if lines % EVERY + count >= EVERY:
                    ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))
                    marks += [before + int(end) + 1 for end in ends[EVERY - 1 - lines % EVERY :: EVERY]]
                lines += count
                before += len(chunk)
        return marks
