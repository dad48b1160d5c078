"""Promise kept here: a contract page is one safe file that says in plain words what the contract says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contracts.codes import codes
from contracts.contract import Contract
from contracts.explain import page
from contracts.kit.contractpage import contract_page
from contracts.kit.duetexts import duration_words, levels
from contracts.kit.fieldnote import fields_of
from contracts.odcs import load_catalog

SHIPPED = load_catalog().all()
VOID = {"meta", "br", "col"}


def named(contract: Contract) -> str:
    return contract.id


class Reader(HTMLParser):
    """What a browser would see: text, ids, links; complains about elements that are not closed in their order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.said: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.said.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.said))


@pytest.mark.parametrize("contract", SHIPPED, ids=named)
def test_the_page_is_one_file_without_script_and_its_links_stay_inside(contract: Contract) -> None:
    source = contract_page(contract)
    read = Reader(source)
    assert not read.tags & {"script", "img", "link", "iframe", "object", "form"}
    assert not [name for name in read.attributes if name.startswith("on") or name in ("style", "src")]
    assert "url(" not in source
    assert "@import" not in source
    assert "http" not in re.sub(r'http-equiv="', "", source)
    assert len(read.ids) == len(set(read.ids))
    assert read.links
    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)
    assert all(link.startswith("#") for link in read.links)


@pytest.mark.parametrize("contract", SHIPPED, ids=named)
def test_everything_of_the_contract_is_on_the_page(contract: Contract) -> None:
    read = Reader(contract_page(contract))
    for field in fields_of(contract.schema.fields):
        assert field.name in read.text
    for test in contract.schema.tests:
        assert test.code in read.text
        assert (test.unit or "") in read.text
        assert all(method in read.text for method in test.methods)
    for tag in contract.schema.tags:
        assert tag.tag in read.text
        assert f"{tag.low} to {tag.high}" in read.text
    for words in contract.schema.vocabularies.values():
        assert all(word in read.text for listed in words.values() for word in listed)
    for clause in contract.clauses:
        if not clause.id.startswith("auto.") and clause.kind != "due":
            assert clause.id in read.text
    raised = {code for clause in contract.clauses for code in clause.codes}
    assert raised <= set(read.ids)
    for channel in contract.support:
        assert channel.id in read.text
    assert contract.sha256 in read.text


def test_a_code_is_explained_with_its_cause_and_its_fix() -> None:
    read = Reader(contract_page(load_catalog().get("northvale-coa")))
    told = page("COA-E104")
    assert f"COA-E104 {codes()['COA-E104'].title.capitalize()}" in read.text
    assert told.what in read.text
    assert f"How to fix it: {told.fix}" in read.text


def test_due_times_are_shown_in_dates_of_the_partners_zone() -> None:
    [l1, l2] = levels(load_catalog().get("halden-coa"))
    assert l1.said == "the L1 certificate of the lot is due 48 h before the slot is planned to start"
    # 2026-02-12 09:00 UTC is 18:00 in Seoul
    assert [(s.when, s.look) for s in l1.steps] == [
        ("Mon 9 Feb 2026, 18:00", "told"),
        ("Tue 10 Feb 2026, 18:00", "due"),
        ("Tue 10 Feb 2026, 18:00", "told"),
        ("Wed 11 Feb 2026, 18:00", "told"),
        ("Thu 12 Feb 2026, 18:00", "anchor"),
    ]
    assert l2.steps[0].when == "Wed 11 Feb 2026, 18:00"
    [heartbeat] = levels(load_catalog().get("northvale-pat"))
    assert heartbeat.condition == "Only while batch is running."


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(hours=48), "48 h"),
        (timedelta(days=14), "14 days"),
        (timedelta(minutes=15), "15 min"),
        (timedelta(seconds=1), "1 s"),
        (timedelta(seconds=90), "90 s"),
        (timedelta(hours=26), "26 h"),
    ],
)
def test_lengths_of_time_in_words(length: timedelta, said: str) -> None:
    assert duration_words(length) == said


def test_text_of_a_contract_cannot_become_markup(tmp_path: Path) -> None:
    contract = load_catalog().get("northvale-coa")
    hostile = '<script>alert("1")</script>'
    first, *rest = contract.schema.fields
    schema = replace(
        contract.schema,
        fields=(replace(first, description=hostile), *rest),
        vocabularies={**contract.schema.vocabularies, hostile: {hostile: (hostile,)}},
    )
    channels = tuple(replace(c, url=f"mailto:{hostile}", id=hostile) for c in contract.support)
    made = contract_page(replace(contract, name=hostile, status=hostile, schema=schema, support=channels))
    assert "<script" not in made
    assert Reader(made).text.count(hostile) >= 5


def test_colours_of_text_are_dark_enough() -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text, computed from the tokens of the style sheet."""
    from contracts.kit.pagestyle import CSS

    tokens = dict(re.findall(r"--([a-z0-9-]+):(#[0-9a-f]{3,6})", CSS))
    pairs = [("ink", "sheet"), ("ink2", "page"), ("ink3", "sheet"), ("ink3", "page"), ("accent", "page")]
    pairs += [("accent", "sheet"), ("ink", "tint"), ("fail", "fail-t"), ("warn", "warn-t"), ("open", "open-t")]
    for text, ground in pairs:
        assert contrast(tokens[text], tokens[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_same_contract_gives_the_same_page() -> None:
    contract = load_catalog().get("halden-pat")
    assert contract_page(contract) == contract_page(contract)
