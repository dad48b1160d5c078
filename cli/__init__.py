"""The command `jid`: what people type. Formats what the floors below return; decides nothing by itself."""
