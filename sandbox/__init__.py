"""Three simulated CDMOs: one story told relative to a moment t0, served over real sockets, SFTP and folders.

For `jid demo` and the tests. May import hub, connectors and contracts; nothing but `cli` and the tests imports it. It
invents every name and number from a seed: no real company, product or patient is meant. It never writes to the store
and never looks at what the hub made of its files: `truth` follows from the story alone.

    story   who, when and how far      box      start, publish, stop      home     the configuration of a hub for it
    truth   what the store must hold   samples  every file, with what `jid check` must say of it
    culture -> sensors -> pat          certificates -> workbook, slots    servers

Names are imported from these modules; the package itself exports none, so that whoever needs a story loads no server.
"""

__all__: list[str] = []
