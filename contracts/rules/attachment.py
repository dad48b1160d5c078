"""attachment: the evidence that a certificate names. The file alone shows whether it is named with a hash.

Whether the attached bytes have that hash, and name the lot, is compared where the bytes are: by the connector that
fetched them (FILE-E501, E502, E503 come as problems of the document).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def attachment(clause: Clause, plan: Plan) -> Rule:
    """FILE-E504 when no attachment is named, or one is named without its hash."""
    each = str(clause.params["each"])
    name, sha256 = plan.path(str(clause.params["name"]), each), plan.path(str(clause.params["sha256"]), each)
    array = f"/{each.replace('.', '/')}"

    def rule(exam: Examination) -> None:
        frames = exam.entered(each, clause)
        if not frames and not exam.is_spoiled(array):
            problem = Problem("FILE-E504", "are missing", "at least one attachment", "attach the signed certificate")
            exam.raise_(clause, problem, array, each, message=f"{each} names no attachment", spoil=False)
        for pointer, node in frames:
            for path in (name, sha256):
                at = path.pointer(pointer)
                if path.get(node, exam.root) in (None, "") and not exam.is_spoiled(at):
                    problem = Problem("FILE-E504", "is missing", "name and SHA-256 of the attachment", "add it")
                    exam.raise_(clause, problem, at, path.field)

    return rule
