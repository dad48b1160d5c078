"""Promise kept here: a connector is found by name, also one of another package, and a missing one is explained."""

from __future__ import annotations

import inspect
import sys
import textwrap
from pathlib import Path

import pytest

from connectors import names, registry
from connectors.errors import ConnectorError, MissingExtra, UnknownPartner
from connectors.names import is_safe_key, is_safe_name, safe_name
from connectors.testing import ListConnector, sent
from contracts.yamltree import plain, read_yaml

PACKAGE = """
from connectors.testing import ListConnector, sent
from connectors.transport import Options, Setup, Transport

class ListOptions(Options):
    words: tuple[str, ...]

TRANSPORT = Transport("list", ListOptions, lambda setup, o: ListConnector([sent(w, w.encode()) for w in o.words]))
NOTHING = 1
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is installed beside ours, as pip leaves it behind."""
    (tmp_path / "acme_list.py").write_text(PACKAGE)
    info = tmp_path / "acme_list-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-list\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[justindata.connectors]\nlist = acme_list:TRANSPORT\nbroken = acme_nothing:X\nodd = acme_list:NOTHING\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_list", raising=False)


async def test_a_connector_of_another_package_works_like_ours(installed: None, open_feed, pull) -> None:
    assert registry.names() == ("broken", "folder", "list", "odd", "rest", "sftp")
    pulled = await pull(open_feed("list", {"words": ["a", "b"]}))
    assert (pulled.keys, pulled.data) == (["a", "b"], [b"a", b"b"])


def test_a_broken_or_unknown_connector_is_explained(installed: None) -> None:
    with pytest.raises(ConnectorError, match="cannot be loaded"):
        registry.find("broken")
    with pytest.raises(ConnectorError, match="does not register"):
        registry.find("odd")
    with pytest.raises(UnknownPartner, match=r"did you mean sftp\? valid: broken, folder, list, odd, rest, sftp"):
        registry.find("stfp")


def test_a_missing_extra_says_what_to_install(open_feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    monkeypatch.delitem(sys.modules, "connectors.transports.sftpsession", raising=False)
    options = {"host": "h", "username": "u", "password": "env:P", "host_key": "SHA256:" + "A" * 43, "paths": ["/a"]}
    with pytest.raises(MissingExtra, match=r'connector "sftp" needs one more library: install justindata-hub\[sftp\]'):
        open_feed("sftp", options, environ={"P": "x"})


async def test_the_fake_keeps_the_promises_of_a_connector(pull) -> None:
    fake = ListConnector([sent(key, key.encode() * 3) for key in "abc"], chunk_bytes=2)
    first = await pull(fake, at_most=1)
    second = await pull(fake, first.cursor)
    assert (first.keys, second.keys, second.data) == (["a"], ["b", "c"], [b"bbb", b"ccc"])
    fake.error = GoneError("gone")
    third = await pull(fake)
    assert (third.keys, third.error, [line.state for line in await fake.check()]) == (
        ["a", "b", "c"],
        fake.error,
        ["failed"],
    )
    await fake.close()
    assert fake.closed


class GoneError(ConnectorError):
    pass


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\0", "a\n", "\x7f", "\ud800", "é" * 128])
def test_names_that_could_harm_are_never_used(name: str) -> None:
    assert not is_safe_name(name)
    assert is_safe_name(safe_name(name))


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ["COA-1_r2.json", "Zertifikat für Los 3.xlsx", "检验报告.csv", "a" * 255]:
        assert is_safe_name(name)
        assert safe_name(name) == name
    assert is_safe_key("COA/2026/1:2")
    assert not is_safe_key(" ")
    assert names.MAX_BYTES == 255


@pytest.mark.parametrize("name", ["rest", "sftp", "folder"])
def test_the_example_in_a_transports_docstring_is_valid(name: str) -> None:
    transport = registry.find(name)
    text = inspect.getdoc(sys.modules[transport.open.__module__]) or ""
    start = text.index("    connector: ")
    block = text[start : text.index("\n\n", start)]
    written = plain(read_yaml(textwrap.dedent(block).encode()).root)
    assert written["connector"] == name
    transport.options.model_validate(written["options"])
