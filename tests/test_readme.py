"""Promise kept here: what README.md tells people to type works as it says. `make run` tells the story on real
protocols and Prefect's real engine; a second one lands only what is new.
"""

from __future__ import annotations

import re
import socket
import subprocess
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from contracts.odcs import load_catalog
from hub.clock import SystemClock
from hub.settings import Settings
from hub.store import DeliveryRow, Store
from sandbox.story import load_story
from sandbox.truth import compare, look, truth
from tests.demo_support import ROOT, Played, blocks, first_run, make_run, shell, workplace

__all__ = ["first_run", "workplace"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(290)]

README = [b for b in blocks("sh") if b.page == "README.md"]


def held(home: Path) -> tuple[dict[str, DeliveryRow], dict[str, int]]:
    """The deliveries by id and the lake's rows by feed."""
    store = Store.open(Settings.load(home).store, SystemClock())
    try:
        seen = look(store)
    finally:
        store.close()
    return {d.id: d for d in seen.deliveries}, dict(seen.lake_rows)


def test_the_readme_names_two_commands_first() -> None:
    assert README[0].commands == ["make run", "make test"]


def test_make_run_tells_the_whole_story(first_run: Played) -> None:
    assert first_run.code == 0, first_run.out + first_run.err
    out = first_run.out
    assert re.search(r"^  Prefect +http://127\.0\.0\.1:\d+/api", out, re.MULTILINE)
    for partner in ("Northvale Vectors", "Brightwater Biologics", "Halden Bio"):
        assert out.count(f"\n{partner}\n") == 2  # a table each for the first pull and for the second
    assert "The store holds what the story says" in out
    assert "Traceback" not in first_run.err
    deliveries, rows = held(first_run.home)
    assert {d.verdict for d in deliveries.values()} == {"accepted", "accepted_with_warnings", "rejected"}
    assert sum(rows.values()) >= 2 * 20 * 3600 * 6  # two bioreactors, 20 tags, 1 Hz, 6 hours at least
    for feed, count in rows.items():
        assert f"{count:,}" in out, feed
    assert any((first_run.home / "mail").rglob("*.eml")) or any((first_run.home / "mail/new").iterdir())


def test_nothing_listens_when_it_is_over(first_run: Played) -> None:
    ports = {int(port) for port in re.findall(r"(?:http|sftp)://127\.0\.0\.1:(\d+)", first_run.out)}
    assert len(ports) == 3
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_second_run_reports_duplicates_and_lands_only_what_is_new(first_run: Played) -> None:
    before, rows_before = held(first_run.home)
    again = make_run(first_run.home)
    assert again.code == 0, again.out + again.err
    assert "The store holds what the story says" in again.out
    after, rows_after = held(first_run.home)
    for key, d in before.items():
        assert (after[key].sha256, after[key].verdict, after[key].revision) == (d.sha256, d.verdict, d.revision)
    new = [d for key, d in after.items() if key not in before]
    assert {d.kind for d in new} <= {"pat"}  # certificates and schedules have not changed since
    for feed in rows_before:
        landed = sum(d.landed_rows or 0 for d in new if d.feed == feed)
        assert rows_after[feed] == rows_before[feed] + landed
    duplicates = {
        name: int(count)
        for name, count in re.findall(r"^  (coa|pat|schedule) +(?:\d+ +){4}(\d+)", again.out, re.MULTILINE)
    }
    assert duplicates["coa"] >= 1, again.out
    assert duplicates["schedule"] >= 1

    catalog, story = load_catalog(), load_story(first_run.home / "sandbox")
    assert story is not None
    store = Store.open(Settings.load(first_run.home).store, SystemClock())
    try:
        expected = truth(story, catalog, published=again.began, pulled=SystemClock().now())
        assert compare(expected, look(store)) == []
    finally:
        store.close()


def test_make_test_runs_all_tests() -> None:
    done = subprocess.run(
        ["make", "-n", "test", "-o", ".venv/.installed"], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert ".venv/bin/python -m pytest" in done.stdout


def test_make_help_lists_what_there_is() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    targets = re.findall(r"^  make (\w+) +\S", done.stdout, re.MULTILINE)
    assert {"run", "test", "check", "bench", "lock", "clean"} <= set(targets)


def test_the_report_of_the_broken_certificate_is_what_the_readme_says(workplace: Path) -> None:
    (command,) = README[1].commands
    done = shell(command, workplace)
    assert done.returncode == 1, done.stderr  # one of the files is the broken one
    assert len(re.findall(r"^error\[", done.stdout, re.MULTILINE)) == 5
    assert re.search(r"^rejected: 5 errors; ", done.stdout, re.MULTILINE)
    assert done.stderr == ""


def test_the_kit_is_one_command(workplace: Path) -> None:
    assert len(README) == 3, "a command of the README that no test runs"
    (command,) = README[2].commands
    done = shell(command, workplace)
    assert done.returncode == 0, done.stderr
    kit = workplace / "build" / "kit"
    assert {"README.txt", "template.xlsx", "schema.json", "contract.html", "good", "bad"} == {
        path.name for path in kit.iterdir()
    }


def alike(text: str) -> str:
    """Without what hangs on the day: numbers as zeros, white space as one blank."""
    return " ".join(re.sub(r"\d+", "0", text).split())


def test_the_reports_and_the_mail_in_the_readme_are_what_one_gets(workplace: Path) -> None:
    shown = [b.text for b in blocks("") if b.page == "README.md"]
    report = next(text for text in shown if text.startswith("error["))
    said = alike(shell(README[1].commands[0], workplace).stdout)
    parts = report.split("\n\n")
    assert len(parts) == 3
    for finding in parts[:-1]:  # the last part is ours: how many more there are
        assert alike(finding) in said
    mail = next(text for text in shown if text.startswith("["))
    messages = [
        message_from_bytes(p.read_bytes(), policy=default) for p in (workplace / "build/demo/mail/new").iterdir()
    ]
    subject, _, body = mail.partition("\n\n")
    one = next(
        m for m in messages if alike(str(m["subject"])) == alike(subject) and m["to"] == "quality@sponsor.example"
    )
    text = alike(one.get_content())
    for part in (*body.split("\n\n")[:1], *body.split("\n\n")[1].splitlines()):
        assert alike(part) in text, part
