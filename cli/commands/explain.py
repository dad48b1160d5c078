"""`jid explain`: what a finding code means. Works offline."""

from __future__ import annotations

from difflib import get_close_matches

from cli.exits import Exit, Stop
from cli.output import COMMON, CommonOptions, emit_json
from contracts.codes import Severity, codes

FATE = {
    Severity.ERROR: "the content is not stored as a fact; the delivery, row or slot waits in quarantine",
    Severity.WARNING: "the content is stored, and somebody must act",
    Severity.INFO: "the content is stored and the finding noted",
}


def explain(code: str, *, common: CommonOptions = COMMON) -> int:
    """What a finding code means, what happens to the data, and who must act. A contract may re-level it.

    For example:

        jid explain COA-E104
    """
    known = codes()
    entry = known.get(code.upper())
    if entry is None:
        near = ", ".join(get_close_matches(code.upper(), known, n=3)) or "COA-E104, FILE-E201, PAT-E303, SCH-E202"
        raise Stop(f"no finding code {code!r}", next_step=f"did you mean: {near}")
    if common.as_json:
        emit_json("code", code=entry)
        return Exit.FINE
    print(f"{entry.code}  {entry.title}")
    print(f"  severity  {entry.severity.value}: {FATE[entry.severity]}")
    print(f"  impact    {entry.impact.value}")
    print(f"  who acts  {entry.action.value}")
    if entry.defects:
        print(f"  defects   {', '.join(entry.defects)}")
    return Exit.FINE
