"""Transport: what a connector registers, and what it is given when it is opened. The whole API of a third-party one.

A package that brings a transport names an object of this type under the entry point group `justindata.connectors`:

    # pyproject.toml of the package          [project.entry-points."justindata.connectors"]
    #                                        mft = "acme_mft:TRANSPORT"

    class MftOptions(Options):
        host: TextOrRef
        password: SecretRef

    def open_mft(setup: Setup, options: MftOptions) -> Connector:
        return Mft(setup.resolve(options.host), setup.resolve(options.password), setup.timing)

    TRANSPORT = Transport("mft", MftOptions, open_mft)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from connectors.connector import Connector
from connectors.timing import Timing


class Options(BaseModel):
    """Root of a transport's options. Closed: an unknown key is an error with file and line, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a transport may know of the world around it.

    `feed` is `<partner>/<kind>`; `period` is how often it is pulled; `base` is the folder that relative paths start
    at. `resolve` turns env: and file: references into values and leaves any other text as it is.
    """

    feed: str
    period: timedelta
    format: str | None
    base: Path
    timing: Timing
    resolve: Callable[[str], str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transport:
    """`options` validates the feed's options when the partner file is loaded; `open` must not touch the network."""

    name: str
    options: type[Options]
    open: Callable[[Setup, Any], Connector]
