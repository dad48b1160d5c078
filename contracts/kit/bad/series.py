"""Bad files of the series family, one a code. PAT-E101 has none: no file can show that nothing came."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.kit.bad import Maker, seriesanswer, seriesbeyond, seriesrows, seriestimes

MAKERS: Mapping[str, Maker] = {
    **seriestimes.MAKERS,
    **seriesrows.MAKERS,
    **seriesbeyond.MAKERS,
    **seriesanswer.MAKERS,
}
