"""Bad files of the file family, one a code: encoding, structure, workbook, completeness, attachment, safety, privacy.

What can be spoiled in the record is spoiled there (`filerecord`); what only bytes can show is spoiled in the bytes of a
good delivery (`filebytes`, `fileworkbook`).
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.kit.bad import Maker, filebytes, filerecord, filetable, fileworkbook

MAKERS: Mapping[str, Maker] = {
    **filebytes.MAKERS,
    **filetable.MAKERS,
    **filerecord.MAKERS,
    **fileworkbook.MAKERS,
}
