"""Promise kept here: tables are made for the eye on a terminal and lose nothing in a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from cli.output import clean, left, table

LONG = "No result was stored; the file is in quarantine. " * 6
ROWS = [("A-1", "open", LONG), ("A-12", "resolved", "short")]


def test_a_table_in_a_pipe_is_whole() -> None:
    head, rule, first, second = table(["id", "state", "what"], ROWS).splitlines()
    assert head == "id    state     what"
    assert first == f"A-1   open      {LONG}".rstrip()
    assert second == "A-12  resolved  short"
    assert set(rule) == {"─"}
    assert len(rule) == 100


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_on_a_terminal_keeps_one_line_a_row(width: int) -> None:
    lines = table(["id", "state", "what"], ROWS, indent=2, width=width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert lines[2].startswith("  A-1   open      No result was stored")
    assert lines[2].endswith("…")
    assert lines[3] == "  A-12  resolved  short"


def test_a_very_narrow_terminal_still_gets_some_words() -> None:
    lines = table(["id", "state", "what"], ROWS, width=10).splitlines()
    assert lines[2] == "A-1   open      No result was stored; the fil…"


def test_a_table_without_rows_is_its_header() -> None:
    assert table(["id", "what"], [], width=40).splitlines() == ["id  what", "────────"]


def test_a_partners_text_cannot_drive_the_terminal() -> None:
    assert clean("a\x1b[2Jb\rc") == "a\\x1b[2Jb\\x0dc"
    assert "\x1b" not in table(["file"], [("\x1b]0;title\x07.csv",)])


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (59, "0 h 59"),
        (150, "2 h 30"),
        (26 * 60, "26 h"),
        (52 * 60, "2 d 04 h"),
        (-8 * 60, "8 h over"),
        (-30, "0 h 30 over"),
    ],
)
def test_the_time_left_is_said_in_words(minutes: int, said: str) -> None:
    assert left(timedelta(minutes=minutes)) == said


def test_a_terminal_gets_colour_unless_it_asks_for_none(samples: tuple[Path, list[object]]) -> None:
    folder, _ = samples
    path = next(folder.glob("northvale/coa/LV-*-04_*_r1.json"))
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        assert (b"\x1b[" in on_a_terminal(["check", str(path), "--contract", "northvale-coa"], env)) is coloured


def on_a_terminal(tokens: list[str], env: dict[str, str]) -> bytes:
    """What a command writes when its output is a terminal."""
    ours, theirs = pty.openpty()
    around = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "JID_HOME")} | {"TERM": "xterm"} | env
    with subprocess.Popen([sys.executable, "-m", "cli.main", *tokens], stdout=theirs, env=around) as running:
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            written += part
        assert running.wait() == 1
    os.close(ours)
    return written
