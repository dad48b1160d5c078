"""Bad files of the certificate family, one a code.

Each begins as the good certificate of the contract, and is spoiled in one place. The makers lie in modules by what they
spoil: values and units, results, identity and revision, dates and signatures.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.kit.bad import Maker, certificateidentity, certificateresults, certificatetimes, certificatevalues

MAKERS: Mapping[str, Maker] = {
    **certificatevalues.MAKERS,
    **certificateresults.MAKERS,
    **certificateidentity.MAKERS,
    **certificatetimes.MAKERS,
}
