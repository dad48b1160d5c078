"""Promise: what lint calls read is what the readers read, for the same kinds of document."""

from __future__ import annotations

from connectors.formats.registry import OURS
from contracts.lint.forms import READ

KINDS = ("certificate", "schedule", "series")


def test_lint_knows_the_formats_that_are_read():
    read = {ours.name: {kind for kind in KINDS if ours.serves(kind)} for ours in OURS}
    assert read == {name: set(kinds) for name, kinds in READ.items()}
