"""Errors of connectors. No other exception leaves this package from a connector's methods.

ConnectorError
  ConfigError            a partner file or an option is wrong; lists every problem          platform, before start
  UnknownPartner         nobody has this partner id, or the partner has no such feed        platform
  SecretMissing          a reference points nowhere                                         platform
  MissingExtra           the transport needs a library that is not installed                platform
  CursorNotUnderstood    a stored cursor of another transport or a newer version            platform
  Unreachable            CON-E401  no whole answer after all attempts                       platform, retried
    DeadlineExceeded     CON-E401  the answer dripped past its total deadline               platform, retried
    RateLimited          CON-E401  asked to wait longer than a pull may last                platform, retried
  SignInRefused          CON-E402  credentials refused, or the account may not do this      platform
  PeerNotTrusted         CON-E402  the server could not prove who it is                     platform, never retried
    HostKeyChanged       CON-E402  the SFTP server shows another key than the pinned one    platform, never retried
  ForeignOrigin          a redirect or `next` points to another scheme, host or port        partner, never followed
  SourceMissing          a path or folder that the feed names is not there                  platform
  BadAnswer              FILE-E405 the answer is not what the protocol promises             partner
    TruncatedAnswer      FILE-E402 the answer ends in the middle                            partner
    AnswerTooLarge       FILE-E603 the answer is longer than the feed's byte cap            partner
    PageLoop             FILE-E405 the pages lead back to a page that was read already      partner

`message` (also str()) is for whoever must act and holds no secret and nothing of what was delivered. `detail` is for
engineers. CON-E403, an empty answer although data were due, is not raised here: only the hub knows what was due.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from contracts.codes import Action
from contracts.errors import valid_values


class Reaction(StrEnum):
    """What the hub does after an error."""

    RETRY = "retry"  # the next tick asks again; nothing to do by hand yet
    STOP = "stop"  # asking again changes nothing until somebody has acted


class ConnectorError(Exception):
    """Root. `audience` says who must act, `action` what the hub does, `code` is the finding code where one fits."""

    audience: ClassVar[Action] = Action.PLATFORM
    action: ClassVar[Reaction] = Reaction.STOP
    code: ClassVar[str | None] = None

    def __init__(self, message: str, *, detail: str = "") -> None:
        self.message, self.detail = message, detail
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing wrong with a file that a person wrote. `line` and `column` are 1-based; `help` says what is valid."""

    file: str
    line: int
    column: int
    message: str
    help: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column} {self.message}"
        return f"{text}; {self.help}" if self.help else text


class ConfigError(ConnectorError):
    """`problems` holds all of them, in the order of the files, so that one round of editing is enough."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownPartner(ConnectorError):
    """Nothing is called `wanted`; `known` lists the valid names."""

    def __init__(self, what: str, wanted: str, known: Sequence[str]) -> None:
        self.what, self.wanted, self.known = what, wanted, tuple(known)
        super().__init__(f"no {what} is called {wanted}; {valid_values(wanted, known)}")


class SecretMissing(ConnectorError):
    """`reference` is the reference as it was written (env:NAME, file:PATH), never a value."""

    def __init__(self, reference: str, why: str) -> None:
        self.reference = reference
        super().__init__(f"{reference}: {why}")


class MissingExtra(ConnectorError):
    def __init__(self, transport: str, extra: str) -> None:
        self.transport, self.extra = transport, extra
        super().__init__(f'connector "{transport}" needs one more library: install justindata-hub[{extra}]')


class CursorNotUnderstood(ConnectorError):
    def __init__(self, feed: str, why: str) -> None:
        self.feed = feed
        super().__init__(f"{feed}: the stored cursor cannot be read on from ({why}); pull with a start time instead")


class Unreachable(ConnectorError):
    code = "CON-E401"
    action = Reaction.RETRY


class DeadlineExceeded(Unreachable):
    """A slow drip never trips a read time-out; the total deadline of a response does."""

    def __init__(self, where: str, seconds: float, size_bytes: int = 0) -> None:
        self.where, self.seconds, self.size_bytes = where, seconds, size_bytes
        super().__init__(f"{where}: no whole answer within {seconds:g} s", detail=f"{size_bytes} bytes had arrived")


class RateLimited(Unreachable):
    """`retry_after` is what the partner asked for, in seconds; None when it only kept refusing."""

    def __init__(self, where: str, retry_after: float | None) -> None:
        self.where, self.retry_after = where, retry_after
        asked = f"asks to wait {retry_after:.0f} s" if retry_after is not None else "keeps answering: too many requests"
        super().__init__(f"{where}: the partner {asked}; the next tick goes on from the stored cursor")


class SignInRefused(ConnectorError):
    code = "CON-E402"


class PeerNotTrusted(ConnectorError):
    code = "CON-E402"


class HostKeyChanged(PeerNotTrusted):
    """Fingerprints are public: both are shown, so that a rotation can be told from an attack by asking the partner."""

    def __init__(self, host: str, pinned: Sequence[str], seen: str) -> None:
        self.host, self.pinned, self.seen = host, tuple(pinned), seen
        super().__init__(
            f"{host} shows host key {seen}, pinned is {', '.join(pinned)}; nothing was sent. "
            "Ask the partner by another way whether the key was changed, then pin the new one"
        )


class ForeignOrigin(ConnectorError):
    audience = Action.PARTNER

    def __init__(self, allowed: str, pointed_to: str, by: str) -> None:
        self.allowed, self.pointed_to, self.by = allowed, pointed_to, by
        super().__init__(f"{by} points to {pointed_to}, outside of {allowed}; it was not followed and nothing was sent")


class SourceMissing(ConnectorError):
    pass


class BadAnswer(ConnectorError):
    """`evidence` holds the bytes that were refused, where there are any, for whoever keeps them; never shown.
    `status` is the HTTP status when that was the trouble."""

    code = "FILE-E405"
    audience = Action.PARTNER
    action = Reaction.RETRY

    def __init__(
        self, message: str, *, detail: str = "", evidence: bytes | None = None, status: int | None = None
    ) -> None:
        super().__init__(message, detail=detail)
        self.evidence, self.status = evidence, status


class TruncatedAnswer(BadAnswer):
    """`line` and `column` (1-based, columns in characters) say where the answer stops making sense."""

    code = "FILE-E402"

    def __init__(self, where: str, line: int, column: int, complete: int, *, evidence: bytes | None = None) -> None:
        self.where, self.line, self.column, self.complete = where, line, column, complete
        super().__init__(
            f"{where}: the answer breaks off at {line}:{column}; the {complete} whole items before it were taken",
            evidence=evidence,
        )


class AnswerTooLarge(BadAnswer):
    code = "FILE-E603"

    def __init__(self, where: str, max_bytes: int) -> None:
        self.where, self.max_bytes = where, max_bytes
        super().__init__(f"{where}: the answer is longer than the {max_bytes} bytes that this feed reads (max_bytes)")


class PageLoop(BadAnswer):
    pass
