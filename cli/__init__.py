"""The command `jid`: what people type. Formats what the floors below return; decides nothing by itself."""


def version() -> str:
    """The version that is installed."""
    from importlib import metadata

    return metadata.version("justindata-hub")
