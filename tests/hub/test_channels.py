"""Promise: each channel hands one message to one recipient over its real protocol, under an id that stays the same on
every try, and says plainly when it could not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import json
import mailbox
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from hub.alerts.channels import Maildir, Smtp, Terminal, Webhook, open_channels, sign
from hub.alerts.channels.post import post
from hub.alerts.errors import ChannelError
from hub.alerts.messages import Message
from hub.clock import FakeClock
from hub.settings import Settings
from tests.hub.meaning_support import NOW

SECRET = "whsec_" + base64.b64encode(b"a key of twenty-four byt").decode()


def message(**changes: object) -> Message:
    values: dict[str, object] = {
        "id": "b3c1e07f42a9",
        "thread": "b3c1e07f42a9",
        "recipient": "qa@sponsor.example",
        "event": "opened",
        "alert": "A-7",
        "severity": "critical",
        "subject": "[CRITICAL] Slot PT-7F3K has no valid Level 1 CoA; 26 h left",
        "text": "CoA COA-1 broke the contract.\n",
        "next_step": "Ask Northvale.",
        "at": NOW,
        "data": {"alert": "A-7", "lot": "LV-2611-04"},
    }
    return Message(**{**values, **changes})  # type: ignore[arg-type]


def test_a_message_comes_back_from_the_outbox_as_it_was() -> None:
    payload = json.loads(json.dumps(message().as_payload()))
    assert Message.from_payload(payload) == message()


class TestTerminal:
    def test_it_says_what_and_what_to_do(self) -> None:
        stream = io.StringIO()
        Terminal("terminal", stream).send(message())
        assert stream.getvalue() == (
            "[CRITICAL] Slot PT-7F3K has no valid Level 1 CoA; 26 h left\n  to qa@sponsor.example: Ask Northvale.\n"
        )

    def test_a_closed_terminal_is_an_error_that_is_tried_again(self) -> None:
        stream = io.StringIO()
        stream.close()
        with pytest.raises(ChannelError, match="closed"):
            Terminal("terminal", stream).send(message())


class TestMaildir:
    def test_mails_of_one_alert_are_one_thread_and_no_holiday_notice_answers(self, tmp_path: Path) -> None:
        channel = Maildir("mailbox", tmp_path / "mail", "hub@sponsor.example")
        channel.send(message())
        channel.send(message(id="feedc0de", event="resolved", subject="[RESOLVED] Slot PT-7F3K"))
        mails = {m["Message-ID"]: m for m in mailbox.Maildir(tmp_path / "mail")}
        first, last = mails["<b3c1e07f42a9@sponsor.example>"], mails["<feedc0de@sponsor.example>"]
        assert first["In-Reply-To"] is None
        assert last["In-Reply-To"] == last["References"] == first["Message-ID"]
        assert {m["Auto-Submitted"] for m in mails.values()} == {"auto-generated"}
        assert (first["To"], first["X-Priority"], last["X-Priority"]) == ("qa@sponsor.example", "1 (Highest)", None)
        assert "CoA COA-1 broke the contract." in first.get_payload()

    def test_a_folder_that_can_not_be_written_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "mail").write_text("a file is in the way")
        with pytest.raises(ChannelError, match="cannot write to the mail folder"):
            Maildir("mailbox", tmp_path / "mail", "hub@sponsor.example").send(message())

    def test_a_subject_with_a_line_break_can_add_no_header(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="linefeed"):
            Maildir("mailbox", tmp_path / "mail", "hub@a.example").send(message(subject="x\nBcc: all@b.example"))


@dataclass
class MailServer:
    """A small SMTP server: takes mails, or refuses as told."""

    refuse: str | None = None  # the answer to RCPT TO
    got: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        sender, recipients = "", list[str]()
        say("220 test")
        while line := (await reader.readline()).decode().strip():
            verb = line[:4].upper()
            if verb == "MAIL":
                sender = line.split("<")[1].split(">")[0]
                say("250 ok")
            elif verb == "RCPT":
                recipients.append(line.split("<")[1].split(">")[0])
                say(self.refuse or "250 ok")
            elif verb == "DATA":
                say("354 go on")
                body = b""
                while (part := await reader.readline()) != b".\r\n":
                    body += part.removeprefix(b".")
                mail = message_from_bytes(body, policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.got.append((sender, recipients, mail))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")
        writer.close()


@contextmanager
def mail_server(refuse: str | None = None) -> Iterator[MailServer]:
    server, ready, stop = MailServer(refuse), threading.Event(), asyncio.Event()

    async def main() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.port = listening.sockets[0].getsockname()[1]
        server.loop = asyncio.get_running_loop()  # type: ignore[attr-defined]
        ready.set()
        async with listening:
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        server.loop.call_soon_threadsafe(stop.set)  # type: ignore[attr-defined]
        thread.join(10)


class TestSmtp:
    def test_one_message_goes_to_one_recipient(self) -> None:
        with mail_server() as server:
            smtp = Smtp("mail", "127.0.0.1", server.port, "hub@sponsor.example", "none")
            assert smtp.send(message()) == "<b3c1e07f42a9@sponsor.example>"
        ((sender, recipients, mail),) = server.got
        assert (sender, recipients) == ("hub@sponsor.example", ["qa@sponsor.example"])
        assert mail["Subject"] == "[CRITICAL] Slot PT-7F3K has no valid Level 1 CoA; 26 h left"
        assert mail.get_content().splitlines() == ["CoA COA-1 broke the contract."]

    def test_a_refused_recipient_is_named_by_code_alone(self) -> None:
        with mail_server("550 no such user qa@sponsor.example") as server:
            smtp = Smtp("mail", "127.0.0.1", server.port, "hub@sponsor.example", "none")
            with pytest.raises(ChannelError, match=r"refused the recipient \(550\)"):
                smtp.send(message())

    def test_a_server_that_offers_no_encryption_gets_nothing(self) -> None:
        with mail_server() as server:
            smtp = Smtp("mail", "127.0.0.1", server.port, "hub@sponsor.example", "starttls", "hub", "hunter2")
            with pytest.raises(ChannelError) as error:
                smtp.send(message())
        assert server.got == []
        assert "hunter2" not in f"{error.value} {smtp!r}"

    def test_a_server_that_is_not_there_is_an_error(self) -> None:
        with mail_server() as server:
            port = server.port
        with pytest.raises(ChannelError, match="could not be used: ConnectionRefusedError"):
            Smtp("mail", "127.0.0.1", port, "hub@sponsor.example", "none").send(message())


class Receiver(BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[dict[str, str], bytes]]] = []
    answer: ClassVar[tuple[int, dict[str, str]]] = (204, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        status, headers = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiver(status: int = 204, **headers: str) -> Iterator[str]:
    Receiver.got, Receiver.answer = [], (status, {k.replace("_", "-"): v for k, v in headers.items()})
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook?token=s3cret"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def webhook(url: str, *secrets: str) -> Webhook:
    return Webhook("hook", url, secrets or (SECRET,), "/hub/demo", post, FakeClock(NOW))


class TestWebhook:
    def test_it_posts_a_cloud_event_whose_signature_a_receiver_can_check(self) -> None:
        with receiver() as url:
            assert webhook(url).send(message()) == "HTTP 204"
        ((headers, body),) = Receiver.got
        event = json.loads(body)
        assert {k: event[k] for k in ("specversion", "id", "source", "type", "subject", "time")} == {
            "specversion": "1.0",
            "id": "b3c1e07f42a9",
            "source": "/hub/demo",
            "type": "justindata.alert.opened.v1",
            "subject": "alert/A-7",
            "time": "2026-11-22T08:00:00Z",
        }
        assert headers["content-type"].startswith("application/cloudevents+json")
        assert headers["webhook-id"] == "b3c1e07f42a9"
        assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
        signed = f"b3c1e07f42a9.{int(NOW.timestamp())}.".encode() + body
        digest = hmac.new(b"a key of twenty-four byt", signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"

    def test_the_signature_is_the_one_of_the_standard(self) -> None:
        """The example of the Standard Webhooks specification."""
        assert (
            sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1614265330,
                b'{"test": 2432232314}',
                ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            )
            == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        )

    def test_during_a_rotation_both_keys_sign(self) -> None:
        new, old = sign("a", 1, b"x", [SECRET, "old key"]).split(" ")
        assert new == sign("a", 1, b"x", [SECRET])
        assert old == sign("a", 1, b"x", ["old key"])

    @pytest.mark.parametrize("status", [301, 400, 410, 500])
    def test_anything_but_a_2xx_is_tried_again_and_no_redirect_is_followed(self, status: int) -> None:
        elsewhere = receiver(status, location="http://127.0.0.1:1/elsewhere")
        with elsewhere as url, pytest.raises(ChannelError, match=f"answered {status}") as error:
            webhook(url).send(message())
        assert len(Receiver.got) == 1
        assert "s3cret" not in f"{error.value} {webhook(url)!r}"

    def test_a_receiver_that_asks_to_wait_is_heard(self) -> None:
        with receiver(429, retry_after="120") as url, pytest.raises(ChannelError) as error:
            webhook(url).send(message())
        assert error.value.retry_after == timedelta(seconds=120)

    def test_nobody_there_is_an_error_without_the_url(self) -> None:
        with receiver() as url:
            pass
        with pytest.raises(ChannelError, match="no answer") as error:
            webhook(url).send(message())
        assert "s3cret" not in str(error.value)

    def test_a_signed_message_goes_over_no_open_wire(self) -> None:
        with pytest.raises(ChannelError):
            webhook("http://hooks.partner.example/x").send(message())


class TestOpening:
    def test_channels_are_opened_as_hub_toml_says(self, tmp_path: Path) -> None:
        settings = Settings.model_validate(
            {
                "channels": [
                    {"name": "t", "kind": "terminal"},
                    {"name": "box", "kind": "maildir", "folder": str(tmp_path / "mail")},
                    {"name": "smtp", "kind": "smtp", "host": "localhost", "from": "hub@a.example"},
                    {"name": "hook", "kind": "webhook", "url": "https://a.example/x", "secret": "env:NOT_THERE"},
                ],
                "routes": [{"channels": ["t"]}],
            }
        )
        channels = open_channels(settings, FakeClock(NOW))
        assert [type(c).__name__ for c in channels.values()] == ["Terminal", "Maildir", "Smtp", "Unusable"]
        with pytest.raises(ChannelError, match="env:NOT_THERE"):
            channels["hook"].send(message())

    def test_one_that_lacks_its_secret_does_not_stop_the_others(self, tmp_path: Path) -> None:
        settings = Settings.model_validate(
            {
                "channels": [
                    {"name": "hook", "kind": "webhook", "url": "https://a.example/x", "secret": "env:NOT_THERE"},
                    {"name": "box", "kind": "maildir", "folder": str(tmp_path / "mail")},
                ],
                "routes": [{"channels": ["box"]}],
            }
        )
        open_channels(settings, FakeClock(NOW))["box"].send(replace(message(), severity="normal"))
        assert len(mailbox.Maildir(tmp_path / "mail")) == 1
