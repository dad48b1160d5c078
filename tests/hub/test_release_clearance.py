"""Promise: no run is cleared by the hub; it fails closed and says why (domain 6.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from contracts.codes import Impact
from hub.release.clearance import BUILT, CHECKS, WORST_FIRST, Check, Freshness, SlotFacts, clearance, worst
from hub.release.lots import CertificateOnFile, Concern, in_force, lot_state
from hub.store.rows import ClearanceRow
from tests.hub.meaning_support import HOUR, NOW, certificate, contract_of, on_file, panel, slot

TESTS = contract_of("northvale/coa").schema.tests


def facts(*files: CertificateOnFile, **changes: object) -> SlotFacts:
    files = files or (on_file(certificate(tests=panel("L1") + panel("L2"))),)
    lot = lot_state("LV-2611-01", "northvale", files, TESTS, NOW)
    fresh = Freshness("northvale/schedule", NOW - HOUR, timedelta(hours=26))
    base = SlotFacts(
        slot=slot(),
        slot_version=1,
        lot=lot,
        certificates=tuple(in_force(files)),
        schedule=fresh,
        feeds=(Freshness("northvale/coa", NOW - HOUR),),
        quarantined=(),
        neighbours=(),
        now=NOW,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def result_of(row: ClearanceRow, id: str) -> tuple[str, str]:
    check = next(c for c in row.checks if c["id"] == id)
    return check["result"], check["reason"]


def test_the_best_slot_there_is_stays_pending_because_a_person_must_decide() -> None:
    row = clearance(facts())
    assert row.outcome == "PENDING"
    assert result_of(row, "G1") == (
        "PENDING",
        "lot LV-2611-01 has all required Level 2 results; a person's release decision is outstanding",
    )
    assert [result_of(row, name)[0] for name in ("G3", "G4", "G5", "G10")] == ["GO"] * 4


def test_every_check_is_listed_and_one_that_is_not_built_is_not_evaluated() -> None:
    row = clearance(facts())
    assert [c["id"] for c in row.checks] == list(CHECKS)
    for name in CHECKS.keys() - BUILT.keys():
        assert result_of(row, name) == ("PENDING", f"{CHECKS[name]} is not evaluated")


def test_a_check_that_raises_holds_the_run() -> None:
    def broken(_: SlotFacts) -> Check:
        raise ZeroDivisionError

    good = {name: (lambda _, name=name: Check(name, "GO", "fine")) for name in CHECKS}
    assert clearance(facts(), good).outcome == "GO"  # only so is it seen that the broken one makes the difference
    row = clearance(facts(), {**good, "G7": broken})
    assert row.outcome == "PENDING"
    assert result_of(row, "G7") == ("PENDING", "identity could not be evaluated: ZeroDivisionError")


def test_the_outcome_is_the_worst_of_the_checks() -> None:
    for some in permutations(WORST_FIRST, 3):
        assert worst(some) == min(some, key=WORST_FIRST.index)
    assert worst([]) == "PENDING"


def test_a_lot_on_hold_is_no_go() -> None:
    failing = on_file(certificate(tests=panel("L1") + panel("L2"), failing=["RCL_CELL"]))
    row = clearance(facts(failing))
    assert row.outcome == "NO_GO"
    assert result_of(row, "G1")[0] == "NO_GO"
    assert result_of(row, "G2") == ("NO_GO", "required results fail: RCL_CELL")


def test_an_unknown_lot_and_no_lot_are_pending() -> None:
    assert clearance(facts(lot=None, certificates=())).outcome == "PENDING"
    none = clearance(facts(lot=None, certificates=(), slot=slot(lot=None)))
    assert result_of(none, "G1") == ("PENDING", "the slot names no vector lot")


@pytest.mark.parametrize(
    ("change", "check", "result", "words"),
    [
        ({"slot": slot(status="cancelled")}, "G5", "NO_GO", "cancelled"),
        ({"slot": slot(status="tentative")}, "G5", "PENDING", "tentative"),
        ({"schedule": Freshness("northvale/schedule", NOW - 27 * HOUR, 26 * HOUR)}, "G5", "PENDING", "longer ago"),
        ({"schedule": Freshness("northvale/schedule", None, 26 * HOUR)}, "G10", "PENDING", "no accepted delivery"),
        ({"feeds": (Freshness("northvale/coa", NOW, None, True),)}, "G10", "PENDING", "could not be reached"),
        ({"quarantined": ("D-7",)}, "G10", "PENDING", "D-7"),
        ({"neighbours": (slot("PT-2", suite="S-PT-7F3K"),)}, "G5", "NO_GO", "overlaps slot PT-2"),
    ],
)
def test_what_is_wrong_around_the_slot_is_told(change: dict[str, object], check: str, result: str, words: str) -> None:
    found, reason = result_of(clearance(facts(**change)), check)
    assert found == result
    assert words in reason


def test_a_cancelled_neighbour_and_another_suite_do_not_overlap() -> None:
    others = (slot("PT-2", suite="S-PT-7F3K", status="cancelled"), slot("PT-3", suite="S-other"), slot())
    assert result_of(clearance(facts(neighbours=others)), "G5")[0] == "GO"


def test_the_lot_must_last_to_the_end_of_its_use_not_only_to_its_start() -> None:
    during = NOW + timedelta(days=8)  # the run goes from day 6 to day 16
    row = clearance(facts(on_file(certificate(expires_at=during))))
    assert result_of(row, "G4")[0] == "NO_GO"
    assert result_of(clearance(facts(on_file(certificate(expires_at=None)))), "G4")[0] == "PENDING"


@pytest.mark.parametrize("code", ["COA-E307", "COA-E309", "COA-E601"])
def test_a_certificate_with_a_doubt_about_its_ground_can_not_carry_a_run(code: str) -> None:
    doubted = on_file(certificate(), Concern(code, "a doubt", Impact.HIGH, "D-1"))
    assert result_of(clearance(facts(doubted)), "G3")[0] == "NO_GO"


def test_nothing_that_the_hub_can_know_makes_a_go() -> None:
    for files in ((on_file(certificate()),), (on_file(certificate(tests=panel("L1") + panel("L2"))),)):
        for status in ("confirmed", "ready", "running", "completed", "tentative"):
            assert clearance(facts(*files, slot=slot(status=status))).outcome not in ("GO", "GO_PROVISIONAL")


def test_it_does_not_change_while_only_time_passes() -> None:
    stale = facts(schedule=Freshness("northvale/schedule", NOW - 30 * HOUR, 26 * HOUR))
    assert clearance(stale) == clearance(replace(stale, now=NOW + 5 * HOUR))
