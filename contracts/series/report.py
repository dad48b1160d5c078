"""From the evidence of a series check to its Report: findings by clause, code and tag, coverage, verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np

from contracts.codes import Action, Impact, Severity, codes
from contracts.contract import Clause, Field
from contracts.document import SeriesSource
from contracts.finding import (
    ClauseRef,
    ContractRef,
    Coverage,
    DeliveryRef,
    Expected,
    Finding,
    Fix,
    Found,
    Kind,
    Reach,
    Report,
    verdict_of,
)
from contracts.fingerprint import fingerprint
from contracts.levels import levels
from contracts.place import Place
from contracts.redaction import file_name
from contracts.redaction import found as redacted
from contracts.series import words
from contracts.series.chunk import ChunkReader
from contracts.series.coverage import Endings
from contracts.series.evidence import SHOWN, Evidence, Failures
from contracts.series.outcome import Group, Outcome
from contracts.series.plan import SeriesPlan, text_of
from contracts.series.rules import RULES, SETTLED_LATE, SeriesRule
from contracts.values.identifiers import near
from contracts.values.personal import PersonalData

ENGINE: Final = "justindata-contracts 1"

_AT_LEAST_HIGH: Final = (Impact.CRITICAL, Impact.HIGH)


@dataclass(frozen=True)
class ReportBuilder:
    """Everything that a report of a series is made from."""

    endings: Endings
    reader: ChunkReader
    source: SeriesSource

    @property
    def plan(self) -> SeriesPlan:
        return self.endings.plan

    @property
    def evidence(self) -> Evidence:
        return self.endings.evidence

    @property
    def outcome(self) -> Outcome:
        return self.endings.outcome

    @cached_property
    def _critical(self) -> frozenset[tuple[str, str]]:
        return frozenset(("tag", tag.tag) for tag in self.plan.tags if tag.critical)

    def build(self, delivery: DeliveryRef) -> Report:
        contract = self.plan.contract
        findings = sorted(self._reached(self._findings()), key=_position)
        ends, hub_ends = self.endings.ends(findings)
        refs = tuple((ref.name, ref.version, ref.sha256) for ref in contract.refs)
        return Report(
            delivery=replace(delivery, file=file_name(delivery.file, self._personal)),
            contract=ContractRef(contract.id, contract.version, contract.sha256, refs),
            engine=ENGINE,
            verdict=verdict_of(tuple(findings)),
            findings=tuple(findings),
            coverage=Coverage.of(ends),
            hub_coverage=Coverage.of(hub_ends),
            rows=self.outcome.rows,
            bad_rows=self.outcome.bad_rows,
            ends=ends,
            hub_ends=hub_ends,
        )

    def _findings(self) -> list[Finding]:
        found = [*(self._of_group(group) for group in self.outcome.groups.values()), *self._of_rules()]
        if not self.endings.stopped:
            found += [*self._absent_tags(), *self._bad_points(), *self._sampled(), *self._noted()]
        return [*found, *self._unevaluated()]

    def _reached(self, findings: list[Finding]) -> Iterator[Finding]:
        """Too many bad rows, or a code that the contract names, make every error one of the whole delivery."""
        schema, outcome = self.plan.contract.schema, self.outcome
        too_many = Decimal(outcome.bad_rows) * 100 > schema.reject_bad_rows_percent * outcome.rows
        whole = too_many or any(f.code in schema.reject_any_of for f in findings)
        for finding in findings:
            yield replace(finding, reach=Reach.DELIVERY) if whole and finding.severity is Severity.ERROR else finding

    def _finding(
        self,
        clause: Clause | ClauseRef,
        code: str,
        message: str,
        *,
        where: tuple[Place, ...],
        count: int,
        reach: Reach,
        key: tuple[tuple[str, str], ...] = (),
        found: Found | None = None,
        expected: Expected | None = None,
        fix: Fix | None = None,
        note: str | None = None,
        column: str | None = None,
        first_row: int | None = None,
    ) -> Finding:
        contract = self.plan.contract
        ref = clause if isinstance(clause, ClauseRef) else _ref(clause)
        severity, impact, action = levels(contract, clause if isinstance(clause, Clause) else None, code)
        field = self._field(column)
        critical = (field is not None and field.critical) or not self._critical.isdisjoint(key)
        if critical and severity is not Severity.INFO and impact not in _AT_LEAST_HIGH:
            impact = Impact.HIGH
        secret = code == "FILE-E701" or (field is not None and field.classification == "restricted")
        excerpt = None if secret or first_row is None else self.source.excerpt(first_row, column)
        if found is not None:
            shown = redacted(found.text, hidden=secret)
            found = None if shown is None else replace(shown, type=shown.type if secret else found.type)
        return Finding(
            code=code,
            title=codes()[code].title,
            message=message,
            severity=severity,
            impact=impact,
            action=action,
            clause=ref,
            where=where,
            reach=reach,
            key=key,
            found=found,
            expected=expected,
            fix=None if secret else fix,
            note=note,
            fingerprint=fingerprint(contract.id, ref.id, code, key, _path(contract.schema.name, column)),
            count=count,
            shown=len(where),
            excerpt=excerpt,
        )

    def _field(self, column: str | None) -> Field | None:
        return next((f for f in self.plan.contract.schema.fields if f.name == column), None)

    def _of_rules(self) -> Iterator[Finding]:
        for rule in RULES.values():
            if rule.kind not in self.plan.clauses or rule.name not in self.evidence.counts:
                continue
            kept = self.evidence.shown(rule.name)
            for code in np.flatnonzero(self.evidence.counts[rule.name]).tolist():
                yield self._of_rule(rule, code, kept.pick(kept.code == code))

    def _of_rule(self, rule: SeriesRule, code: int, kept: Failures) -> Finding:
        plan = self.plan
        shown = redacted(self.reader.name(code), hidden=False)  # a stranger's name is the partner's own text
        name = None if shown is None else shown.text
        clause = plan.clauses[rule.kind]
        column = self._column(rule)
        tag = plan.tags[code] if code < len(plan.tags) else None
        severity = levels(plan.contract, clause, rule.code)[0]
        delivery = rule.name in SETTLED_LATE and severity is Severity.ERROR
        first = (int(kept.ts[0]), float(kept.value[0]), float(kept.detail[0]))
        timed = rule.name != "null_ts"
        return self._finding(
            clause,
            rule.code,
            words.message(rule.name, name),
            where=tuple(
                self._place(row, column, name, ts if timed else None)
                for row, ts in zip(kept.row.tolist(), kept.ts.tolist(), strict=True)
            ),
            count=int(self.evidence.counts[rule.name][code]),
            reach=Reach.DELIVERY if delivery else Reach.ROW,
            key=(("tag", name),) if name is not None else (),
            found=words.found(rule.name, *first, self.reader.words),
            expected=words.expected(rule.name, tag, plan),
            fix=words.fix(rule.name, self._near(code) if rule.name == "tag_unknown" else None),
            column=column,
            first_row=int(kept.row[0]),
        )

    def _near(self, code: int) -> str | None:
        """The agreed tag that a stranger may mean: a hint, for the first few of a file that may be full of them."""
        name = self.reader.name(code)
        return near(name, self.plan.number) if name and code - self.reader.first_stranger < SHOWN else None

    def _column(self, rule: SeriesRule) -> str | None:
        columns = self.plan.columns
        match rule.field:
            case "ts":
                return columns.ts
            case "key":
                return columns.tag
            case "field":
                return columns.quality
            case "unit":
                return columns.unit
            case _:
                return columns.value

    def _place(self, row: int, column: str | None, tag: str | None, ts: int | None) -> Place:
        place = self.source.locate(row, column)
        return replace(place, row=row, tag=tag, ts=None if ts is None else text_of(ts))

    @property
    def _personal(self) -> PersonalData | None:
        detectors = self.plan.contract.personal_data
        return PersonalData(detectors) if detectors else None

    def _whole(self) -> tuple[Place, ...]:
        return (Place(file=self.source.file),)

    def _of_group(self, group: Group) -> Finding:
        """One finding of unreadable cells, or of cells that break what their column's definition demands."""
        problem = group.first
        clause = group.clause or self._clause_for(group)
        rows = tuple(replace(self.source.locate(row, group.column), row=row) for row in group.rows)
        return self._finding(
            clause,
            group.code,
            problem.message if problem is not None else words.breach(group),
            where=rows or ((problem.where,) if problem is not None else self._whole()),
            count=group.count,
            reach=Reach.ROW if group.on_rows else Reach.DELIVERY,
            key=(("field", group.column),) if group.column is not None else (),
            found=Found(text) if (text := group.word if problem is None else problem.found) is not None else None,
            expected=Expected(text) if (text := _expected(group)) is not None else None,
            fix=Fix(text) if (text := words.breach_fix(group) if problem is None else problem.fix) else None,
            column=group.column,
            first_row=group.rows[0] if group.rows else None,
        )

    def _clause_for(self, group: Group) -> Clause | ClauseRef:
        """The clause that a form problem breaks: an author's rule first, then what the column or the file implies."""
        raising = [c for c in self.plan.contract.clauses if c.by_file and group.code in c.codes]
        of_column = [c for c in raising if c.path.rpartition(".")[2] == group.column or c.kind == "timestamps"]
        if of_column or raising:
            return (of_column or raising)[0]
        schema = self.plan.contract.schema
        field = self._field(group.column)
        path, mark = _path(schema.name, group.column), schema.mark if field is None else field.mark
        return ClauseRef(f"auto.{path}.form", path, mark.line, mark.column)

    def _noted(self) -> Iterator[Finding]:
        """What is no matter of a row's mask. An error among them concerns the delivery: no row was held back for it."""
        for note in self.outcome.noted.notes.values():
            severity = levels(self.plan.contract, note.clause, note.code)[0]
            where = tuple(
                replace(place, tag=place.tag or spot.tag, ts=place.ts if spot.ts is None else text_of(spot.ts))
                for spot in note.spots
                for place in (replace(self.source.locate(spot.row, note.column), row=spot.row),)
            )
            yield self._finding(
                note.clause,
                note.code,
                note.message,
                where=where or self._whole(),
                count=note.count,
                reach=Reach.DELIVERY if severity is Severity.ERROR or not note.spots else Reach.ROW,
                key=note.key,
                found=note.found,
                expected=note.expected,
                fix=note.fix,
                note=note.note,
                column=note.column,
                first_row=note.spots[0].row if note.spots else None,
            )

    def _absent_tags(self) -> Iterator[Finding]:
        clause = self.plan.clauses.get("knownTags")
        empty = any(group.code == "PAT-E503" for group in self.outcome.groups.values())
        if clause is None or not clause.params.get("complete") or empty:
            return
        for number, tag in enumerate(self.plan.tags):
            if not self.outcome.tag_rows[number]:
                yield self._finding(
                    clause,
                    "PAT-E204",
                    f"the agreed tag {tag.tag} has no row in the file",
                    where=self._whole(),
                    count=1,
                    reach=Reach.DELIVERY,
                    key=(("tag", tag.tag),),
                    expected=Expected("at least one row of each agreed tag"),
                    fix=Fix(f"send the points of {tag.tag}, or agree to leave it out"),
                    column=self.plan.columns.tag,
                )

    def _bad_points(self) -> Iterator[Finding]:
        clause = self.plan.clauses.get("qualityCodes")
        bad, rows = self.outcome.not_judged, self.outcome.tag_rows
        if clause is None or not bad.any():
            return
        most = clause.params.get("maxBadPercent")
        for number, tag in enumerate(self.plan.tags):
            limit = most if tag.min_good_percent is None else 100 - tag.min_good_percent
            if limit is not None and int(bad[number]) * 100 > Decimal(limit) * int(rows[number]):
                share = int(bad[number]) * 100 / int(rows[number])
                yield self._finding(
                    clause,
                    "PAT-E403",
                    f"too many points of {tag.tag} are bad",
                    where=self._whole(),
                    count=1,
                    reach=Reach.DELIVERY,
                    key=(("tag", tag.tag),),
                    found=Found(f"{bad[number]} of {rows[number]} points, {share:.3g} %"),
                    expected=Expected(f"at most {limit} %"),
                    fix=Fix("repair the signal, and send the points again if better ones were recorded"),
                    column=self.plan.columns.quality,
                )
        total = int(bad.sum())
        yield self._finding(
            clause,
            "PAT-E404",
            f"{total} of {self.outcome.rows} points are bad or stale and left out of every limit",
            where=self._whole(),
            count=1,
            reach=Reach.DELIVERY,
            found=Found(str(total), "number"),
            column=self.plan.columns.quality,
        )

    def _sampled(self) -> Iterator[Finding]:
        for sampled in self.outcome.sampled:
            clause, tag = self.plan.clauses["samplingInterval"], self.plan.tags[sampled.tag]
            assert tag.interval is not None
            percent = clause.params.get("tolerancePercent", 20)
            yield self._finding(
                clause,
                "PAT-E501",
                f"points of {tag.tag} come at another interval than agreed",
                where=self._whole(),
                count=1,
                reach=Reach.DELIVERY,
                key=(("tag", tag.tag),),
                found=Found(f"{words.seconds(sampled.median / 1e6)}, median of {sampled.distances} intervals"),
                expected=Expected(f"{words.seconds(tag.interval.total_seconds())}, {percent} % more or less"),
                fix=Fix("send raw points, neither averaged nor thinned"),
                column=self.plan.columns.ts,
            )

    def _unevaluated(self) -> Iterator[Finding]:
        for clause in self.plan.contract.clauses:
            reason = self.endings.no_answer(clause)
            if reason is None:
                continue
            # Whoever wrote the clause relied on it: without an answer its severity decides about the delivery.
            severity = clause.severity or Severity.ERROR
            made = self._finding(
                clause,
                "CON-E201",
                f"the clause {clause.id} could not be evaluated: {reason}",
                where=self._whole(),
                count=1,
                reach=Reach.DELIVERY,
                note="nothing is wanted from the partner",
            )
            yield replace(made, severity=severity, action=Action.PLATFORM, kind=Kind.UNEVALUATED)


def _expected(group: Group) -> str | None:
    return words.breach_expected(group) if group.first is None else group.first.expected


def _ref(clause: Clause) -> ClauseRef:
    return ClauseRef(clause.id, clause.path, clause.mark.line, clause.mark.column, tuple(sorted(clause.needs)))


def _path(schema: str, column: str | None) -> str:
    return schema if column is None else f"{schema}.{column}"


def _position(finding: Finding) -> tuple[str, int, int, str, str]:
    first = finding.where[0]
    row = -1 if first.row is None else first.row
    return first.file or "", row, first.line or 0, finding.code, finding.fingerprint


__all__ = ["ENGINE", "SHOWN", "ReportBuilder"]
