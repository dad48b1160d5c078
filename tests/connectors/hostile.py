"""One hostile file judged in a process of its own: what it cost, and what was found. Run by `test_hostile`.

    python -m tests.connectors.hostile CASE -> {"floor": s, "cpu": s, "before": MB, "peak": MB, "codes": [...]}

`floor` is the CPU of judging a good delivery under the same contract, imports included.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.inspection import inspect
from contracts.contract import Contract
from contracts.kit.good import good
from contracts.kit.write import suffix, write
from contracts.odcs import load_catalog

Made = Callable[[bytes], bytes]
POINT = b"2026-02-02T09:03:00Z,BR02_PH,"


def part(name: str, change: Callable[[bytes], bytes]) -> Made:
    """A good workbook with one of its parts changed."""

    def made(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.namelist():
                new.writestr(entry, change(old.read(entry)) if entry == name else old.read(entry))
        return out.getvalue()

    return made


def in_sheet(tag: bytes, text: bytes) -> Made:
    """The sheet with `text` put in front of its tag."""
    return part("xl/worksheets/sheet1.xml", lambda xml: xml.replace(tag, text + tag, 1))


def lying_parquet(_: bytes) -> bytes:
    """A footer that states a thousand times the rows and pages that there are."""
    out = io.BytesIO()
    pq.write_table(pa.table({"ts": pa.array([0], pa.timestamp("us", "UTC")), "tag": ["T"], "value": [1.0]}), out)
    data = bytearray(out.getvalue())
    length = int.from_bytes(data[-8:-4], "little")
    start = len(data) - 8 - length
    for at in range(start, len(data) - 8):
        if data[at] == 0x02:  # 1 in the footer's variable-length numbers
            data[at] = 0x7E
    return bytes(data)


BILLION = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (98 + i, *[97 + i] * 4) for i in range(20))
    + b"]>"
)
COLUMNS = b",".join(b"c%d" % i for i in range(1_000_000)) + b"\r\n" + b"," * 999_999 + b"\r\n"

CASES: dict[str, tuple[str, Made]] = {
    "deep lists": ("northvale-coa", lambda _: b'{"a":' + b"[" * 100_000),
    "deep objects": ("northvale-coa", lambda _: b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "huge exponent": ("northvale-coa", lambda d: d.replace(b'"revision": 1', b'"revision": 1e2000000', 1)),
    "million digits": ("northvale-coa", lambda d: d.replace(b'"revision": 1', b'"revision": ' + b"9" * 10**6, 1)),
    "repeated keys": ("northvale-coa", lambda _: b"{" + b'"a":1,' * 700_000 + b'"a":1}'),
    "few repeated keys": ("northvale-coa", lambda _: b"{" + b'"a":1,\n"b":1,' * 60_000 + b'"c":1}'),
    "strange keys": ("northvale-coa", lambda _: b"{" + b",".join(b'"k%d":1' % i for i in range(150_000)) + b"}"),
    "empty lists": ("northvale-coa", lambda _: b'{"a":[' + b"[]," * 1_600_000 + b"[]]}"),
    "white space": ("northvale-coa", lambda _: b" " * 100_000_000),
    "white space in a series": ("brightwater-pat", lambda _: b" " * 49_000_000),
    "wide table": ("brightwater-schedule", lambda _: COLUMNS[:4_900_000]),
    "wide series": ("brightwater-pat", lambda _: COLUMNS),
    "commas": ("brightwater-schedule", lambda _: b"," * 4_900_000),
    "wide row": ("brightwater-schedule", lambda d: d + b"," * 4_000_000 + b"\r\n"),
    "wide row in a series": ("brightwater-pat", lambda d: d + b"," * 40_000_000 + b"\r\n"),
    "long cell": ("brightwater-schedule", lambda d: d + b"x" * 4_000_000),
    "long cell in a series": ("brightwater-pat", lambda d: d + POINT + b"9" * 3_000_000 + b",GOOD,B,growth\r\n"),
    "quotes": ("brightwater-schedule", lambda _: b'"' * 4_900_000),
    "uneven rows": ("brightwater-schedule", lambda d: d + b"a,b\n" * 1_000_000),
    "historian's lists": ("northvale-pat", lambda _: b'{"Items":[' + b"[]," * 10_000_000 + b"[]]}"),
    "merged sheet": (
        "brightwater-coa",
        in_sheet(b"</worksheet>", b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    ),
    "merged sheet, written oddly": (
        "brightwater-coa",
        in_sheet(b"</worksheet>", b'<mergeCells><mergeCell ref="A1:XFD&#49;048576"/></mergeCells>'),
    ),
    "hidden columns": (
        "brightwater-coa",
        in_sheet(b"<sheetData>", b'<cols><col min="1" max="2000000000" hidden="1" width="9"/></cols>'),
    ),
    "wide sheet": (
        "brightwater-coa",
        in_sheet(b"</sheetData>", b'<row r="90">' + b'<c t="n"><v>1</v></c>' * 1_000_000 + b"</row>"),
    ),
    "far cell": (
        "brightwater-coa",
        in_sheet(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    ),
    "billion laughs": (
        "brightwater-coa",
        part("xl/workbook.xml", lambda xml: BILLION + xml),
    ),
    "zip bomb": ("brightwater-coa", in_sheet(b"</sheetData>", b" " * 150_000_000)),
    "lying Parquet": ("parquet", lying_parquet),
}


def bound(name: str) -> Contract:
    if name != "parquet":
        return load_catalog().get(name)
    from contracts.contract import SourceForm
    from tests.connectors.format_support import accepting, contract

    return accepting(contract("pat", "brightwater"), SourceForm("parquet"))


def main(case: str) -> None:
    name, make = CASES[case]
    contract = bound(name)
    form = contract.schema.sources[0]
    path = Path(tempfile.mkdtemp()) / "delivery"
    path.write_bytes(write(good(contract), form))
    inspect(path, file=f"f.{suffix(form)}", contract=contract)
    floor = time.process_time()
    path.write_bytes(make(path.read_bytes()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    report = inspect(path, file=f"f.{suffix(form)}", contract=contract).report
    result = {
        "floor": floor,
        "cpu": time.process_time() - started,
        "before": before // 1024,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "codes": sorted({finding.code for finding in report.findings}),
        "verdict": report.verdict,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
