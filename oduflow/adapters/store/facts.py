"""Single values in the store, such as PostgreSQL's system identifier."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from oduflow.adapters.store.engine import Store
from oduflow.adapters.store.tables import facts


class Facts:
    """Text by key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> str | None:
        """Return the value of `key`, or None."""
        with self._store.read() as connection:
            return connection.scalar(select(facts.c.value).where(facts.c.key == key))

    def set(self, key: str, value: str) -> None:
        """Store `value` under `key`, in place of the former value."""
        statement = insert(facts).values(key=key, value=value)
        replace = statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        with self._store.write() as connection:
            connection.execute(replace)

    def remove(self, key: str) -> None:
        """Remove `key`; a missing one is no error."""
        with self._store.write() as connection:
            connection.execute(delete(facts).where(facts.c.key == key))
