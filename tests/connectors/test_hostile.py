"""Promise: whatever a stranger sends, judging it ends in a finding, in bounded time and memory (contracts.md B14).

Each file is judged in a process of its own, so that its peak of memory is its own. Time is CPU time against the floor
of judging a good delivery in the same process, by a factor that is far above what was measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from connectors.inspection import inspect
from contracts.codes import Severity
from contracts.kit.good import good
from contracts.kit.write import write
from contracts.odcs import load_catalog
from contracts.pattern import compile_pattern
from contracts.values.number import plain
from tests.connectors.format_support import as_json, certificate, contract
from tests.connectors.hostile import CASES

ROOT = Path(__file__).resolve().parents[2]
MOST_CPU = 60  # times the floor; the slowest measured is 4 times
MOST_MB = 400  # above what the process had before; the largest measured is 81

EXPECTED = {
    "deep lists": "FILE-E603", "deep objects": "FILE-E603", "huge exponent": "COA-E111", "million digits": "COA-E111",
    "repeated keys": "FILE-E603", "few repeated keys": "FILE-E404", "strange keys": "FILE-E206",
    "empty lists": "FILE-E603", "white space": "FILE-E603", "white space in a series": "FILE-E603",
    "wide table": "FILE-E603", "wide series": "FILE-E603", "commas": "FILE-E603", "wide row": "FILE-E405",
    "wide row in a series": "FILE-E405", "long cell": "FILE-E402", "long cell in a series": "PAT-E302",
    "quotes": "FILE-E201", "uneven rows": "FILE-E405", "historian's lists": "FILE-E603", "merged sheet": "FILE-E603",
    "merged sheet, written oddly": "FILE-E603", "hidden columns": "FILE-E302", "wide sheet": "FILE-E603",
    "far cell": "FILE-E202", "billion laughs": "FILE-E602", "zip bomb": "FILE-E603", "lying Parquet": "FILE-E405",
}  # fmt: skip


SHORT = {
    "deep lists", "huge exponent", "few repeated keys", "strange keys", "empty lists", "wide table", "wide series",
    "uneven rows", "historian's lists", "merged sheet, written oddly", "hidden columns", "zip bomb",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_ends_in_a_finding_in_bounded_time_and_memory(case: str, scale: str) -> None:
    if scale != "full" and case not in SHORT:
        pytest.skip("two seconds a process: the others run with --scale full")
    done = subprocess.run(
        [sys.executable, "-m", "tests.connectors.hostile", case],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    cost: dict[str, Any] = json.loads(done.stdout)
    assert EXPECTED[case] in cost["codes"], cost
    assert "CON-E201" not in cost["codes"]
    assert cost["cpu"] < MOST_CPU * cost["floor"], cost
    assert cost["peak"] - cost["before"] < MOST_MB, cost


def cpu(work: Any, times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def test_a_huge_exponent_is_refused_before_any_arithmetic() -> None:
    """B14: an exponent of 2,000,000 takes no longer than a plain number, give or take; converting it takes seconds."""
    assert plain("1e2000000") is None
    assert cpu(lambda: plain("1e2000000"), 200) < 100 * cpu(lambda: plain("1.25e2"), 200) + 1e-4


HOSTILE = ["a" * 100_000, "LV-" * 33_000, "LV-2611-" + "0" * 100_000, "-" * 100_000 + "!", "COA-" + "1" * 100_000 + "x"]


def test_no_pattern_of_a_contract_takes_more_than_linear_time() -> None:
    """A text four times as long may take four times as long, times three for noise: a bomb takes 16 and more."""
    patterns: set[str] = set()
    for one in load_catalog().all():
        for field in one.schema.fields:
            for inner in (field, *(field.items.fields if field.items is not None else ()), *field.fields):
                patterns |= {str(inner.options["pattern"])} if "pattern" in inner.options else set()
                identifier = inner.custom.get("identifier")
                patterns |= {identifier["pattern"]} if identifier and "pattern" in identifier else set()
    assert len(patterns) > 3
    for text in sorted(patterns):
        pattern = compile_pattern(text)
        for hostile in HOSTILE:
            quarter, whole = hostile[: len(hostile) // 4], hostile
            pattern.matches(whole)
            least = cpu(lambda p=pattern, t=quarter: p.matches(t), 5)
            assert cpu(lambda p=pattern, t=whole: p.matches(t), 5) < 12 * least + 2e-3, text


@pytest.mark.parametrize(
    ("lot", "code"),
    [
        ("LV-2611\u202e-04", "COA-E411"),  # right-to-left override
        ("LV-2611\u200b-04", "COA-E411"),  # zero width
        ("LV-26\u04301-04", "COA-E411"),  # a Cyrillic letter
        ("LV-2611-04\x1b[2J", "COA-E411"),  # drives a terminal
        ("LV-2611-04\ud800", "FILE-E405"),  # half a character
        ("LV-2611-04\x00", "FILE-E102"),  # NUL
    ],
)
def test_a_lot_number_with_hostile_characters_is_refused(lot: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(json.dumps(certificate(lot_number=lot)).encode())
    report = inspect(path, file="c.json", contract=contract()).report
    assert code in [finding.code for finding in report.findings if finding.severity is Severity.ERROR]


@pytest.mark.parametrize("name", ["northvale-coa", "brightwater-coa", "brightwater-schedule", "northvale-schedule"])
def test_a_file_cut_anywhere_is_refused_or_says_nothing_else(name: str, tmp_path: Path) -> None:
    """No prefix of a certificate or workbook is accepted. A table may be cut between two rows or in the last cell
    of one, which only a footer shows."""
    bound = load_catalog().get(name)
    form = bound.schema.sources[0]
    data = write(good(bound), form)
    path = tmp_path / "f"
    for at in [*range(0, len(data) - 3, max(1, len(data) // 60)), len(data) - 3]:
        path.write_bytes(data[:at])
        report = inspect(path, file=f"f.{form.format}", contract=bound).report
        assert "CON-E201" not in {finding.code for finding in report.findings}
        last = data[:at].rpartition(b"\n")[2]
        whole_row = form.format == "csv" and last.count(b",") in (0, data.partition(b"\n")[0].count(b","))
        assert report.verdict == "rejected" or whole_row, at


@pytest.mark.parametrize("damage", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\xf8\x88\x80\x80\x80"])
def test_bytes_that_are_no_text_are_refused_where_they_stand(damage: bytes, tmp_path: Path) -> None:
    good_one = as_json(certificate())
    at = good_one.index(b"LV-CD19")
    path = tmp_path / "c.json"
    path.write_bytes(good_one[:at] + damage + good_one[at:])
    (finding,) = inspect(path, file="c.json", contract=contract()).report.findings
    assert finding.code == "FILE-E102"
    assert finding.where[0].line == good_one.count(b"\n", 0, at) + 1
