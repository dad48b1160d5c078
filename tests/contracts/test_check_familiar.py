"""What a plan remembers of earlier documents changes no report: a warm plan says of every file what a fresh one says,
and hostile files leave nothing behind."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.check import check_document
from contracts.context import Context
from contracts.contract import Contract, Criterion
from contracts.document import CellFact, Document
from contracts.finding import DeliveryRef
from contracts.history import RecordHistory
from contracts.place import Place
from contracts.plan import plan_for
from contracts.render.json import dumps
from tests.contracts.document_support import bench, check, clean, coa, document, seen

Body = dict[str, Any]


def report_of(body: Body, contract: Contract, context: Context | None = None) -> tuple[Any, bytes]:
    ref = DeliveryRef("coa.json", "0" * 64, 1)
    records, report = check_document(document(body), contract, context or Context(), ref)
    return records, dumps(report)


def row(body: Body, test: str) -> Body:
    found: Body = next(r for r in body["results"] if r["characteristic"] == test)
    return found


@pytest.fixture
def warm(shared: object) -> Contract:
    """A contract of its own whose plan has seen a faultless certificate, twice."""
    contract = replace(coa())
    for _ in range(2):
        assert report_of(clean(), contract)[0]
    return contract


def _other_text(body: Body, rng: random.Random) -> None:
    """One text of a row stands in another place: another row's, another column's."""
    a, b = rng.choice(body["results"]), rng.choice(body["results"])
    a[rng.choice(list(a))] = rng.choice(list(b.values()))


def _other_type(body: Body, rng: random.Random) -> None:
    a = rng.choice(body["results"])
    name = rng.choice(list(a))
    a[name] = rng.choice([None, "", 1, 1.5, -0.0, True, [], {}, "1", [a[name]], {"x": a[name]}, f" {a[name]} "])


def _key(body: Body, rng: random.Random) -> None:
    a = rng.choice(body["results"])
    name = rng.choice(list(a))
    moved = a.pop(name)
    rng.choice([lambda: None, lambda: a.update({name: moved}), lambda: a.update({f"{name}_": moved})])()


def _rows(body: Body, rng: random.Random) -> None:
    rows = body["results"]
    what = rng.choice(["twice", "gone", "shuffled", "foreign", "interim"])
    if what == "twice":
        rows.append(copy.deepcopy(rng.choice(rows)))
    elif what == "gone":
        rows.pop(rng.randrange(len(rows)))
    elif what == "shuffled":
        rng.shuffle(rows)
    elif what == "interim":
        rng.choice(rows)["stage"] = "interim"
    else:
        rows.insert(rng.randrange(len(rows)), rng.choice([None, "x", 1, [], rows[0] | {"characteristic": "NEW"}]))


def _document(body: Body, rng: random.Random) -> None:
    name = rng.choice(list(body))
    body[name] = rng.choice([None, "", "2026-11-02", "2031-01-01T00:00:00Z", "LV-2611-99", body[name]])


EDITS: tuple[Callable[[Body, random.Random], None], ...] = (_other_text, _other_type, _key, _rows, _document)


def test_a_warm_plan_says_of_every_spoiled_certificate_what_a_fresh_one_says(warm: Contract) -> None:
    rng = random.Random(20261122)
    for _ in range(250):
        body = clean()
        for _ in range(rng.choice([1, 1, 2])):
            rng.choice(EDITS)(body, rng)
            if not isinstance(body.get("results"), list) or not all(isinstance(r, dict) for r in body["results"]):
                break
        assert report_of(body, warm) == report_of(body, replace(coa())), body


def test_a_warm_plan_says_of_the_bench_what_a_fresh_one_says(warm: Contract, tmp_path: Path) -> None:
    ref = DeliveryRef("coa.json", "0" * 64, 1)
    for line in bench(tmp_path, 150, 11, share=0.5):
        told = []
        for contract in (warm, replace(coa())):
            records, report = check_document(document(line.data), contract, Context(), ref)
            told.append((records, dumps(report)))
        assert told[0] == told[1], line.number


def test_history_is_asked_of_rows_that_are_known(warm: Contract) -> None:
    history = RecordHistory()
    for number in range(12):
        history.add(check(clean() | {"certificate_no": f"COA-{number:07}"}, warm)[0])
    body = clean()
    row(body, "TITRE_INF")["value"] = "3.0E+11"
    context = Context(history=history)
    for _ in range(2):
        assert report_of(body, warm, context) == report_of(body, replace(coa()), context)


def test_a_row_that_passes_by_another_test_passes_only_beside_it(shared: object) -> None:
    """PH passes only because OSMO is at least 1: without OSMO, or beside a lower one, it does not."""
    either = Criterion("anyOf", parts=(Criterion("ge", limit=99), Criterion("ge", limit=1, of="OSMO")))  # type: ignore[arg-type]
    schema = coa().schema
    tests = tuple(replace(t, criterion=either) if t.code == "PH" else t for t in schema.tests)
    contract = replace(coa(), schema=replace(schema, tests=tests))
    for _ in range(2):
        assert seen(check(clean(), contract)[1]) == []
    without = clean()
    without["results"] = [r for r in without["results"] if r["characteristic"] != "OSMO"]
    codes = {code for code, _ in seen(check(without, contract)[1])}
    assert "COA-E107" in codes


# A date cell of a workbook


def sheet(body: Body, kinds: dict[str, str]) -> Document:
    """A certificate as a spreadsheet's reader hands it over; `kinds` says which cells are no text."""
    root = document(body).root
    facts = {at: CellFact(kind) for at, kind in kinds.items()}
    place = Place(file="coa.xlsx", sheet="Results", cell="A1")
    return Document("coa.xlsx", "xlsx", root, lambda _: place, lambda _: None, facts=facts, size=1)


