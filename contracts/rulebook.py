"""The rules a contract may name: what each must know, what it can raise, and where it makes sense.

One row a rule (contracts.md 2.3). The parameters are not repeated here: they are in schema/jid-profile-1.schema.json,
which also says which of them are paths, durations and decimals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any

from contracts.contract import DocumentKind

FAMILIES: Mapping[DocumentKind, str] = {"certificate": "COA", "series": "PAT", "schedule": "SCH"}

_ANY: tuple[DocumentKind, ...] = ("certificate", "series", "schedule")


class ParameterKind(Enum):
    """What a rule's parameter is, as far as reading it goes."""

    PATH = "path"
    PATHS = "paths"
    DURATION = "duration"
    DECIMAL = "decimal"
    CODE = "code"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class RuleDef:
    """One rule. `codes` lists all it can raise in any kind of document; `codes_for` picks those of one clause."""

    name: str
    needs: str
    codes: tuple[str, ...]
    kinds: tuple[DocumentKind, ...]
    parameters: Mapping[str, ParameterKind]
    required: tuple[str, ...]

    def needs_for(self, params: Mapping[str, Any]) -> frozenset[str]:
        """What this use of the rule must know. `signed` with its own list of signers asks no registry, `leadTime` after
        a time of the slot itself asks nobody; a registry says that a lot exists, the sponsor how many doses it has."""
        if self.name == "signed" and "users" in params:
            return frozenset({"file"})
        if self.name == "leadTime" and str(params.get("after", "")).startswith("slot."):
            return frozenset({"file"})
        if self.name == "allocation":
            return frozenset({"registry", "hub"})
        return frozenset({self.needs})

    def codes_for(self, kind: DocumentKind, params: Mapping[str, Any]) -> tuple[str, ...]:
        """The codes this use can raise: the one it names itself, else those of the document's family and FILE."""
        if self.parameters.get("code") is ParameterKind.CODE and "code" in params:
            return (str(params["code"]),)
        return tuple(c for c in self.codes if c.startswith((FAMILIES[kind], "FILE")))


def _codes(text: str) -> tuple[str, ...]:
    """`COA-E101 E102 FILE-E201` -> the full codes; a bare number belongs to the family before it."""
    found: list[str] = []
    for word in text.split():
        found.append(word if "-" in word else f"{found[-1].split('-')[0]}-{word}")
    return tuple(found)


_CERTIFICATE: tuple[DocumentKind, ...] = ("certificate",)
_SERIES: tuple[DocumentKind, ...] = ("series",)
_SCHEDULE: tuple[DocumentKind, ...] = ("schedule",)
_DOCUMENTS: tuple[DocumentKind, ...] = ("certificate", "schedule")

