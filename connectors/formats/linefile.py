"""A big text file whose lines can be asked for by number, without holding the file or an offset for every line."""

from __future__ import annotations

from pathlib import Path

import numpy as np

EVERY = 4096  # a remembered offset for so many lines: 20 kB for 10 million lines, and one short read a question
CHUNK = 1 << 20


class LineFile:
    """Lines are counted from 1 and end with LF. Reads the file once, on the first question."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path, self._encoding = path, encoding
        self._marks = [0]  # offset of line 1, 1 + EVERY, 1 + 2 * EVERY, ...
        self._counted: tuple[int, bool] | None = None

    @property
    def count(self) -> int:
        """How many lines there are; text behind the last LF counts as one."""
        return self._facts()[0]

    @property
    def unfinished(self) -> bool:
        """Whether the last line has no end."""
        return self._facts()[1]

    def line(self, number: int) -> str:
        """The text of a line without its end; empty behind the last line."""
        self._facts()
        block, rest = divmod(number - 1, EVERY)
        if block >= len(self._marks):
            return ""
        with self._path.open("rb") as stream:
            stream.seek(self._marks[block])
            for _ in range(rest):
                stream.readline()
            return stream.readline().rstrip(b"\r\n").decode(self._encoding, errors="replace")

    def _facts(self) -> tuple[int, bool]:
        """(lines, whether the last one has no end), from one pass over the file that also sets the marks."""
        if self._counted is not None:
            return self._counted
        lines = before = 0
        last = b"\n"
        with self._path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                count = chunk.count(b"\n")
                if lines % EVERY + count >= EVERY:
                    ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))
                    due = ends[EVERY - 1 - lines % EVERY :: EVERY]
                    self._marks += [before + int(end) + 1 for end in due]
                lines += count
                before += len(chunk)
                last = chunk[-1:]
        unfinished = last != b"\n"
        self._counted = (lines + unfinished, unfinished)
        return self._counted
