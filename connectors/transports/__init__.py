"""How bytes come from a CDMO. One module a transport, each with its options in its docstring: `rest`, `sftp`, `folder`.

May be imported by `connectors.registry` only; everybody else asks the registry for a Connector. A transport never
parses what was delivered: `rest` looks into a page only as far as it must to cut it into its items.

    http         the one module that imports httpx: bound to one origin, with caps, deadlines and attempts
    auth         what a request is signed with          paginators   how one page leads to the next
    spans        a page cut into byte-exact items       files        which files of a folder are new and whole
    spool        a whole answer before it is handed on  attempts     how often, and how long, is tried again
"""
