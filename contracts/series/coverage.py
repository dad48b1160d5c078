"""Coverage: how each clause of a series contract ended, and why one of them got no answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from contracts.codes import Severity
from contracts.contract import Clause
from contracts.finding import Ends, Finding, Kind
from contracts.series.evidence import Evidence
from contracts.series.fields import can_judge
from contracts.series.outcome import Outcome
from contracts.series.plan import SeriesPlan

# Judged where the bytes are read; what is wrong arrives as form problems.
_FORM_KINDS: Final = frozenset(
    {
        "payload",
        "source",
        "sheet",
        "template",
        "safety",
        "closed",
        "type",
        "number",
        "time",
        "storedAsText",
        "items",
        "envelope",
        "key",
    }
)
# Found where a file can't be read any further.
_READING_ENDED: Final = frozenset({"FILE-E102", "FILE-E401", "FILE-E402", "FILE-E405", "FILE-E603"})


@dataclass(frozen=True)
class Endings:
    """What is known when the last row was seen. Without an arrival nothing could be called "in the future"."""

    plan: SeriesPlan
    evidence: Evidence
    outcome: Outcome
    knows_arrival: bool
    answers: bool
    """The format is one whose answers say something about themselves."""

    @property
    def stopped(self) -> bool:
        """Whether reading ended before the end of the file: what the rest would have said is not known."""
        of_file = {group.code for group in self.outcome.groups.values() if not group.on_rows}
        return bool(of_file & _READING_ENDED) or (not self.outcome.rows and bool(of_file))

    def no_answer(self, clause: Clause) -> str | None:
        """Why a clause that the file alone decides got no answer; None: it got one."""
        if clause.kind == "foreign":
            return None
        if not clause.by_file:
            return self.outcome.unsettled.get(clause.id)
        reason = self.plan.refused.get(clause.id) or self.outcome.unsettled.get(clause.id)
        if reason is not None or self._judges(clause):
            return reason
        return f"the rule {clause.kind} is not run on a series"

    def _judges(self, clause: Clause) -> bool:
        known = clause.kind in _FORM_KINDS or any(clause is c for c in self.plan.clauses.values())
        return known or can_judge(clause) or clause.id in self.outcome.noted.answered

    def ends(self, findings: Iterable[Finding]) -> tuple[Ends, Ends]:
        """How the clauses ended. Notes break no clause. A field's own demand fails with the rule that speaks for it."""
        broken = {f.clause.id for f in findings if f.severity is not Severity.INFO and f.kind is Kind.CONTRACT}
        clauses = self.plan.contract.clauses
        by_file = Ends.of((clause.id, self._ending(clause, broken)) for clause in clauses if clause.by_file)
        return by_file, Ends.of((clause.id, self._beyond(clause, broken)) for clause in clauses if not clause.by_file)

    def _beyond(self, clause: Clause, broken: set[str]) -> str:
        """How a clause ended that needs more than the file."""
        noted = self.outcome.noted
        if self.no_answer(clause) is not None:
            return "could_not_evaluate"
        if clause.id in broken:
            return "failed"
        if clause.id not in noted.answered:
            return "needs_hub"
        if self.stopped:
            return "could_not_evaluate"
        return "switched_off" if clause.id in noted.nothing else "passed"

    def _ending(self, clause: Clause, broken: set[str]) -> str:
        plan, total = self.plan, self.evidence.total
        if clause.kind == "foreign" or self.no_answer(clause) is not None:
            return "could_not_evaluate"
        column = clause.path.rpartition(".")[2]
        empty = {plan.columns.ts: "null_ts", plan.columns.tag: "null_tag", plan.columns.quality: "null_quality"}
        spoken = clause.kind == "required" and column in empty and total(empty[column]) > 0
        if clause.id in broken or spoken:
            return "failed"
        if self.stopped:
            return "could_not_evaluate"
        if clause is plan.clauses.get("timestamps") and plan.tolerance_us is not None and not self.knows_arrival:
            return "needs_hub"
        absent = clause.kind == "envelope" and not self.answers
        absent |= clause.kind == "unitIs" and plan.columns.unit not in self.outcome.columns
        absent |= clause.kind == "qualityCodes" and plan.columns.quality not in self.outcome.columns
        return "switched_off" if clause.id in plan.off or (absent and self.outcome.rows) else "passed"
