"""YAML as a tree that remembers where everything stands: line and column of every key and scalar.

Stricter than YAML: `2026-10-03`, `yes` and `007` are text, only `true` and `false` are booleans, a number keeps its
own digits, a repeated key is an error, merge keys and tags are refused. Built from parser events and not by the
library's composer, so that depth, size and alias limits hold before anything grows. Rules: contracts.md 1.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_ALIAS_NODES = 10_000
# A criterion beyond 10^30 has no physical meaning, and an exponent of a million would make Decimal arithmetic hang.
MAX_EXPONENT = 30

# JSON's grammar of a number: no octal (007), no sexagesimal (1:30), no +1, .5 or .inf.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?")

# Not printable, or read differently by YAML's versions: where one ends a line with U+2028, the other sees a letter.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\u2028|\u2029|\ufeff|\ufffe|\uffff")

# The compiled parser reads what is sound, in a tenth of the time. Where it stumbles or is missing, the one in Python
# decides: so an error has the same words and place on every machine.
_PYTHON = (yaml.SafeLoader,)
_PARSERS = (yaml.CSafeLoader, *_PYTHON) if yaml.__with_libyaml__ else _PYTHON
# What the compiled one must not see: it takes a tab between two tokens, and a minute for many %TAG lines.
_FOR_PYTHON = re.compile(r"\t|(?:\A|[\n\r])%")


class Digits(str):
    """A plain scalar that is a number, as it was written. A str on purpose, so that `6.90` keeps its two decimals."""

    __slots__ = ()

    @property
    def is_integer(self) -> bool:
        return self.lstrip("-").isdigit()

    def number(self) -> int | Decimal:
        """int when it was written as one, else Decimal with the digits as written."""
        return int(self) if self.is_integer else Decimal(self)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. `value` is text, Digits, a bool or None; `line` and `column` are 1-based."""

    value: str | Digits | bool | None
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    line: int
    column: int

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in the order of the file. A repeated key keeps its first value; the file has a problem then anyway."""

    entries: dict[str, tuple[Scalar, Node]]
    line: int
    column: int

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def key(self, key: str) -> Scalar | None:
        entry = self.entries.get(key)
        return entry[0] if entry else None

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return ((name, node) for name, (_key, node) in self.entries.items())


Node: TypeAlias = "Scalar | Sequence | Mapping"


@dataclass(frozen=True, slots=True)
class YamlProblem:
    """Why a file isn't YAML that we read."""

    line: int
    column: int
    message: str
    help: str


@dataclass(frozen=True, slots=True)
class YamlTree:
    """`root` is None when nothing could be read; `problems` then says why, and it also lists repeated keys."""

    root: Node | None
    problems: tuple[YamlProblem, ...]


