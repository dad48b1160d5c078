"""Bad values and units: COA-E1xx and COA-E2xx."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from decimal import Decimal

from contracts.context import Context
from contracts.contract import TestDef
from contracts.history import RecordHistory
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.certificatedraft import NothingToSpoil, Spoiling, makers
from contracts.values.units import unit_in_header


def _numeric(test: TestDef) -> bool:
    return test.value_kind == "numeric" and test.criterion.op not in ("anyOf", "allOf")


def _informative(test: TestDef) -> bool:
    """A number that no criterion and no physical range holds down."""
    return test.value_kind == "numeric" and test.criterion.op == "reportOnly" and test.physical is None


def _upper(test: TestDef) -> bool:
    return test.value_kind == "numeric" and test.criterion.op in ("le", "lt") and test.criterion.limit is not None


def _unreadable(c: Spoiling) -> Bad:
    test = c.test(_numeric)
    return c.bad(c.result(test, value=f"approx. {c.value_of(test)}"))


def _word(c: Spoiling) -> Bad:
    return c.bad(c.result(c.test(_upper), value="Complies"))


def _grouped(c: Spoiling) -> Bad:
    locale = c.contract.schema.locale
    between = next(character for character in (" ", "'", "_") if character not in locale.group)
    test = c.test(_informative)
    return c.bad(c.result(test, value=f"274{between}000"), c.result(test, value="274000"))


def _decimal_comma(c: Spoiling) -> Bad:
    if c.contract.schema.locale.decimal != ".":
        raise NothingToSpoil("a decimal point")
    test = c.test(lambda t: _numeric(t) and t.decimals == 1)
    return c.bad(c.result(test, value=c.value_of(test).replace(".", ",")))


def _ambiguous(c: Spoiling) -> Bad:
    other = "," if c.contract.schema.locale.decimal == "." else "."
    if other in c.contract.schema.locale.group:
        raise NothingToSpoil("two readings")
    test = c.test(_informative)
    return c.bad(c.result(test, value=f"1{other}234"), c.result(test, value="1234"))


def _censored_word(c: Spoiling) -> Bad:
    test = c.test(_upper)
    return c.bad(c.result(test, value="<LOQ"), c.result(test, operator="<", value=c.number("0.05")))


def _proves_nothing(c: Spoiling) -> Bad:
    test = c.test(_upper)
    assert test.criterion.limit is not None
    high, low = test.criterion.limit * 2, test.criterion.limit / 2
    spoil = c.result(test, operator="<", value=c.number(high), loq=c.number(high))
    mend = c.result(test, operator="<", value=c.number(low), loq=c.number(low))
    return c.bad(spoil, mend, base=c.held)


def _unknown_word(c: Spoiling) -> Bad:
    return c.bad(c.result(c.test(lambda t: t.value_kind == "qualitative"), value="o.B."))


def _interim(c: Spoiling) -> Bad:
    test = c.test(lambda t: t.required and t.value_kind == "qualitative" and "interim" not in t.stage_allowed)
    return c.bad(c.result(test, stage="interim"), base=c.held)


def _absurd(c: Spoiling) -> Bad:
    return c.bad(c.result(c.test(_numeric), value="1E+2000000"))


def _impossible(c: Spoiling) -> Bad:
    test = c.test(lambda t: _numeric(t) and t.physical is not None)
    assert test.physical is not None
    return c.bad(c.result(test, value=c.number(test.physical[1] + 60)))


def _far_from_history(c: Spoiling) -> Bad:
    test = c.test(lambda t: t.plausible_factor is not None and _informative(t))
    assert test.plausible_factor is not None
    usual = Decimal(c.value_of(test).replace(c.contract.schema.locale.decimal, "."))
    earlier = [c.another(-n) for n in range(1, (test.plausible_min_history or 1) + 1)]
    slip = usual * test.plausible_factor * 10
    return c.bad(c.result(test, value=c.number(slip)), earlier=earlier, context=Context(history=RecordHistory()))


def _too_many_digits(c: Spoiling) -> Bad:
    test = c.test(lambda t: _numeric(t) and bool(t.decimals) and t.rounding != "none")
    return c.bad(c.result(test, value=f"{c.value_of(test)}4"))


def _marked(c: Spoiling) -> Bad:
    test = c.test(_informative)
    return c.bad(c.result(test, value=f"( {c.value_of(test)} )*"))


def _other_unit(c: Spoiling) -> Bad:
    # Vector genomes are no transducing units. (For endotoxin IU and EU would be one and the same unit.)
    agreed, given = ("{TU}/mL", "{vg}/mL")
    test = next(c.tests(lambda t: t.unit == agreed), None) or c.test(lambda t: t.unit is not None)
    return c.bad(c.result(test, unit=given))


def _alias(c: Spoiling) -> Bad:
    for alias, unit in c.contract.schema.units.aliases.items():
        for test in c.tests(lambda t, unit=unit: t.unit == unit):  # type: ignore[misc]
            return c.bad(c.result(test, unit=alias))
    raise NothingToSpoil("an alias")


def _no_unit(c: Spoiling) -> Bad:
    return c.bad(c.result(c.test(lambda t: t.unit is not None), unit=None))


def _unit_in_header(c: Spoiling) -> Bad:
    """A CSV whose value column is headed `Result [ng/mL]`, and one row says its unit nowhere else."""
    field = c.field(f"results.{c.key('value')}")
    form = next((f for f in c.contract.schema.sources if f.format == "csv"), None)
    for header in field.header_synonyms if form is not None else ():
        unit = unit_in_header(header)
        test = next(c.tests(lambda t, unit=unit: unit is not None and t.unit == unit), None)  # type: ignore[misc]
        if test is None or form is None:
            continue
        wrong = c.bytes_of(c.edited(c.result(test, unit=None)), form)
        right = c.bytes_of(c.good, form)
        data, fixed = (_headed(table, field.name, header, form.delimiter) for table in (wrong, right))
        return Bad(c.code, f"{c.code.lower()}.csv", form, data, fixed)
    raise NothingToSpoil("a header with a unit")


def _headed(table: bytes, old: str, new: str, delimiter: str) -> bytes:
    """The same table with one column under another name."""
    rows = list(csv.reader(io.StringIO(table.decode(), newline=""), delimiter=delimiter))
    rows[0] = [new if name == old else name for name in rows[0]]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode()


def _converted(c: Spoiling) -> Bad:
    for (given, agreed), factor in c.contract.schema.units.convert.items():
        for test in c.tests(lambda t, agreed=agreed: t.unit == agreed and t.decimals is None):  # type: ignore[misc]
            value = Decimal(c.value_of(test).replace(c.contract.schema.locale.decimal, ".")) / factor
            return c.bad(c.result(test, value=c.number(f"{value.normalize():f}"), unit=given))
    raise NothingToSpoil("a conversion")


def _flagged(c: Spoiling) -> Bad:
    for given, unit in c.contract.schema.units.flagged.items():
        for test in c.tests(lambda t, unit=unit: t.unit == unit):  # type: ignore[misc]
            return c.bad(c.result(test, unit=given))
    raise NothingToSpoil("a flagged unit")


MAKERS: Mapping[str, Maker] = makers(
    E101=_unreadable, E102=_word, E103=_grouped, E104=_decimal_comma, E105=_ambiguous, E106=_censored_word,
    E107=_proves_nothing, E108=_unknown_word, E109=_interim, E111=_absurd, E112=_impossible, E113=_far_from_history,
    E114=_too_many_digits, E115=_marked,
    E201=_other_unit, E202=_alias, E203=_no_unit, E204=_unit_in_header, E205=_converted, E206=_flagged,
)  # fmt: skip
