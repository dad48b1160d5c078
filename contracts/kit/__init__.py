"""The partner kit: whatever a CDMO needs to satisfy a contract, made from the contract itself.

    draft = good(contract)                        # a delivery that is accepted, as a tree of texts
    data = write(draft, contract.schema.sources[0])   # the same as bytes in one of the agreed forms
    bad(contract, "COA-E104")                     # a file that fails with just this code, and the same file mended

Template, JSON Schema and contract page come from here too. Imports contracts only; may be imported by the command line,
the portal and tests; judges nothing (`connectors.inspection` does) and writes no file.
"""

from contracts.kit.bad import Bad, bad
from contracts.kit.draft import Draft
from contracts.kit.good import good
from contracts.kit.write import write

__all__ = ["Bad", "Draft", "bad", "good", "write"]
