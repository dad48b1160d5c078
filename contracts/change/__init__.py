"""What a new version of a contract changes: for the partner who sends, for the sponsor who reads, for the version.

`compare` holds two compiled contracts against each other: fields, tests, tags, rules, levels, words. Never their texts:
a file that is only written in another way is documentation. What it does not know is UNDETERMINED and counts as
breaking. `flips` holds two reports of one delivery against each other. Imports nothing above `contracts`; knows no
store and no clock.
"""

from contracts.change.change import At, Change, Comparison, Effect, Grade, Part
from contracts.change.compare import compare
from contracts.change.flips import ClauseFlips, Flip, Moved, by_clause, flip_of, would_pass
from contracts.change.version import suggested, too_small

__all__ = [
    "At",
    "Change",
    "ClauseFlips",
    "Comparison",
    "Effect",
    "Flip",
    "Grade",
    "Moved",
    "Part",
    "by_clause",
    "compare",
    "flip_of",
    "suggested",
    "too_small",
    "would_pass",
]
