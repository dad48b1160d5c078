"""oneSubject: one lot, one product, and one that this feed is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def one_subject(clause: Clause, plan: Plan) -> Rule:
    """COA-E403 when a field has two values in one document, COA-E404 when its value is not one of ours."""
    allowed = {str(k): tuple(str(v) for v in vs) for k, vs in dict(clause.params.get("allowed", {})).items()}
    paths = []
    for text in clause.params["paths"]:
        each, _, name = str(text).rpartition(".")
        inside = each if each in plan.item_keys or each in plan.result_tables else None
        paths.append(
            (plan.path(name, inside) if inside else plan.path(str(text), None), inside, allowed.get(str(text)))
        )

    def rule(exam: Examination) -> None:
        firsts: dict[str, str] = {}  # by the field's own name: a lot of a row must be the lot of the certificate
        for path, each, ours in paths:
            name = path.field.rpartition(".")[2]
            for pointer, node in exam.entered(each, clause):
                value = exam.value(path, pointer, node)
                if value is None:
                    continue
                said, at = str(value), path.pointer(pointer)
                first = firsts.setdefault(name, said)
                if ours is not None and said not in ours:
                    problem = Problem(
                        "COA-E404",
                        "is not covered by this contract",
                        expected=" or ".join(ours),
                        fix=f"send {name} {' or '.join(ours)} here and others through their own feed",
                    )
                    exam.raise_(clause, problem, at, path.field, found=said)
                elif said != first:
                    problem = Problem(
                        "COA-E403",
                        f"is a second {name} in one certificate",
                        expected=f"one {name} in the whole certificate, as {first}",
                        fix="send one certificate for each",
                    )
                    exam.raise_(clause, problem, at, path.field, found=said)

    return rule
