"""`jid replay`: the same bytes through the same function, once more."""

from __future__ import annotations

import asyncio

from cli.exits import Exit, Stop
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, emit_json, table


def replay(*deliveries: str, common: CommonOptions = COMMON) -> int:
    """Judge archived deliveries again under the contract in force now; both verdicts stay in the store.

    After a contract was corrected this brings quarantined deliveries in without asking the partner again.

    For example:

        jid replay D-7 D-12
    """
    if not deliveries:
        raise Stop("name at least one delivery", next_step="jid deliveries list --quarantined")
    from hub.store import NotFound

    hub = open_hub(common.home)
    try:
        results = asyncio.run(hub.replay(deliveries))
    except NotFound as error:
        raise Stop(str(error), next_step="jid deliveries list") from None
    finally:
        hub.close()
    if common.as_json:
        emit_json("replay", results=results)
    else:
        rows = [
            (r.delivery_id, r.before or "not judged", r.skipped or r.after, r.contract, r.landed_rows or "")
            for r in results
        ]
        print(table(["delivery", "before", "now", "contract", "rows landed"], rows))
    return Exit.FINDINGS if any(r.after == "rejected" or r.skipped for r in results) else Exit.FINE
