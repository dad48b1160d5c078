"""The stamp of a template: a hidden sheet that says from which contract and version the workbook was made.

The kit writes it (`contracts.kit.template`); rows of a label and its value, of which `id` and `version` are read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.formats.reading import Reading
from contracts.document import FormProblem
from contracts.place import Place

CONTRACT_SHEET = "_contract"
_READ = ("id", "version")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,80}")


def stamp_problem(cells: Mapping[tuple[int, int], Any], reading: Reading) -> FormProblem | None:
    """CON-E205 when the stamp names another contract or version. `cells` by (row, column) of the hidden sheet."""
    wanted = {"id": reading.contract.id, "version": reading.contract.version}
    rows = {str(value): row for (row, column), value in cells.items() if column == 1 and value in _READ}
    said = {name: _shown(cells.get((row, 2))) for name, row in rows.items()}
    wrong = next((name for name in _READ if name in said and said[name] != wanted[name]), None)
    if wrong is None:
        return None
    expected = f"{wanted['id']} {wanted['version']}"
    found = " ".join(said[name] for name in _READ if name in said)
    row = rows[wrong]
    return FormProblem(
        "CON-E205",
        f"the workbook was made from the template of {found}",
        Place(reading.file, CONTRACT_SHEET, f"B{row}", line=row, column=2),
        found=found,
        expected=f"the template of {expected}",
        fix=f"fill in the template of {expected}; jid contracts template {wanted['id']} makes it",
    )


def _shown(value: Any) -> str:
    """The text of a cell that looks like a name; anything else is not repeated in a report."""
    text = "" if value is None else str(value).strip()
    return text if _NAME.fullmatch(text) else "(no name)"
