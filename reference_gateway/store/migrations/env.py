"""Alembic's entry: runs the wanted revisions on the connection it is given, in one transaction."""

from alembic import context

from reference_gateway.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
