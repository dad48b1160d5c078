"""Errors of hub.store. Each says who must act (`audience`), what is safe to do next (`action`), and carries its data.

StoreError
  LeaseLost            somebody else holds the name now                    platform, nothing to do
  CursorMoved          the cursor is not where the pull started            platform, nothing to do
  LedgerBusy           another process held the ledger's lock too long     platform, the next tick tries again
  LakeBusy             Delta refused a commit again and again              platform, the next tick tries again
  StoreFull            no space left; what was half written is removed     platform, make room
  StoreFault           the disk failed: what was written is unknown        platform, stop and reconcile
  StoreUnreachable     a folder or file can't be opened or written         platform, rights or path
  LedgerUnsafe         the ledger runs on settings that can lose data      platform, before start
  LedgerVersion        the ledger's tables belong to another version       platform, before start
  LedgerRefused        the ledger refused a row or a statement             platform, a fault in the hub
  LakeMismatch         ledger and lake disagree, or a commit is torn       platform and quality
  BlobMismatch         archived bytes are not what their name says         platform and quality
  NotFound             no such delivery, alert, blob or publish            whoever asked
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Action(StrEnum):
    """What the caller does with the work at hand."""

    RETRY = "retry"
    SKIP = "skip"
    STOP = "stop"


class StoreError(Exception):
    """Ground of every error of the store. `message` is for whoever must act, `detail` for engineers."""

    audience: Literal["platform", "quality"] = "platform"
    action: Action = Action.STOP

    def __init__(self, message: str, detail: str = "") -> None:
        self.message, self.detail = message, detail
        super().__init__(message)


class LeaseLost(StoreError):
    """Another worker took the name over; this transaction was rolled back."""

    action = Action.SKIP

    def __init__(self, name: str, mine: int, current: int | None) -> None:
        self.name, self.mine, self.current = name, mine, current
        now = "is gone" if current is None else f"was overtaken by {current}"
        super().__init__(f"{name}: lease token {mine} {now}. The other worker goes on; no data is lost.")


class CursorMoved(StoreError):
    """The stored cursor is not the one this pull started from; this transaction was rolled back."""

    action = Action.SKIP

    def __init__(self, feed: str) -> None:
        self.feed = feed
        super().__init__(f"{feed}: another pull moved the cursor. The next pull goes on from there; no data is lost.")


class LedgerBusy(StoreError):
    """The ledger's write lock was not given within the busy timeout. Nothing was written."""

    action = Action.RETRY

    def __init__(self, detail: str) -> None:
        super().__init__("the ledger is busy with another process; nothing was written, try again", detail)


class LakeBusy(StoreError):
    """Delta refused the commit each time because another commit came first. Nothing was written."""

    action = Action.RETRY

    def __init__(self, table: str, feed: str, seq: int, tries: int) -> None:
        self.table, self.feed, self.seq, self.tries = table, feed, seq, tries
        super().__init__(f"{feed}: publish {seq} was refused {tries} times by commits of others. It is tried again.")


class StoreFull(StoreError):
    """No space left. What was half written is removed; nothing that was acknowledged is touched."""

    def __init__(self, what: str, detail: str) -> None:
        self.what = what
        super().__init__(f"no space left for the {what}: make room and run again; nothing acknowledged is lost", detail)


class StoreFault(StoreError):
    """The disk answered a write or an fsync with an error: whether it is durable is unknown. Never retried blindly."""

    def __init__(self, what: str, detail: str) -> None:
        self.what = what
        super().__init__(f"the disk failed under the {what}: stop, check the disk, start again (it reconciles)", detail)


class StoreUnreachable(StoreError):
    """A part of the store can't be opened at all: a wrong path, missing rights, a read-only file system."""

    def __init__(self, what: str, detail: str) -> None:
        self.what = what
        super().__init__(
            f"the {what} can't be opened: check its path in hub.toml and the rights there ({detail})", detail
        )


class LedgerUnsafe(StoreError):
    """The ledger's engine did not take a setting that durability depends on."""

    def __init__(self, setting: str, wanted: str, got: str) -> None:
        self.setting, self.wanted, self.got = setting, wanted, got
        super().__init__(
            f"the ledger runs with {setting} = {got}, it must be {wanted}; is it on a network file system?"
        )


class LedgerVersion(StoreError):
    """The ledger's tables were made by a version of the hub that this one does not know."""

    def __init__(self, found: str, known: str) -> None:
        self.found, self.known = found, known
        super().__init__(f"the ledger has table version {found}, this hub knows {known}: start the newer hub")


class LedgerRefused(StoreError):
    """A constraint or trigger refused a statement: a fault in the hub, never in a partner's data."""

    def __init__(self, detail: str) -> None:
        super().__init__("the ledger refused a change; nothing of this transaction was stored", detail)


class LakeMismatch(StoreError):
    """The lake does not hold what its log or the ledger says."""

    def __init__(self, table: str, version: int | None, reason: str) -> None:
        self.table, self.version, self.reason = table, version, reason
        at = "" if version is None else f" at version {version}"
        super().__init__(f"{table}{at}: {reason}; rebuild this partner's lake table from archive and ledger")


class BlobMismatch(StoreError):
    """Bytes in the archive, or on their way into it, have another size or hash than announced."""

    audience = "quality"

    def __init__(self, name: str, expected: str, found: str) -> None:
        self.name, self.expected, self.found = name, expected, found
        super().__init__(f"archive {name}: expected {expected}, found {found}")


class NotFound(StoreError):
    """There is no such thing in the store."""

    action = Action.SKIP

    def __init__(self, noun: str, id: str) -> None:
        self.noun, self.id = noun, id
        super().__init__(f"there is no {noun} {id} in the store")
