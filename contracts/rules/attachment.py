"""attachment: the evidence that a certificate names. The file alone shows whether it is named with a hash.

Where the record carries the attached bytes themselves (`data`), they must decode, have the hash that is stated, and
name what `mentions` lists. Attachments that come another way are compared where their bytes are, by the connector that
fetched them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.examination import Examination, Node
from contracts.rules.paths import Path
from contracts.values.evidence import attached, names, words_of
from contracts.values.problem import Problem

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule


def attachment(clause: Clause, plan: Plan) -> Rule:
    """FILE-E504 when no attachment is named, or one without its hash; FILE-E501 to E503 about the attached bytes."""
    each = str(clause.params["each"])
    name, sha256 = plan.path(str(clause.params["name"]), each), plan.path(str(clause.params["sha256"]), each)
    data = plan.path(str(clause.params["data"]), each) if "data" in clause.params else None
    mentions = [plan.path(f"$.{str(path).removeprefix('$.')}", None) for path in clause.params.get("mentions", ())]
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
            text = data.text(node, exam.root) if data is not None else None
            if data is not None and text is not None and not exam.is_spoiled(data.pointer(pointer)):
                _compare(clause, exam, pointer, node, text, (name, sha256, data), mentions)

    return rule


def _compare(
    clause: Clause,
    exam: Examination,
    pointer: str,
    node: Node,
    text: str,
    paths: tuple[Path, Path, Path],
    mentions: Sequence[Path],
) -> None:
    """What the attached bytes say about themselves. One cause, one finding: the first that is wrong is told."""
    name, sha256, data = paths
    called = name.text(node, exam.root) or "the attachment"
    content = attached(text)
    if content is None:
        problem = Problem("FILE-E502", "cannot be decoded", "base64 text", "encode the file again, with no other text")
        exam.raise_(clause, problem, data.pointer(pointer), data.field, message=f"{called} cannot be decoded")
        return
    stated, counted = sha256.text(node, exam.root), hashlib.sha256(content).hexdigest()
    if stated is not None and stated.lower() != counted and not exam.is_spoiled(sha256.pointer(pointer)):
        fix = f"attach the file that was signed; the SHA-256 of the one attached is {counted}"
        problem = Problem("FILE-E501", "is another one", counted, fix)
        message = f"{called} has another SHA-256 than stated"
        exam.raise_(clause, problem, sha256.pointer(pointer), sha256.field, message=message, found=stated)
        return
    words = words_of(content)
    if words is None and mentions:
        exam.unread.add(clause.id)  # nobody can say whether it names the lot
        return
    for path in mentions:
        due = path.text(exam.root, exam.root)
        if due is not None and words is not None and not names(words, due):
            problem = Problem("FILE-E503", "names another", f"a file that names {due}", f"attach the file of {due}")
            message = f"{called} does not name {path.field} {due}"
            exam.raise_(clause, problem, data.pointer(pointer), data.field, message=message)
