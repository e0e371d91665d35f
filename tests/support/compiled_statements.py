"""Compile a statement of the store once a process, for all stores of the tests.

SQLAlchemy keeps compiled statements for each engine, and compiles the same few hundred again for
each of the thousands of stores that tests make: a sixth of their time. What is compiled depends on
the statement and the dialect alone, and all stores have SQLite's.
"""

from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from oduflow.adapters.store import engine

_KEPT = 2000


class _Dialect(SQLiteDialect_pysqlite):
    """Equal to any other of its class: the cache looks a statement up by its dialect too."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


def share_compiled_statements() -> None:
    """Let all stores that are opened from now on share what they compile."""
    compiled: LRUCache[Any, Any] = LRUCache(_KEPT)

    def sharing(*args: Any, **options: Any) -> Engine:
        made = create_engine(*args, **options)
        made.dialect.__class__ = _Dialect
        made._compiled_cache = compiled
        return made

    engine.create_engine = sharing  # type: ignore[attr-defined]
