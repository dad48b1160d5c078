"""Tables for people, JSON for machines: data on stdout, all else on stderr. Plain and uncut when piped."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Common:
    """Options of every command that reads the hub."""

    home: Annotated[
        Path | None, Parameter(name="--home", help="Folder with hub.toml (default: JID_HOME, ., build/demo).")
    ] = None
    output: Annotated[Literal["table", "json"], Parameter(name="--output", help="For people or for machines.")] = (
        "table"
    )
    json: Annotated[bool, Parameter(name="--json", negative="", help="Short for --output json.")] = False

    @property
    def as_json(self) -> bool:
        return self.json or self.output == "json"


COMMON = Common()
CommonOptions = Annotated[Common, Parameter(name="*")]


def emit_json(kind: str, **parts: Any) -> None:
    """One JSON object on stdout: `schema_version`, `kind` and the parts."""
    sys.stdout.write(json_text(kind, **parts))


def json_text(kind: str, **parts: Any) -> str:
    body = {"schema_version": SCHEMA_VERSION, "kind": kind, **parts}
    return json.dumps(body, indent=1, default=_plain, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return str(value)


WIDEST_RULE = 100
LEAST_TEXT = 30


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, indent: int = 0, width: int | None = None
) -> str:
    """Columns aligned by two spaces; a rule under the header.

    With a `width` (see `terminal_width`) the last column is cut there with an ellipsis, so that a row stays a line;
    without one nothing is cut off.
    """
    texts = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in texts)]) for i, name in enumerate(columns)]
    before = indent + sum(w + 2 for w in widths[:-1])
    if width is not None and texts:
        widths[-1] = min(widths[-1], max(width - before, LEAST_TEXT))
        for row in texts:
            row[-1] = row[-1] if len(row[-1]) <= widths[-1] else row[-1][: widths[-1] - 1].rstrip() + "…"
    pad = " " * indent
    head = pad + "  ".join(name.ljust(w) for name, w in zip(columns, widths, strict=True)).rstrip()
    rule = pad + "─" * min(sum(widths) + 2 * (len(widths) - 1), (width or WIDEST_RULE) - indent)
    body = [pad + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in texts]
    return "\n".join([head, rule, *body])


def terminal_width() -> int | None:
    """The columns of the terminal; None when the output goes into a file or a pipe, where nothing is cut off."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return instant(value)
    return clean(str(value))


def clean(text: str) -> str:
    """Control characters shown escaped, so that a partner's text cannot drive the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def instant(at: datetime | None) -> str:
    """UTC, to the second, named as such."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def left(delta: timedelta) -> str:
    """Time left or over in words: `26 h`, `2 d 04 h`, `8 h over`."""
    minutes = int(abs(delta).total_seconds() // 60)
    hours, minutes = divmod(minutes, 60)
    days, rest = divmod(hours, 24)
    text = f"{days} d {rest:02d} h" if hours >= 48 else f"{hours} h" if hours >= 3 else f"{hours} h {minutes:02d}"
    return f"{text} over" if delta < timedelta(0) else text


def colour_wanted(stream: Any = None) -> bool:
    """Colour only on a terminal, never when NO_COLOR is set."""
    import os

    stream = stream or sys.stdout
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ
