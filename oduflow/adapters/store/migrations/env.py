"""Alembic's entry point: run the migrations in the transaction that `upgrade` opened."""

from alembic import context

from oduflow.adapters.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
