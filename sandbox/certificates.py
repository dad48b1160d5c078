"""The certificates in the story, as hub-native JSON objects (domain.md 5.3), with the defects placed on purpose.

Tests, methods, laboratories and printed criteria come from the contract's own panel: a partner prints what was agreed.
Values are drawn from the story's seed. What goes wrong is written here and nowhere else:

    LV-..-04  act 1  revision 1 breaks the contract in five places; act 2: revision 2 corrects them
    LV-..-12  act 1  an L1 certificate without the rapid sterility test
    LV-..-13  act 1  the file is still being written; act 2: it is whole
    LV-..-22  act 2  revision 2 adds Level 2: RCL is detected, after the patient's run has started
    LV-..-23  act 2  the file of revision 1 is written anew with another value, and no new revision
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from contracts.contract import Contract, TestDef
from sandbox.story import CDMOS, Act, PartnerId, Story

Body = dict[str, Any]
Purpose = Literal["L1", "combined"]

MATERIAL = "LV-CD19"
SIGNERS = ("qa.17", "qa.21")

# Made this many days before t0: the longest test of each level must have ended by then.
_AGE_DAYS: dict[Purpose, int] = {"L1": 24, "combined": 84}


@dataclass(frozen=True, slots=True)
class Paper:
    """One published certificate. `act` is when it appears; a later act's paper of the same number follows it."""

    partner: PartnerId
    number: int
    act: Act
    body: Body

    @property
    def certificate_no(self) -> str:
        return str(self.body["certificate_no"])

    @property
    def revision(self) -> int:
        return int(self.body["revision"])

    @property
    def lot(self) -> str:
        return str(self.body["lot_number"])

    def written(self, story: Story) -> datetime:
        """When it came into the partner's system. What belongs to act 2 came when act 2 happened, whatever its date."""
        if self.act == 2 and story.second_act_at is not None:
            return story.second_act_at
        return datetime.fromisoformat(self.body["issued_at"])

    def file_name(self, suffix: str) -> str:
        return f"{self.lot}_{self.certificate_no}_r{self.revision}.{suffix}"

    def text(self) -> str:
        return json.dumps(self.body, indent=2, ensure_ascii=False)


def papers(story: Story, partner: PartnerId, contract: Contract) -> tuple[Paper, ...]:
    """Every certificate that the partner has published up to the story's act, in the order of publication."""
    return tuple(paper for paper in _all(story, partner, contract) if paper.act <= story.act)


def number_of(story: Story, number: int) -> str:
    """The certificate number of a lot."""
    return f"COA-{story.yymm}{number:03d}"


def newest(story: Story, partner: PartnerId, contract: Contract) -> tuple[Paper, ...]:
    """What lies in the partner's system now: of each certificate the newest revision, in its newest wording."""
    latest = {paper.certificate_no: paper for paper in papers(story, partner, contract)}
    return tuple(latest.values())


def _all(story: Story, partner: PartnerId, contract: Contract) -> list[Paper]:
    make = _Maker(story, contract)
    plain: dict[int, Purpose] = {1: "combined", 2: "L1", 3: "L1", 4: "combined", 11: "combined", 12: "L1", 13: "L1"}
    plain |= {21: "combined", 22: "L1", 23: "L1"}
    cdmo = CDMOS[partner]
    out: list[Paper] = []
    for number in range(cdmo.first_lot, cdmo.first_lot + cdmo.lots):
        body = make.certificate(partner, number, plain[number])
        match number:
            case 4:
                out += [Paper(partner, 4, 1, break_in_five_places(body)), Paper(partner, 4, 2, _corrected(story, body))]
            case 12:
                out.append(Paper(partner, 12, 1, _without(body, "STERILITY_RAPID")))
            case 13:
                # Its author is at it while act 1 goes on: it is whole, and has its time, in act 2.
                out.append(Paper(partner, 13, 2, body))
            case 22:
                out.append(Paper(partner, 22, 1, body))
                out.append(Paper(partner, 22, 2, _rcl_detected(story, make.certificate(partner, 22, "combined"))))
            case 23:
                out += [Paper(partner, 23, 1, body), Paper(partner, 23, 2, rewritten_in_silence(body))]
            case _:
                out.append(Paper(partner, number, 1, body))
    return out


