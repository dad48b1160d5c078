"""Webhook: a CloudEvents 1.0 event in JSON, signed as Standard Webhooks says, one POST a message.

    webhook-id: <message id>          the same on every retry: drop what comes twice
    webhook-timestamp: <unix seconds> of this attempt
    webhook-signature: v1,<base64 of HMAC-SHA256(key, "id.timestamp.body")> [v1,<with the second key in rotation>]

Types are justindata.alert.<opened|reopened|raised|acknowledged|resolved>.v1.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any, Protocol

from hub.alerts.channels.channel import TIMEOUT_S
from hub.alerts.errors import ChannelError
from hub.alerts.messages import Message
from hub.clock import Clock

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
DATA_SCHEMA = "https://justindata.example/schemas/alert/1-0-0.json"
MAX_WAIT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side answered. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]


class Post(Protocol):
    """One POST: no redirect is followed, nothing is tried again. Raises OSError when no answer came."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer: ...


@dataclass(frozen=True)
class Webhook:
    """`secrets` are `whsec_<base64>` as Standard Webhooks writes them, or plain text; the first is the new one."""

    name: str
    url: str
    secrets: tuple[str, ...]
    source: str  # "/hub/demo"
    post: Post
    clock: Clock
    timeout_s: float = TIMEOUT_S

    def __repr__(self) -> str:
        return f"Webhook({self.name!r})"  # the URL is a secret too: many receivers put a token in it

    def send(self, message: Message) -> str | None:
        body = json.dumps(self.event(message), ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = int(self.clock.now().timestamp())
        headers = {
            "content-type": CONTENT_TYPE,
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(message.id, timestamp, body, self.secrets),
        }
        try:
            answer = self.post(self.url, body, headers, self.timeout_s)
        except OSError as error:
            raise ChannelError(self.name, f"no answer from the webhook: {type(error).__name__}") from error
        if not 200 <= answer.status < 300:
            raise ChannelError(self.name, f"the webhook answered {answer.status}", retry_after=_wait(answer))
        return f"HTTP {answer.status}"

    def event(self, message: Message) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": message.id,
            "source": self.source,
            "type": f"justindata.alert.{message.event}.v1",
            "subject": f"alert/{message.alert}",
            "time": message.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "dataschema": DATA_SCHEMA,
            "data": {**message.data, "text": message.subject},
        }


def sign(message_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> str:
    """The `webhook-signature` header: one signature a key, so that a receiver may hold either during a rotation."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.new(_key(secret), content, hashlib.sha256).digest()).decode()
        for secret in secrets
    )


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()


def _wait(answer: Answer) -> timedelta | None:
    """Retry-After in seconds; its date form and nonsense are left to our own back-off."""
    text = answer.headers.get("retry-after", "").strip()
    return min(timedelta(seconds=int(text[:9])), MAX_WAIT) if text.isascii() and text.isdigit() else None
