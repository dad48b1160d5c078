"""Promise: an alert opens once, rises but never falls, ends by evidence only; whoever was told hears of the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.alerts.book import acknowledge, apply
from hub.alerts.errors import NotActive
from hub.alerts.fingerprint import Fingerprint, key_of
from hub.alerts.kinds import AlertKind
from hub.alerts.lifecycle import Change, Intent, Open, Resolve, step
from hub.alerts.severity import Effect, severity
from hub.alerts.view import View, headline, span
from hub.store.rows import AlertRow, AlertSeverity
from tests.hub.meaning_support import HOUR, NOW, Ledger, open_ledger

WHERE = Fingerprint("hub", AlertKind.COA_CONTRACT_FAILURE, "northvale", "coa", "LV-2611-04")


def view(*causes: str, sources: tuple[str, ...] = ("COA-1",)) -> View:
    return View("about", "what", "northvale", "Northvale", "Northvale data desk", "act", causes=causes, sources=sources)


def opening(
    *causes: str, severity: AlertSeverity = "normal", sources: tuple[str, ...] = ("COA-1",), **more: object
) -> Open:
    facts = {"due_at": None, "reason": "r", "evidence": causes[0] if causes else None, **more}
    return Open(WHERE, "partner:northvale", severity, view(*causes, sources=sources), **facts)  # type: ignore[arg-type]


def after(change: Change | None, openings: int = 1, at: object = NOW) -> AlertRow:
    assert change is not None
    return AlertRow(
        "A-1", str(WHERE), WHERE.kind, change.severity, change.state, "partner:northvale", "northvale", "LV-2611-04",
        NOW, change.due_at, change.view.as_json(), openings, None, at,  # type: ignore[arg-type]
    )  # fmt: skip


class TestSteps:
    def test_the_same_again_changes_nothing(self) -> None:
        row = after(step(None, opening("D-1"), NOW))
        assert step(row, opening("D-1"), NOW) is None

    def test_another_cause_folds_and_tells_nobody(self) -> None:
        change = step(after(step(None, opening("D-1"), NOW)), opening("D-2"), NOW)
        assert change is not None
        assert (change.what, change.tells, change.view.folded) == ("folded", False, 1)

    def test_severity_rises_once_and_never_falls(self) -> None:
        row = after(step(None, opening("D-1", severity="high"), NOW))
        assert step(row, opening("D-1", severity="normal"), NOW) is None
        raised = step(row, opening("D-1", severity="critical"), NOW)
        assert raised is not None
        assert (raised.what, raised.tells) == ("raised", True)
        assert step(after(raised), opening("D-1", severity="critical"), NOW) is None

    def test_an_acknowledged_alert_stays_owned_when_it_grows_worse(self) -> None:
        row = replace(after(step(None, opening("D-1"), NOW)), state="acknowledged")
        raised = step(row, opening("D-1", severity="critical"), NOW)
        assert raised is not None
        assert raised.state == "acknowledged"

    def test_evidence_about_another_thing_resolves_nothing(self) -> None:
        row = after(step(None, opening("D-1", sources=("COA-1", "COA-2")), NOW))
        assert step(row, Resolve(WHERE, "r", "D-9", "COA-7"), NOW) is None
        narrowed = step(row, Resolve(WHERE, "r", "D-9", "COA-1"), NOW)
        assert narrowed is not None
        assert (narrowed.what, narrowed.view.sources) == ("narrowed", ("COA-2",))
        ended = step(after(narrowed), Resolve(WHERE, "r", "D-9", "COA-2"), NOW)
        assert ended is not None
        assert ended.what == "resolved"

    def test_it_opens_again_within_14_days_and_is_a_new_alert_later(self) -> None:
        row = after(step(after(step(None, opening("D-1"), NOW)), Resolve(WHERE, "r", "D-2"), NOW))
        for days, what in ((14, "reopened"), (15, "opened")):
            change = step(row, opening("D-3"), NOW + timedelta(days=days))
            assert change is not None
            assert change.what == what

    def test_an_old_cause_seen_again_is_no_news_but_a_lasting_condition_is(self) -> None:
        row = after(step(after(step(None, opening("D-1"), NOW)), Resolve(WHERE, "r", "D-2"), NOW))
        assert step(row, opening("D-1"), NOW) is None
        assert step(row, opening("D-1", lasting=True), NOW) is not None

    def test_what_a_person_closed_stays_closed_until_something_new_happens(self) -> None:
        row = replace(after(step(None, opening("due 5", lasting=True), NOW)), state="closed")
        assert step(row, opening("due 5", lasting=True), NOW) is None
        assert step(row, opening("due 6", lasting=True), NOW) is not None

    def test_resolving_what_is_not_open_is_nothing(self) -> None:
        assert step(None, Resolve(WHERE, "r", "D-2"), NOW) is None


class TestIdentity:
    @pytest.mark.parametrize("part", ["", " ", "a b", "a|b", "Jane Doe", "x" * 81, "\n"])
    def test_a_part_that_is_no_id_is_refused(self, part: str) -> None:
        with pytest.raises(ValueError, match="subject"):
            Fingerprint("hub", AlertKind.COA_LATE, "northvale", "coa", part)

    def test_severity_time_and_row_numbers_are_not_in_it(self) -> None:
        assert str(WHERE) == "hub|coa.contract_failure|northvale|coa|LV-2611-04"
        assert len(WHERE.dedup_key) == 64

    def test_a_text_that_must_not_be_shown_has_a_stable_key(self) -> None:
        assert key_of("Jane Doe.xlsx") == key_of("Jane Doe.xlsx") != key_of("Jane Doe2.xlsx")
        assert key_of("Jane Doe.xlsx").startswith("key-")


class TestSeverity:
    """The table of experience.md 2.3, line by line."""

    @pytest.mark.parametrize(
        ("kind", "effect", "expected"),
        [
            (AlertKind.LOT_FAILED_AFTER_START, Effect(started=True, required_fail=True), "critical"),
            (AlertKind.COA_CONTRACT_FAILURE, Effect(identity_or_safety=True), "critical"),
            (AlertKind.COA_LATE, Effect(certificate_due_at=NOW), "critical"),
            (AlertKind.COA_CONTRACT_FAILURE, Effect(slot_at=NOW + 48 * HOUR, valid_l1=False), "critical"),
            (AlertKind.COA_CONTRACT_FAILURE, Effect(slot_at=NOW + 48 * HOUR, valid_l1=True), "high"),
            (AlertKind.COA_CONTRACT_FAILURE, Effect(slot_at=NOW + 120 * HOUR, valid_l1=False), "high"),
            (AlertKind.COA_CONTRACT_FAILURE, Effect(slot_at=NOW + 121 * HOUR, valid_l1=False), "normal"),
            (AlertKind.PAT_LATE, Effect(serves_bound_slot=True), "critical"),
            (AlertKind.PAT_LATE, Effect(critical_phase=True), "high"),
            (AlertKind.SCHEDULE_LATE, Effect(due_passed=True, slot_at=NOW + 72 * HOUR), "high"),
            (AlertKind.SCHEDULE_LATE, Effect(due_passed=True), "normal"),
            (AlertKind.LINK_DOWN, Effect(), "normal"),
        ],
    )
    def test_first_match_wins(self, kind: AlertKind, effect: Effect, expected: str) -> None:
        assert severity(kind, effect, NOW) == expected


class TestWords:
    @pytest.mark.parametrize(
        ("hours", "words"),
        [(26, "26 h left"), (1.99, "119 min left"), (71.9, "71 h left"), (99, "4 d 3 h left"), (-8, "8 h overdue")],
    )
    def test_the_first_sentence_says_how_long_is_left(self, hours: float, words: str) -> None:
        told = replace(view("D-1"), about="Slot PT-7F3K has no valid Level 1 CoA", until=NOW + hours * HOUR)
        assert headline(told, NOW) == f"Slot PT-7F3K has no valid Level 1 CoA; {words}"

    def test_whole_days_are_said_as_days(self) -> None:
        assert span(timedelta(days=5)) == "5 d"

    def test_a_view_comes_back_from_the_ledger_as_it_was(self) -> None:
        full = replace(view("D-1"), until=NOW, due=NOW, told=(("quality", "mail", "qa@sponsor.example"),))
        assert View.from_json(full.as_json()) == full


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


class TestAcknowledging:
    def test_a_person_owns_it_and_who_was_told_hears_so(self, ledger: Ledger) -> None:
        with ledger.store.transaction() as tx:
            apply(tx, [opening("D-1")], ledger.settings)
            row = acknowledge(tx, "A-1", actor="qa.17", note="northvale told")
        assert (row.state, row.owner) == ("acknowledged", "qa.17")
        events = [m.payload["event"] for m in ledger.messages()]
        assert events == [
            "opened",
            "opened",
            "acknowledged",
        ]  # partner and quality were told; quality hears who owns it
        with ledger.store.reading() as tx:
            assert [e.reason for e in tx.alert_events("A-1")] == ["r", "northvale told"]

    def test_what_is_over_can_not_be_owned(self, ledger: Ledger) -> None:
        with ledger.store.transaction() as tx:
            apply(tx, [opening("D-1")], ledger.settings)
            apply(tx, [Resolve(WHERE, "r", "D-2")], ledger.settings)
            with pytest.raises(NotActive, match="A-1 is resolved"):
                acknowledge(tx, "A-1", actor="qa.17", note="n")


class Story(RuleBasedStateMachine):
    """Random arrivals, failures, acknowledgements and time over a real ledger and a fake clock."""

    kinds = (AlertKind.COA_CONTRACT_FAILURE, AlertKind.COA_LATE, AlertKind.LINK_DOWN, AlertKind.SCHEDULE_LATE)

    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.opened = open_ledger(Path(self.folder.name))
        self.ledger = self.opened.__enter__()
        self.told: dict[tuple[str, str, str], list[str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            self.opened.__exit__(None, None, None)
            self.folder.cleanup()

    def _apply(self, *intents: Intent) -> None:
        with self.ledger.store.transaction() as tx:
            apply(tx, intents, self.ledger.settings)

    @rule(
        kind=st.sampled_from(kinds),
        cause=st.sampled_from(["D-1", "D-2", "D-3"]),
        level=st.sampled_from(["normal", "high", "critical"]),
        lasting=st.booleans(),
    )
    def fails(self, kind: AlertKind, cause: str, level: AlertSeverity, lasting: bool) -> None:
        self._apply(replace(opening(cause, severity=level, lasting=lasting), fingerprint=WHERE.of_kind(kind)))

    @rule(kind=st.sampled_from(kinds), source=st.sampled_from([None, "COA-1", "COA-2"]))
    def passes(self, kind: AlertKind, source: str | None) -> None:
        self._apply(Resolve(WHERE.of_kind(kind), "arrived and passed", "D-9", source))

    @rule(n=st.integers(1, 3))
    def owns(self, n: int) -> None:
        with self.ledger.store.transaction() as tx:
            row = tx.alert(f"A-{n}")
            if row is not None and row.state == "open":
                acknowledge(tx, row.id, actor="qa.17", note="mine")

    @rule(days=st.sampled_from([0.1, 1, 13, 15]))
    def time_passes(self, days: float) -> None:
        self.ledger.clock.advance(timedelta(days=days))

    @invariant()
    def no_fingerprint_is_open_twice(self) -> None:
        if hasattr(self, "ledger"):
            active = [a.fingerprint for a in self.ledger.alerts("open", "acknowledged")]
            assert len(active) == len(set(active))

    @invariant()
    def who_was_told_of_an_opening_is_told_of_its_end_and_only_then(self) -> None:
        if not hasattr(self, "ledger"):
            return
        silent = {a.id for a in self.ledger.alerts() if a.state in ("resolved", "closed") or a.view["inhibited_by"]}
        last: dict[tuple[str, str, str], str] = {}
        for message in self.ledger.messages():
            event = message.payload["event"]
            who = (message.alert_id or "", message.channel, message.recipient)
            if event == "resolved":
                assert last.get(who) not in (None, "resolved"), f"{who} hears of an end whose beginning it never heard"
            last[who] = event
        for (alert, *_), event in last.items():
            assert event != "resolved" or alert in silent
        over = {a.id for a in self.ledger.alerts("resolved", "closed")}
        assert all(event == "resolved" for (alert, *_), event in last.items() if alert in over)

    @invariant()
    def what_is_open_was_told_or_says_what_hides_it(self) -> None:
        if hasattr(self, "ledger"):
            for alert in self.ledger.alerts("open", "acknowledged"):
                told = View.from_json(alert.view)
                assert told.told or told.inhibited_by


TestStory = Story.TestCase
TestStory.settings = hypothesis_settings(max_examples=25, stateful_step_count=15, deadline=None)
