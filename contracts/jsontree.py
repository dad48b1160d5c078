"""JSON, read strictly: numbers keep their text, a key twice is refused, and every value can say where it stands.

What the file says comes out as a tree of raw scalars (contracts.document.Raw). What is wrong with its form comes out as
FormProblems: nothing is repaired. Places are looked for when somebody asks, because only documents with findings need
them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from contracts.document import FormProblem, Raw, RawNumber
from contracts.encoding import damage, damaged_text, decode, line_and_column
from contracts.finding import Excerpt, ExcerptLine
from contracts.place import Place

_WINDOW = 96  # characters of a long line that an excerpt shows
_MOST_TWICE = 1000  # repeated keys that are named one by one
_LESS = "leave out what nests so deep, or agree on another maxDepth"
_TOKEN = re.compile(r'[ \t\n\r]*([{}\[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^ \t\n\r{}\[\],:"]+)', re.DOTALL)
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_CONSTANT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(-?Infinity|NaN)', re.DOTALL)
_UNFINISHED = re.compile(r"t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.|\.?[0-9]*[eE][+-]?", re.DOTALL)


@dataclass(frozen=True)
class JsonTree:
    """One JSON text. `root` is None when it could not be read; `problems` then says why."""

    file: str
    text: str
    root: Raw
    problems: tuple[FormProblem, ...] = ()
    _spans: dict[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    def locate(self, pointer: str) -> Place:
        """Where the value at `pointer` begins; for a key that isn't there, where its object begins."""
        line, column = line_and_column(self.text, self._span(pointer)[0])
        return Place(file=self.file, line=line, column=column, pointer=pointer)

    def excerpt(self, pointer: str) -> Excerpt | None:
        """The line of the file with the value marked; a long line is cut around the mark."""
        if not self.text:
            return None
        return window(self.text, *self._span(pointer))

    def _span(self, pointer: str) -> tuple[int, int]:
        """Characters [start, end) of the value at `pointer`, or the first one of what is nearest around it."""
        known = self._spans.get(pointer)
        if known is None:
            known = self._spans[pointer] = _find(self.text, pointer)
        return known


def read_json(
    data: bytes,
    *,
    file: str,
    max_depth: int = 64,
    max_bytes: int = 50_000_000,
    max_values: int | None = None,
    encodings: Sequence[str] = ("utf-8",),
) -> JsonTree:
    """The tree in `data`, or the problems that keep it from being read (FILE-E101, E102, E401, E402, E404, E405, E603).

    `encodings` are those the contract accepts, in order. Never raises for what is in `data`.
    """
    if len(data) > max_bytes:
        return _refused(file, "", "FILE-E603", f"the file has {len(data)} bytes, more than the {max_bytes} agreed", 0)
    text, problems = decode(data, file=file, accepted=encodings)
    if text is None:
        return JsonTree(file, "", None, problems)
    if max_values is not None and _more_values_than(max_values, text):
        message = f"the file holds more than the {max_values:,} values agreed"
        return _refused(file, text, "FILE-E603", message, 0, fix="send smaller files, or agree on another limit")
    tree = _parse(text, file, max_depth)
    mark = damage(text)
    if mark is not None:
        line, column = line_and_column(text, mark.start())
        problems = (*problems, damaged_text(Place(file=file, line=line, column=column, pointer=""), mark[0]))
    return JsonTree(file, tree.text, tree.root, (*problems, *tree.problems))


class _NotJsonError(Exception):
    """NaN and the infinities are JavaScript, not JSON."""


def _refuse_constant(name: str) -> None:
    raise _NotJsonError(name)


