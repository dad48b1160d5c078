"""Bad answers of a historian: errors inside, nothing inside, interpolated values, a page that is not the last."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from contracts.contract import Contract
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.seriesdraft import Series
from contracts.kit.write import suffix, write

_HOST = "https://pi.partner.example/piwebapi"


def _answer(code: str, spoil: Callable[[dict[str, Any]], object], *, needs: str | None = "envelope") -> Maker:
    """A maker that changes the body of a good answer. `needs` is the rule without which nobody looks."""

    def make(contract: Contract) -> Bad | None:
        series = Series(contract)
        form = series.form("piwebapi")
        if form is None or (needs is not None and series.clause(needs) is None):
            return None
        good = write(series.draft(), form)
        body = json.loads(good)
        spoil(body)
        data = (json.dumps(body, indent=1, ensure_ascii=False) + "\n").encode()
        return Bad(code, f"{code.lower()}.{suffix(form)}", form, data, good)

    return make


def _empty(body: dict[str, Any]) -> None:
    for stream in body["Items"]:
        stream["Items"] = []


def _interpolated(contract: Contract) -> Bad | None:
    clause = Series(contract).clause("envelope")
    if clause is None or not clause.params.get("raw"):
        return None
    link = f"{_HOST}/streamsets/W1/interpolated?interval=5s"
    return _answer("PAT-E504", lambda body: body["Links"].update(First=link))(contract)


MAKERS: Mapping[str, Maker] = {
    "PAT-E502": _answer("PAT-E502", lambda body: body["Items"][0].update(Errors=["PI Point not found"]), needs=None),
    "PAT-E503": _answer("PAT-E503", _empty),
    "PAT-E504": _interpolated,
    "PAT-E505": _answer(
        "PAT-E505", lambda body: body["Links"].update(Next=f"{_HOST}/streamsets/W1/recorded?startTime=t&maxCount=36")
    ),
}
