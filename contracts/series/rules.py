"""The rules of a series by name: which code each raises, which clause of the contract asks for it, which bit it has.

Names and meaning: contracts.md 4.4. The mask of a row is the sum of the bits of the rules it fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Index: TypeAlias = npt.NDArray[np.intp]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Mask: TypeAlias = npt.NDArray[np.uint32]
Grades: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SeriesRule:
    """One rule. `kind` is the clause that switches it on; `field` is the parameter of that clause with its column."""

    name: str
    code: str
    kind: str
    field: str
    bit: int


_TABLE: Final = (
    ("null_ts", "PAT-E111", "timestamps", "ts"),
    ("ts_placeholder", "PAT-E112", "timestamps", "ts"),
    ("ts_future", "PAT-E106", "timestamps", "ts"),
    ("null_tag", "PAT-E205", "knownTags", "key"),
    ("tag_unknown", "PAT-E203", "knownTags", "key"),
    ("null_quality", "PAT-E402", "qualityCodes", "field"),
    ("quality_unknown", "PAT-E401", "qualityCodes", "field"),
    ("value_missing", "PAT-E301", "qualityCodes", "value"),
    ("not_finite", "PAT-E302", "finite", "value"),
    ("sentinel", "PAT-E304", "sentinels", "value"),
    ("out_of_range", "PAT-E303", "rangeByKey", "value"),
    ("late", "PAT-E103", "monotonic", "ts"),
    ("gap", "PAT-E102", "maxGap", "ts"),
    ("dup_same", "PAT-E201", "uniqueKey", "ts"),
    ("dup_conflict", "PAT-E202", "uniqueKey", "ts"),
    ("stuck", "PAT-E305", "stuck", "value"),
    ("rate", "PAT-E306", "rate", "value"),
    ("late_beyond", "PAT-E104", "monotonic", "ts"),
    ("looks_like", "PAT-E309", "rangeByKey", "value"),
    ("unit", "PAT-E308", "unitIs", "unit"),
    ("clock_skew", "PAT-E107", "timestamps", "ts"),
)

RULES: Final[dict[str, SeriesRule]] = {
    name: SeriesRule(name, code, kind, field, 1 << place) for place, (name, code, kind, field) in enumerate(_TABLE)
}

FORM_ERROR: Final = 1 << 30
"""A cell that could not be read, or a field that breaks what its own definition demands, with severity error."""
FORM_NOTE: Final = 1 << 31
"""The same with a milder severity."""

SETTLED_LATE: Final = ("gap", "dup_same", "dup_conflict")
"""Rules that know their rows only when the last row was seen: too late to hold a row back, so never part of a mask."""

NEVER: Final = np.iinfo(np.int64).min
"""Stands for "no time yet" in arrays of microseconds."""

SECOND: Final = 1_000_000