_ROWS: tuple[tuple[str, str, str, tuple[DocumentKind, ...]], ...] = (
    # any record
    ("referenceExists", "registry", "COA-E402 SCH-E306 PAT-E206", _ANY),
    ("crossField", "file", "", _DOCUMENTS),
    ("oneOfWhen", "file", "", _DOCUMENTS),
    ("rowsPerBatch", "file", "FILE-E403 E213", _ANY),
    ("uniqueKey", "file", "COA-E310 PAT-E201 E202 SCH-E402", _ANY),
    ("unitIs", "file", "COA-E201 E202 E203 E204 E205 E206 PAT-E308 E309", ("certificate", "series")),
    # certificates
    ("within", "file", "COA-E101 E102 E106 E107 E111 E112 E114 E115 E301 E302", _CERTIFICATE),
    ("censored", "file", "COA-E106", _CERTIFICATE),
    ("precision", "file", "COA-E114", _CERTIFICATE),
    ("requiredTests", "file", "COA-E109 E304 E305", _CERTIFICATE),
    ("approved", "file", "COA-E308 E309", _CERTIFICATE),
    ("specMatches", "file", "COA-E306 E307", _CERTIFICATE),
    ("plausible", "history", "COA-E113", _CERTIFICATE),
    ("replicates", "file", "COA-E115", _CERTIFICATE),
    ("oneSubject", "file", "COA-E403 E404", _CERTIFICATE),
    ("revision", "history", "COA-E405 E406 E407 E408 E409 E410", _CERTIFICATE),
    ("minDuration", "file", "COA-E506", _CERTIFICATE),
    ("signed", "registry", "COA-E601 E602 E603 E604", _CERTIFICATE),
    ("dispositionAgrees", "file", "COA-E311", _CERTIFICATE),
    ("attachment", "file", "FILE-E501 E502 E503 E504", _CERTIFICATE),
    ("expiryCovers", "schedule", "COA-E507", _CERTIFICATE),
    # series
    ("timestamps", "file", "PAT-E106 E107 E108 E109 E110 E111 E112", _SERIES),
    ("knownTags", "file", "PAT-E203 E204 E205", _SERIES),
    ("qualityCodes", "file", "PAT-E301 E401 E402 E403 E404", _SERIES),
    ("finite", "file", "PAT-E302", _SERIES),
    ("sentinels", "file", "PAT-E304", _SERIES),
    ("rangeByKey", "file", "PAT-E303 E309", _SERIES),
    ("monotonic", "file", "PAT-E103 E104", _SERIES),
    ("maxGap", "file", "PAT-E102", _SERIES),
    ("stuck", "file", "PAT-E305", _SERIES),
    ("rate", "file", "PAT-E306", _SERIES),
    ("drift", "history", "PAT-E307", _SERIES),
    ("samplingInterval", "file", "PAT-E501", _SERIES),
    ("batchContext", "registry", "PAT-E206 E207 E208", _SERIES),
    ("notReplay", "history", "PAT-E209", _SERIES),
    ("envelope", "file", "PAT-E502 E503 E504 E505", _SERIES),
    ("noLateHistory", "hub", "PAT-E105", _SERIES),
    # schedules
    ("span", "file", "SCH-E101 E102 E103", _SCHEDULE),
    ("revisionOrder", "history", "SCH-E207 E208 E209", _SCHEDULE),
    ("slip", "history", "SCH-E202 E203", _SCHEDULE),
    ("transitions", "history", "SCH-E204 E205", _SCHEDULE),
    ("noSilentRemoval", "history", "SCH-E206", _SCHEDULE),
    ("noOverlap", "file", "SCH-E301", _SCHEDULE),
    ("allocation", "registry", "SCH-E302", _SCHEDULE),
    ("leadTime", "schedule", "SCH-E303 E304", _SCHEDULE),
    ("frozenAfter", "hub", "SCH-E305", _SCHEDULE),
    ("noPlaceholder", "clock", "SCH-E307", _SCHEDULE),
    ("activeOnce", "history", "SCH-E403", _SCHEDULE),
    ("usedEqualsAllocated", "hub", "SCH-E404", _SCHEDULE),
    ("startNeedsClearance", "hub", "SCH-E308", _SCHEDULE),
)


@cache
def profile_schema() -> Mapping[str, Any]:
    """The profile's JSON Schema: every custom property's value and every rule's `implementation`."""
    text = files("contracts").joinpath("schema/jid-profile-1.schema.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


@cache
def rules() -> Mapping[str, RuleDef]:
    """Every rule by name, in the order of the reference."""
    schemas = profile_schema()["$defs"]["rules"]
    return {
        name: RuleDef(
            name,
            needs,
            _codes(codes),
            kinds,
            {key: parameter_kind(body) for key, body in schemas[name]["properties"].items() if key != "rule"},
            tuple(key for key in schemas[name]["required"] if key != "rule"),
        )
        for name, needs, codes, kinds in _ROWS
    }


def parameter_kind(body: Mapping[str, Any]) -> ParameterKind:
    """What a parameter is, told from its JSON Schema."""
    pattern = str(body.get("pattern", ""))
    if body.get("type") == "array" and body["items"].get("minLength") == 1:
        return ParameterKind.PATHS
    if body.get("type") == "string" and body.get("minLength") == 1:
        return ParameterKind.PATH
    if pattern.startswith("^-?P"):
        return ParameterKind.DURATION
    if pattern.startswith("^(COA|"):
        return ParameterKind.CODE
    if body.get("type") == ["string", "number"]:
        return ParameterKind.DECIMAL
    return ParameterKind.PLAIN
