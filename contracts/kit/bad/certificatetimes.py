"""Dates, and signatures: COA-E5xx and COA-E6xx."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from contracts.context import Context
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.certificatedraft import Body, Edit, NothingToSpoil, Spoiling, makers, nothing, put
from contracts.records import Slot
from contracts.sponsor import SponsorFacts

_MADE = "mfg_date"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = date(1899, 12, 30)


def _made(c: Spoiling) -> date:
    """The day of manufacture, of a contract that wants it as an ISO date."""
    field = c.field(_MADE)
    if field.type != "date" or field.options.get("format", "yyyy-MM-dd") != "yyyy-MM-dd":
        raise NothingToSpoil("an ISO date")
    return date.fromisoformat(c.good[_MADE])


def _ambiguous(c: Spoiling) -> Bad:
    day = _made(c)
    if c.field(_MADE).custom.get("dateOrder"):
        raise NothingToSpoil("two orders")
    while day.day > 12 or day.day == day.month:
        day -= _DAY
    return c.bad(put(**{_MADE: f"{day:%d/%m/%Y}"}), put(**{_MADE: day.isoformat()}))


def _other_form(c: Spoiling) -> Bad:
    return c.bad(put(**{_MADE: f"{_made(c):%d %b %Y}"}))


def _placeholder(c: Spoiling) -> Bad:
    _made(c)
    listed = c.contract.schema.time.placeholders
    if not listed:
        raise NothingToSpoil("a placeholder")
    return c.bad(put(**{_MADE: listed[0]}))


def _serial(c: Spoiling) -> Bad:
    return c.bad(put(**{_MADE: str((_made(c) - _EPOCH).days)}))


def _partial(c: Spoiling) -> Bad:
    day = _made(c)
    if c.field(_MADE).custom.get("precision", "day") != "day":
        raise NothingToSpoil("a day")
    return c.bad(put(**{_MADE: f"{day:%Y-%m}"}))


def _no_zone(c: Spoiling) -> Bad:
    if c.contract.schema.time.zone != "offset" or c.field("issued_at").type != "timestamp":
        raise NothingToSpoil("an offset")
    return c.bad(put(issued_at=str(c.good["issued_at"]).removesuffix("Z")))


def _backwards(c: Spoiling) -> Bad:
    """A test that ends an hour before it began."""
    pairs = [x.params for x in c.contract.clauses if x.kind == "crossField" and x.params.get("each") == "results"]
    pair = next((p for p in pairs if p["op"] in ("<", "<=") and "$" not in f"{p['left']}{p['right']}"), None)
    if pair is None:
        raise NothingToSpoil("a comparison")
    start, end = str(pair["left"]), str(pair["right"])
    test = c.test(lambda t: t.min_duration is None)
    began = datetime.fromisoformat(c.row(c.good, test)[start])
    return c.bad(c.fields_of(test, **{end: c.time(f"results.{end}", began - _HOUR)}))


def _too_short(c: Spoiling) -> Bad:
    params = c.rule("minDuration").params
    start, end = str(params["from"]), str(params["to"])
    test = c.test(lambda t: t.min_duration is not None and t.min_duration > 5 * _DAY)
    assert test.min_duration is not None
    read = datetime.fromisoformat(c.row(c.good, test)[start]) + test.min_duration - 5 * _DAY
    return c.bad(c.fields_of(test, **{end: c.time(f"results.{end}", read)}))


def _expires_in_use(c: Spoiling) -> Bad:
    """A lot whose expiry falls into the slot that uses it."""
    at = str(c.rule("expiryCovers").params["expires"])
    start = datetime.fromisoformat(c.good["issued_at"]) + 20 * _DAY
    sponsor = SponsorFacts(slots={"northvale/schedule": [_slot(str(c.good["lot_number"]), start)]})
    spoil = put(**{at: c.time(at, start + 4 * _DAY)})
    return c.bad(spoil, context=Context(sponsor=sponsor))


def _slot(lot: str, start: datetime) -> Slot:
    return Slot(
        slot_uid="SL-0012", revision=1, published_at=start - 20 * _DAY, status="confirmed", site="NV-BOS", suite="S1",
        product="CT-19", coi="COI000000000012", vector_lot=lot, vector_doses=1, planned_start=start,
        planned_end=start + 9 * _DAY, actual_start=None, actual_end=None, planned_final_release=None,
    )  # fmt: skip


def _signatures(c: Spoiling) -> tuple[str, Mapping[str, Any]]:
    params = c.rule("signed").params
    return str(params["each"]), params


def _first(each: str, **fields: str) -> Edit:
    return lambda record: record[each][0].update(fields)


def _nobody(c: Spoiling) -> Bad:
    each, _ = _signatures(c)
    return c.bad(put(**{each: []}))


def _analyst(c: Spoiling) -> Bad:
    each, params = _signatures(c)
    if "notSameAs" not in params:
        raise NothingToSpoil("an analyst")
    array, _, name = str(params["notSameAs"]).rpartition(".")
    signer = str(c.good[each][0][str(params["user"])])

    def done_by(person: str) -> Edit:
        def edit(record: Body) -> None:
            record[array][0][name] = person

        return edit

    second = next(str(user) for user in params.get("users", ("qa.01", "qa.02")) if str(user) != signer)
    return c.bad(nothing, _first(each, **{str(params["user"]): second}), base=done_by(signer))


def _stranger(c: Spoiling) -> Bad:
    each, params = _signatures(c)
    if "users" not in params:
        raise NothingToSpoil("a list of signers")
    return c.bad(_first(each, **{str(params["user"]): "guest.04"}))


def _too_early(c: Spoiling) -> Bad:
    each, params = _signatures(c)
    if "after" not in params:
        raise NothingToSpoil("an end of testing")
    array, _, name = str(params["after"]).rpartition(".")
    last = max(datetime.fromisoformat(row[name]) for row in c.good[array])
    at = str(params["at"])
    return c.bad(_first(each, **{at: c.time(f"{each}.{at}", last - _DAY)}))


MAKERS: Mapping[str, Maker] = makers(
    E501=_ambiguous, E502=_other_form, E503=_placeholder, E504=_serial, E505=_backwards, E506=_too_short,
    E507=_expires_in_use, E508=_partial, E509=_no_zone,
    E601=_nobody, E602=_analyst, E603=_stranger, E604=_too_early,
)  # fmt: skip
