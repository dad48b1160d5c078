"""A hub's home in a temporary folder, written as a person would write it."""

from __future__ import annotations

from pathlib import Path

HUB = """\
[hub]
name = "test"

[partners]
folder = "partners"

[[channels]]
name = "mailbox"
kind = "maildir"
folder = "mail"

[[routes]]
channels = ["mailbox"]
recipients = ["quality@sponsor.example"]
"""


def partner_file(partner: str, *feeds: str) -> str:
    """A partner file with these feeds, each the text of one list item."""
    return (
        f"partner: {partner}\nname: {partner.title()}\n"
        "sites: [{site: S-1, timezone: Europe/Brussels, roles: [vector_mfg]}]\n"
        "feeds:\n" + "".join(feeds)
    )


def folder_feed(partner: str, kind: str, paths: str, root: Path, format: str, contract: str | None = None) -> str:
    """A feed that reads a folder and takes a file at once."""
    version = {"coa": "2.3", "pat": "1.4", "schedule": "1.1"}[kind]
    return (
        f"  - kind: {kind}\n    contract: {contract or f'{partner}-{kind}@{version}'}\n    every: 5m\n"
        f"    connector: folder\n    options: {{root: {root}, paths: ['{paths}'], ready: {{stable_for: 0s}}}}\n"
        f"    format: {format}\n"
    )


def make_home(home: Path, partners: dict[str, str], hub: str = HUB) -> Path:
    """A hub's home: hub.toml and a file for each partner."""
    (home / "partners").mkdir(parents=True)
    (home / "hub.toml").write_text(hub)
    for partner, text in partners.items():
        (home / "partners" / f"{partner}.yaml").write_text(text)
    return home
