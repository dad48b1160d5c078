"""A Report for its readers: people, machines, a partner's system.

`terminal`, `html` and `markdown` for people; `json` for machines and the ledger; `junit`, `sarif` and `github` for CI
and code review; `receipt` for the partner's system. These take a Report and nothing else. `workbook` also takes the
bytes of the partner's own file, which it marks and sends back; it alone looks into what a partner sent.
May be imported by every floor above.
"""

__all__ = ["github", "html", "json", "junit", "markdown", "receipt", "sarif", "terminal", "workbook"]
