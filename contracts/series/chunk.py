"""Chunk: some rows of a batch as plain arrays. Text columns stay dictionary codes and are looked up, never compared.

Rules on text run on the words of the dictionary (hundreds) and reach the rows (millions) by indexing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contracts.series.plan import NO_WORD, UNKNOWN_WORD, SeriesPlan
from contracts.series.rules import Bools, Floats, Grades, Index, Ints, Mask

PLACE_BITS: Final = 17
ROWS: Final = 1 << PLACE_BITS
"""Rows of a chunk: its arrays stay in the cache, and a row's place in it takes 17 bits of the sort key."""

STRANGERS: Final = 256
"""Unknown tags told apart by name; from then on they share the last place. A file of noise must not grow the state."""


@dataclass(frozen=True, slots=True)
class TagWords:
    """The tag dictionary of a batch, word by word, and one more element for "no word"."""

    code: Index  # tag number, or first_stranger + n, or no_tag
    key: Mask | Ints  # code shifted left by 17 bits: the upper part of the sort key
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class QualityWords:
    grade: Grades  # BAD .. NO_WORD
    word: Ints  # the partner's own word as a number that is the same in every batch


@dataclass(slots=True)
class Chunk:
    """Arrays over the rows of one chunk. `first` is the absolute number of its first row."""

    first: int
    rows: int
    ts: Ints
    no_ts: Bools | None
    tag: Index  # index into tags.code
    tags: TagWords
    value: Floats
    no_value: Bools | None
    quality: Index | None  # index into qualities; None: the batch has no such column
    qualities: QualityWords
    unit: tuple[Index, list[str | None]] | None
    phase: tuple[Index, list[str | None]] | None
    batch: tuple[Index, list[str | None]] | None
    server_ts: tuple[Ints, Bools | None] | None

    def codes(self, at: Index) -> Index:
        """Tag numbers of some rows."""
        return self.tags.code.take(self.tag.take(at))


