"""Promise: bytes are kept as received, whole or not at all, under the name of their hash."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import faults
from hub.store import Archive, BlobMismatch, NotFound, StoreFault, StoreFull

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def names(archive: Archive) -> list[str]:
    return sorted(path.relative_to(archive.root).as_posix() for path in archive.root.rglob("*") if path.is_file())


def test_an_object_lies_in_two_folders_under_the_hash_of_its_bytes(archive: Archive) -> None:
    blob = archive.put_sync([b"ab", b"c"])
    # FIPS 180-2, appendix B.1: SHA-256 of "abc"
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (blob.sha256, blob.size) == (sha256, 3)
    assert names(archive) == [f"ba/78/{sha256}"]
    assert archive.open(sha256).read() == b"abc"
    assert archive.holds(sha256)


def test_the_same_bytes_twice_are_one_object(archive: Archive) -> None:
    assert archive.put_sync([b"abc"]) == archive.put_sync([b"a", b"bc"])
    assert len(names(archive)) == 1


async def test_a_stream_is_kept_chunk_by_chunk(archive: Archive) -> None:
    large = os.urandom(1 << 19)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"head"
        await asyncio.sleep(0)
        yield large

    blob = await archive.put(chunks())
    assert blob.sha256 == hashlib.sha256(b"head" + large).hexdigest()
    assert (await archive.put([b"head", large])) == blob


async def test_a_stream_that_breaks_off_leaves_nothing(archive: Archive) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError("peer went away")

    with pytest.raises(ConnectionResetError):
        await archive.put(chunks())
    assert names(archive) == []


def test_a_body_of_another_size_than_announced_is_refused(archive: Archive) -> None:
    with pytest.raises(BlobMismatch, match="expected 10 bytes, found 3 bytes"):
        archive.put_sync([b"abc"], expected_size=10)
    assert names(archive) == []


def test_an_object_that_was_cut_off_in_the_archive_is_not_taken_for_the_real_one(archive: Archive) -> None:
    blob = archive.put_sync([b"abc"])
    path = archive.path(blob.sha256)
    path.chmod(0o644)
    path.write_bytes(b"ab")
    assert not archive.holds(blob.sha256)
    with pytest.raises(BlobMismatch, match="2 bytes in the archive"):
        archive.put_sync([b"abc"])


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "0" * 63, "0" * 64])
def test_a_name_that_is_no_hash_or_not_there_is_not_found(archive: Archive, name: str) -> None:
    with pytest.raises(NotFound):
        archive.path(name)
    assert not archive.holds(name)


def test_bytes_and_folders_are_made_durable_before_the_name_is_given(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, no_faults: None
) -> None:
    """kill -9 keeps the page cache, so the calls are recorded: file, then rename, then the folders that name it."""
    events: list[str] = []
    real = os.fsync

    def recorded(handle: int) -> None:
        events.append(Path(f"/proc/self/fd/{handle}").readlink().relative_to(archive.root).as_posix())
        real(handle)

    monkeypatch.setattr(os, "fsync", recorded)
    faults.arm("store.before_archive_rename", action=lambda: events.append("rename"))
    archive.put_sync([b"abc"])
    assert events[0].startswith("tmp/")
    assert events[1:] == ["rename", "ba/78", "ba", "."]


def test_what_a_crash_left_is_removed_after_a_day(archive: Archive) -> None:
    left = archive.root / "tmp" / "0123"
    left.write_bytes(b"half")
    now = datetime.now(UTC)
    assert archive.clean(now - timedelta(days=1)) == 0
    os.utime(left, (now.timestamp() - 90_000,) * 2)
    assert archive.clean(now - timedelta(days=1)) == 1
    assert names(archive) == []


def test_a_limit_on_file_size_is_no_space_and_leaves_nothing(tmp_path: Path) -> None:
    """In a process of its own, because the limit can't be raised again."""
    code = f"""
import resource
from pathlib import Path
from hub.store import Archive, StoreFull
archive = Archive(Path({str(tmp_path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    archive.put_sync([b"x" * 5000])
except StoreFull as error:
    print(error.what, error.audience, len(list((archive.root / "tmp").iterdir())))
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["archive", "platform", "0"]


def test_a_disk_that_fails_is_no_full_disk(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StoreFault, match="stop, check the disk") as fault:
        archive.put_sync([b"abc"])
    assert not isinstance(fault.value, StoreFull)
    assert names(archive) == []
