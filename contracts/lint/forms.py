"""Source forms and locators: can a file have this form, does somebody read it, and is none of its keys read past?"""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping

from contracts.codes import Severity
from contracts.errors import valid_values
from contracts.lint.problems import Problems, customs, entries, items, maps, said, text
from contracts.lint.semantic import properties
from contracts.yamltree import Mapping, Node, plain

_DOCUMENTS, _SERIES = ("certificate", "schedule"), ("series",)
READ: AnyMapping[str, tuple[str, ...]] = {
    "json": _DOCUMENTS,
    "csv": (*_DOCUMENTS, *_SERIES),
    "xlsx": _DOCUMENTS,
    "ndjson": _SERIES,
    "parquet": _SERIES,
    "arrow": _SERIES,
    "piwebapi": _SERIES,
}
"""The formats that the readers of this package read, and for which kinds of document."""

_CSV, _SHEET, _TEXTS = ("csv",), ("xlsx",), ("json", "ndjson", "csv", "xml", "icalendar", "piwebapi")
# Keys of a source form that only these formats have.
_OF_FORMAT: AnyMapping[str, tuple[str, ...]] = {
    "encoding": _TEXTS,
    **dict.fromkeys(("delimiter", "quote", "preambleRows", "sepLine", "trailingDelimiter"), _CSV),
    **dict.fromkeys(("sheet", "headerRow", "headerCells", "merged", "hidden"), _SHEET),
    **dict.fromkeys(("root", "namespaces"), ("xml",)),
    **dict.fromkeys(("footer", "rows"), ("csv", "xlsx")),
    "schemaVersion": ("json", "xml"),
}
_SHEET_NAME = re.compile(r"[^\[\]:*?/\\]{1,31}")
CELL = re.compile("[A-Z]{1,3}[1-9][0-9]{0,6}")
_LOCATOR = {"column": re.compile("[A-Z]{1,3}"), "cell": CELL}


def check_forms(root: Mapping, problems: Problems) -> None:
    """CON-E105 for a form that no file can have, CON-E117 for what no reader of this package reads."""
    for schema in maps(root, "schema"):
        ours = customs(schema)
        kind = str(plain(ours["documentKind"][1])) if "documentKind" in ours else ""
        for form in items(ours["source"][1]) if "source" in ours else ():
            if isinstance(form, Mapping):
                _form(form, kind, problems)
    for node, _path in properties(root):
        locator = customs(node).get("locator")
        if locator is not None:
            _locator(locator[1], problems)


def _form(form: Mapping, kind: str, problems: Problems) -> None:
    name = text(form, "format")
    _reader(form, name, kind, problems)
    for key, _value in entries(form):
        fitting = _OF_FORMAT.get(str(key.value))
        if name is not None and fitting is not None and name not in fitting:
            message = f"{key.value} has no meaning for {name}"
            advice = f"it belongs to {' and '.join(fitting)}"
            problems.add("CON-E105", key, message, advice, Severity.WARNING)
        elif key.value in ("root", "namespaces"):
            advice = "a reader of XML finds the document by itself"
            problems.add("CON-E117", key, f"{key.value} is not evaluated", advice, Severity.WARNING)
    _dialect(form, problems)
    sheet = text(form, "sheet")
    if sheet is not None and not _SHEET_NAME.fullmatch(sheet):
        advice = r"1 to 31 characters, none of [ ] : * ? / \ "
        problems.add("CON-E105", form.get("sheet") or form, f"no sheet can be called {said(sheet)}", advice.strip())
    version = form.get("schemaVersion")
    if isinstance(version, Mapping):
        for lacking in (part for part in ("at", "allowed") if not plain(version.get(part))):
            advice = 'write {at: /version, allowed: ["1"]}'
            problems.add("CON-E105", version, f"schemaVersion lacks {lacking}", advice)


def _reader(form: Mapping, name: str | None, kind: str, problems: Problems) -> None:
    at = form.get("format") or form
    fitting = tuple(known for known, kinds in READ.items() if kind in kinds)
    if name is None or not fitting:
        return
    if name not in READ:
        advice = f"install the package that reads it, or agree on one of {', '.join(fitting)}"
        problems.add("CON-E117", at, f"no reader of {name} is in this package", advice, Severity.WARNING)
    elif kind not in READ[name]:
        problems.add("CON-E105", at, f"a {kind} is not read from {name}", valid_values(name, fitting))


def _dialect(form: Mapping, problems: Problems) -> None:
    for encoding in items(form.get("encoding")):
        name = plain(encoding)
        if isinstance(name, str) and not _is_encoding(name):
            problems.add("CON-E105", encoding, f"encoding {said(name)} is not known", "utf-8, utf-16, cp1252, latin-1")
    for key, least in (("delimiter", 1), ("quote", 0)):
        mark = text(form, key)
        if mark is not None and not least <= len(mark) <= 1:
            problems.add("CON-E105", form.get(key) or form, f"{key} is {said(mark)}", "write one character")
    before = plain(form.get("preambleRows"))
    if isinstance(before, int) and before < 0:
        problems.add("CON-E105", form.get("preambleRows") or form, f"preambleRows is {before}", "at least 0")


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def _locator(locator: Node, problems: Problems) -> None:
    if not isinstance(locator, Mapping):
        return
    pointer = text(locator, "json")
    if pointer is not None and not pointer.startswith("/"):
        at = locator.get("json") or locator
        problems.add("CON-E105", at, f"{said(pointer)} is no JSON pointer", "start it with /: /Certificate/Lot")
    if (path := locator.key("xml")) is not None:
        advice = "no reader of XML is in this package"
        problems.add("CON-E117", path, "xml is not evaluated", advice, Severity.WARNING)
    for key, form in _LOCATOR.items():
        where = text(locator.get("xlsx"), key)
        if where is not None and not form.fullmatch(where):
            inner = locator.get("xlsx")
            at = (inner.get(key) if isinstance(inner, Mapping) else None) or locator
            example = "B" if key == "column" else "B1"
            problems.add("CON-E105", at, f"{said(where)} is no {key}", f"capital letters: {example}")
