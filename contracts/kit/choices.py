"""The values that a contract lists for a field, wherever it lists them: codes, words, tests, tags, methods, signers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.contract import Contract, Field


@dataclass(frozen=True, slots=True)
class Choice:
    """`values` in the order of the contract. `closed`: nothing else is accepted; else the list holds what is usual."""

    values: tuple[str, ...]
    closed: bool
    what: str


def choice(contract: Contract, field: Field) -> Choice | None:
    """What may stand in a field; None when the contract lists nothing."""
    if field.enum:
        return Choice(field.enum, closed=True, what="codes")
    if field.type == "boolean":
        return Choice(("true", "false"), closed=True, what="codes")
    words = field.custom.get("vocabulary")
    if words is not None:
        return Choice(tuple(contract.schema.vocabularies.get(str(words), {})), closed=False, what="words")
    found = _from_rules(contract, field)
    return found if found is not None and found.values else None


def _from_rules(contract: Contract, field: Field) -> Choice | None:
    """A field that a rule of the contract reads as a test, a unit, a tag and so on."""
    schema = contract.schema
    for clause in contract.clauses:
        params = clause.params
        each = str(params["each"]) if "each" in params else None
        named = {key for key, value in params.items() if isinstance(value, str) and _is(field, value, each)}
        allowed = params.get("allowed")
        match clause.kind:
            case "requiredTests" | "within" if "code" in named:
                return Choice(_unique(t.code for t in schema.tests), closed=False, what="tests")
            case "unitIs" if "unit" in named:
                units = [t.unit for t in schema.tests] + [t.unit for t in schema.tags]
                return Choice(_unique(u for u in units if u), closed=False, what="units")
            case "approved" if "method" in named:
                return Choice(_unique(m for t in schema.tests for m in t.methods), closed=False, what="methods")
            case "approved" if "lab" in named:
                return Choice(_unique(lab for t in schema.tests for lab in t.labs), closed=False, what="laboratories")
            case "signed" if "role" in named:
                return Choice(_unique(map(str, params["roles"])), closed=False, what="roles")
            case "signed" if "user" in named and params.get("users"):
                return Choice(_unique(map(str, params["users"])), closed=True, what="signers")
            case "oneSubject" if isinstance(allowed, dict) and field.path in allowed:
                return Choice(_unique(map(str, allowed[field.path])), closed=True, what="products")
            case "knownTags" if "key" in named:
                return Choice(_unique(t.tag for t in schema.tags), closed=True, what="tags")
            case "qualityCodes" if "field" in named:
                return Choice(tuple(schema.quality_map), closed=True, what="quality codes")
            case "batchContext" if "phase" in named:
                return Choice(schema.phases, closed=True, what="phases")
    return None


def _is(field: Field, text: str, each: str | None) -> bool:
    path = text.removeprefix("$.") if text.startswith("$.") or each is None else f"{each}.{text}"
    return field.path == path


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
