"""Run the migrations. Not in `engine`, because importing Alembic costs 0.1 s."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from oduflow.adapters.store.migrations import FIRST
from oduflow.domain.errors import Conflict, Internal

SCRIPTS = "oduflow.adapters.store:migrations"


def upgrade(connection: Connection) -> None:
    """Upgrade the schema to the newest revision, inside the connection's open transaction.

    Raises:
        Conflict: the store has a revision that this code does not know, newer or unreleased.
        Internal: a migration left rows with broken references; it was rolled back.
    """
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found < FIRST:
        raise Conflict(
            f"The data folder is from before the first release of Oduflow (schema {found}).",
            "Run `oduflow destroy` with the version that made it, or choose another data_dir.",
        )
    if found is not None and found not in known:
        raise Conflict(
            f"The store was written by a newer Oduflow (schema {found}).",
            "Start that version, or restore the backup of the store made before the upgrade.",
        )
    command.upgrade(config, "head")
    if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
        raise Internal("A migration would leave rows that refer to nothing; it was rolled back.")