def _parse(text: str, file: str, max_depth: int) -> JsonTree:
    if not text.strip(" \t\r\n"):
        return _refused(file, text, "FILE-E401", "the file is empty", 0)
    counted = objects = 0

    def count(members: dict[str, Raw]) -> dict[str, Raw]:
        nonlocal counted, objects
        counted += len(members)
        objects += 1
        return members

    decoder = json.JSONDecoder(
        object_hook=count, parse_int=RawNumber, parse_float=RawNumber, parse_constant=_refuse_constant
    )
    try:
        root: Raw = decoder.decode(text)
    except RecursionError:
        return _refused(
            file, text, "FILE-E603", f"the file is nested deeper than the {max_depth} levels agreed", 0, fix=_LESS
        )
    except _NotJsonError as error:
        at = next((m.start() for m in _CONSTANT.finditer(text) if m[1]), 0)
        return _refused(file, text, "FILE-E405", f"{error} is not JSON", at, fix="write null, or leave the key out")
    except json.JSONDecodeError as error:
        return _not_well_formed(text, file, error)
    # Nothing is nested deeper than there are objects and lists.
    if objects + text.count("[") > max_depth and _deeper_than(root, max_depth):
        return _refused(
            file, text, "FILE-E603", f"the file is nested deeper than the {max_depth} levels agreed", 0, fix=_LESS
        )
    if not _keys_are_single(text, counted):
        twice = _repeated_keys(text)
        if twice:
            return JsonTree(file, text, None, tuple(_all_twice(text, file, twice)))
    odd = _odd_characters(text, root, file) if "\\u" in text else ()
    return JsonTree(file, text, None if odd else root, odd)


def _more_values_than(limit: int, text: str) -> bool:
    """Whether the tree would have more nodes. An object of nothing costs a hundred times its two characters."""

    def nodes(part: str) -> int:
        return part.count(",") + part.count("[") + part.count("{")

    return nodes(text) > limit and nodes(_STRING.sub("", text)) > limit


def _keys_are_single(text: str, counted: int) -> bool:
    """Proof, at a fiftieth of the cost of looking, that no object holds a key twice; False: somebody must look.

    When no white space stands before any colon, `":` occurs once for each key written, and more often only if strings
    hold it too. A key that was lost because it came twice makes the tree's own count smaller, so equal counts leave
    room for neither.
    """
    apart = any(white in text and f"{white}:" in text for white in "\t\n\r ")  # most texts hold none of the first three
    return not apart and text.count('":') == counted


def _deeper_than(root: Raw, limit: int) -> bool:
    level: list[Any] = [root] if isinstance(root, (dict, list)) else []
    depth = 0
    while level:
        depth += 1
        if depth > limit:
            return True
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) in (dict, list)
        ]
    return False


def _not_well_formed(text: str, file: str, error: json.JSONDecodeError) -> JsonTree:
    rest = text[error.pos :].rstrip(" \t\r\n")
    in_string = error.msg.startswith("Unterminated string")
    in_escape = error.msg.startswith("Invalid \\") and len(rest) < 4 and '"' not in rest
    unfinished = in_string or in_escape or not rest or _UNFINISHED.fullmatch(rest)
    if unfinished:
        return _refused(
            file, text, "FILE-E402", "the file ends in the middle", len(text.rstrip()), fix="send the whole file again"
        )
    told = error.msg[0].lower() + error.msg[1:]
    fix = "write the file with a JSON library instead of joining texts"
    return _refused(file, text, "FILE-E405", f"the file is not well-formed JSON: {told}", error.pos, fix=fix)


