"""Promise: batch trajectories and spectra that others made give, under a contract that asks for it, the ground truth
that the README of their folder states. Process monitoring is no check of a file and is not asked for here.
"""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from connectors.inspection import inspect
from contracts.contract import Contract
from tests.connectors.third_party import CSV, bound, brief, contract, data, field, found, results, rule

START = "2026-01-05T08:00:00Z"
RULES = (
    rule("timestamps", ts="ts"),
    rule("monotonic", "warning", key="tag", ts="ts"),
    rule("stuck", "warning", key="tag", ts="ts", value="value"),
    rule("rangeByKey", "warning", key="tag", value="value", limits="tags"),
)


def series(*tags: dict[str, Any], header: tuple[str, str] = ("ts", "value"), more: tuple[Any, ...] = ()) -> Contract:
    """Hours since the start of a batch and a value, under the headers of a file; long, where there are `tags`."""
    ours = {
        "documentKind": "series",
        "contentModel": "open",
        "source": [{key: CSV[key] for key in ("format", "encoding", "delimiter")}],
        "time": {"zone": "offset", "base": "relative", "start": "batch_start", "minimum": "2020-01-01"},
        "tags": list(tags) or [{"tag": "A", "name": "any", "unit": "%", "range": ["0", "1"]}],
    }
    fields = [
        field("ts", "timestamp", physicalName=header[0], required=True, custom={"unit": "h"}),
        *([field("tag", required=True)] if tags else []),
        field("value", "number", physicalName=header[1]),
        field("batch_start", "timestamp", custom={"presence": "optional"}),
        *more,
    ]
    return contract("pat", ours, fields, RULES if tags else RULES[:1])


def tag(name: str, low: str, high: str, **more: Any) -> dict[str, Any]:
    return {"tag": name, "name": name.lower().replace(" ", "_"), "unit": "1", "range": [low, high], **more}


def long(path: Path, time: str, folder: Path) -> Path:
    """The values of a wide table, a row a point, with the start that the table lacks. Lives as long as the test."""
    made = folder / "points.csv"
    with path.open(newline="") as stream, made.open("w", newline="") as out:
        points = csv.writer(out)
        points.writerow(["ts", "tag", "value", "batch_start"])
        for row in csv.DictReader(stream):
            points.writerows([row[time], name, value, START] for name, value in row.items() if name != time)
    return made


@pytest.mark.parametrize(
    ("name", "header", "rows"),
    [
        ("pensimpy/random_batch_0.csv", ("Time Step", "Temperature"), 1150),
        ("pensimpy/random_batch_1.csv", ("Time Step", "Temperature"), 1150),
        ("chemotools-raman-fermentation/fermentation_hplc.csv", ("time", "glucose"), 34),
    ],
)
def test_hours_without_the_start_of_their_batch_are_no_times(
    shared: Path, name: str, header: tuple[str, str], rows: int
) -> None:
    path = data(shared, name)
    stored: list[pa.RecordBatch] = []
    report = inspect(path, file=path.name, contract=series(header=header), on_good=stored.append).report
    assert [(f.code, f.count, f.where[0].line) for f in report.findings] == [("PAT-E110", rows, 2)]
    assert stored == []
    unit = series(header=header, more=(field("unit", required=True),))
    assert ("FILE-E201", 'column "unit" is missing') in [(f.code, f.message) for f in found(path, unit)]


@pytest.mark.parametrize(("number", "resting"), [(0, 47), (1, 66)])
def test_an_actuator_at_rest_is_no_stuck_sensor(shared: Path, tmp_path: Path, number: int, resting: int) -> None:
    """`resting` rows of 0.2 h at the floor: a sensor would be stuck, a setpoint and a calculated value are not."""
    path = long(data(shared, f"pensimpy/random_batch_{number}.csv"), "Time Step", tmp_path)
    length = (resting - 1) * 720

    def stuck(kind: str, after: int) -> list[str]:
        heating = tag("Heating water", "0", "1000", kind=kind, noiseFloor="0", stuckAfter=f"PT{after}S")
        acid = tag("Acid flow rate", "0", "1000", kind="calculated", noiseFloor="0", stuckAfter="PT1H")
        back = tag("Back pressure", "0", "2", kind="setpoint", noiseFloor="0", stuckAfter="PT1H")
        return [f.message for f in found(path, series(heating, acid, back)) if f.code == "PAT-E305"]

    assert stuck("setpoint", 3600) == stuck("calculated", 3600) == []
    assert stuck("measured", length) == ["Heating water does not change any more"]
    assert stuck("measured", length + 1) == []


