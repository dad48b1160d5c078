"""Three simulated CDMOs: one story told relative to a moment t0, served over real sockets, SFTP and folders.

For `jid demo` and the tests. May import hub, connectors and contracts; nothing but `cli` and the tests imports it. It
invents every name and number from a seed: no real company, product or patient is meant. It never writes to the store
and never looks at what the hub made of its files: `truth` follows from the story alone.
"""
