"""A good certificate: every test of its purpose inside its criterion, dates in order, signed by whom the contract lets.

Dates count back from the issue: the longest test ends a day before, the lot was made the day before the first test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from contracts.contract import Contract, Field, TestDef
from contracts.kit.amounts import amounts
from contracts.kit.scalars import moment, scalar, spelled

_DAY = timedelta(days=1)
_PURPOSES = {"combined": ("L1", "L2"), "L1": ("L1",), "L2": ("L2",)}
_EVIDENCE = hashlib.sha256(b"the signed certificate").hexdigest()
NAMED = {"media_type": "application/pdf", "name": "certificate.pdf", "sha256": _EVIDENCE, "meaning": "approval"}
"""Examples of fields whose text no rule and no pattern decides, by name."""


def certificate(contract: Contract, at: datetime) -> dict[str, Any]:
    """The certificate as an object, fields in the order of the contract."""
    return _Maker(contract, at).record()


class _Maker:
    def __init__(self, contract: Contract, at: datetime) -> None:
        self.contract, self.schema, self.at = contract, contract.schema, at
        self.rules = {c.kind: c.params for c in reversed(contract.clauses)}
        self.each = str(self._rule("within").get("each") or self._rule("requiredTests").get("each") or "results")
        longest = max([t.min_duration or timedelta() for t in self.schema.tests], default=timedelta())
        self.began = at - longest - 3 * _DAY
        self.fixed = self._fixed()
        self.purpose = self._purpose()
        self.amounts = amounts(self.schema.tests)

    def _rule(self, kind: str) -> Mapping[str, Any]:
        return self.rules.get(kind, {})

    def record(self) -> dict[str, Any]:
        return self._object(self.schema.fields, "")

    def _object(self, fields: tuple[Field, ...], above: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for field in fields:
            path = f"{above}{field.name}"
            if field.type == "array":
                items = self._array(field, path)
                if items or field.required:
                    made[field.name] = items
            elif field.type == "object":
                if field.required or any(known.startswith(f"{path}.") for known in self.fixed):
                    made[field.name] = self._object(field.fields, f"{path}.")
            elif path in self.fixed:
                made[field.name] = self.fixed[path]
            elif field.required or field.custom.get("presence") in ("required", "mustExist"):
                made[field.name] = self._plain(field, self.at)
        return made

    def _plain(self, field: Field, at: datetime) -> Any:
        number = 1 if field.type in ("integer", "number") else int(f"{self.at:%y%m}01")
        if field.type == "string" and not ("pattern" in field.options or "identifier" in field.custom):
            number = 1
        value = scalar(self.contract, field, at, number)
        return NAMED.get(field.name, value) if field.type == "string" and not field.enum else value

    def _fixed(self) -> dict[str, Any]:
        """Document fields whose value a rule or their meaning decides, by path."""
        found: dict[str, Any] = {}
        dates = {"mfg_date": self.began - _DAY, "issued_at": self.at, "expires_at": self.at + 365 * _DAY}
        for name, when in dates.items():
            field = self.schema.find(name)
            if field is not None and field.type in ("date", "timestamp"):
                found[name] = moment(self.contract, field, when)
        subject = self._rule("oneSubject")
        found |= {path: words[0] for path, words in (subject.get("allowed") or {}).items() if words}
        spec = next((r.specification for r in self.contract.refs if r.specification), None)
        if spec is not None and "specMatches" in self.rules:
            found[str(self.rules["specMatches"]["id"])] = spec[0]
            found[str(self.rules["specMatches"]["version"])] = spec[1]
        purpose = self._purpose_field()
        if purpose is not None:
            found[purpose.path] = self._purpose()
        claim = self._rule("dispositionAgrees")
        if claim:
            found[str(claim["disposition"])] = self._disposition(claim)
        return found

    def _purpose_field(self) -> Field | None:
        level = str(self._rule("requiredTests").get("level", "purpose"))
        return self.schema.find(level) if level not in _PURPOSES else None

    def _purpose(self) -> str:
        level = str(self._rule("requiredTests").get("level", "purpose"))
        if level in _PURPOSES:
            return level
        field = self._purpose_field()
        return next((p for p in _PURPOSES if field is None or not field.enum or p in field.enum), "combined")

    def _disposition(self, claim: Mapping[str, Any]) -> str:
        """What the results allow it to claim: a release needs both levels."""
        field = self.schema.find(str(claim["disposition"]))
        listed = field.enum if field is not None else ()
        wished = {"combined": claim["released"], "L1": claim["provisional"]}.get(self._purpose())
        if wished is not None and (not listed or wished in listed):
            return str(wished)
        silent = [word for word in listed if word not in (claim["released"], claim["provisional"])]
        return next((word for word in silent if word == "none"), silent[0] if silent else "none")

    def _array(self, field: Field, path: str) -> list[Any]:
        if path == self.each:
            return self._results(field)
        items = field.items
        if items is None:
            return []
        if self._rule("signed").get("each") == path:
            return [self._signature(items, path, role, nth) for nth, role in enumerate(self.rules["signed"]["roles"])]
        wanted = max(int(field.options.get("minItems", 0)), int(field.required), int(self._evidence(path)))
        if items.type == "object":
            return [self._object(items.fields, f"{path}.") for _ in range(wanted)]
        return [scalar(self.contract, items, self.at, nth + 1) for nth in range(wanted)]

    def _evidence(self, path: str) -> bool:
        return self._rule("attachment").get("each") == path

    def _signature(self, items: Field, path: str, role: str, nth: int) -> dict[str, Any]:
        rule = self.rules["signed"]
        users = [str(u) for u in rule.get("users") or ("qa.01", "qa.02")]
        special = {str(rule["user"]): users[nth % len(users)], str(rule["role"]): role}
        made = self._object(items.fields, f"{path}.")
        for name, value in special.items():
            made[name] = value
        at = items.child(str(rule["at"])) or next(f for f in items.fields if f.name == rule["at"])
        made[at.name] = moment(self.contract, at, self.at - timedelta(minutes=1))
        return {f.name: made[f.name] for f in items.fields if f.name in made}

    def _results(self, field: Field) -> list[dict[str, Any]]:
        if field.items is None:
            return []
        levels = (*_PURPOSES[self.purpose], "INFO")
        due = [t for t in self.schema.tests if t.level in levels]
        made = [self._result(field.items, test, nth) for test in due for nth in range(1, (test.replicates or 1) + 1)]
        return made or [self._object(field.items.fields, f"{self.each}.")]

    def _result(self, items: Field, test: TestDef, nth: int) -> dict[str, Any]:
        said = self._said(test, nth)
        made: dict[str, Any] = {}
        for field in items.fields:
            if field.name in said:
                if said[field.name] is not None:
                    made[field.name] = said[field.name]
            elif field.type == "object":
                if field.required:
                    made[field.name] = self._object(field.fields, f"{self.each}.{field.name}.")
            elif field.required:
                made[field.name] = self._plain(field, self.began)
        return made

    def _said(self, test: TestDef, nth: int) -> dict[str, Any]:
        """What the rules read of a result, by the names they read it under."""
        within, approved, lasts = self._rule("within"), self._rule("approved"), self._rule("minDuration")
        code = within.get("code") or self._rule("requiredTests").get("code") or "characteristic"
        stage = next((s for s in ("final", *test.stage_allowed) if s in test.stage_allowed), None)
        ended = self.began + (test.min_duration or timedelta()) + _DAY
        listed = self._listed(str(within.get("verdict", "partner_verdict")))
        verdict = "NOT_EVALUATED" if test.criterion.op == "reportOnly" else "PASS"
        return {
            str(code): test.code,
            str(approved.get("method", "method_id")): test.methods[0] if test.methods else "M-1",
            str(approved.get("lab", "lab_site")): test.labs[0] if test.labs else "QC-1",
            str(self._rule("replicates").get("replicate", "replicate")): nth,
            str(within.get("stage", "stage")): stage,
            str(within.get("operator", "operator")): "=",
            str(within.get("value", "value")): self._value(test),
            str(within.get("unit", "unit")): test.unit,
            str(within.get("loq", "loq")): None,
            str(self._rule("specMatches").get("criterionText", "criterion_text")): next(
                iter(test.criterion_text), None
            ),
            str(within.get("verdict", "partner_verdict")): verdict if not listed or verdict in listed else None,
            str(lasts.get("from", "tested_from")): self._time(str(lasts.get("from", "tested_from")), self.began),
            str(lasts.get("to", "tested_to")): self._time(str(lasts.get("to", "tested_to")), ended),
        }

    def _listed(self, name: str) -> tuple[str, ...]:
        field = self.schema.find(f"{self.each}.{name}")
        return field.enum if field is not None else ()

    def _time(self, name: str, at: datetime) -> str | None:
        field = self.schema.find(f"{self.each}.{name}")
        return moment(self.contract, field, at) if field is not None else None

    def _value(self, test: TestDef) -> str:
        if test.value_kind == "numeric":
            return spelled(self.amounts[test.code], self.schema.locale, test.decimals)
        criterion = test.criterion
        while criterion.parts:
            criterion = criterion.parts[0]
        if criterion.words:
            return criterion.words[0]
        vocabulary = self.schema.vocabularies.get(test.vocabulary or "absent", {})
        if criterion.op == "absent":
            return "absent"
        return next(iter(vocabulary), "reported")
