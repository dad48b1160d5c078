"""Promise kept here: a secret is a reference, and its value stands in no error and no repr."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.errors import SecretMissing
from connectors.secrets import resolve_secret


def test_references_are_resolved_from_the_environment_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    assert resolve_secret("env:NV_SECRET", {"NV_SECRET": "hush"}, tmp_path) == "hush"
    assert resolve_secret("file:key", {}, tmp_path) == "s3cret"
    assert resolve_secret(f"file:{tmp_path}/key", {}, Path("/")) == "s3cret"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NV_SECRET", "env:NV_SECRET: this environment variable is not set, or is empty"),
        ("env:EMPTY", "env:EMPTY: this environment variable is not set, or is empty"),
        ("file:nothing", "file:nothing: cannot be read (No such file or directory)"),
        ("file:binary", "file:binary: is not UTF-8 text"),
        ("file:blank", "file:blank: is empty"),
        ("hunter2-canary", "a secret: is not written as a reference; write env:NAME or file:PATH"),
    ],
)
def test_a_reference_that_points_nowhere_is_named_and_no_value_is(tmp_path: Path, reference: str, said: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "blank").write_text("\n")
    with pytest.raises(SecretMissing) as caught:
        resolve_secret(reference, {"EMPTY": "", "OTHER": "canary"}, tmp_path)
    assert str(caught.value) == said
    assert "canary" not in repr(caught.value)