# What goes wrong


def break_in_five_places(body: Body) -> Body:
    """LV-..-04, revision 1: decimal comma, wrong unit, unknown word, ambiguous date, unexpected key."""
    broken = deepcopy(body)
    results = {result["characteristic"]: result for result in broken["results"]}
    results["PH"]["value"] = results["PH"]["value"].replace(".", ",")
    results["TITRE_INF"]["unit"] = "{IU}/mL"
    results["MYCO_NAT"]["value"] = "o.B."
    made = date.fromisoformat(body["mfg_date"])
    broken["mfg_date"] = f"{made:%d/%m/%Y}"
    results["OSMO"]["comment"] = "repeat of sample 2"
    return broken


def rewritten_in_silence(body: Body) -> Body:
    """LV-..-23, act 2: same number, same revision, same dates, another value."""
    changed = deepcopy(body)
    result = next(r for r in changed["results"] if r["characteristic"] == "OSMO")
    result["value"] = str(int(result["value"]) + 9)
    return changed


def _corrected(story: Story, body: Body) -> Body:
    fixed = _reissued(story, body)
    fixed["revision"] = 2
    fixed["replaces"] = {"certificate_no": body["certificate_no"], "revision": 1}
    return _in_order(fixed)


def _rcl_detected(story: Story, body: Body) -> Body:
    failed = _corrected(story, body)
    result = next(r for r in failed["results"] if r["characteristic"] == "RCL_CELL")
    result["value"], result["partner_verdict"] = "detected", "FAIL"
    zone = datetime.fromisoformat(body["issued_at"]).tzinfo
    result["tested_to"] = (story.t0 - timedelta(hours=20)).astimezone(zone).isoformat()
    failed["disposition"] = "on_hold"
    return failed


def _without(body: Body, code: str) -> Body:
    """A certificate that lacks one required test claims no release."""
    short = deepcopy(body)
    short["results"] = [r for r in body["results"] if r["characteristic"] != code]
    short["disposition"] = "none"
    return short


def _reissued(story: Story, body: Body) -> Body:
    """Issued and signed again at t0."""
    again = deepcopy(body)
    zone = datetime.fromisoformat(body["issued_at"]).tzinfo
    again["issued_at"] = story.t0.astimezone(zone).isoformat()
    for signature in again["signatories"]:
        signature["signed_at"] = (story.t0 - timedelta(minutes=1)).astimezone(zone).isoformat()
    return again


# A clean certificate


@dataclass(frozen=True, slots=True)
class _Maker:
    story: Story
    contract: Contract

    def certificate(self, partner: PartnerId, number: int, purpose: Purpose) -> Body:
        """A certificate that keeps the contract in every clause. The age of lot 4 and 22 is that of a full panel."""
        story, contract = self.story, self.contract
        age = _AGE_DAYS["combined" if number == 22 else purpose]
        made = (story.t0 - timedelta(days=age + number % 3)).astimezone(CDMOS[partner].zone).date()
        if number == 4:
            made = _could_be_read_both_ways(made)
        levels = ("L1",) if purpose == "L1" else ("L1", "L2", "INFO")
        tests = [t for t in contract.schema.tests if t.level in levels]
        results = [self._result(partner, number, test, made) for test in tests]
        issued = max(datetime.fromisoformat(r["tested_to"]) for r in results) + timedelta(days=1, hours=4, minutes=4)
        signed = issued - timedelta(minutes=1)
        spec_id, spec_version = next((t.specification[:2] for t in contract.refs if t.specification), ("", ""))
        expires = story.t0.astimezone(CDMOS[partner].zone).replace(hour=0, minute=0, second=0) + timedelta(days=180)
        return _in_order(
            {
                "certificate_no": number_of(story, number),
                "revision": 1,
                "material_id": MATERIAL,
                "lot_number": story.lot(number),
                "spec": {"id": spec_id, "version": spec_version},
                "purpose": purpose,
                "issued_at": issued.isoformat(),
                "mfg_date": made.isoformat(),
                "expires_at": expires.isoformat(),
                "results": results,
                "disposition": "released" if purpose == "combined" else "provisional",
                "signatories": [
                    {
                        "user_id": SIGNERS[number % len(SIGNERS)],
                        "role": "QA approver",
                        "meaning": "approval",
                        "signed_at": signed.isoformat(),
                    }
                ],
            }
        )

    def _result(self, partner: PartnerId, number: int, test: TestDef, made: date) -> Body:
        zone = CDMOS[partner].zone
        began = datetime.combine(made + timedelta(days=1), time(8, 0), zone)
        # Four hours more than the method needs: a change of clocks in between takes one of them.
        takes = max(
            timedelta(days=0.6 * (test.tat_working_days or 1)),
            (test.min_duration or timedelta()) + timedelta(hours=4),
        )
        ended = (began + takes).replace(minute=10, second=0)
        operator, value, loq = _value(self.story, partner, number, test)
        result: Body = {
            "characteristic": test.code,
            "method_id": test.methods[0] if test.methods else "M-GEN-01",
            "lab_site": _laboratory(CDMOS[partner].site, test),
            "replicate": 1,
            "stage": "final",
            "operator": operator,
            "value": value,
        }
        if test.unit is not None:
            result["unit"] = test.unit
        if loq is not None:
            result["loq"] = loq
        if test.criterion_text:
            result["criterion_text"] = test.criterion_text[0]
        result["partner_verdict"] = "NOT_EVALUATED" if test.criterion.op == "reportOnly" else "PASS"
        result["tested_from"] = began.isoformat()
        result["tested_to"] = max(ended, began + timedelta(hours=2)).isoformat()
        return result


