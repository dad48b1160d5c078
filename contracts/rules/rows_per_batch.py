"""rowsPerBatch: how many records share one key."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def rows_per_batch(clause: Clause, plan: Plan) -> Rule:
    """FILE-E213 for each key with too few or too many records."""
    each, _, name = str(clause.params["key"]).rpartition(".")
    array = each or None
    path = plan.path(name, array)
    low, high = clause.params.get("min"), clause.params.get("max")
    at = f"/{(array or plan.rows_key or '').replace('.', '/')}".rstrip("/")

    def rule(exam: Examination) -> None:
        counts = Counter(exam.value(path, pointer, node) for pointer, node in exam.entered(array, clause))
        for key, count in counts.items():
            if key is None or ((low is None or count >= int(low)) and (high is None or count <= int(high))):
                continue
            said = f"{low if low is not None else 0} to {high if high is not None else 'any number'}"
            problem = Problem("FILE-E213", f"has {count} records", f"{said} records", "send all of them in one file")
            message = f"{name} {key} has {count} records"
            exam.raise_(clause, problem, at, path.field, message=message, spoil=False, key=((name, str(key)),))

    return rule
