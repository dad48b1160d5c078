"""Promise kept here: a contract's JSON Schema lets good deliveries pass and refuses what breaks their structure."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest

from contracts.contract import Contract
from contracts.kit.bad import bad
from contracts.kit.good import good
from contracts.kit.jsonschema import DIALECT, json_schema
from contracts.kit.write import dumps
from contracts.odcs import load_catalog

SHIPPED = load_catalog().all()
CERTIFICATE = load_catalog().get("northvale-coa")
SCHEDULE = load_catalog().get("northvale-schedule")
STRUCTURAL = ("FILE-E206", "FILE-E207", "FILE-E208", "FILE-E209", "FILE-E210", "FILE-E211", "FILE-E212", "FILE-E213")
"""Codes of form that a schema can see too: keys, types, emptiness, patterns, codes, bounds, counts."""


def named(contract: Contract) -> str:
    return contract.id


def records(contract: Contract) -> list[Any]:
    """What the schema is about: the document, or each point of a series."""
    draft = good(contract)
    mark = contract.schema.locale.decimal
    whole = draft.rows if contract.kind == "pat" else [draft.record]
    return [json.loads(dumps(record, mark)) for record in whole]


@pytest.mark.parametrize("contract", SHIPPED, ids=named)
def test_a_good_delivery_passes(contract: Contract) -> None:
    schema = json_schema(contract)
    assert schema["$schema"] == DIALECT
    assert jsonschema_rs.meta.is_valid(schema)
    judge = jsonschema_rs.validator_for(schema)
    for record in records(contract):
        assert [e.message for e in judge.iter_errors(record)] == []


@pytest.mark.parametrize("contract", SHIPPED, ids=named)
def test_every_example_in_a_schema_fits_it(contract: Contract) -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "examples" in node:
                assert jsonschema_rs.is_valid(node, node["examples"][0]), node
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(json_schema(contract))


def without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda record: record.pop(name)


def setting(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(record: Any) -> None:
        for part in path[:-1]:
            record = record[part]
        record[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (without("lot_number"), []),
        (setting("comment", to="x"), []),
        (setting("results", 0, "comment", to="x"), ["results", 0]),
        (setting("revision", to="1"), ["revision"]),
        (setting("revision", to=0), ["revision"]),
        (setting("lot_number", to=""), ["lot_number"]),
        (setting("lot_number", to="LV 2602 01"), ["lot_number"]),
        (setting("material_id", to="  "), ["material_id"]),
        (setting("purpose", to="L3"), ["purpose"]),
        (setting("issued_at", to="2026-02-02T09:00:00"), ["issued_at"]),
        (setting("mfg_date", to="02.01.2026"), ["mfg_date"]),
        (setting("results", to=[]), ["results"]),
        (setting("results", 1, "value", to=7.4), ["results", 1, "value"]),
        (setting("signatories", to=None), ["signatories"]),
    ],
)
def test_what_breaks_the_structure_is_refused_where_it_stands(
    change: Callable[[dict[str, Any]], Any], where: list[str | int]
) -> None:
    [record] = records(CERTIFICATE)
    broken = copy.deepcopy(record)
    change(broken)
    errors = list(jsonschema_rs.validator_for(json_schema(CERTIFICATE)).iter_errors(broken))
    assert [list(e.instance_path) for e in errors] == [where]


def test_optional_fields_may_be_null_or_left_out() -> None:
    judge = jsonschema_rs.validator_for(json_schema(SCHEDULE))
    [record] = records(SCHEDULE)
    record["slots"][0]["vector_lot"] = None
    record["slots"][1].pop("vector_lot")
    assert judge.is_valid(record)
    assert not judge.is_valid({"slots": record["slots"], "rows": 3})


@pytest.mark.parametrize("code", STRUCTURAL)
@pytest.mark.parametrize("contract", [CERTIFICATE, SCHEDULE], ids=named)
def test_a_bad_file_of_structure_fails_and_passes_when_mended(contract: Contract, code: str) -> None:
    made = bad(contract, code)
    if made is None or made.form.format != "json":
        pytest.skip(f"{contract.id} has no JSON file for {code}")
    judge = jsonschema_rs.validator_for(json_schema(contract))
    assert not judge.is_valid(json.loads(made.data))
    assert judge.is_valid(json.loads(made.fixed))
