"""Bad files of the certificate family, one a code."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.kit.bad import Maker

MAKERS: Mapping[str, Maker] = {}
