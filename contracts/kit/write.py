"""write: a draft as bytes in one of the forms that its contract accepts. The same draft gives the same bytes.

JSON and PI Web API as documents, CSV and XLSX with the contract's own headers and places, NDJSON one row a line,
Parquet and Arrow with typed columns. Arrow and the spreadsheet library are imported when a form needs them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from contracts.contract import SourceForm
from contracts.document import RawNumber
from contracts.errors import CannotMake
from contracts.kit.columns import Cell, columns
from contracts.kit.draft import Draft

FORMATS = ("json", "ndjson", "csv", "xlsx", "parquet", "arrow", "piwebapi")
"""The forms this can write."""

SUFFIX = {"piwebapi": "json"}


def suffix(form: SourceForm) -> str:
    """The usual ending of a file of this form."""
    return SUFFIX.get(form.format, form.format)


def write(draft: Draft, form: SourceForm) -> bytes:
    """The delivery as the partner would send it. Raises CannotMake for a format that nobody here can write."""
    match form.format:
        case "json":
            return (dumps(draft.record, draft.contract.schema.locale.decimal, form) + "\n").encode(_encoding(form))
        case "ndjson":
            mark = draft.contract.schema.locale.decimal
            return "".join(f"{dumps(row, mark, indent=None)}\n" for row in draft.rows).encode(_encoding(form))
        case "csv":
            return _csv(draft, form)
        case "xlsx":
            from contracts.kit.sheet import workbook

            return workbook(draft, form)
        case "parquet" | "arrow":
            from contracts.kit.arrowfile import arrow_file

            return arrow_file(draft, form)
        case "piwebapi":
            return _pi(draft).encode()
        case other:
            raise CannotMake(f"a file of the format {other}", f"the kit writes {', '.join(FORMATS)}")


def dumps(value: Any, mark: str, form: SourceForm | None = None, *, indent: int | None = 2) -> str:
    """JSON with numbers in their own digits. A schema version that the form asks for stands first."""
    if form is not None and form.schema_version_at is not None and isinstance(value, dict):
        value = _versioned(value, form.schema_version_at, form.schema_version_allowed[0])
    numbers: list[str] = []

    def plain(node: Any) -> Any:
        if isinstance(node, RawNumber):
            numbers.append(node.replace(mark, ".") if mark != "." else str(node))
            return f"\x00{len(numbers) - 1}\x00"
        if isinstance(node, dict):
            return {key: plain(inner) for key, inner in node.items()}
        return [plain(inner) for inner in node] if isinstance(node, list) else node

    text = json.dumps(plain(value), indent=indent, ensure_ascii=False)
    return re.sub(r'"\\u0000([0-9]+)\\u0000"', lambda found: numbers[int(found[1])], text)


def _versioned(record: Mapping[str, Any], at: str, version: str) -> dict[str, Any]:
    *above, last = [part for part in re.split(r"[/.]", at.removeprefix("$")) if part]
    if above:
        inner = record.get(above[0])
        return {
            **record,
            above[0]: _versioned(inner if isinstance(inner, dict) else {}, ".".join([*above[1:], last]), version),
        }
    return {last: version, **record}


def _encoding(form: SourceForm) -> str:
    return form.encoding[0] if form.encoding else "utf-8"


def _csv(draft: Draft, form: SourceForm) -> bytes:
    """The header and a row a record; fields of the whole document are repeated in each row."""
    out = io.StringIO(newline="")
    if form.sep_line:
        out.write(f"sep={form.delimiter}\r\n")
    name = draft.contract.name
    for nth in range(form.preamble_rows):
        out.write(f"{name}\r\n" if nth == 0 else "\r\n")
    wanted = columns(draft, form)
    end = f"{form.delimiter}\r\n" if form.trailing_delimiter else "\r\n"
    writer = csv.writer(out, delimiter=form.delimiter, quotechar=form.quote, lineterminator=end)
    writer.writerow([column.header for column in wanted])
    for row in draft.rows:
        writer.writerow([_text(column.of(draft.record, row)) for column in wanted])
    if form.footer is not None:
        writer.writerow([form.footer, len(draft.rows), *[""] * (len(wanted) - 2)])
    return out.getvalue().encode(_encoding(form))


def _text(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _pi(draft: Draft) -> str:
    """A stream set of recorded values, one stream a tag and one line a point, as a PI Web API answers."""
    schema = draft.contract.schema
    units = {tag.tag: tag.unit for tag in schema.tags}
    streams: dict[str, list[Mapping[str, Any]]] = {}
    for row in draft.rows:
        streams.setdefault(str(row.get("tag")), []).append(row)
    written = []
    for name, rows in streams.items():
        unit = units.get(name, "")
        items = ",\n".join(
            dumps(_point(row, unit, schema.quality_map), schema.locale.decimal, indent=None) for row in rows
        )
        head = json.dumps({"Name": name, "UnitsAbbreviation": unit}, ensure_ascii=False).removesuffix("}")
        written.append(f'{head}, "Items": [\n{items}\n]}}')
    joined = ",\n".join(written)
    return f'{{"Links": {{}}, "Items": [\n{joined}\n]}}\n'


def _point(row: Mapping[str, Any], unit: str, quality: Mapping[str, str]) -> dict[str, Any]:
    grade = quality.get(str(row.get("quality")))
    return {
        "Timestamp": row.get("ts"),
        "Value": row.get("value"),
        "UnitsAbbreviation": row.get("unit") or unit,
        "Good": grade in ("GOOD", "UNCERTAIN"),
        "Questionable": grade == "UNCERTAIN",
        "Substituted": False,
        "Annotated": False,
    }
