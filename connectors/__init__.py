"""How bytes come from a CDMO (`transports`) and what they say (`formats`). Imports `contracts` only; knows no store."""
