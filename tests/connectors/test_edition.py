"""Promise: only a contract in force gives verdicts. While a new version lets the former one pass too, a delivery that
the new one rejects is accepted by the former one, and the report says which matched and what the new one would say;
after the last day it is not. By hand and in the hub it is the same call and the same report.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.commands.check import find_edition, judge
from connectors.edition import Edition, edition_of, in_force, judged
from connectors.inspection import Inspection, inspect
from contracts.codes import Action, Severity
from contracts.context import Context
from contracts.contract import Contract
from contracts.errors import ContractInvalid
from contracts.finding import DeliveryRef, Report, Verdict
from contracts.odcs import CATALOG, load_catalog
from contracts.render.json import to_json
from contracts.shelf import Catalog
from hub.clock import FakeClock, SystemClock
from hub.hub import Hub
from hub.settings import Settings
from sandbox import certificates
from tests.contracts.change_support import edited, text_of
from tests.hub import crashlab

OVERLAP = "  - {property: overlap, value: {withVersion: 2.3.0, until: %s}}\n  - {property: refs"
PURPOSES = "[{value: L1}, {value: L2}, {value: combined}]"
TABLE = 'name: lv_panel, version: "3"'
INSIDE = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
AFTER = datetime(2027, 1, 1, tzinfo=UTC)


def paper(purpose: str = "L1") -> bytes:
    first = next(iter(certificates.papers(crashlab.STORY, "halden", load_catalog().get("halden-coa"))))
    return json.dumps(json.loads(first.text()) | {"purpose": purpose}).encode()


def shelf(folder: Path, *, new: str = "active", old: str | None = "deprecated", until: str = '"2026-12-31"') -> Catalog:
    """halden-coa 2.3.0 as shipped, and 3.0.0, which does not know the purpose L1 any more."""
    (folder / "halden").mkdir(parents=True)
    shutil.copytree(CATALOG / "refs", folder / "refs")
    for kind in ("pat", "schedule"):
        shutil.copy(CATALOG / "halden" / f"{kind}.odcs.yaml", folder / "halden")
    panel = hashlib.sha256((folder / "refs/lv_panel@3.yaml").read_bytes()).hexdigest()
    hashed = (TABLE, f'{TABLE}, sha256: "{panel}"')
    newer = edited(
        text_of("halden-coa"),
        hashed,
        ("version: 2.3.0", "version: 3.0.0"),
        ("status: active", f"status: {new}"),
        (PURPOSES, "[{value: L2}, {value: combined}]"),
        ("  - {property: refs", OVERLAP % until),
    )
    (folder / "halden" / "coa-3.odcs.yaml").write_text(newer)
    if old is not None:
        text = edited(text_of("halden-coa"), hashed, ("status: active", f"status: {old}"))
        (folder / "halden" / "coa.odcs.yaml").write_text(text)
    return load_catalog(folder)


def check(tmp_path: Path, edition: Edition, at: datetime, data: bytes) -> tuple[Contract, Report]:
    path = tmp_path / "paper.json"
    path.write_bytes(data)

    def look(contract: Contract) -> Inspection:
        return inspect(path, file="paper.json", contract=contract, context=Context(received_at=at))

    contract, inspection = judged(edition, at, DeliveryRef("paper.json", "0" * 64, len(data)), look)
    return contract, inspection.report


def codes(report: Report) -> list[str]:
    return [f.code for f in report.findings]


def test_the_new_version_comes_first(tmp_path: Path) -> None:
    catalog = shelf(tmp_path / "shelf")
    edition = edition_of(in_force(catalog, "halden-coa"), catalog)
    contract, report = check(tmp_path, edition, INSIDE, paper("L2"))
    assert contract.version == "3.0.0"
    assert report.contract is not None
    assert report.contract.version == "3.0.0"
    assert not [code for code in codes(report) if code.startswith("CON-")]


def test_in_the_window_the_former_version_saves_what_the_new_one_rejects(tmp_path: Path) -> None:
    catalog = shelf(tmp_path / "shelf")
    edition = edition_of(in_force(catalog, "halden-coa"), catalog)
    contract, report = check(tmp_path, edition, INSIDE, paper("L1"))
    assert contract.version == "2.3.0"
    assert report.contract is not None
    assert report.contract.version == "2.3.0"
    assert report.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    (told,) = [f for f in report.findings if f.code == "CON-E204"]
    assert told.severity is Severity.WARNING
    assert told.message == (
        "accepted under version 2.3.0, which ends on 2026-12-31; version 3.0.0 would reject the file"
    )
    assert told.note is not None
    assert told.note.startswith("version 3.0.0 would say: FILE-E211 ")


def test_a_retired_version_saves_nothing_in_the_window(tmp_path: Path) -> None:
    """Who retires a version ends its window."""
    catalog = shelf(tmp_path / "shelf", old="retired")
    contract, report = check(tmp_path, edition_of(catalog.get("halden-coa@3"), catalog), INSIDE, paper())
    assert (contract.version, report.verdict) == ("3.0.0", Verdict.REJECTED)
    assert report.findings[0].code == "CON-E203"
    assert report.findings[0].message == "the file was made for version 2.3.0, which is retired"


@pytest.mark.parametrize("status", ["draft", "proposed", "countersigned"])
def test_a_version_that_was_never_active_saves_nothing(tmp_path: Path, status: str) -> None:
    catalog = shelf(tmp_path / "shelf", old=status)
    contract, report = check(tmp_path, edition_of(catalog.get("halden-coa@3"), catalog), INSIDE, paper())
    assert (contract.version, report.verdict) == ("3.0.0", Verdict.REJECTED)
    assert "CON-E203" not in {f.code for f in report.findings}


@pytest.mark.parametrize(
    ("until", "last", "first_after"),
    [
        ('"2026-11-30"', "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z"),
        ('"2028-02-29"', "2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z"),
        ('"2026-12-31T24:00:00+01:00"', None, None),
        ('"2027-01-01T00:00:00+01:00"', "2026-12-31T22:59:59Z", "2026-12-31T23:00:00Z"),
    ],
)
def test_the_window_at_the_end_of_a_month(
    tmp_path: Path, until: str, last: str | None, first_after: str | None
) -> None:
    if last is None or first_after is None:  # no such time of day: lint says so before anybody counts with it
        with pytest.raises(ContractInvalid, match="is no date"):
            shelf(tmp_path / "shelf", until=until).get("halden-coa@3")
        return
    catalog = shelf(tmp_path / "shelf", until=until)
    edition = edition_of(catalog.get("halden-coa@3"), catalog)
    inside, outside = (datetime.fromisoformat(at) for at in (last, first_after))
    assert check(tmp_path, edition, inside, paper())[1].findings[0].code == "CON-E204"
    assert check(tmp_path, edition, outside, paper())[1].findings[0].code == "CON-E203"


def test_after_the_last_day_the_new_version_stands_and_says_why(tmp_path: Path) -> None:
    catalog = shelf(tmp_path / "shelf")
    edition = edition_of(in_force(catalog, "halden-coa"), catalog)
    contract, report = check(tmp_path, edition, AFTER, paper("L1"))
    assert contract.version == "3.0.0"
    assert report.verdict is Verdict.REJECTED
    (told,) = [f for f in report.findings if f.code == "CON-E203"]
    assert told.message == "the file was made for version 2.3.0, which ended on 2026-12-31"
    assert "FILE-E211" in codes(report)


def test_what_both_versions_reject_is_told_by_the_new_one(tmp_path: Path) -> None:
    catalog = shelf(tmp_path / "shelf")
    edition = edition_of(in_force(catalog, "halden-coa"), catalog)
    contract, report = check(tmp_path, edition, INSIDE, paper("sold"))
    assert contract.version == "3.0.0"
    assert report.verdict is Verdict.REJECTED
    assert not [code for code in codes(report) if code.startswith("CON-")]


def test_a_moment_ends_the_window_to_the_second(tmp_path: Path) -> None:
    catalog = shelf(tmp_path / "shelf", until='"2026-12-31T12:00:00+01:00"')
    edition = edition_of(in_force(catalog, "halden-coa"), catalog)
    end = datetime(2026, 12, 31, 11, tzinfo=UTC)
    assert check(tmp_path, edition, end - timedelta(seconds=1), paper("L1"))[0].version == "2.3.0"
    assert check(tmp_path, edition, end, paper("L1"))[0].version == "3.0.0"


@pytest.mark.parametrize("named", ["halden-coa@2.3.0", "halden-coa@2.3"])
def test_who_names_the_former_version_is_judged_by_the_pair(tmp_path: Path, named: str) -> None:
    catalog = shelf(tmp_path / "shelf")
    edition = edition_of(in_force(catalog, named), catalog)
    assert edition.contract.version == "3.0.0"
    assert edition.former is not None
    assert edition.former.version == "2.3.0"


@pytest.mark.parametrize("status", ["draft", "proposed", "countersigned"])
def test_what_is_not_active_yet_is_passed_over(tmp_path: Path, status: str) -> None:
    catalog = shelf(tmp_path / "shelf", new=status, old="active")
    assert in_force(catalog, "halden-coa").version == "2.3.0"


@pytest.mark.parametrize("status", ["draft", "proposed", "countersigned"])
def test_with_no_active_version_there_is_no_verdict_and_the_sponsor_acts(tmp_path: Path, status: str) -> None:
    catalog = shelf(tmp_path / "shelf", new=status, old=status)
    edition = edition_of(in_force(catalog, "halden-coa"), catalog)
    _, report = check(tmp_path, edition, INSIDE, paper("L2"))
    assert codes(report) == ["CON-E202"]
    assert report.verdict is Verdict.REJECTED
    assert report.findings[0].action is Action.SPONSOR
    assert report.coverage.passed == 0
    # by hand the author may try a draft
    by_hand = edition_of(in_force(catalog, "halden-coa"), catalog, drafts=True)
    assert "CON-E202" not in codes(check(tmp_path, by_hand, INSIDE, paper("L2"))[1])


def test_a_retired_version_that_nothing_follows_judges_nothing(tmp_path: Path) -> None:
    catalog = shelf(tmp_path / "shelf", new="draft", old="retired")
    edition = edition_of(in_force(catalog, "halden-coa@2.3"), catalog)
    _, report = check(tmp_path, edition, INSIDE, paper("L1"))
    assert codes(report) == ["CON-E203"]
    assert report.verdict is Verdict.REJECTED


def test_by_hand_and_in_the_hub_the_report_is_the_same(tmp_path: Path) -> None:
    home = tmp_path / "home"
    crashlab.prepare(home)
    shutil.rmtree(home / "drop/coa")
    (home / "drop/coa").mkdir()
    now = SystemClock().now()
    shelf(home / "shelf", until=f'"{now.date() + timedelta(days=9)}"')
    (home / "hub.toml").write_text(crashlab.HUB + '[contracts]\nfolder = "shelf"\n')
    file = home / "drop/coa/paper.json"
    file.write_bytes(paper("L1"))
    os.utime(file, (now.timestamp() - 3600,) * 2)
    hub = Hub.open(Settings.load(home, {}), clock=FakeClock(now))
    try:
        result = asyncio.run(hub.pull_once("halden", "coa"))
        assert [d.outcome.value for d in result.deliveries] == ["accepted_with_warnings"]
        with hub.store.reading() as tx:
            (row,), stored = tx.deliveries(), tx.report("D-1")
            records = tx.records("certificate")
    finally:
        hub.close()
    assert row.contract == "halden-coa@2.3.0"
    assert len(records) == 1
    assert stored is not None
    by_hand = judge(file, find_edition("halden-coa@2.3", home / "shelf"))
    assert "CON-E204" in codes(by_hand)
    assert to_json(stored.file_part()) == to_json(by_hand)