def read_yaml(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> YamlTree:
    """Parse one YAML document. Never raises for what the bytes hold."""
    if len(data) > max_bytes:
        problem = YamlProblem(1, 1, f"the file has {len(data)} bytes", f"a contract has at most {max_bytes} bytes")
        return YamlTree(None, (problem,))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        problem = YamlProblem(line, column, "the file is not UTF-8", "save it as UTF-8 without a byte order mark")
        return YamlTree(None, (problem,))
    if (unreadable := _UNREADABLE.search(text)) is not None:
        line = text.count("\n", 0, unreadable.start()) + 1
        column = unreadable.start() - text.rfind("\n", 0, unreadable.start())
        message = f"the character U+{ord(unreadable.group()):04X} is not allowed"
        return YamlTree(None, (YamlProblem(line, column, message, "remove it"),))
    for parser in _PYTHON if _FOR_PYTHON.search(text) else _PARSERS:
        builder = _Builder(max_depth)
        try:
            for event in yaml.parse(text, Loader=parser):
                builder.take(event)
        except _Refused as refused:
            builder.problems.append(refused.problem)
            return YamlTree(None, tuple(builder.problems))
        except yaml.YAMLError as error:
            problem = _syntax(error)
        else:
            if builder.root is None:
                advice = "write a contract that starts with apiVersion"
                builder.problems.append(YamlProblem(1, 1, "the file is empty", advice))
            return YamlTree(builder.root, tuple(builder.problems))
    return YamlTree(None, (*builder.problems, problem))


def plain(node: Node | None) -> Any:
    """The node as plain Python: dict, list, str, bool, None; numbers as int or Decimal."""
    match node:
        case Mapping():
            return {name: plain(child) for name, child in node}
        case Sequence():
            return [plain(child) for child in node]
        case Scalar(value=Digits() as digits):
            return digits.number()
        case Scalar():
            return node.value
        case None:
            return None


class _Refused(Exception):
    """Ends the reading of a file; never leaves this module."""

    def __init__(self, line: int, column: int, message: str, help: str) -> None:
        self.problem = YamlProblem(line, column, message, help)
        super().__init__(message)


@dataclass
class _Open:
    """A mapping or sequence whose end has not been read yet."""

    mapping: bool
    line: int
    column: int
    anchor: str | None
    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    key: Scalar | None = None
    size: int = 1


class _Builder:
    """Events in, tree out. `size` counts nodes with every alias expanded: that is what a walk over the tree costs."""

    def __init__(self, max_depth: int) -> None:
        self.max_depth = max_depth
        self.root: Node | None = None
        self.problems: list[YamlProblem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._aliased = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _Refused(line, column, f"tag {tag} is not allowed", "write the value without a tag")
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _Refused(line, column, "a second document starts here", "one file holds one document")
            case MappingStartEvent() | SequenceStartEvent():
                if len(self._open) >= self.max_depth:
                    raise _Refused(line, column, "nested too deeply", f"at most {self.max_depth} levels are read")
                self._open.append(_Open(isinstance(event, MappingStartEvent), line, column, event.anchor))
            case MappingEndEvent():
                done = self._open.pop()
                self._add(Mapping(done.entries, done.line, done.column), done.size, done.anchor)
            case SequenceEndEvent():
                done = self._open.pop()
                self._add(Sequence(tuple(done.items), done.line, done.column), done.size, done.anchor)
            case ScalarEvent():
                is_plain = event.style is None or event.style == ""
                value = _resolve(event.value, line, column) if is_plain else event.value
                self._add(Scalar(value, line, column), 1, event.anchor)
            case AliasEvent():
                if event.anchor not in self._anchors:
                    advice = "name an anchor that is complete before this line"
                    raise _Refused(line, column, f"alias *{event.anchor} has no anchor", advice)
                node, size = self._anchors[event.anchor]
                self._aliased += size
                if self._aliased > MAX_ALIAS_NODES:
                    advice = f"at most {MAX_ALIAS_NODES} repeated nodes are read; write the text out"
                    raise _Refused(line, column, "aliases expand to too many nodes", advice)
                self._add(node, size, None)

    def _add(self, node: Node, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += size
        if not parent.mapping:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = self._key(node)
        else:
            self._entry(parent, parent.key, node)
            parent.key = None

    def _key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            raise _Refused(node.line, node.column, "a list or mapping is used as a key", "a key is text")
        if node.value == "<<":
            raise _Refused(node.line, node.column, "merge keys are not allowed", "write the keys out")
        return node

    def _entry(self, parent: _Open, key: Scalar, node: Node) -> None:
        name = key_text(key)
        first = parent.entries.get(name)
        if first is None:
            parent.entries[name] = (key, node)
            return
        message = f"key {name} is repeated in one mapping"
        self.problems.append(
            YamlProblem(key.line, key.column, message, f"the first is on line {first[0].line}; keep one")
        )


def key_text(key: Scalar) -> str:
    """A key as text: `true:` and `1:` are the names "true" and "1"."""
    match key.value:
        case None:
            return "null"
        case bool():
            return "true" if key.value else "false"
        case text:
            return str(text)


def _resolve(text: str, line: int, column: int) -> str | Digits | bool | None:
    match text:
        case "true":
            return True
        case "false":
            return False
        case "" | "~" | "null":
            return None
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    exponent = number.group(2)
    if len(text) > 60 or (exponent and abs(int(exponent[:8])) > MAX_EXPONENT):
        raise _Refused(line, column, "this number is beyond any quantity", f"at most 60 digits and 10^{MAX_EXPONENT}")
    return Digits(text)


def _syntax(error: yaml.YAMLError) -> YamlProblem:
    advice = "mind indentation, the space after a colon, and quotes around text that holds : or #"
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return YamlProblem(1, 1, "the file is not readable YAML", advice)
    said = " ".join(part for part in (error.context, error.problem) if part) or "not readable"
    return YamlProblem(mark.line + 1, mark.column + 1, said, advice)
