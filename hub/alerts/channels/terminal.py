"""Terminal: a short note for whoever runs the hub by hand."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TextIO

from hub.alerts.errors import ChannelError
from hub.alerts.messages import Message


@dataclass(frozen=True, slots=True)
class Terminal:
    """Writes to `stream`, else to stderr: stdout belongs to data."""

    name: str
    stream: TextIO | None = None

    def send(self, message: Message) -> str | None:
        stream = self.stream or sys.stderr
        try:
            stream.write(f"{message.subject}\n  to {message.recipient}: {message.next_step}\n")
            stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            raise ChannelError(self.name, "the terminal is closed") from error
        return None
