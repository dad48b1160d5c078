"""Promise kept here: the profile's schema, the rulebook, lint, the engines and the pages that describe them agree:
nothing is accepted that nobody reads, and nothing is read that no page tells.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from contracts.codes import codes
from contracts.lint import lint
from contracts.lint.profile import PLACES
from contracts.odcs import load, load_catalog, load_file
from contracts.plan import plan_for
from contracts.reference import pages
from contracts.rulebook import profile_schema, rules
from contracts.rules.registry import RULES
from contracts.tables import refs_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "contract-language.md"
REFERENCE = ROOT / "contracts" / "pages" / "reference"
SCHEMA = profile_schema()["$defs"]


def test_the_profile_has_the_properties_and_rules_that_were_agreed() -> None:
    assert len(SCHEMA["customProperties"]) == 41
    assert len(SCHEMA["rules"]) == 50
    assert set(SCHEMA["customProperties"]) == {name for names in PLACES.values() for name in names}
    assert set(SCHEMA["rules"]) == set(rules())
    assert all(code in codes() for rule in rules().values() for code in rule.codes)


def test_everything_in_the_profile_says_what_it_means() -> None:
    for group in ("customProperties", "rules"):
        for name, body in SCHEMA[group].items():
            assert body.get("description"), name
    for name in ("TestDef", "TagDef", "Criterion"):
        assert all(body.get("description") for body in SCHEMA[name]["properties"].values()), name


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    """`make reference` writes them anew."""
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == pages()[name]


def contracts_there_are() -> list[Any]:
    paths = sorted(REFERENCE.glob("*.odcs.yaml"))
    return [*load_catalog().all(), *map(load_file, paths)]


def test_every_rule_is_judged_by_an_engine() -> None:
    """A clause that no engine knows would be "could not evaluate" for every delivery."""
    used = set()
    for contract in contracts_there_are():
        used |= {clause.kind for clause in contract.clauses}
        if contract.schema.document_kind != "series":
            assert plan_for(contract, typed=True).unknown == [], contract.file
    assert set(rules()) - used <= set(RULES)


# What lint accepts and no engine reads yet; docs/contract-language.md says so under "What is not evaluated".
NOT_READ = {"alertRoute", "unit", "unitFrom", "calendar", "namespaces", "root"}
# Read under another name: the switch by lint itself, the limit as a percentage.
READ_AS = {"jidProfile": "profile", "rejectAbove": "reject_bad_rows_percent"}


def test_every_name_of_the_profile_is_read_somewhere() -> None:
    """By its name or by the name of the attribute it becomes: a name that stands nowhere outside lint is read past."""
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("contracts", "connectors", "hub")
        for path in (ROOT / folder).rglob("*.py")
        if not {"lint", "kit", "change"} & set(path.parts)
        and path.name not in ("reference.py", "build.py", "tables.py")
    )
    names = set(SCHEMA["customProperties"]) | set(SCHEMA["customProperties"]["source"]["items"]["properties"])
    names |= {key for name in ("TestDef", "TagDef") for key in SCHEMA[name]["properties"]}
    names |= {key for body in SCHEMA["rules"].values() for key in body["properties"]} - {"rule"}
    unread = {name for name in names if not _is_read(name, source)}
    assert unread - NOT_READ == set()


def _is_read(name: str, source: str) -> bool:
    snake = READ_AS.get(name) or re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return bool(re.search(rf'"{name}"|\b{snake}s?\b|\b_?{snake}_\w+', source))


def test_the_contract_of_the_page_is_a_contract() -> None:
    """It fits a page, has no problem, and judges what a certificate needs."""
    (text,) = re.findall(r"```text\n(apiVersion.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert text.count("\n") <= 60
    assert lint(text.encode(), str(PAGE)) == []
    contract = load(text.encode(), file="alpen.odcs.yaml", refs=refs_of(PAGE))
    assert {"within", "unitIs", "requiredTests", "closed", "time", "number", "due"} <= {
        c.kind for c in contract.clauses
    }
    assert plan_for(contract, typed=True).unknown == []
