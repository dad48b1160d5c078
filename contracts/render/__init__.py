"""A Report for its readers: people at a terminal, machines, mail. Renderers take a Report and nothing else.

`terminal` for people, `json` for machines and the ledger. May be imported by every floor above; never parses anything
of a partner's.
"""

__all__ = ["json", "terminal"]
