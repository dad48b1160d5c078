"""Which lot, which certificate, which revision: COA-E4xx. What came earlier goes along with the bad file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.context import Context
from contracts.history import RecordHistory
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.certificatedraft import Body, Edit, NothingToSpoil, Spoiling, both, makers, nothing, put
from contracts.kit.bad.certificateresults import limited
from contracts.pattern import compile_pattern

_LOT = "lot_number"


def _past() -> Context:
    return Context(history=RecordHistory())


def _lot(c: Spoiling) -> str:
    if not c.field(_LOT).custom.get("identifier"):
        raise NothingToSpoil("an identifier")
    return str(c.good[_LOT])


def _malformed(c: Spoiling) -> Bad:
    lot = _lot(c)
    head, zero, tail = lot.rpartition("0")
    if not zero:
        raise NothingToSpoil("a zero")
    return c.bad(put(**{_LOT: f"{head}O{tail}"}))


def _invisible(c: Spoiling) -> Bad:
    return c.bad(put(**{_LOT: f"{_lot(c)}\u200b"}))


def _unknown_lot(c: Spoiling) -> Bad:
    clause = next((c_ for c_ in c.contract.clauses if c_.kind == "referenceExists" and c_.params["path"] == _LOT), None)
    if clause is None:
        raise NothingToSpoil("a registry of lots")
    lot = str(c.good[_LOT])
    last = "7" if lot[-1] != "7" else "8"
    known = Context(registries={str(clause.params["registry"]): frozenset({lot})})
    return c.bad(put(**{_LOT: f"{lot[:-1]}{last}"}), context=known)


def _two_lots(c: Spoiling) -> Bad:
    paths = [str(path) for path in c.rule("oneSubject").params["paths"]]
    inner = next((path.rpartition(".")[2] for path in paths if path.startswith("results.")), None)
    if inner is None or inner not in c.good:
        raise NothingToSpoil("a field that each result repeats")
    first, other = str(c.good[inner]), str(c.another(1)[inner])

    def printed(text: str) -> Edit:
        def edit(record: Body) -> None:
            record["results"][0][inner] = text

        return edit

    return c.bad(printed(other), printed(first))


def _another_product(c: Spoiling) -> Bad:
    allowed = c.rule("oneSubject").params.get("allowed") or {}
    path = next((p for p in allowed if "." not in p), None)
    if path is None:
        raise NothingToSpoil("a list of products")
    return c.bad(put(**{path: "LV-BCMA"}))


def _amended(c: Spoiling, number: str | None = None, revision: int = 2) -> Edit:
    """The next revision of a certificate, and what it says it replaces."""

    def edit(record: Body) -> None:
        record["certificate_no"] = number or record["certificate_no"]
        record["revision"] = revision
        if c.contract.schema.find("replaces") is not None:
            record["replaces"] = {"certificate_no": record["certificate_no"], "revision": revision - 1}
            record |= {name: record.pop(name) for name in list(record) if name not in ("certificate_no", "revision")}

    return edit


def _measured_again(c: Spoiling) -> Edit:
    """Another value of a number that nothing is decided by."""
    test = c.test(lambda t: t.value_kind == "numeric" and t.criterion.op == "reportOnly")
    return c.result(test, value="51" if c.value_of(test) != "51" else "52")


def _again(c: Spoiling) -> Bad:
    c.rule("revision")
    return c.bad(nothing, _instead(c.another(1)), earlier=[c.good], context=_past())


def _instead(other: Body) -> Edit:
    """Another certificate altogether."""

    def edit(record: Body) -> None:
        record.clear()
        record.update(other)

    return edit


def _amendment(c: Spoiling) -> Bad:
    c.rule("revision")
    spoil = both(_measured_again(c), _amended(c))
    return c.bad(spoil, _instead(c.another(1)), earlier=[c.good], context=_past())


def _turned(c: Spoiling) -> Bad:
    """A cleared lot whose pH lies outside after all. The amendment and the result are findings of their own."""
    c.rule("revision")
    test = c.test(limited)
    assert test.criterion.high is not None
    outside = c.number(test.criterion.high * 2 - (test.criterion.low or 0))
    turned = c.result(test, value=outside, verdict="FAIL")
    context = Context(history=RecordHistory(), cleared_lots=frozenset({str(c.good[_LOT])}))
    spoil = both(turned, _amended(c), c.held)
    mend = both(_measured_again(c), _amended(c))
    return c.bad(spoil, mend, earlier=[c.good], context=context, also=("COA-E302", "COA-E406"))


def _silent_change(c: Spoiling) -> Bad:
    c.rule("revision")
    changed = _measured_again(c)
    return c.bad(changed, both(changed, _amended(c)), earlier=[c.good], context=_past())


def _gap(c: Spoiling) -> Bad:
    c.rule("revision")
    changed = _measured_again(c)
    third, second = (both(changed, _amended(c, revision=n)) for n in (3, 2))
    return c.bad(third, second, earlier=[c.good], context=_past())


def _revoked(c: Spoiling) -> Bad:
    """A second revision of a certificate that another number has replaced meanwhile."""
    c.field("replaces")
    c.rule("revision")
    number = _next_number(c)
    replaced: dict[str, Any] = {"certificate_no": c.good["certificate_no"], "revision": 1}
    instead = c.edited(_measured_again(c), put(certificate_no=number, replaces=replaced))
    changed = _measured_again(c)
    spoil, mend = both(changed, _amended(c)), both(changed, _amended(c, number))
    return c.bad(spoil, mend, earlier=[c.good, instead], context=_past())


def _next_number(c: Spoiling) -> str:
    number = str(c.good["certificate_no"])
    pattern = c.field("certificate_no").options.get("pattern")
    for last in "2345":
        other = f"{number[:-1]}{last}"
        if other != number and (pattern is None or compile_pattern(str(pattern)).matches(other)):
            return other
    raise NothingToSpoil("another number")


MAKERS: Mapping[str, Maker] = makers(
    E401=_malformed, E402=_unknown_lot, E403=_two_lots, E404=_another_product, E405=_again, E406=_amendment,
    E407=_turned, E408=_silent_change, E409=_gap, E410=_revoked, E411=_invisible,
)  # fmt: skip
