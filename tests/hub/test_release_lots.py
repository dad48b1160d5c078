"""Promise: a lot is as far as its certificates prove, the hub stops it alone and releases it never (domain 6.2)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.codes import Impact
from contracts.records import ResultVerdict
from hub.release.lots import CertificateOnFile, Concern, LotState, LotStatus, lot_state
from hub.store.rows import LotRow
from tests.hub.meaning_support import NOW, certificate, contract_of, on_file, panel, result, with_result

LOT = "LV-2611-01"
TESTS = contract_of("northvale/coa").schema.tests


def derive(*files: CertificateOnFile, **more: object) -> LotState:
    return lot_state(LOT, "northvale", files, TESTS, NOW, **more)  # type: ignore[arg-type]


def test_a_lot_without_a_certificate_is_registered() -> None:
    state = derive()
    assert state.status is LotStatus.REGISTERED
    assert (state.l1.passed, state.l1.required) == (0, len(panel("L1")))


def test_all_level_1_results_make_it_ready_for_a_person_and_no_further() -> None:
    state = derive(on_file(certificate()))
    assert state.status is LotStatus.L1_READY
    assert state.reasons[0] == "a person's Level 1 release decision is outstanding"
    assert (state.l1.passed, state.l2.passed) == (len(panel("L1")), 0)


def test_results_of_several_certificates_of_one_lot_combine() -> None:
    first, *others = panel("L1")
    rest = certificate(tests=others)
    late = certificate(tests=[first, *panel("L2")], number="COA-2611002")
    assert derive(on_file(rest)).status is LotStatus.TESTING
    assert derive(on_file(rest), on_file(late)).status is LotStatus.L2_READY


def test_a_missing_test_is_named() -> None:
    without = [code for code in panel("L1") if code != "STERILITY_RAPID"]
    state = derive(on_file(certificate(tests=without)))
    assert state.status is LotStatus.TESTING
    assert "Level 1: STERILITY_RAPID has no final result" in state.reasons


def test_an_interim_result_never_satisfies_a_test_that_wants_a_final_one() -> None:
    finals = {t.code for t in TESTS if t.stage_allowed == ("final",)}
    code = next(c for c in panel("L1") if c in finals)
    others = certificate(tests=[c for c in panel("L1") if c != code])
    assert derive(on_file(with_result(others, result(code, stage="interim")))).status is LotStatus.TESTING
    assert derive(on_file(with_result(others, result(code)))).status is LotStatus.L1_READY


@pytest.mark.parametrize("level", ["L1", "L2"])
def test_a_required_fail_at_any_level_is_a_hold(level: str) -> None:
    code = panel(level)[0]
    state = derive(on_file(certificate(tests=panel("L1") + panel("L2"), failing=[code])))
    assert state.status is LotStatus.HOLD
    assert state.reasons[0] == f"{code} is outside its acceptance criterion (Level {level[1]})"


def test_a_result_for_information_that_fails_holds_nothing() -> None:
    info = next(t.code for t in TESTS if t.level == "INFO")
    fails = with_result(certificate(), result(info, ResultVerdict.FAIL))
    assert derive(on_file(fails)).status is LotStatus.L1_READY


def test_growth_in_an_interim_result_is_growth() -> None:
    code = panel("L2")[0]
    fails = with_result(certificate(), result(code, ResultVerdict.FAIL, stage="interim"))
    assert derive(on_file(fails)).status is LotStatus.HOLD


def test_a_test_that_is_only_reported_asks_for_a_result_that_can_be_read() -> None:
    code = next(t.code for t in TESTS if t.criterion.op == "reportOnly" and t.required and t.level == "L1")
    others = certificate(tests=[c for c in panel("L1") if c != code])
    reported = result(code, ResultVerdict.NOT_EVALUATED)
    assert derive(on_file(with_result(others, reported))).status is LotStatus.L1_READY
    unread = replace(reported, word=None, value=None)
    assert derive(on_file(with_result(others, unread))).status is LotStatus.TESTING


@pytest.mark.parametrize("verdict", [ResultVerdict.INCONCLUSIVE, ResultVerdict.NOT_EVALUATED])
def test_what_could_not_be_evaluated_is_never_a_pass(verdict: ResultVerdict) -> None:
    code = panel("L1")[0]
    others = certificate(tests=[c for c in panel("L1") if c != code])
    state = derive(on_file(with_result(others, result(code, verdict))))
    assert state.status is LotStatus.TESTING
    assert state.l1.passed == len(panel("L1")) - 1


def test_only_the_newest_revision_of_a_certificate_counts_whatever_the_order() -> None:
    good, bad = certificate(revision=2), certificate(failing=[panel("L1")[0]])
    files = [on_file(bad), on_file(good, version=2)]
    assert derive(*files).status is LotStatus.L1_READY
    assert derive(*reversed(files)) == derive(*files)


def test_the_order_in_which_certificates_came_never_matters(seed: int) -> None:
    l1, l2 = panel("L1"), panel("L2")
    files = [
        on_file(certificate(tests=l1[:3])),
        on_file(certificate(tests=l1[2:], number="COA-2611002")),
        on_file(certificate(tests=l1[2:], number="COA-2611002", revision=2), version=2),
        on_file(certificate(tests=l2, number="COA-2611003")),
    ]
    expected = derive(*files)
    dice = random.Random(seed)
    for _ in range(20):
        dice.shuffle(files)
        assert derive(*files) == expected
    assert expected.status is LotStatus.L2_READY


def test_a_replaced_certificate_no_longer_counts() -> None:
    old = certificate(failing=[panel("L1")[0]])
    new = certificate(number="COA-2611009", replaces=("COA-2611001", 1))
    assert derive(on_file(old), on_file(new)).status is LotStatus.L1_READY


def test_a_finding_of_critical_impact_is_a_hold() -> None:
    concern = Concern("COA-E301", "stated verdict contradicts the value", Impact.CRITICAL, "D-1")
    state = derive(on_file(certificate(), concern))
    assert state.status is LotStatus.HOLD
    assert state.reasons == ("COA-2611001 rev 1: stated verdict contradicts the value (COA-E301)",)


def test_a_silent_change_in_quarantine_is_a_hold_and_other_quarantine_is_not() -> None:
    silent = Concern("COA-E408", "content changed without a new revision", Impact.CRITICAL, "D-9")
    other = Concern("COA-E104", "decimal comma", Impact.HIGH, "D-9")
    assert derive(on_file(certificate()), quarantined=[silent]).status is LotStatus.HOLD
    assert derive(on_file(certificate()), quarantined=[other]).status is LotStatus.L1_READY


def test_out_of_hold_leads_no_path_of_the_hub() -> None:
    held = derive(on_file(certificate(failing=[panel("L1")[0]]))).row()
    corrected = derive(on_file(certificate(revision=2)), previous=held)
    assert corrected.status is LotStatus.HOLD
    assert corrected.reasons[-1].startswith("the cause is gone")
    assert derive(on_file(certificate(revision=2)), previous=corrected.row()) == corrected  # and says so once


def test_an_unsigned_certificate_is_no_level() -> None:
    state = derive(on_file(certificate(signatures=())))
    assert state.status is LotStatus.TESTING
    assert "Level 1: COA-2611001 rev 1 is not signed" in state.reasons


def test_a_lot_expires_by_time_alone() -> None:
    file = on_file(certificate(expires_at=NOW + timedelta(hours=1)))
    assert derive(file).status is LotStatus.L1_READY
    later = lot_state(LOT, "northvale", [file], TESTS, NOW + timedelta(hours=1))
    assert later.status is LotStatus.EXPIRED


def test_without_a_panel_nothing_is_ever_ready() -> None:
    state = lot_state(LOT, "northvale", [on_file(certificate())], (), NOW)
    assert state.status is LotStatus.TESTING


def test_a_high_finding_about_the_method_keeps_it_from_the_level_that_the_test_is_of() -> None:
    l2 = Concern("COA-E308", "method not approved", Impact.HIGH, "D-1", characteristic=panel("L2")[0])
    l1 = replace(l2, characteristic=panel("L1")[0])
    both = certificate(tests=panel("L1") + panel("L2"))
    assert derive(on_file(both, l2)).status is LotStatus.L1_READY
    assert derive(on_file(both, l1)).status is LotStatus.TESTING


def test_no_state_exists_that_only_a_person_may_enter() -> None:
    assert {s.value for s in LotStatus}.isdisjoint({"L1_PROVISIONAL", "L2_RELEASED", "REJECTED"})


def test_the_row_says_where_it_comes_from() -> None:
    row = derive(on_file(certificate())).row()
    assert isinstance(row, LotRow)
    assert row.evidence == (("northvale/COA-2611001@1", "0" * 64),)
    assert row.material == "LV-CD19"