def _odd_characters(text: str, root: Raw, file: str) -> tuple[FormProblem, ...]:
    """Escapes that make no text: half a surrogate pair, and NUL, which no database stores."""
    nul = text.find("\\u0000")
    if nul >= 0:
        line, column = line_and_column(text, nul)
        place = Place(file=file, line=line, column=column, pointer="")
        return (FormProblem("FILE-E102", "the text holds a NUL character", place, fix="leave the character out"),)
    try:
        json.dumps(root, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        hit = re.search(r"\\u[dD][89a-fA-F]", text)
        line, column = line_and_column(text, hit.start() if hit else 0)
        place = Place(file=file, line=line, column=column, pointer="")
        return (
            FormProblem("FILE-E405", "the text holds one half of a character", place, fix="export it again as UTF-8"),
        )
    return ()


def _all_twice(text: str, file: str, twice: Sequence[tuple[str, int]]) -> Iterator[FormProblem]:
    """FILE-E404 for each key that comes again; beyond the first thousand only their number."""
    line, seen = 1, 0
    for pointer, at in twice[:_MOST_TWICE]:
        line += text.count("\n", seen, at)
        seen = at
        name = _unescape(pointer.rpartition("/")[2])
        shown = name if len(name) <= 60 else f"{name[:59]}…"
        yield FormProblem(
            "FILE-E404",
            f"the key {shown} stands twice in one object",
            Place(file=file, line=line, column=at - text.rfind("\n", 0, at), pointer=pointer),
            found=name,
            expected="every key once",
            fix=f"keep one {shown}; readers disagree about which one counts",
        )
    if len(twice) > _MOST_TWICE:
        more = len(twice) - _MOST_TWICE
        line, column = line_and_column(text, twice[_MOST_TWICE][1])
        message = f"{more} more keys stand twice in one object"
        fix = "keep one of each; readers disagree about which one counts"
        yield FormProblem("FILE-E404", message, Place(file=file, line=line, column=column, pointer=""), fix=fix)


def _refused(file: str, text: str, code: str, message: str, offset: int, *, fix: str | None = None) -> JsonTree:
    line, column = line_and_column(text, offset)
    place = Place(file=file, line=line, column=column, pointer="")
    return JsonTree(file, text, None, (FormProblem(code, message, place, fix=fix),))


def window(text: str, start: int, end: int) -> Excerpt:
    """The line of `text` that holds offset `start`, with [start, end) marked; a long line is cut around the mark."""
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    line = text[begin : stop if stop >= 0 else len(text)].rstrip("\r")
    mark_from, mark_to = start - begin, max(start - begin + 1, min(end - begin, len(line)))
    if len(line) > _WINDOW:
        left = max(0, min(mark_from - 48, len(line) - _WINDOW))
        right = min(len(line), max(left + _WINDOW, min(mark_to, left + 2 * _WINDOW)))
        lead, tail = "…" if left else "", "…" if right < len(line) else ""
        line = lead + line[left:right] + tail
        shift = left - len(lead)
        mark_from, mark_to = mark_from - shift, min(mark_to, right) - shift
    return Excerpt((ExcerptLine(text.count("\n", 0, start) + 1, (line,)),), 0, mark_from, mark_to)


def _find(text: str, pointer: str) -> tuple[int, int]:
    """Walks down from the root; what is beside the way is skipped by the C scanner, a whole value at a time."""
    at = _skip(text, 0)
    try:
        for part in pointer.split("/")[1:]:
            inner = _enter(text, at, _unescape(part))
            if inner is None:
                return at, at + 1
            at = inner
        end = _SCAN(text, at)[1]
    except (StopIteration, ValueError, IndexError, RecursionError):  # the text is no JSON from here on
        return at, at + 1
    # A list or an object is shown by where it begins.
    return (at, end) if text[at] not in "{[" or end - at <= 2 else (at, at + 1)


def _enter(text: str, at: int, name: str) -> int | None:
    """Where the member `name` of the object or list at `at` begins; None when there is none."""
    in_object = text[at] == "{"
    if not in_object and text[at] != "[":
        return None
    at, index = _skip(text, at + 1), 0
    while text[at] not in "}]":
        found = not in_object and str(index) == name
        if in_object:
            key, at = scanstring(text, at + 1, True)
            found = key == name
            at = _skip(text, _skip(text, at) + 1)
        if found:
            return at
        at = _skip(text, _SCAN(text, at)[1])
        if text[at] == ",":
            at = _skip(text, at + 1)
        index += 1
    return None


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


_SCAN: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def _repeated_keys(text: str) -> list[tuple[str, int]]:
    """Keys that come again in the same object: their pointer and where the second one begins."""
    repeated: list[tuple[str, int]] = []
    stack: list[_Open] = []
    for token in _TOKEN.finditer(text):
        word, start = token[1], token.start(1)
        here = stack[-1] if stack else None
        if word in "}]":
            if stack:
                stack.pop()
        elif word == ",":
            if here is not None:
                here.waiting = None
                here.index += 1
        elif word == ":":
            continue
        elif here is not None and here.keys is not None and here.waiting is None:
            name = json.loads(word) if word.startswith('"') else word
            here.waiting = f"{here.pointer}/{_escape(name)}"
            if name in here.keys and name not in here.twice:
                here.twice.add(name)
                repeated.append((here.waiting, start))
            here.keys.add(name)
        elif word in "{[":
            pointer = "" if here is None else here.waiting or f"{here.pointer}/{here.index}"
            stack.append(_Open(pointer, set() if word == "{" else None))
    return repeated


@dataclass(slots=True)
class _Open:
    """A container that the scan is in: for an object the keys seen and the pointer that waits for its value."""

    pointer: str
    keys: set[str] | None  # None: an array
    waiting: str | None = None
    index: int = 0
    twice: set[str] = field(default_factory=set)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
