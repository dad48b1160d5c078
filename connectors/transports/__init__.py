"""How bytes come from a CDMO. One module a transport, each with its options in its docstring: `rest`, `sftp`, `folder`.

May be imported by `connectors.registry` only; everybody else asks the registry for a Connector. A transport never
parses what was delivered: `rest` looks into a page only as far as it must to cut it into its items.

    http         the one module that imports httpx: bound to one origin, with caps, deadlines and attempts
    auth, tls    what a request is signed with, and whom we trust
    attempts     how often, and how long, is tried again; httptime reads the waits that a partner asks for
    paginators   how one page leads to the next; spans cuts a page into byte-exact items, templates name them
    position     how far a pull has come; windows lays a historian's time on a grid
    files        which files of a folder are new and whole; filefeed is the connector over any folder of files
    spool        a whole answer before it is handed on
"""
