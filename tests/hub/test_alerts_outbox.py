"""Promise: a message is sent at least once under one id, a failing channel is tried again for 48 h and then said aloud,
and nothing that a partner wrote travels in it."""

from __future__ import annotations

import mailbox
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.records import Signature
from hub.alerts.channels import Maildir
from hub.alerts.errors import ChannelError
from hub.alerts.messages import Message
from hub.alerts.outbox import Sent, backoff, send_due
from hub.intake.events import LinkFailed, Reverted
from hub.settings import Settings
from hub.store.errors import StoreError
from tests.hub.meaning_support import (
    HOUR,
    NOW,
    Ledger,
    certificate,
    contract_of,
    finding,
    open_ledger,
    panel,
    result,
    slot,
    with_result,
)

SETTINGS = Settings.model_validate(
    {
        "channels": [{"name": "box", "kind": "maildir"}, {"name": "t", "kind": "terminal"}],
        "routes": [
            {"audience": "partner:*", "channels": ["box"], "recipients": ["desk@partner.example"]},
            {"audience": "platform", "channels": ["box"], "recipients": ["platform@sponsor.example"]},
            {"severity": "critical", "channels": ["box", "t"], "recipients": ["qa@sponsor.example"]},
            {"channels": ["box"], "recipients": ["quality@sponsor.example"]},
        ],
    }
)
LOT = "LV-2611-04"


@dataclass
class Recorder:
    """A channel that keeps what it gets, or fails as told."""

    fails: ChannelError | None = None
    got: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> str | None:
        if self.fails is not None:
            raise self.fails
        self.got.append(message)
        return f"ref-{len(self.got)}"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path, SETTINGS) as opened:
        yield opened


def fail(ledger: Ledger) -> None:
    ledger.deliver("northvale/coa", findings=[finding("COA-E104", certificate_no="COA-2611004", lot_number=LOT)])


