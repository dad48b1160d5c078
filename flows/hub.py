"""The hub that this process works on: opened once from JID_HOME, shared by the flows and tasks that run in it."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from hub.hub import Hub
from hub.settings import Settings
from hub.telemetry import configure_telemetry


@cache
def the_hub() -> Hub:
    """The hub of JID_HOME. Each flow run of a process worker is a new process, so telemetry is configured here."""
    home = Path(os.environ.get("JID_HOME", "."))
    configure_telemetry()
    return Hub.open(Settings.load(home, os.environ))