def _laboratory(site: str, test: TestDef) -> str:
    """The approved laboratory of the partner's own town, else the first on the list."""
    town = site.rpartition("-")[2]
    return next((lab for lab in test.labs if lab.endswith(town)), test.labs[0] if test.labs else site)


def _in_order(body: Body) -> Body:
    """`replaces` stands third, as in the published form."""
    first = ("certificate_no", "revision", "replaces")
    return {key: body[key] for key in (*first, *(k for k in body if k not in first)) if key in body}


def _could_be_read_both_ways(made: date) -> date:
    """The last day at or before `made` whose number could also be a month, and another one than its own."""
    while made.day > 12 or made.day == made.month:
        made -= timedelta(days=1)
    return made


# Typical values: centre and spread for a clean lentiviral vector lot, as published specification tables suggest.
_NUMBERS: dict[str, tuple[float, float, str]] = {
    "PH": (7.25, 0.12, ".1f"),
    "OSMO": (298, 8, ".0f"),
    "P24": (420, 60, ".0f"),
    "VG_RNA": (2.1e10, 3e9, ".1E"),
    "TITRE_INF": (3.6e8, 6e7, ".1E"),
    "POTENCY": (81, 5, ".0f"),
    "POTENCY_B": (66, 4, ".0f"),
    "VCN_TEST": (1.9, 0.25, ".1f"),
    "RATIO_INF": (8.1e5, 9e4, ".1E"),
    "RES_HCDNA": (3.4, 0.5, ".1f"),
    "RES_HCP": (35, 6, ".0f"),
    "RES_BSA": (18, 3, ".0f"),
    "TOT_PROT": (240, 25, ".0f"),
    "RES_BENZ": (14, 3, ".0f"),
}
_BELOW: dict[str, str] = {"ENDOTOXIN": "0.05", "RES_PLASMID": "50", "RES_E1A_SV40": "10"}
"""Tests that come out below their limit of quantification."""

_ABSENT: dict[PartnerId, str] = {"northvale": "not detected", "brightwater": "absent", "halden": "negative"}


def _value(story: Story, partner: PartnerId, number: int, test: TestDef) -> tuple[str, str, str | None]:
    """Operator, value as printed, limit of quantification. KeyError for a numeric test with no typical value above."""
    if test.value_kind != "numeric":
        if test.criterion.op != "absent":
            return "=", test.criterion.words[0], None
        return "=", "no growth" if test.code.startswith("STERILITY") else _ABSENT[partner], None
    if test.code in _BELOW:
        return "<", _BELOW[test.code], _BELOW[test.code]
    centre, spread, form = _NUMBERS[test.code]
    drawn = story.random(partner, number, test.code).gauss(centre, spread)
    return "=", format(min(max(drawn, centre - 2 * spread), centre + 2 * spread), form), None
