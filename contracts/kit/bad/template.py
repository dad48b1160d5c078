"""The bad workbook that comes of an old template: filled in well, and made for another version of the contract."""

from __future__ import annotations

import io
from collections.abc import Mapping

from contracts.contract import Contract
from contracts.kit.bad import Bad, Maker
from contracts.kit.good import good
from contracts.kit.sheet import timeless, workbook

_CODE = "CON-E205"
_OLD = "0.9.0"


def _other_version(contract: Contract) -> Bad | None:
    form = next((form for form in contract.schema.sources if form.format == "xlsx"), None)
    if form is None:
        return None
    plain = workbook(good(contract), form)
    return Bad(
        _CODE,
        f"{_CODE.lower()}.xlsx",
        form,
        _stamped(plain, contract.id, _OLD),
        _stamped(plain, contract.id, contract.version),
    )


def _stamped(data: bytes, contract_id: str, version: str) -> bytes:
    """The workbook with the hidden sheet of a template of this contract and version."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data))
    hidden = book.create_sheet("_contract")
    hidden.append(["id", contract_id])
    hidden.append(["version", version])
    hidden.sheet_state = "hidden"
    return timeless(book)


MAKERS: Mapping[str, Maker] = {_CODE: _other_version}
