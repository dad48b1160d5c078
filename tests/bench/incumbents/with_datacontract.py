"""What datacontract-cli can say of the file: empty fields, tag list and quality list, each as a count without rows."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import polars as pl
import yaml
from datacontract.data_contract import DataContract
from told import tell

QUALITIES = ["GOOD", "UNCERTAIN", "BAD", "STALE"]
RULES = 5  # empty time, tag and quality; tag list; quality list


def contract(folder: Path) -> str:
    """An ODCS contract over the Parquet file."""
    tags = pl.read_parquet(folder / "tags.parquet")["tag"].to_list()

    def listed(name: str, values: list[str]) -> dict[str, object]:
        rule = {"type": "library", "metric": "invalidValues", "arguments": {"validValues": values}, "mustBe": 0}
        return {"name": name, "logicalType": "string", "physicalType": "varchar", "required": True, "quality": [rule]}

    return yaml.safe_dump(
        {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": "bench",
            "name": "bench",
            "version": "1.0.0",
            "status": "active",
            "servers": [{"server": "local", "type": "local", "path": str(folder / "pat.parquet"), "format": "parquet"}],
            "schema": [
                {
                    "name": "pat",
                    "physicalType": "file",
                    "properties": [
                        {"name": "ts", "logicalType": "timestamp", "required": True},
                        listed("tag", tags),
                        {"name": "value", "logicalType": "number"},
                        listed("quality", QUALITIES),
                        {"name": "batch_id", "logicalType": "string"},
                    ],
                }
            ],
        }
    )


def check(folder: Path) -> int:
    run = DataContract(data_contract_str=contract(folder), server="local").test()
    broken = [c for c in run.checks if str(getattr(c.result, "value", c.result)) == "error"]
    if broken:
        raise SystemExit(f"could not be run: {broken[0].name}: {broken[0].reason}")
    return sum(str(getattr(c.result, "value", c.result)) == "failed" for c in run.checks)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    tell(lambda: check(Path(sys.argv[1])), RULES)
