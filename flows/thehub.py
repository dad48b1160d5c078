"""The hub that this process works on: opened once from JID_HOME, shared by the flows and tasks that run in it.

Not named `hub.py`: Prefect puts a flow's folder first on the import path, where that name would hide the package.
"""

from __future__ import annotations

from functools import cache

from hub.hub import Hub
from hub.settings import Settings, home_folder, otlp_endpoint
from hub.telemetry import configure_telemetry


@cache
def the_hub() -> Hub:
    """The hub of JID_HOME. Each flow run of a process worker is a new process, so telemetry is configured here."""
    configure_telemetry(endpoint=otlp_endpoint())
    return Hub.open(Settings.load(home_folder()))