class TestSending:
    def test_every_recipient_gets_one_message_of_its_route(self, ledger: Ledger) -> None:
        fail(ledger)
        box = Recorder()
        assert send_due(ledger.store, {"box": box}, SETTINGS) == Sent(sent=2)
        assert [m.recipient for m in box.got] == ["quality@sponsor.example", "desk@partner.example"]
        assert send_due(ledger.store, {"box": box}, SETTINGS) == Sent()
        assert {m.status for m in ledger.messages()} == {"sent"}

    def test_a_critical_alert_takes_the_first_route_that_matches(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/schedule", slot(lot=LOT, opens=26 * HOUR))
        fail(ledger)
        told = {(m.channel, m.recipient) for m in ledger.messages()}
        assert told == {("box", "qa@sponsor.example"), ("t", "quality"), ("box", "desk@partner.example")}

    def test_a_resolve_goes_to_who_heard_of_the_opening(self, ledger: Ledger) -> None:
        fail(ledger)
        ledger.deliver("northvale/coa", certificate(LOT, number="COA-2611004", revision=2))
        events = sorted((m.recipient, m.payload["event"]) for m in ledger.messages())
        assert events == [
            ("desk@partner.example", "opened"),
            ("desk@partner.example", "resolved"),
            ("quality@sponsor.example", "opened"),
            ("quality@sponsor.example", "resolved"),
        ]

    def test_a_failed_message_waits_longer_each_time_and_keeps_its_id(self, ledger: Ledger) -> None:
        fail(ledger)
        broken = Recorder(ChannelError("box", "the mail server answered 451"))
        waits = []
        for _ in range(4):
            assert send_due(ledger.store, {"box": broken}, SETTINGS, dice=random.Random(1)).failed == 2
            row = ledger.messages()[0]
            assert row.next_at is not None
            waits.append((row.next_at - ledger.clock.now()).total_seconds())
            assert (row.status, row.last_error) == ("waiting", "the mail server answered 451")
            ledger.clock.set(max(m.next_at for m in ledger.messages() if m.next_at))
        for n, wait in enumerate(waits):
            assert 15 * 2**n <= wait <= 30 * 2**n
        ids = {m.dedupe_key for m in ledger.messages()}
        box = Recorder()
        send_due(ledger.store, {"box": box}, SETTINGS)
        assert {m.id for m in box.got} == ids

    def test_a_receiver_that_asks_to_wait_is_not_asked_earlier(self, ledger: Ledger) -> None:
        fail(ledger)
        busy = Recorder(ChannelError("box", "the webhook answered 429", retry_after=timedelta(hours=2)))
        send_due(ledger.store, {"box": busy}, SETTINGS)
        assert {m.next_at for m in ledger.messages()} == {NOW + 2 * HOUR}

    def test_after_48_hours_it_is_dead_and_that_is_an_alert(self, ledger: Ledger) -> None:
        fail(ledger)
        broken = Recorder(ChannelError("box", "no"))
        for _ in range(60):
            if send_due(ledger.store, {"box": broken}, SETTINGS).dead:
                break
            ledger.clock.advance(timedelta(hours=1))
        assert ledger.clock.now() - NOW == timedelta(hours=48)
        alert = ledger.alert("hub.message_undelivered")
        assert (alert.subject, alert.audience) == ("box", "platform")
        for _ in range(60):  # the message about the dead message dies too, and makes no other
            ledger.clock.advance(timedelta(hours=1))
            send_due(ledger.store, {"box": broken}, SETTINGS)
        assert [a.kind for a in ledger.alerts()].count("hub.message_undelivered") == 1
        assert {m.status for m in ledger.messages()} == {"dead"}

    def test_a_channel_that_is_gone_from_the_settings_is_said(self, ledger: Ledger) -> None:
        fail(ledger)
        assert send_due(ledger.store, {}, SETTINGS).failed == 2
        assert ledger.messages()[0].last_error == "hub.toml has no channel of this name any more"

    def test_the_longest_wait_is_six_hours(self) -> None:
        dice = random.Random(3)
        assert all(3 * HOUR <= backoff(n, dice) <= 6 * HOUR for n in range(12, 60))

    @pytest.mark.parametrize("point", ["outbox.before_send", "outbox.after_send"])
    def test_a_sender_that_is_killed_leaves_the_message_to_the_next_one_under_the_same_id(
        self, ledger: Ledger, tmp_path: Path, point: str
    ) -> None:
        fail(ledger)
        done = subprocess.run(
            [sys.executable, "-c", _SENDER, str(tmp_path), point, NOW.isoformat()],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, done.stderr
        box = Maildir("box", tmp_path / "mail", "hub@a.example")
        assert send_due(ledger.store, {"box": box}, SETTINGS).sent == 1  # the one that nobody claimed
        ledger.clock.advance(timedelta(seconds=61))
        assert send_due(ledger.store, {"box": box}, SETTINGS).sent == 1
        ids = sorted(m["Message-ID"] for m in mailbox.Maildir(tmp_path / "mail"))
        assert len(set(ids)) == 2
        assert len(ids) == (3 if point == "outbox.after_send" else 2)


_SENDER = """
import sys
from datetime import datetime
from pathlib import Path
from hub import faults
from hub.alerts.channels import Maildir
from hub.alerts.outbox import send_due
from hub.clock import FakeClock
from hub.settings import Settings, StoreSettings
from hub.store import Store
folder, point, now = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])
store = Store.open(StoreSettings().under(folder), FakeClock(now))
faults.arm(point)
send_due(store, {"box": Maildir("box", folder / "mail", "hub@a.example")}, Settings())
"""


class TestWords:
    def test_quality_reads_slot_lot_time_and_who_acts_and_the_partner_reads_no_slot(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/schedule", slot(lot=LOT, opens=26 * HOUR))
        fail(ledger)
        quality, _, partner = (Message.from_payload(m.payload) for m in ledger.messages())
        assert quality.subject == "[CRITICAL] Slot PT-7F3K has no valid Level 1 CoA; 26 h left"
        assert quality.text == (
            "CoA COA-2611004 of lot LV-2611-04 from Northvale broke contract\n"
            "northvale-coa 2.3.0 in one place. No result was stored; the file is in\n"
            "quarantine.\n"
            "\n"
            "  Lot            LV-2611-04\n"
            "  Partner        Northvale\n"
            "  Slot opens     PT-7F3K  2026-11-23 10:00 UTC (in 26 h)\n"
            "  Data needed    2026-11-21 10:00 UTC (22 h ago), clause l1_due\n"  # Level 1 is due 48 h before the slot
            "  Contract       northvale-coa 2.3.0\n"
            "  Findings       1 error\n"
            "  Worst finding  COA-E104 decimal comma where the contract says point\n"
            "  Acts now       Northvale data desk\n"
            "\n"
            "Next: Ask Northvale for the corrected certificate, and decide in time\n"
            "whether the slot can wait for it.\n"
            f"Evidence: delivery D-2  {_digest(ledger)}  jid deliveries show D-2\n"
            'To own it: jid alerts ack A-1 -m "..."\n'
        )
        assert partner.recipient == "desk@partner.example"
        assert partner.subject == "[CRITICAL] CoA COA-2611004 of lot LV-2611-04 broke the contract; 22 h overdue"
        assert "PT-7F3K" not in str(partner)
        assert "jid check FILE --contract northvale-coa@2.3.0" in " ".join(partner.text.split())

    def test_a_resolve_says_by_what(self, ledger: Ledger) -> None:
        fail(ledger)
        ledger.deliver("northvale/coa", certificate(LOT, number="COA-2611004", revision=2))
        last = Message.from_payload(ledger.messages()[-1].payload)
        assert last.subject.startswith("[RESOLVED] ")
        assert last.next_step == "nothing; A-1 is resolved by evidence."


def _digest(ledger: Ledger) -> str:
    with ledger.store.reading() as tx:
        row = tx.delivery("D-2")
    assert row is not None
    return f"sha256 {row.sha256[:8]}...{row.sha256[-4:]}"


class TestNothingPersonal:
    """The canary: a text in every field that a partner fills freely, and in none of what people are sent."""

    canary = "CANARY Jane Doe 1961-04-01"

    def test_no_text_of_a_delivery_is_in_any_message(self, ledger: Ledger) -> None:
        c = self.canary
        tag = contract_of("brightwater/pat").schema.tags[0].tag
        loud = {
            "key": f"{c}.json", "file": f"{c}.json",
        }  # fmt: skip
        ledger.deliver(
            "northvale/schedule",
            slot("PT-1", LOT, 20 * HOUR, product=c, coi=c, suite=c),
            slot(c, LOT, 30 * HOUR, suite="other", actual_start=NOW - HOUR, status="running"),
            findings=[finding("SCH-E301", text=c, slot_uid="PT-1"), finding("SCH-E202", text=c, slot_uid=c)],
            **loud,  # type: ignore[arg-type]
        )
        spoken = with_result(
            certificate(LOT, number="COA-2611004", failing=["ENDOTOXIN"], material_id=c, spec_id=c, disposition="none"),
            result(panel("L2")[0]),
        )
        spoken = type(spoken)(**{**_fields(spoken), "signatures": (Signature(c, c, c, NOW),), "attachments": ((c, c),)})
        quality = finding("COA-E302", text=c, characteristic=c, certificate_no="COA-2611004")
        ledger.deliver("northvale/coa", spoken, findings=[quality], **loud)  # type: ignore[arg-type]
        for n, code in enumerate(("COA-E104", "COA-E408", "COA-E401", "FILE-E701", "COA-E301")):
            named = (
                {"certificate_no": c, "lot_number": c}
                if n % 2
                else {"certificate_no": "COA-2611004", "lot_number": LOT}
            )
            ledger.deliver(
                "northvale/coa",
                findings=[finding(code, text=c, characteristic=c, **named)],
                key=f"{c}{n % 2}",
                body=f"{n}".encode(),
                file=c,
            )
        for code in ("PAT-E102", "PAT-E303", "PAT-E305"):
            ledger.deliver("brightwater/pat", findings=[finding(code, text=c, tag=tag, batch_id=c)], file=c)
        ledger.deliver("brightwater/pat", findings=[finding("FILE-E201", text=c, tag=c)], file=c, key=c)
        ledger.tell(LinkFailed("halden/coa", "Unreachable", None, c, "platform"))
        ledger.tell(Reverted("halden/coa", c, c, "D-1"))
        ledger.pulled("northvale/coa")
        ledger.watch()
        kinds = {a.kind for a in ledger.alerts()}
        assert kinds >= {
            "coa.contract_failure", "coa.spec_failure", "delivery.changed", "lot.failed_after_start",
            "pat.gap", "pat.excursion", "pat.suspect", "pat.contract_failure", "schedule.conflict", "schedule.moved",
            "link.down",
        }  # fmt: skip
        said = [str(m) for m in ledger.messages()] + [str(a) for a in ledger.alerts()]
        assert len(said) > 20
        for text in said:
            for part in ("CANARY", "Jane", "1961"):
                assert part not in text


def _fields(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}  # type: ignore[attr-defined]


def test_the_store_says_no_to_two_active_alerts_of_one_fingerprint(ledger: Ledger) -> None:
    fail(ledger)
    alert = ledger.alert("coa.contract_failure")
    with pytest.raises(StoreError), ledger.store.transaction() as tx:
        tx.open_alert(
            fingerprint=alert.fingerprint, kind=alert.kind, severity="normal", audience="quality",
            partner="northvale", subject=LOT, view={},
        )  # fmt: skip


def test_a_message_that_no_mail_can_be_made_of_holds_up_no_other(tmp_path: Path, ledger: Ledger) -> None:
    """A sender's address in `hub.toml` that is none: each of its messages fails in our own code."""
    ledger.settings = SETTINGS
    ledger.tell(LinkFailed("halden/pat", "Unreachable", "CON-E401", "", "platform"))
    ledger.deliver("northvale/coa", certificate(LOT, failing=[panel("L1")[0]]), findings=[finding("COA-E501")])
    box = Recorder()
    broken = Maildir("box", tmp_path / "mail", "Hub <hub@sponsor.example>")
    waiting = len(ledger.messages())
    sent = send_due(ledger.store, {"box": broken, "t": box}, SETTINGS)
    assert sent.sent + sent.failed == waiting
    assert "could not be made" in {m.last_error for m in ledger.messages() if m.status == "waiting"}.pop()


def test_a_hanging_channel_ends_a_round_and_the_next_goes_on(ledger: Ledger) -> None:
    class Hanging(Recorder):
        def send(self, message: Message) -> str | None:
            ledger.clock.advance(timedelta(seconds=20))
            raise ChannelError("box", "no answer")

    ledger.settings = SETTINGS
    for n in range(12):
        ledger.tell(LinkFailed(f"halden/k{n}", "Unreachable", "CON-E401", "", "platform"))
    first = send_due(ledger.store, {"box": Hanging()}, SETTINGS)
    assert 0 < first.failed <= 3  # what is due must be looked at again within the minute
