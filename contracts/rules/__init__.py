"""The rules that documents are held against: one module a noun, listed in `registry.RULES` by kind of clause.

A rule is made once for a clause and a plan, and then called with each Examination. It raises what it finds and returns
nothing; an exception in it makes its clause `could_not_evaluate`, never a pass. Imports nothing above contracts.
"""

__all__: list[str] = []
