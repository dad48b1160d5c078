"""Promise kept here: whoever meets a code or a clause in a report gets it explained on the spot, offline, in words that
can be read on a terminal and searched in a pipe.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts.codes import codes
from contracts.explain import page
from contracts.odcs import CATALOG, load_catalog

PAGES = Path(page.__wrapped__.__code__.co_filename).parent / "pages"
EXPLAINED = sorted(path.stem for path in PAGES.glob("*-E*.yaml"))


@pytest.mark.parametrize("code", EXPLAINED)
def test_a_code_is_shown_with_everything_that_its_page_says(jid: Any, code: str) -> None:
    ran = jid("explain", code.lower())
    assert ran.code == 0
    assert ran.out.startswith(f"{code}  {codes()[code].title}\n")
    found = page(code)
    example = found.example
    said = [found.what, found.why, *found.causes, found.fix, *found.tools.values(), found.clause, codes()[code].action]
    said += [example.message, *example.bad.splitlines(), *example.good.splitlines()] if example else []
    for text in said:
        assert text.rstrip() in ran.out, text
    assert "\x1b" not in ran.out
    assert max(len(part) for part in (found.what, found.fix)) < 400  # a page is read by somebody in a hurry


def test_machines_get_the_same(jid: Any) -> None:
    body = json.loads(jid("explain", "COA-E104", "--json").out)
    assert (body["kind"], body["code"]["code"]) == ("code", "COA-E104")
    assert body["page"]["fix"] == page("COA-E104").fix
    assert body["page"]["example"]["bad"] == page("COA-E104").example.bad  # type: ignore[union-attr]


def test_on_a_terminal_a_page_is_wrapped_and_coloured(jid: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.commands.explain.terminal_width", lambda: 60)
    monkeypatch.setattr("cli.commands.explain.colour_wanted", lambda: True)
    out = jid("explain", "COA-E104").out
    assert out.startswith("\x1b[91mCOA-E104\x1b[0m  ")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    fix, _, _ = plain.partition("\n\n")[2].partition("\n\n")  # examples keep their own lines
    assert max(map(len, fix.splitlines())) <= 60
    assert " ".join(page("COA-E104").why.split()) in " ".join(plain.split())


def test_a_clause_is_shown_with_its_line_and_what_it_can_raise(jid: Any) -> None:
    contract = load_catalog().get("northvale-coa")
    clause = contract.clause("in_spec")
    ran = jid("explain", "northvale-coa:in_spec")
    assert ran.code == 0
    assert f"northvale/coa.odcs.yaml:{clause.mark.line}:{clause.mark.column}" in ran.out
    line = (CATALOG / "northvale" / "coa.odcs.yaml").read_text().splitlines()[clause.mark.line - 1]
    assert line.strip() in ran.out
    assert "{id: in_spec" in line
    assert all(code in ran.out for code in clause.codes)
    assert "COA-E302  warning: " in ran.out  # the rule's own severity, not the code's


def test_a_clause_is_found_by_its_kind_and_from_its_id_alone(jid: Any) -> None:
    by_kind = json.loads(jid("explain", "northvale-coa:within", "--json").out)
    assert [c["id"] for c in by_kind["clauses"]] == ["in_spec"]
    alone = json.loads(jid("explain", "in_spec", "--json").out)
    assert {c["contract"].partition("@")[0] for c in alone["clauses"]} >= {"northvale-coa", "halden-coa"}
    implied = jid("explain", "northvale-coa:auto.certificate.lot_number.identifier")
    assert "COA-E401" in implied.out


def test_a_clause_of_a_file_is_explained(jid: Any) -> None:
    path = CATALOG / "northvale" / "coa.odcs.yaml"
    assert jid("explain", f"{path}:in_spec").code == 0


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("COA-E999", "COA-E"),
        ("in_spce", "in_spec"),
        ("northvale-coa:witin", "jid contracts show northvale-coa"),
        ("nowhere:in_spec", "northvale-coa"),
    ],
)
def test_what_is_not_known_is_answered_with_what_is(jid: Any, asked: str, offered: str) -> None:
    ran = jid("explain", asked)
    assert ran.code == 2
    assert offered in ran.err
    assert ran.out == ""


def test_every_code_has_a_page() -> None:
    assert set(codes()) - set(EXPLAINED) == set()
    assert set(EXPLAINED) - set(codes()) == set()
