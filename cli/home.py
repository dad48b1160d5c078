"""Which hub a command works on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli.exits import Stop

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.settings import Settings

DEMO_HOME = Path("build/demo")


def find_home(given: Path | None) -> Path:
    """--home, then JID_HOME, then this folder, then the demo's folder: the first that holds a hub.toml."""
    named = given or (Path(os.environ["JID_HOME"]) if os.environ.get("JID_HOME") else None)
    if named is not None:
        if not (named / "hub.toml").is_file():
            raise Stop(f"{named} holds no hub.toml", next_step="name the folder that does: --home DIR or JID_HOME")
        return named
    for folder in (Path(), DEMO_HOME):
        if (folder / "hub.toml").is_file():
            return folder
    raise Stop("no hub here: neither this folder nor build/demo holds a hub.toml", next_step="jid demo   makes one")


def load_settings(given: Path | None) -> Settings:
    from hub.settings import Settings

    return Settings.load(find_home(given))


def open_hub(given: Path | None) -> Hub:
    """Open the hub of `given` (see `find_home`). The caller closes it."""
    from hub.hub import Hub

    return Hub.open(load_settings(given))