def test_kelvin_in_a_contract_of_degrees_looks_like_another_unit(shared: Path, tmp_path: Path) -> None:
    """Beside it the ranges that are stated of pH, oxygen and weight hold for each of 1150 points, in order of time."""
    path = long(data(shared, "pensimpy/random_batch_0.csv"), "Time Step", tmp_path)
    kept: list[pa.RecordBatch] = []
    agreed = series(
        {**tag("Temperature", "20", "40"), "unit": "Cel", "looksLike": {"K": ["297.7", "299.9"]}},
        tag("pH", "6.12", "6.64"),
        tag("Dissolved oxygen concentration", "9.1", "19.4"),
        tag("Vessel Weight", "62508", "100864"),
    )
    report = inspect(path, file=path.name, contract=agreed, on_good=kept.append).report
    assert [(f.code, f.count, f.message) for f in report.findings] == [
        ("PAT-E309", 1150, "the values of Temperature look like another unit")
    ]
    rows = pa.Table.from_batches(kept)
    ph = rows.filter(pc.equal(rows["tag"].cast(pa.string()), "pH"))
    hours = [(at.timestamp() - ph["ts"][0].as_py().timestamp()) / 3600 for at in ph["ts"].to_pylist()]
    assert hours == pytest.approx([n * 0.2 for n in range(1150)])
    assert ph["ts"][0].as_py().isoformat() == "2026-01-05T08:12:00+00:00"


def test_a_fermentation_is_in_order_of_time(shared: Path, tmp_path: Path) -> None:
    path = long(data(shared, "chemotools-raman-fermentation/fermentation_hplc.csv"), "time", tmp_path)
    names = ("glucose", "xylose", "acetic_acid", "ethanol", "furfural")
    kept: list[pa.RecordBatch] = []
    report = inspect(
        path, file=path.name, contract=series(*(tag(n, "0", "100") for n in names)), on_good=kept.append
    ).report
    assert report.findings == ()
    rows = pa.Table.from_batches(kept)
    assert rows.num_rows == 34 * 5
    length = pc.max(rows["ts"]).as_py() - datetime.fromisoformat(START)
    assert length.total_seconds() / 3600 == pytest.approx(33.883, abs=0.001)


def test_a_spectrum_is_a_row_of_1047_numbers(shared: Path) -> None:
    folder = data(shared, "chemotools-raman-fermentation")
    path = folder / "train_spectra.csv"
    shifts = path.open().readline().strip().split(",")
    assert (len(shifts), shifts[0], shifts[-1]) == (1047, "428.0", "1833.0")
    channels = [field(f"c{n}", "number", physicalName=shift, required=True) for n, shift in enumerate(shifts)]
    agreed = bound(CSV, *channels, contentModel="closed")
    assert found(path, agreed) == []
    assert [len(row) for row in results(path, agreed)] == [1047] * 21
    two = bound(CSV, channels[0], channels[-1], contentModel="closed")
    assert [f.message for f in found(path, two)] == [
        'column "429.0" is not in the contract, and 99 more like it',
        "945 more columns are not in the contract",
    ]


def test_the_glucose_of_the_spectra_is_a_column_of_its_own(shared: Path) -> None:
    path = data(shared, "chemotools-raman-fermentation/train_hplc.csv")
    glucose = field("glucose", "number", required=True, logicalTypeOptions={"minimum": 0, "maximum": 38.0531})
    assert found(path, bound(CSV, glucose)) == []
    values = sorted(float(row["glucose"]) for row in results(path, bound(CSV, glucose)))
    assert (len(values), values[0], values[-1]) == (21, 0, pytest.approx(38.053, abs=0.0005))


@pytest.mark.parametrize("name", ["d00", "d01", "d04_te", "d06_te"])
def test_a_table_without_a_header_is_refused(shared: Path, name: str) -> None:
    path = data(shared, f"tennessee-eastman/{name}.dat")
    agreed = bound({**CSV, "delimiter": " "}, *(field(f"v{n}", "number", required=True) for n in range(1, 53)))
    missing = [said for said in brief(found(path, agreed)) if said[0] == "FILE-E201"]
    assert missing == [("FILE-E201", "line 1")] * 52