class ChunkReader:
    """Batches -> chunks. Keeps what it learned about words: tags that are not agreed, quality words seen so far."""

    def __init__(self, plan: SeriesPlan) -> None:
        self._plan = plan
        self._agreed = len(plan.tags)
        self.no_tag = self._agreed
        self.first_stranger = self._agreed + 1
        self.codes = self.first_stranger + STRANGERS
        self.strangers: list[str] = []
        self.words: list[str] = []
        self._word: dict[str, int] = {}
        self._tags: tuple[pa.Array, TagWords] | None = None
        self._qualities: tuple[pa.Array, QualityWords] | None = None
        endless = np.finfo(np.float64).max
        others = np.full(self.codes - self._agreed, endless)
        self._low = np.concatenate([plan.low, -others])
        self._high = np.concatenate([plan.high, others])
        self._wide = self.codes >= 1 << (32 - PLACE_BITS)

    def packed(self, numbers: Index) -> Mask | Ints:
        """Numbers as parts of a sort key. Keys of 32 bits sort several times faster than those of 64."""
        return numbers.astype(np.int64) if self._wide else numbers.astype(np.uint32)

    def name(self, code: int) -> str | None:
        """The partner's name of a tag number."""
        if code < self._agreed:
            return self._plan.tags[code].tag
        return self.strangers[code - self.first_stranger] if code > self.no_tag else None

    def chunks(self, rows: pa.RecordBatch, first: int) -> Iterator[Chunk]:
        for start in range(0, rows.num_rows, ROWS):
            yield self._chunk(rows.slice(start, ROWS), first + start)

    def _chunk(self, rows: pa.RecordBatch, first: int) -> Chunk:
        columns, names, n = self._plan.columns, rows.schema.names, rows.num_rows

        def column(name: str | None) -> pa.Array | None:
            return rows.column(names.index(name)) if name in names else None

        stamps, values = column(columns.ts), column(columns.value)
        ts, no_ts = _times(stamps) if stamps is not None else (np.zeros(n, np.int64), np.ones(n, np.bool_))
        value, no_value = _floats(values) if values is not None else (np.zeros(n), np.ones(n, np.bool_))
        tag, words = _indices(column(columns.tag), n)
        tags = self._tag_words(words)
        quality, qualities = None, self._quality_words(pa.array([], pa.string()))
        if (sent := column(columns.quality)) is not None:
            quality, words = _indices(sent, n)
            qualities = self._quality_words(words)
        server = column(columns.server_ts)
        return Chunk(
            first=first,
            rows=n,
            ts=ts,
            no_ts=no_ts,
            tag=tag,
            tags=tags,
            value=value,
            no_value=no_value,
            quality=quality,
            qualities=qualities,
            unit=_text(column(columns.unit), n),
            phase=_text(column(columns.phase), n),
            batch=_text(column(columns.batch), n),
            server_ts=None if server is None else _times(server),
        )

    def _tag_words(self, words: pa.Array) -> TagWords:
        if self._tags is not None and self._tags[0].equals(words):
            return self._tags[1]
        code = np.array([*(self._code(w) for w in words.to_pylist()), self.no_tag], np.intp)
        key = self.packed(code << PLACE_BITS)
        made = TagWords(code, key, self._low.take(code), self._high.take(code))
        self._tags = (words, made)
        return made

    def _code(self, word: str | None) -> int:
        if word is None:
            return self.no_tag
        name = word.strip(" ")
        known = self._plan.number.get(name)
        if known is not None:
            return known
        if name not in self.strangers and len(self.strangers) < STRANGERS:
            self.strangers.append(name if len(self.strangers) < STRANGERS - 1 else "(others)")
        at = self.strangers.index(name) if name in self.strangers else STRANGERS - 1
        return self.first_stranger + at

    def _quality_words(self, words: pa.Array) -> QualityWords:
        if self._qualities is not None and self._qualities[0].equals(words):
            return self._qualities[1]
        given = words.to_pylist()
        grade = np.array(
            [
                *(NO_WORD if w is None else self._plan.quality_map.get(w.strip(" "), UNKNOWN_WORD) for w in given),
                NO_WORD,
            ],
            np.uint8,
        )
        word = np.array([*(-1 if w is None else self.word(w) for w in given), -1], np.int64)
        made = QualityWords(grade, word)
        self._qualities = (words, made)
        return made

    def word(self, text: str) -> int:
        """The number of a quality word, the same wherever the word occurs."""
        if text not in self._word:
            self._word[text] = len(self.words)
            self.words.append(text)
        return self._word[text]


def _nulls(array: pa.Array) -> Bools | None:
    """Which elements are empty; None when none is."""
    if array.null_count == 0:
        return None
    bits = np.frombuffer(array.buffers()[0], np.uint8)
    flags = np.unpackbits(bits, count=array.offset + len(array), bitorder="little")[array.offset :]
    empty: Bools = flags.view(np.bool_) == False  # noqa: E712 - elementwise
    return empty


def _plain(array: pa.Array, kind: Any) -> Any:
    """The values of a primitive array without a copy. Elements that are empty hold anything."""
    if len(array) == 0:
        return np.empty(0, kind)
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]


def _times(array: pa.Array) -> tuple[Ints, Bools | None]:
    if array.type != pa.timestamp("us", "UTC"):
        array = array.cast(pa.timestamp("us", "UTC"))
    return _plain(array, np.int64), _nulls(array)


def _floats(array: pa.Array) -> tuple[Floats, Bools | None]:
    if array.type != pa.float64():
        array = array.cast(pa.float64())
    return _plain(array, np.float64), _nulls(array)


def _indices(array: pa.Array | None, rows: int) -> tuple[Index, pa.Array]:
    """A text column as (index of each row's word, words); the index after the last word stands for "no word"."""
    if array is None:
        return np.zeros(rows, np.intp), pa.array([], pa.string())
    if not pa.types.is_dictionary(array.type):
        array = array.cast(pa.string()).dictionary_encode()
    index, words = array.indices, array.dictionary
    found = _plain(index, index.type.to_pandas_dtype()).astype(np.intp)
    empty = _nulls(index)
    if empty is not None:
        found[empty] = len(words)
    return found, words


def _text(array: pa.Array | None, rows: int) -> tuple[Index, list[str | None]] | None:
    if array is None:
        return None
    index, words = _indices(array, rows)
    return index, [*words.to_pylist(), None]
