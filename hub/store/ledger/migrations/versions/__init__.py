"""One module a step of the ledger's tables, oldest first. A step that was released is never edited."""
