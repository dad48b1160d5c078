"""The words of an attachment: what can be read is read, and a hostile one costs no more than its length."""

from __future__ import annotations

import time
import zlib

import pytest

from contracts.values.evidence import attached, names, words_of


def pdf(content: bytes, *, deflated: bool = True) -> bytes:
    body = zlib.compress(content) if deflated else content
    return b"%PDF-1.7\n1 0 obj\n<< >>\nstream\n" + body + b"\nendstream\nendobj\n%%EOF"


@pytest.mark.parametrize("deflated", [True, False])
def test_the_strings_of_a_page_are_read(deflated: bool) -> None:
    content = rb"BT (Lot LV-) Tj (2611\(04\)) Tj [<4C 56> 12 <2d 3 2>] TJ (open ET"
    assert words_of(pdf(content, deflated=deflated)) == "Lot LV-\n2611(04)\nLV\n-2"


def test_pages_without_text_and_bytes_without_letters_have_none() -> None:
    assert words_of(pdf(b"q 1 0 0 1 0 0 cm /Im0 Do Q")) is None
    assert words_of(b"\xff\xfe\x00\x01") is None
    assert attached("not base64!") is None
    assert attached("data:application/pdf;base64,JVBERi0=") == b"%PDF-"


@pytest.mark.parametrize(
    "hostile",
    [
        b"%PDF-" + b"stream\n" * 400_000,
        b"%PDF-stream\nBT" + b"(\\" * 400_000 + b"endstream",
        b"%PDF-stream\nBT" + b"(" * 800_000 + b"endstream",
        b"%PDF-stream\nBT" + b"<4" * 400_000 + b"endstream",
    ],
)
def test_a_hostile_attachment_is_read_in_linear_time(hostile: bytes) -> None:
    begun = time.process_time()
    words_of(hostile)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Lot LV-2611-1 2026-11-02", True),
        ("Lot: LV-2611-1.", True),
        ("LV-26\n11-1\nreleased", True),  # one word in two strings of a PDF
        ("Lot LV-2611-11", False),
        ("Lot LV-2611-12, LV-2611-10", False),
        ("LV-26\n11-11", False),
        ("Lot XLV-2611-12", False),
        ("nothing", False),
    ],
)
def test_a_lot_is_named_as_a_whole(text: str, named: bool) -> None:
    assert names(text, "LV-2611-1") is named


def test_a_name_of_two_words_may_be_broken_between_them() -> None:
    assert names("material\nLV CD19 lot", "LV  CD19")
