"""Results against the contract: criteria, verdicts, required tests, methods, disposition. COA-E3xx."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal

from contracts.contract import TestDef
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.certificatedraft import Body, Edit, NothingToSpoil, Spoiling, both, makers


def limited(test: TestDef) -> bool:
    """A number between two limits, with room beyond the upper one."""
    high, physical = test.criterion.high, test.physical
    return test.criterion.op == "range" and high is not None and (physical is None or high * 2 < physical[1])


def _contradiction(c: Spoiling) -> Bad:
    return c.bad(c.result(c.test(limited), verdict="FAIL"))


def _outside(c: Spoiling) -> Bad:
    test = c.test(limited)
    assert test.criterion.high is not None
    high = test.criterion.high + Decimal(1).scaleb(-(test.decimals or 0)) * 3
    return c.bad(c.result(test, value=c.number(high), verdict="FAIL"), base=c.held)


def _missing(c: Spoiling) -> Bad:
    due = list(c.tests(lambda t: t.required and t.criterion.of is None))
    if not due:
        raise NothingToSpoil("a required test")
    return c.bad(_without(c, due[-1]), base=c.held)


def _without(c: Spoiling, *tests: TestDef) -> Edit:
    codes, at = {t.code for t in tests}, c.key("code")

    def edit(record: Body) -> None:
        record["results"] = [row for row in record["results"] if row[at] not in codes]

    return edit


def _unknown(c: Spoiling) -> Bad:
    at = c.key("code")

    def spoil(record: Body) -> None:
        record["results"].append({**copy.deepcopy(record["results"][-1]), at: "COLOUR"})

    return c.bad(spoil)


def _other_criterion(c: Spoiling) -> Bad:
    params = c.rule("specMatches").params
    if "criterionText" not in params:
        raise NothingToSpoil("a printed criterion")
    test = c.test(lambda t: t.criterion.op == "le" and bool(t.criterion_text))
    assert test.criterion.limit is not None
    text = f"<= {c.number(test.criterion.limit * 2)}"
    return c.bad(c.fields_of(test, **{str(params["criterionText"]): text}))


def _other_specification(c: Spoiling) -> Bad:
    path = str(c.rule("specMatches").params["version"])
    if not any(ref.specification for ref in c.contract.refs):
        raise NothingToSpoil("a registered specification")
    return c.bad(_at(path, "4"))


def _at(path: str, value: str) -> Edit:
    """Sets a field of the certificate by its dotted path."""

    def edit(record: Body) -> None:
        *above, last = path.split(".")
        for part in above:
            record = record[part]
        record[last] = value

    return edit


def _other_method(c: Spoiling) -> Bad:
    at = c.rule("approved").params.get("method")
    test = c.test(lambda t: bool(t.methods) and t.value_kind == "numeric")
    if at is None:
        raise NothingToSpoil("a method")
    return c.bad(c.fields_of(test, **{str(at): "M-RFC-99"}))


def _other_laboratory(c: Spoiling) -> Bad:
    at = c.rule("approved").params.get("lab")
    test = c.test(lambda t: bool(t.labs) and t.value_kind == "numeric")
    if at is None:
        raise NothingToSpoil("a laboratory")
    return c.bad(c.fields_of(test, **{str(at): "QC-ELSEWHERE"}))


def _twice(c: Spoiling) -> Bad:
    test = c.test(lambda t: t.replicates_max is None)

    def spoil(record: Body) -> None:
        record["results"].append(copy.deepcopy(c.row(record, test)))

    return c.bad(spoil)


def _claims_too_much(c: Spoiling) -> Bad:
    """A certificate of Level 1 that says its lot is released: nothing is wrong with any of its results."""
    claim, due = c.rule("dispositionAgrees").params, c.rule("requiredTests").params
    at, level = str(claim["disposition"]), str(due["level"])
    if c.good.get(level) != "combined":
        raise NothingToSpoil("both levels")
    second = [t for t in c.contract.schema.tests if t.level == "L2"]
    base = both(_without(c, *second), _at(level, "L1"), _at(at, str(claim["provisional"])))
    return c.bad(_at(at, str(claim["released"])), base=base)


MAKERS: Mapping[str, Maker] = makers(
    E301=_contradiction, E302=_outside, E304=_missing, E305=_unknown, E306=_other_criterion, E307=_other_specification,
    E308=_other_method, E309=_other_laboratory, E310=_twice, E311=_claims_too_much,
)  # fmt: skip
