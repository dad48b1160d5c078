"""`python -m tests.bench [ONLY]`: measure, print a table, write build/bench.json. Exit 1 when a bar falls short.

ONLY (argument or environment) is a prefix of a figure's name: `series`, `series.clean`. BENCH_ROWS sets the rows of the
long files.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Absent, Figure

PARTS = ("series", "documents", "landing", "beside")
BUILD = Path(__file__).resolve().parents[2] / "build"


def main(only: str) -> int:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as work:
        for part in PARTS:
            if not (part.startswith(only) or only.startswith(f"{part}.") or not only):
                continue
            for figure in _figures(part, Path(work)):
                if figure.name.startswith(only):
                    figures.append(figure)
                    print(_line(figure), flush=True)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps([f.as_dict() for f in figures], indent=1) + "\n", encoding="utf-8")
    short = [f.name for f in figures if not f.holds]
    print(f"\n{len(figures)} figures, {len(short)} short of the bar{': ' if short else ''}{', '.join(short)}")
    return 1 if short else 0


def _figures(part: str, work: Path) -> Iterator[Figure]:
    try:
        module = importlib.import_module(f"tests.bench.{part}")
    except ModuleNotFoundError as missing:
        if missing.name != f"tests.bench.{part}":
            raise
        return
    folder = work / part
    folder.mkdir()
    try:
        yield from module.figures(folder)
    except Absent as reason:
        print(f"{part:24s} skipped: {reason}")


def _line(figure: Figure) -> str:
    sign = ">=" if figure.at_least else "<="
    beside = "of" if figure.slower else "/"
    against = "" if figure.against is None else f" {beside} {figure.against:.3g} = {figure.ratio:.2f}"
    verdict = "holds" if figure.holds else "FALLS SHORT"
    return f"{figure.name:24s} {figure.figure:10.4g} {figure.unit:6s}{against:18s} bar {sign} {figure.bar:g}  {verdict}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ONLY", "")))
