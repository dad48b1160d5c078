"""Mail folder: each message is a file in a maildir, for laptops, demos and hosts whose mail system fetches it there."""

from __future__ import annotations

import mailbox
from dataclasses import dataclass
from pathlib import Path

from hub.alerts.channels.mail import email_of
from hub.alerts.errors import ChannelError
from hub.alerts.messages import Message


@dataclass(frozen=True, slots=True)
class Maildir:
    """`folder` is made with its `cur`, `new` and `tmp` when it is not there."""

    name: str
    folder: Path
    sender: str

    def send(self, message: Message) -> str | None:
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            # The stdlib writes to tmp, syncs the file, then links it into new: a reader never sees half a mail.
            return mailbox.Maildir(self.folder, create=True).add(email_of(message, self.sender))
        except OSError as error:
            raise ChannelError(self.name, f"cannot write to the mail folder: {error.strerror or error}") from error
