"""Redaction: what a report may not show (contracts.md 5.6).

A value of a restricted field and anything personal is dropped where it was found, and starred wherever the shown piece
of the partner's file happens to hold it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from contracts.document import Raw
from contracts.finding import Excerpt, ExcerptLine, Finding, Found

if TYPE_CHECKING:
    from contracts.plan import Plan
    from contracts.values.personal import PersonalData

_LONGEST = 200  # characters of a found text that a report shows


def found(raw: Raw, *, hidden: bool) -> Found | None:
    """What was found, cut to a readable length; hidden, only its type and length."""
    if raw is None:
        return None
    if isinstance(raw, (list, dict)):
        return Found("a list" if isinstance(raw, list) else "an object")  # what is in it may be anybody's
    text = raw if isinstance(raw, str) else str(raw).lower()
    if hidden:
        return Found(None, f"text of {len(text)} characters", redacted=True)
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return Found(_printable(shown))


def _printable(text: str) -> str:
    """Control characters escaped, so that no report can drive a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def restricted(plan: Plan, path: str) -> bool:
    """Whether the field at `path`, or what holds it, is classified as restricted."""
    while path:
        field = plan.contract.schema.find(path.removesuffix("[]"))
        if field is not None and field.classification == "restricted":
            return True
        path = path.rpartition(".")[0]
    return False


def secrets(plan: Plan, root: Raw, personal: Iterable[str]) -> frozenset[str]:
    """Every text of a restricted field in this document, and all that stands at the pointers in `personal`."""
    found_texts: set[str] = set()
    for pointer in personal:
        if pointer:
            _collect_all(_at(root, pointer), found_texts)
    for path, scalar in plan.scalars.items():
        if scalar.field.classification == "restricted":
            top = [plan.rows_key] if plan.rows_key is not None else []
            _collect(root, [*top, *path.split(".")], found_texts)
    return frozenset(found_texts)


def _collect(node: Raw, path: list[str], into: set[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect(item, path, into)
    elif not path:
        if isinstance(node, str) and node.strip():
            into.add(str(node))
    elif isinstance(node, dict):
        _collect(node.get(path[0]), path[1:], into)


def _at(root: Raw, pointer: str) -> Raw:
    node = root
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            node = node[int(name)] if name.isdigit() and int(name) < len(node) else None
        else:
            node = node.get(name) if isinstance(node, dict) else None
    return node


def _collect_all(node: Raw, into: set[str]) -> None:
    if isinstance(node, str) and node.strip():
        into.add(str(node))
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _collect_all(inner, into)


def without_people(finding: Finding, personal: PersonalData | None) -> Finding:
    """The same with everything personal starred that its texts repeat, whichever value of the file that came from."""
    if personal is None:
        return finding
    star = personal.mask
    seen, due, fix = finding.found, finding.expected, finding.fix
    return replace(
        finding,
        message=star(finding.message),
        key=tuple((name, star(text)) for name, text in finding.key),
        found=replace(seen, text=star(seen.text)) if seen is not None and seen.text is not None else seen,
        expected=replace(due, text=star(due.text)) if due is not None else None,
        fix=replace(fix, text=star(fix.text)) if fix is not None else None,
        note=star(finding.note) if finding.note is not None else None,
    )


def mask(excerpt: Excerpt, hide: frozenset[str], personal: PersonalData | None, *, hide_mark: bool) -> Excerpt:
    """The same window with every secret starred; `hide_mark`: the marked value as well."""
    lines = [_mask_line(line, hide, personal) for line in excerpt.lines]
    if hide_mark and lines:
        lines[-1] = _mask_mark(lines[-1], excerpt)
    return replace(excerpt, lines=tuple(lines))


def _mask_line(line: ExcerptLine, hide: frozenset[str], personal: PersonalData | None) -> ExcerptLine:
    cells = []
    for cell in line.cells:
        text = _stars(cell) if cell.strip() in hide else _mask_quoted(cell, hide)
        cells.append(_printable(personal.mask(text) if personal is not None else text))
    return ExcerptLine(line.number, tuple(cells))


def _mask_quoted(text: str, hide: Iterable[str]) -> str:
    for secret in hide:
        text = text.replace(f'"{secret}"', f'"{_stars(secret)}"')
        # A long line was cut, perhaps through the middle of a secret.
        head, tail = text[1:].split('"')[0], text[:-1].split('"')[-1]
        if text.startswith("…") and head and secret.endswith(head):
            text = f"…{_stars(head)}{text[1 + len(head) :]}"
        if text.endswith("…") and tail and secret.startswith(tail):
            text = f"{text[: -1 - len(tail)]}{_stars(tail)}…"
    return text


def _mask_mark(line: ExcerptLine, excerpt: Excerpt) -> ExcerptLine:
    cells = list(line.cells)
    if excerpt.mark_from is not None and excerpt.mark_to is not None:
        text = cells[0]
        middle = text[excerpt.mark_from : excerpt.mark_to]
        cells[0] = text[: excerpt.mark_from] + _stars(middle) + text[excerpt.mark_to :]
    elif excerpt.mark < len(cells):
        cells[excerpt.mark] = _stars(cells[excerpt.mark])
    return ExcerptLine(line.number, tuple(cells))


def _stars(text: str) -> str:
    return "".join("*" if not c.isspace() and c not in '"…' else c for c in text)


def file_name(name: str, personal: PersonalData | None) -> str:
    """How a file is called in a report: escaped, cut to 120 characters, and a hash when it names a person."""
    if personal is not None and personal.in_text(name) is not None:
        return f"file-{hashlib.sha256(name.encode()).hexdigest()[:12]}{PurePosixPath(name).suffix[:8]}"
    shown = _printable(name)
    return shown if len(shown) <= 120 else f"{shown[:80]}…{shown[-39:]}"