def test_a_text_is_no_date_because_a_date_cell_held_the_same(shared: object) -> None:
    contract, ref = replace(coa()), DeliveryRef("coa.xlsx", "0" * 64, 1)
    body = clean()
    body["mfg_date"] = f"{body['mfg_date']}T00:00:00"
    first = check_document(sheet(body, {"/mfg_date": "date"}), contract, Context(), ref)
    assert all(f.code != "COA-E502" for f in first[1].findings)
    second = check_document(sheet(body, {}), contract, Context(), ref)
    assert [f.code for f in second[1].findings if f.code.startswith("COA-E5")] == ["COA-E502"]
    made = [getattr(r, "mfg_date", None) for r in first[0]]
    assert [str(day) for day in made] == [body["mfg_date"][:10]] * len(made)


# Memory


def test_rows_of_invented_keys_leave_nothing_behind(warm: Contract) -> None:
    familiar = plan_for(warm, typed=True).familiar["results"]
    before = len(familiar._layouts), len(familiar._shapes)
    for number in range(20):
        body = clean()
        for at, one in enumerate(body["results"]):
            one[f"key {number} {at}"] = "x"
        assert {code for code, _ in seen(check(body, warm)[1])} == {"FILE-E206"}
    assert (len(familiar._layouts), len(familiar._shapes)) == before


def test_long_texts_are_not_kept(warm: Contract) -> None:
    scalars = plan_for(warm, typed=True).scalars
    body = clean()
    for one in body["attachments"]:
        one["name"] = "a" * 100_000 + ".pdf"
    check(body, warm)
    assert max(len(text) for scalar in scalars.values() for text in scalar.known) < 1000


def test_a_long_list_leaves_no_pointers(shared: object) -> None:
    plan = plan_for(replace(coa()), typed=True)
    assert len(plan.pointers("/results", 50_000)) == 50_000
    for number in range(1000):
        plan.pointers(f"/results/{number}/parts", 3)
    assert sum(map(len, plan._pointers.values())) < 10_000
