"""alembic's entry: runs the versions on the connection that `migrations.upgrade` was given."""

from __future__ import annotations

from alembic import context

from hub.store.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter most of a table in place
    transactional_ddl=True,  # the caller's transaction holds all of it
)
context.run_migrations()
