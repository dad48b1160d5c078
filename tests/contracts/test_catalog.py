"""The shipped catalog is sound: nine contracts without a lint problem, found by id, version and feed.

Promise: what a partner is told to sign is what the hub loads, and every clause of it can be found again in the file.
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from contracts.codes import codes
from contracts.contract import Contract
from contracts.errors import ContractInvalid, UnknownContract
from contracts.lint import lint
from contracts.odcs import CATALOG, load, load_catalog, load_file, refs_of
from contracts.rulebook import rules

PARTNERS = {"northvale": "NV-BOS", "brightwater": "BW-GNT", "halden": "HD-ICN"}
PATHS = sorted(CATALOG.rglob("*.odcs.yaml"))
NOT_SUPPLIED = {
    "allocation",
    "batchContext",
    "expiryCovers",
    "frozenAfter",
    "leadTime",
    "notReplay",
    "referenceExists",
    "startNeedsClearance",
    "usedEqualsAllocated",
}


@pytest.fixture(scope="module")
def catalog() -> dict[str, Contract]:
    return {contract.id: contract for contract in load_catalog().all()}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_contract_of_the_catalog_has_no_problem(path):
    assert lint(path.read_bytes(), str(path)) == []


def test_every_partner_has_its_three_feeds(catalog):
    wanted = {f"{partner}-{kind}": kind for partner in PARTNERS for kind in ("coa", "pat", "schedule")}
    assert {contract.id: contract.kind for contract in catalog.values()} == wanted
    versions = {"coa": "2.3.0", "pat": "1.4.0", "schedule": "1.1.0"}
    for contract in catalog.values():
        assert contract.version == versions[contract.kind]
        assert contract.site == PARTNERS[contract.partner]
        assert contract.status == "active"
        assert contract.service_levels
        assert {"partner", "quality", "platform"} <= {channel.audience for channel in contract.support}


def test_a_contract_is_found_by_version_prefix_and_by_feed():
    shelf = load_catalog()
    assert shelf.get("northvale-coa@2.3").version == "2.3.0"
    assert shelf.get("northvale-coa") is shelf.get("northvale-coa@2.3.0")
    assert shelf.for_feed("halden", "pat").id == "halden-pat"
    with pytest.raises(UnknownContract, match=r"northvale-coa@2\.4.*northvale-coa@2\.3\.0"):
        shelf.get("northvale-coa@2.4")
    with pytest.raises(UnknownContract):
        shelf.get("northvale-coa@2.30")
    with pytest.raises(UnknownContract):
        shelf.for_feed("halden", "fax")


def test_the_newest_version_is_newest_by_number(tmp_path: Path):
    source = (CATALOG / "halden" / "schedule.odcs.yaml").read_text()
    for version in ("1.9.0", "1.10.0", "1.2.11"):
        path = tmp_path / f"{version}.odcs.yaml"
        path.write_text(source.replace("version: 1.1.0", f"version: {version}"))
    shelf = load_catalog(tmp_path)
    assert shelf.get("halden-schedule").version == "1.10.0"
    assert shelf.get("halden-schedule@1.9").version == "1.9.0"
    assert shelf.for_feed("halden", "schedule").version == "1.10.0"
    (tmp_path / "again.odcs.yaml").write_text(source.replace("version: 1.1.0", "version: 1.9.0"))
    with pytest.raises(ContractInvalid, match="CON-E106"):
        load_catalog(tmp_path)


def test_a_contract_with_an_error_is_not_loaded(tmp_path: Path):
    path = CATALOG / "halden" / "schedule.odcs.yaml"
    data = path.read_bytes().replace(b"rule: slip", b"rule: slipp").replace(b"status: active", b"status: 7")
    with pytest.raises(ContractInvalid) as failed:
        load(data, file="x.yaml", refs=refs_of(path))
    assert {p.code for p in failed.value.problems} == {"CON-E102", "CON-E104"}


def test_the_three_vessels_have_twenty_tags_each(catalog):
    for partner, unit in (("northvale", "BR01"), ("brightwater", "BR02"), ("halden", "BR03")):
        tags = catalog[f"{partner}-pat"].schema.tags
        assert len(tags) == len({tag.tag for tag in tags}) == len({tag.name for tag in tags}) == 20
        assert all(tag.tag.startswith(unit) and tag.interval == timedelta(seconds=1) for tag in tags)
        ph = next(tag for tag in tags if tag.name == "ph")
        assert (ph.low, ph.high, ph.noise_floor) == (Decimal("6.80"), Decimal("7.40"), Decimal("0.001"))
        assert ph.sentinels == (Decimal(-9999),)
        assert ph.max_gap == timedelta(seconds=60)


def test_the_panel_keeps_its_digits(catalog):
    tests = {test.code: test for test in catalog["brightwater-coa"].schema.tests}
    assert tests["PH"].criterion.low == Decimal("6.9")
    assert str(tests["TITRE_INF"].criterion.limit) == "1E+8"
    assert tests["STERILITY_71"].min_duration == timedelta(days=14)
    assert tests["POTENCY"].criterion.parts[1].of == "POTENCY_B"
    assert {test.level for test in tests.values()} == {"L1", "L2", "INFO"}
    assert tests["PH"].labs == ("QC-BOS", "QC-GNT", "QC-ICN")
    ref = catalog["brightwater-coa"].refs[0]
    assert (ref.name, ref.version, len(ref.sha256)) == ("lv_panel", "3", 64)
    assert ref.specification is not None
    assert ref.specification[:2] == ("SPC-014", "3")


def test_a_spreadsheet_has_a_cell_for_every_field_of_the_document(catalog):
    schema = catalog["brightwater-coa"].schema
    (form,) = schema.sources
    assert (form.format, form.sheet, form.header_row, form.rows) == ("xlsx", "Results", 6, "results")
    assert schema.locale.decimal == ","
    leaves = set()
    for field in schema.fields:
        if field.name == "results":
            continue
        inner = field.items.fields if field.items else field.fields
        index = ".0" if field.items else ""
        leaves |= {f"{field.name}{index}.{child.name}" for child in inner} or {field.name}
    assert set(form.header_cells) == leaves
    assert len(set(form.header_cells.values())) == len(leaves)


def test_clauses_are_unique_placed_and_known(catalog):
    for contract in catalog.values():
        lines = Path(contract.file).read_text().splitlines()
        ids = [clause.id for clause in contract.clauses]
        assert len(ids) == len(set(ids))
        for clause in contract.clauses:
            assert clause.codes, clause.id
            assert set(clause.codes) <= set(codes())
            line = lines[clause.mark.line - 1][clause.mark.column - 1 :]
            assert line, clause.id
            if not clause.id.startswith("auto."):
                assert f"id: {clause.id}" in line
        # Nothing is promised that nobody judges: rules that need registries or decisions are the hub's own business.
        assert not {clause.kind for clause in contract.clauses} & NOT_SUPPLIED


def test_an_implied_clause_stands_at_its_field(catalog):
    contract = catalog["northvale-coa"]
    clause = contract.clause("auto.certificate.results.value.number")
    lines = Path(contract.file).read_text().splitlines()
    assert lines[clause.mark.line - 1][clause.mark.column - 1 :] == "name: value"
    assert clause.path == "certificate.results.value"
    assert {"COA-E104", "COA-E105"} <= set(clause.codes)
    assert contract.clause("auto.certificate.results[].closed").codes == ("FILE-E202", "FILE-E206")
    assert contract.clause("auto.certificate.lot_number.identifier").params["pattern"] == "^LV-[0-9]{4}-[0-9]{2,6}$"


def test_only_the_chain_of_identity_has_its_own_code_in_a_schedule(catalog):
    schedule = catalog["halden-schedule"]
    assert schedule.clause("auto.slots.coi.identifier").codes == ("SCH-E401",)
    assert schedule.clause("auto.slots.vector_lot.identifier").codes == ("FILE-E210",)


def test_parameters_come_typed(catalog):
    pat = catalog["halden-pat"]
    assert pat.clause("order").params["lateWindow"] == timedelta(hours=24)
    assert pat.clause("sampling").params["tolerancePercent"] == Decimal(20)
    assert pat.clause("once").params["key"] == ("tag", "ts")
    assert catalog["halden-schedule"].clause("moved").params["tolerance"] == timedelta(hours=4)


def test_what_a_rule_needs_is_said():
    book = rules()
    assert len(book) == 50
    assert book["signed"].needs_for({}) == {"registry"}
    assert book["signed"].needs_for({"users": ["qa.17"]}) == {"file"}
    assert book["uniqueKey"].codes_for("series", {}) == ("PAT-E201", "PAT-E202")
    assert book["uniqueKey"].codes_for("schedule", {"code": "SCH-E402"}) == ("SCH-E402",)
    assert {code for rule in book.values() for code in rule.codes} <= set(codes())


def test_one_repeated_row_is_one_finding(catalog):
    """The author's uniqueKey covers the primary key, so no second clause says the same."""
    kinds = [(clause.id, clause.kind) for clause in catalog["northvale-coa"].clauses]
    assert ("one_result", "uniqueKey") in kinds
    assert not [kind for _id, kind in kinds if kind == "key"]
    assert "auto.slots.key" in {clause.id for clause in catalog["halden-schedule"].clauses}


def test_the_shared_examples_load(shared: Path):
    paths = sorted((shared / "examples").glob("*.odcs.yaml"))
    if not paths:
        pytest.skip("no example contracts in ../shared/examples")
    by_id = {contract.id: contract for contract in map(load_file, paths)}
    coa = by_id["northvale-coa"]
    assert len(coa.schema.tests) == 14
    assert coa.clause("auto.certificate.results.value.number").mark.line == 75
    assert coa.clause("in_spec").mark.line == 115
    assert len(by_id["northvale-pat"].schema.tags) == 4
